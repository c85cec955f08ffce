"""What the user of `pyshare init` has decided: by options first, then with an answer to each question."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.safe_text import command

Readers = Literal["link", "account", "me"]
"""Who may read: anyone, people who log in to the same service, or the owner only."""

READERS: tuple[Readers, ...] = ("link", "account", "me")
SAME = "same"
"""The history goes into the store itself, as `git annex initremote --with-url` prepares it."""
NOWHERE = "none"
"""The history goes nowhere yet."""


class Options(NamedTuple):
    """The options of the command; empty for what the user left open."""

    name: str = ""
    url: str = ""
    service: str = ""
    folder: str = ""
    readers: str = ""
    history: str = ""
    settings: Mapping[str, str] = {}
    """Settings of git-annex and of the store."""
    create: bool = False
    no_browser: bool = False
    yes: bool = False
    two_way: bool = False
    """Whether people edit the files in the store, too."""
    dry_run: bool = False
    as_json: bool = False


class Answers(NamedTuple):
    """All that is needed to set up a store."""

    name: str
    """Of the remote."""
    settings: Mapping[str, str]
    """Settings of the store and of git-annex as they are typed, `url` among them; without defaults."""
    readers: str
    """One of `READERS`."""
    history: str
    """`SAME`, `NOWHERE`, or the name of a sibling."""
    is_private: bool = False
    """Whether only the owner's login opens the address."""
    begins_dataset: bool = False
    """Whether there was no dataset yet."""
    is_tree: bool = False
    """Whether the store has the files by their names only."""
    two_way: bool = False
    """Whether people's edits come back."""

    @property
    def url(self) -> str:
        """The address of the store."""
        return self.settings["url"]

    def command(self) -> str:
        """The command that asks nothing and does the same, ready to paste."""
        return command("pyshare", "init", self.name, self.url, *self._words())

    def _words(self) -> Iterator[str]:
        yield from ("--readers", self.readers, "--history", self.history)
        for name, value in self.settings.items():
            if name != "url" and not (self.two_way and name == "exporttree"):
                yield from ("--set", f"{name}={value}")
        if self.two_way:
            yield "--two-way"
        if self.begins_dataset:
            yield "--create"
        yield "--yes"

    @property
    def is_local(self) -> bool:
        """Whether the store is a folder of this machine or network."""
        return registry.spec_of(self.url).local
