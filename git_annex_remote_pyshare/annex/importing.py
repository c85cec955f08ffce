"""Lists a store for an import, whole or not at all, and remembers which version of each file was listed.

git-annex removes from git what the list does not have, so every doubt is a failure. It then asks for files by name
only, maybe in another process, and records what comes as the content of the listed version, for ever. So exactly that
version must be delivered (seen with git-annex 10.20261026).
"""

from collections.abc import Callable, Iterator, Sequence
from threading import Event, Lock
from typing import TYPE_CHECKING, NamedTuple

from git_annex_remote_pyshare.annex.recorded import Recorded
from git_annex_remote_pyshare.backends.base import Backend, Content, HidesNames, ListsContents, is_importable
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import BadSetting, Busy, Cancelled, NotAStore, NotFound, Unreachable
from git_annex_remote_pyshare.safe_text import command, one_line

if TYPE_CHECKING:
    from git_annex_remote_pyshare.state.contents import Contents, KeptContents, Version

_RESTARTS = 3
"""How often a listing may begin again because the service has forgotten it."""

_MOST = 5_000_000
"""Most files of one listing."""

_MOST_UNFINISHED = 10_000
"""Most temporary files in one store."""

_RENAMED = ".git-annex-tmp-content-"
"""Start of the name that git-annex gives to a file in an exported tree while it renames the file; its key follows."""


class LeftOut(NamedTuple):
    """How many files of a listing cannot be imported; a folder whose name is the reason counts as one."""

    of_git: int = 0
    """Named `.git`, or below it: git refuses such names."""
    with_line_break: int = 0
    unsent: int = 0
    """Files that the service shows, but does not send."""
    unfinished: int = 0
    """Temporary files of an upload or a rename that is under way, or was broken off."""

    def __str__(self) -> str:
        """One line for the user; empty if all can be imported."""
        parts = (
            (self.of_git, "named .git or below a folder of that name"),
            (self.with_line_break, "with a line break in the name"),
            (self.unsent, "that the service does not send"),
            (self.unfinished, "of an upload or rename that is not finished"),
        )
        told = ", ".join(f"{count} {what}" for count, what in parts if count)
        return f"not imported: {told}" if told else ""


