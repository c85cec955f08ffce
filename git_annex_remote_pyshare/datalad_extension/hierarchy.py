"""Creates the siblings of a dataset and its subdatasets, and reports them as DataLad's results."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from datalad.distribution.dataset import Dataset
from datalad.utils import chpwd

from git_annex_remote_pyshare.cli.init.answers import NOWHERE, SAME
from git_annex_remote_pyshare.config.annex_url import SCHEME
from git_annex_remote_pyshare.credentials.host import without_login
from git_annex_remote_pyshare.datalad_extension import sibling
from git_annex_remote_pyshare.datalad_extension.sibling import Planned, Wish
from git_annex_remote_pyshare.errors import BadSetting, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line

_GIT = "create_sibling_pyshare"
_STORAGE = "create_sibling_pyshare.storage"

Result = dict[str, Any]
"""A result as `get_status_dict` makes it."""


class _Taken(BadSetting):
    """There is a sibling of this name."""


class _Stopped(Exception):
    """A failure after which nothing more is made."""

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result


class _Found(NamedTuple):
    """A dataset, before anything is made in any of them."""

    dataset: Dataset
    head: str
    """Its commit."""
    todo: Planned | None = None
    """None if it has a sibling of this name, which is to stay as it is."""
    error: PyshareError | None = None

    @property
    def path(self) -> str:
        """Of the dataset."""
        return str(self.dataset.path)


class Hierarchy:
    """A dataset with those of its subdatasets that are here.

    Args:
        top: The dataset.
        wish: What the user wants.
        existing: What to do about a sibling of the same name: `skip`, `error`, `reconfigure`.
        report: Makes a result from action, path, status, and the rest by name.
    """

    def __init__(self, top: Dataset, wish: Wish, existing: str, report: Callable[..., Result]) -> None:
        self._top = top
        self._wish = wish
        self._existing = existing
        self._report = report
        self._again = ""

    def create(self, *, recursive: bool, recursion_limit: int | None) -> Iterator[Result]:
        """Create the siblings, unless one of the datasets does not permit it."""
        try:
            with chpwd(self._top.path), sibling.as_part_of_datalad():
                self._wish = sibling.located(self._wish)
        except PyshareError as error:
            yield self._failure(self._top.path, error)
            return
        self._again = self._command(recursive=recursive, recursion_limit=recursion_limit)
        found, refusals = self._look(recursive=recursive, recursion_limit=recursion_limit)
        if refusals:
            yield from refusals
            return
        try:
            for each in found:
                yield self._make(each)
            if self._wish.history != NOWHERE:
                for each in reversed(found):  # a dataset is pushed when it knows where its subdatasets are
                    yield self._publish(each, found)
        except _Stopped as stopped:
            yield stopped.result

    def _look(self, *, recursive: bool, recursion_limit: int | None) -> tuple[list[_Found], list[Result]]:
        """The datasets, each before its subdatasets, and why nothing can be made."""

        def look(ds: Dataset, **_: Any) -> _Found:
            try:
                with sibling.as_part_of_datalad():
                    return self._found(ds)
            except PyshareError as error:
                return _Found(ds, "", error=error)

        found: list[_Found] = []
        refusals: list[Result] = []
        for done in self._top.foreach_dataset(
            look,
            recursive=recursive,
            recursion_limit=recursion_limit if recursive else 0,  # without a limit, `recursive` alone is not respected
            jobs=0,  # the working directory is that of the process
            on_failure="ignore",
            return_type="generator",
            result_renderer="disabled",
        ):
            if done["status"] != "ok":
                refusals.append({**done, "action": _GIT, "refds": self._top.path})
            elif done["result"].error:
                refusals.append(self._failure(done["path"], done["result"].error))
            else:
                found.append(done["result"])
        return found, refusals

    def _found(self, dataset: Dataset) -> _Found:
        """What is to be done for the dataset in the working directory."""
        head = dataset.repo.get_hexsha() or ""
        if self._existing != "reconfigure" and sibling.is_taken(self._wish.name):
            if self._existing == "error":
                raise _Taken(
                    f"there is a sibling {self._wish.name} already",
                    remedy=f"Choose another name with -s, or, to add what it lacks, type: {self._again}",
                )
            return _Found(dataset, head)
        if not head and self._wish.history == SAME:  # an empty history cannot be pushed, nor cloned
            raise BadSetting("the dataset has no commit yet", remedy="Save a file in it first, by: datalad save")
        folder = os.path.relpath(dataset.path, self._top.path).replace(os.sep, "/")
        return _Found(dataset, head, sibling.planned(self._wish, "" if folder == "." else folder))

    def _make(self, found: _Found) -> Result:
        """Make the remote for the files."""
        if found.todo is None:
            return self._left_alone(_STORAGE, found)
        with self._working_on(found):
            sibling.make(found.todo, self._again, "" if found.path == self._top.path else self._wish.url)
        found.dataset.config.reload(force=True)
        return self._result(_STORAGE, found, (found.todo.name, found.todo.url), changed=found.todo.changes_storage)

    def _publish(self, found: _Found, others: list[_Found]) -> Result:
        """Make the way of the history."""
        if found.todo is None:
            return self._left_alone(_GIT, found)
        with self._working_on(found):
            if self._wish.history == SAME:
                for below in others:
                    if _is_directly_below(below, found, others):
                        _record_address(found, below, self._wish.name)
            sibling.push(found.todo, self._again)
            named = sibling.history_sibling(found.todo)
        return self._result(_GIT, found, named, changed=found.todo.changes_history)

    @contextmanager
    def _working_on(self, found: _Found) -> Iterator[None]:
        """Be in the folder of a dataset for the time of the block; a failure there stops all."""
        try:
            with chpwd(found.path), sibling.as_part_of_datalad():
                yield
        except PyshareError as error:
            raise _Stopped(self._failure(found.path, error)) from error

    def _left_alone(self, action: str, found: _Found) -> Result:
        message = f"there is a sibling {self._wish.name} already"
        return self._report(action, path=found.path, status="notneeded", name=self._wish.name, url="", message=message)

    def _result(self, action: str, found: _Found, named: tuple[str, str], *, changed: bool) -> Result:
        name, url = named
        status = "ok" if changed else "notneeded"
        told = f"{name}: {url}"
        if url.startswith(SCHEME):
            told = f"{name}, others type: {command('datalad', 'clone', url, os.path.basename(found.path))}"
        message = one_line(told)
        return self._report(action, path=found.path, status=status, name=name, url=url, message=message)

    def _failure(self, path: str, error: PyshareError) -> Result:
        """A refusal is `impossible`, but a name that is taken, and all that failed, is an `error`."""
        is_refusal = isinstance(error, BadSetting) and not isinstance(error, _Taken)
        status, url = "impossible" if is_refusal else "error", without_login(self._wish.url)
        return self._report(_GIT, path=path, status=status, name=self._wish.name, url=url, message=str(error))

    def _command(self, *, recursive: bool, recursion_limit: int | None) -> str:
        """The command that goes on after a failure, ready to paste."""
        wish = self._wish
        words = ["-d", self._top.path, "-s", wish.name, "--history", wish.history, "--existing", "reconfigure"]
        words += ["--readers", wish.readers] if wish.readers else []
        words += [word for name, value in wish.settings.items() for word in ("--set", f"{name}={value}")]
        words += ["-r"] if recursive else []
        words += ["-R", str(recursion_limit)] if recursive and recursion_limit is not None else []
        return command("datalad", "create-sibling-pyshare", *words, wish.url)


def _is_directly_below(below: _Found, above: _Found, others: list[_Found]) -> bool:
    """Whether a dataset is a subdataset of another one, and of none between them."""

    def holds(outer: str, inner: str) -> bool:
        return inner != outer and os.path.commonpath((outer, inner)) == outer

    between = (each for each in others if holds(above.path, each.path) and holds(each.path, below.path))
    return holds(above.path, below.path) and not any(between)


def _record_address(above: _Found, below: _Found, name: str) -> None:
    """Save in a superdataset where a subdataset is cloned from.

    Git itself refuses such addresses in .gitmodules; `datalad get` takes them from `datalad-url` (DataLad manual,
    "get").
    """
    with chpwd(below.path), sibling.as_part_of_datalad():
        address = sibling.address_in_store(name)
    if not address:
        return
    quiet = {"result_renderer": "disabled", "return_type": "list"}
    (row,) = above.dataset.subdatasets(path=below.path, **quiet)
    if row.get("gitmodule_datalad-url") != address:
        above.dataset.subdatasets(path=below.path, set_property=[("datalad-url", address)], **quiet)
    is_changed_here = row["gitshasum"] == below.head != below.dataset.repo.get_hexsha()
    if is_changed_here:  # only then: what the user has committed there and not saved here is their own choice
        above.dataset.save(path=below.path, message="[DATALAD] modified subdataset properties", **quiet)
