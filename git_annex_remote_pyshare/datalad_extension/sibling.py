"""Plans and makes the sibling of one dataset, the one in the working directory, as `pyshare init` does; no DataLad."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.clone_address import clone_address, holds_repository
from git_annex_remote_pyshare.cli.dataset import siblings
from git_annex_remote_pyshare.cli.init import setup
from git_annex_remote_pyshare.cli.init.answers import SAME, Options
from git_annex_remote_pyshare.cli.init.dialogue import Dialogue
from git_annex_remote_pyshare.cli.init.here import Here
from git_annex_remote_pyshare.cli.init.questions import ask_where
from git_annex_remote_pyshare.cli.init.run import run
from git_annex_remote_pyshare.cli.output import Reader, is_for_programs, set_reader
from git_annex_remote_pyshare.cli.share.reach import reach_of
from git_annex_remote_pyshare.cli.steps import Step
from git_annex_remote_pyshare.credentials.host import without_login
from git_annex_remote_pyshare.errors import BadSetting


class Wish(NamedTuple):
    """What the user wants for a dataset and its subdatasets."""

    url: str
    """Where the files of the top dataset go; those of a subdataset go into a folder there."""
    name: str = ""
    """Of the sibling; empty for the usual name of the service."""
    readers: str = ""
    """One of `READERS`; empty for the default of `pyshare init`."""
    history: str = SAME
    """`SAME`, `NOWHERE` (`cli.init.answers`), or the name of a Git sibling."""
    settings: Mapping[str, str] = {}
    """Settings of git-annex and of the store."""

    def options(self, folder: str = "") -> Options:
        """The same as options of `pyshare init`."""
        return Options(self.name, self.url, "", folder, self.readers, self.history, self.settings, yes=True)


class Planned(NamedTuple):
    """What is to be done for one dataset."""

    name: str
    """Of the remote."""
    url: str
    """Of the store."""
    history: str
    """Of `Wish`."""
    steps: list[Step]
    """The commands; none if all is set up already."""

    @property
    def pushes(self) -> list[Step]:
        """The last commands: the first push of the history into the store, if it goes there."""
        return [step for step in self.steps if step[1] == "push"]

    @property
    def changes_storage(self) -> bool:
        """Whether the remote for the files is made or changed."""
        return any(step[0] == "pyshare" or step[1] == "annex" for step in self.steps)

    @property
    def changes_history(self) -> bool:
        """Whether the way of the history is made or changed."""
        return any(step[1] in {"config", "push"} or "--with-url" in step for step in self.steps)


@contextmanager
def as_part_of_datalad() -> Iterator[None]:
    """For the time of the block, keep standard output for DataLad, and let Ctrl-C at a question end the command."""
    before = Reader.PROGRAM if is_for_programs() else Reader.PERSON
    set_reader(Reader.PROGRAM)
    try:
        yield
    except click.Abort:
        raise KeyboardInterrupt from None
    finally:
        set_reader(before)


def located(wish: Wish) -> Wish:
    """The wish with its complete address and with the remote's name; logs in if there is no login yet.

    Raises:
        BadSetting: The address cannot work.
        PyshareError: The login failed, or the server does not respond.
    """
    here = Here.look()
    settings = ask_where(wish.options(), here, Dialogue(is_open=False)).settings
    name = wish.name or here.name_at(settings) or registry.spec_of(settings["url"]).offered.remote
    others = {key: value for key, value in settings.items() if key != "url"}
    return wish._replace(url=settings["url"], name=name, settings=others)


def is_taken(name: str) -> bool:
    """Whether the dataset has a sibling of this name, enabled here or not."""
    return Here.look().free_name(name) != name


def planned(wish: Wish, folder: str) -> Planned:
    """The commands that make the sibling, or repair it if there is one.

    Args:
        wish: As `located` returns it.
        folder: The subdataset's path below the top dataset, with slashes; empty for the top dataset.

    Raises:
        BadSetting: The wish does not fit this dataset.
        PyshareError: The server does not respond.
    """
    asked, made = setup.planned(wish.options(folder), Here.look(), Dialogue(is_open=False))
    return Planned(asked.answers.name, asked.answers.url, asked.answers.history, made.steps)


def make(todo: Planned, again: str, inside: str) -> None:
    """Run the commands before the first push; what they say goes to standard error.

    Args:
        todo: What is to be done.
        again: The command that continues after a failure.
        inside: Address of the store that was made before and that the new one is inside of; empty for none.

    Raises:
        PyshareError: One of them failed; those after it have not run.
    """
    # A folder is made only where the one above it exists, since a missing one may be a disk that is not mounted. The
    # store of the top dataset exists by now.
    if inside and registry.spec_of(todo.url).local and os.path.isdir(inside):
        os.makedirs(os.path.dirname(todo.url), exist_ok=True)
    run([step for step in todo.steps if step not in todo.pushes], again)


def push(todo: Planned, again: str) -> None:
    """Begin the history in the store, if it goes there; arguments and errors as for `make`."""
    run(todo.pushes, again)


def history_sibling(todo: Planned) -> tuple[str, str]:
    """Name and address of the sibling that gets the history; the address contains no login.

    Raises:
        BadSetting: No one can clone from there.
    """
    if todo.history != SAME:
        return todo.history, without_login(siblings(Here.look().clone)[todo.history])
    return todo.name, address_in_store(todo.name)


def address_in_store(name: str) -> str:
    """The address by which others clone this dataset from its sibling; empty if its history is not in there.

    Raises:
        BadSetting: No one can clone from there.
    """
    try:
        remote = Here.look().remote(name)
    except BadSetting:  # a Git sibling, or one that is not enabled here
        return ""
    if remote is None or not holds_repository(remote):
        return ""
    link = reach_of(remote).store
    return clone_address(remote, "" if link == name else link).text


def pairs(words: Sequence[str]) -> dict[str, str]:
    """The settings in words like `chunk=50MiB`; raises ValueError for any other word, as DataLad expects it."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise ValueError(f"--set {word} is not like chunk=50MiB")
        found[name] = value
    return found