class Importing:
    """What all jobs of a process know about the versions in the store.

    Args:
        store: The store.
        stopping: When it is set, a listing fails with `Cancelled`.
    """

    def __init__(self, store: Backend, stopping: Event) -> None:
        self._store = store
        self._stopping = stopping
        self._lock = Lock()
        self._contents: Contents | None = None
        self._was_read = False
        self._recorded = Recorded(store.place.clone)

    def list(self) -> "tuple[Contents, LeftOut]":
        """List the whole store; the list replaces that of earlier imports. A folder that is not there has no files.

        Raises:
            BadSetting: This kind of store cannot be imported from.
            NotAStore: There is no file, and git has files of the store.
            PyshareError: A part of the store cannot be listed, or a file in the list is in doubt.
        """
        if not self._store.has(ListsContents):
            raise BadSetting("this kind of store cannot be imported from", remedy="Leave importtree=yes out.")
        with self._kept().new() as made:
            sorting = self._listed(made)
            self._add_hidden(made, sorting)
            made.end()
            self._refuse_if_unfinished(made, sorting.unfinished)
            self._refuse_if_emptied(made)
        with self._lock:
            self._contents, self._was_read = made, True
        return made, sorting.left_out

    def listed(self, name: str) -> "Version | None":
        """The version of a file that was listed last, in this process or before; None if this clone never listed it."""
        with self._lock:
            if not self._was_read:
                self._contents, self._was_read = self._kept().kept(), True
            contents = self._contents
        return contents.find(name) if contents else None

    def is_of(self, key: str, content: str) -> bool:
        """Whether a version has the content of the key, as git-annex recorded it here or in another clone."""
        return self._recorded.is_of(key, content)

    def _add_hidden(self, made: "Contents", sorting: "_Sorting") -> None:
        """Add the files that git has and the service does not list: git-annex would remove them from git."""
        if not self._store.has(HidesNames):
            return
        for name in self._store.call(HidesNames, lambda able: able.hidden(self._expected(made))):
            if made.find(name) is None and (found := self.content_of(name)):
                sorting.add(found)

    def _expected(self, made: "Contents") -> Iterator[str]:
        """What may be in the store: the files in git, and those that are not listed as a rename would call them."""
        tree = self._recorded.last_tree()
        for name in self._recorded.names(tree):
            yield name
            if made.find(name) is None:
                yield f"{_RENAMED}{self._recorded.key_in(tree, name)}"
        yield from self._recorded.names("HEAD")

    def _refuse_if_emptied(self, made: "Contents") -> None:
        """Refuse an empty list if git has files of the store: git-annex would remove all of them from git.

        The mount point of a disk that is not mounted is such an empty folder.
        """
        if not made.is_empty() or not self._recorded.has_files():
            return
        clone = self._store.place.clone
        if clone.get(options.EMPTIED):
            clone.set_option(options.EMPTIED, "false")  # it was said about this list, not about any later one
            return
        emptied = command("git", "config", f"remote.{clone.remote or 'NAME'}.pyshare-emptied", "true")
        raise NotAStore(
            "the store has no files any more, so nothing is removed from git",
            remedy="If it is on a disk, mount that, and import again. If people removed all files, type:"
            f" {emptied}, and import again.",
        )

    def _refuse_if_unfinished(self, made: "Contents", unfinished: Sequence[str]) -> None:
        """Refuse a list that lacks a file which an upload or a rename may have taken away for a moment."""
        if not unfinished:
            return
        renamed = {name.removeprefix(_RENAMED): name for name in unfinished if name.startswith(_RENAMED)}
        uploaded = {name.rpartition("/")[0]: name for name in unfinished if not name.startswith(_RENAMED)}
        tree = self._recorded.last_tree()
        for name in self._recorded.names(tree):
            if made.find(name) is not None:
                continue
            left = uploaded.get(name.rpartition("/")[0]) or (renamed and renamed.get(self._recorded.key_in(tree, name)))
            if left:
                raise Unreachable(
                    f"{one_line(name)} is not in the store, but {one_line(left)} is: an upload or rename that is not"
                    " finished may have taken it away",
                    remedy="Import again when no clone is exporting. If none is, remove the second file from the store,"
                    " or rename it to the first if it has that content, and import again.",
                    retryable=False,
                )

    def content_of(self, name: str) -> Content | None:
        """The version of a file that the store has now; None if there is no such file."""
        return self._store.call(ListsContents, lambda able: able.content_of(name))

    def _kept(self) -> "KeptContents":
        # Imported here, since only an import, or a get from an imported store, needs it.
        from git_annex_remote_pyshare.state.contents import KeptContents  # noqa: PLC0415

        clone = self._store.place.clone
        return KeptContents(clone.git_dir, clone.remote_uuid, self._store.place.url)

    def _listed(self, made: "Contents") -> "_Sorting":
        for _ in range(_RESTARTS):
            made.clear()
            if (sorting := self._listed_once(made)) is not None:
                return sorting
        raise Busy("the service began the listing again and again, since its files keep changing")

    def _listed_once(self, made: "Contents") -> "_Sorting | None":
        """List all parts; None if the listing must begin again."""
        sorting, waiting, seen = _Sorting(made), [""], {""}
        while waiting:
            if self._stopping.is_set():
                raise Cancelled("stopped while listing the store")
            part = waiting.pop()
            try:
                further = self._part(part, made, sorting)
            except NotFound:
                if part:
                    raise
                return sorting  # nothing has made the folder so far; an export does
            for cursor in further:
                if not cursor:
                    return None
                if cursor in seen or len(seen) > _MOST:
                    raise NotAStore("cannot list the store: the server repeats a part of the list", remedy="")
                seen.add(cursor)
                waiting.append(cursor)
        return sorting

    def _part(self, cursor: str, made: "Contents", sorting: "_Sorting") -> Sequence[str]:
        def attempt(able: ListsContents) -> Sequence[str]:
            before, unfinished = sorting.left_out, len(sorting.unfinished)
            try:
                with made.part():
                    return able.list_contents(cursor, sorting.add)
            except BaseException:  # whatever ended it, the names of this part are not counted twice
                sorting.left_out = before
                del sorting.unfinished[unfinished:]
                raise

        return self._store.call(ListsContents, attempt)


class _Sorting:
    """Adds the files of a listing that git can hold, and counts the others."""

    def __init__(self, made: "Contents") -> None:
        from git_annex_remote_pyshare.state.contents import Version  # noqa: PLC0415  # as above

        self.left_out = LeftOut()
        self.unfinished: list[str] = []
        """Names of temporary files."""
        self._add: Callable[[Content], None] = lambda each: made.add(each.name, Version(each.size, each.id))
        self._count = 0

    def add(self, each: Content) -> None:
        self._count += 1
        if self._count > _MOST:
            raise NotAStore(f"cannot list the store: it has more than {_MOST} files", remedy="")
        out = self.left_out
        if "\n" in each.name:
            self.left_out = out._replace(with_line_break=out.with_line_break + 1)
        elif not all(map(is_importable, each.name.split("/"))):
            self.left_out = out._replace(of_git=out.of_git + 1)
        elif not each.id and not each.is_temporary:
            self.left_out = out._replace(unsent=out.unsent + 1)
        elif each.is_temporary or each.name.startswith(_RENAMED):
            self.left_out = out._replace(unfinished=out.unfinished + 1)
            self.unfinished.append(each.name)
            if len(self.unfinished) > _MOST_UNFINISHED:
                raise NotAStore(
                    f"cannot list the store: it has more than {_MOST_UNFINISHED} temporary files", remedy=""
                )
        else:
            self._add(each)
