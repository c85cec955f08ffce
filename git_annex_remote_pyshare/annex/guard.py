"""Keeps an export from overwriting or removing what people changed in the store since this clone listed it.

An import lists the store, git merges, and the export that follows removes and overwrites by names. An edit that comes
in between would be lost. The list of the last import says which version of each file git knows; any other is kept. A
clone that has never imported from the store has no list, and exports as git-annex itself does.
"""

from contextlib import suppress
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.abilities import YOUNG
from git_annex_remote_pyshare.backends.base import Backend, Content, ListsContents
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.state.state_dir import StateDir

if TYPE_CHECKING:
    from git_annex_remote_pyshare.state.contents import Contents

_OF_GIT_ANNEX = (".git/", ".git-annex-tmp-content-")
"""Start of names that git-annex gives to files of its own; people do not edit those."""


class ChangedByOthers(PyshareError):
    """A file is kept, since other people have changed it."""


class Guard:
    """Compares what an export would destroy with the list of the last import.

    Args:
        store: The store.
    """

    def __init__(self, store: Backend) -> None:
        self._store = store
        self._contents = _kept(store)

    @property
    def is_on(self) -> bool:
        """Whether there is a list; otherwise every check passes, and nothing is asked."""
        return self._contents is not None

    def check(self, *names: str) -> None:
        """Raise ChangedByOthers if one of the names has a version that git does not know.

        Raises:
            PyshareError: The store does not say what it has.
        """
        for name in names:
            if self.is_on and not name.startswith(_OF_GIT_ANNEX) and not self.knows(name, self.look(name)):
                raise self._refusal(name)

    def look(self, name: str) -> Content | None:
        """The version that the store has now; None if there is no such file."""
        return self._store.call(ListsContents, lambda able: able.content_of(name))

    def knows(self, name: str, found: Content | None) -> bool:
        """Whether git knows this version, or there is no file that could be lost."""
        if found is None or self._contents is None or name.startswith(_OF_GIT_ANNEX):
            return True
        listed = self._contents.find(name)
        return listed is not None and listed.content.removesuffix(YOUNG) == found.id.removesuffix(YOUNG)

    def stored(self, name: str) -> None:
        """Note that this clone has stored the file. Without the note it would be kept until the next import."""
        from git_annex_remote_pyshare.state.contents import Version  # noqa: PLC0415  # only after an import

        if self._contents is None or name.startswith(".git/"):
            return
        with suppress(PyshareError):
            if found := self.look(name):
                self._contents.note(name, Version(found.size, found.id))

    def moved(self, source: str, target: str) -> None:
        """Note that this clone has renamed the file; its content has stayed, and so has its identifier."""
        if self._contents is None:
            return
        if (listed := self._contents.find(source)) and not target.startswith(".git/"):
            self._contents.note(target, listed)
        elif not target.startswith(".git/"):
            self.stored(target)
        self._contents.forget(source)

    def _refusal(self, name: str) -> ChangedByOthers:
        remote = self._store.place.clone.remote or "NAME"
        overwrite = command("git", "config", f"remote.{remote}.pyshare-overwrite", "true")
        return ChangedByOthers(
            f"{one_line(name)} was changed in the store since this clone listed it, so it is kept",
            remedy=f"To get the change first, type: {command('git', 'annex', 'sync', '--content')}, or, to overwrite"
            f" such changes from now on: {overwrite}",
        )


def _kept(store: Backend) -> "Contents | None":
    """The list of the last import; None if there is none, or if the user does not want it to matter."""
    clone = store.place.clone
    # The first check needs neither a database nor git.
    if not StateDir(clone.git_dir, "contents", lambda _: False).files() or not store.has(ListsContents):
        return None
    from git_annex_remote_pyshare.state.contents import KeptContents  # noqa: PLC0415  # only after an import

    kept = KeptContents(clone.git_dir, clone.remote_uuid, store.place.url).kept()
    return None if kept is None or clone.get(options.OVERWRITE) else kept
