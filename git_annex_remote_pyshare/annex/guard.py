"""Keeps an export from overwriting or removing what people changed in the store since this clone imported it.

An import lists the store, git merges, and the export that follows removes and overwrites by names. An edit that comes
in between would be lost, and so would one whose import has failed. So an export destroys only versions that git has
by what git-annex recorded, or that this clone has stored itself; any other is kept. A clone that has never listed the
store for an import exports as git-annex itself does.
"""

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.annex.recorded import Recorded
from git_annex_remote_pyshare.backends.abilities import YOUNG
from git_annex_remote_pyshare.backends.base import Backend, Content, ListsContents
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.state.state_dir import StateDir

if TYPE_CHECKING:
    from git_annex_remote_pyshare.state.known_versions import KnownVersions

_OF_GIT_ANNEX = (".git/", ".git-annex-tmp-content-")
"""Start of names that git-annex gives to files of its own; people do not edit those."""


class ChangedByOthers(PyshareError):
    """A file is kept, since other people have changed it."""


class Guard:
    """Compares what an export would destroy with what git has.

    Args:
        store: The store.
    """

    def __init__(self, store: Backend) -> None:
        self._store = store
        self._recorded = Recorded(store.place.clone)

    @cached_property
    def is_on(self) -> bool:
        """Whether this clone imports from the store; otherwise every check passes, and nothing is asked."""
        clone = self._store.place.clone
        # The first check needs neither a database nor git.
        if not StateDir(clone.git_dir, "contents", lambda _: False).files() or not self._store.has(ListsContents):
            return False
        from git_annex_remote_pyshare.state.contents import KeptContents  # noqa: PLC0415  # only after an import

        is_listed = KeptContents(clone.git_dir, clone.remote_uuid, self._store.place.url).is_there
        return is_listed and not clone.get(options.OVERWRITE)

    @cached_property
    def _known(self) -> "KnownVersions":
        from git_annex_remote_pyshare.state.known_versions import KnownVersions  # noqa: PLC0415  # only after an import

        clone = self._store.place.clone
        return KnownVersions(clone.git_dir, clone.remote_uuid, self._store.place.url)

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
        """Whether git has this version, or there is no file that could be lost."""
        if found is None or not self.is_on or name.startswith(_OF_GIT_ANNEX):
            return True
        content = found.id.removesuffix(YOUNG)
        if self._known.find(name) == content:
            return True
        if not self._recorded.has(name, {content, content + YOUNG}):
            return False
        # git-annex may take the removal that follows for done even if it fails, and record another tree.
        self._known.note(name, content)
        return True

    def stored(self, name: str) -> None:
        """Note that this clone has stored the file. Without the note it would be kept until the next import."""
        if not self.is_on or name.startswith(".git/"):
            return
        with suppress(PyshareError):
            if found := self.look(name):
                self._known.note(name, found.id.removesuffix(YOUNG))

    def moved(self, source: str, target: str) -> None:
        """Note that this clone has renamed the file; its content has stayed, and so has its identifier."""
        if not self.is_on:
            return
        if not (content := self._known.find(source)):
            self.stored(target)
        elif not target.startswith(".git/"):
            self._known.note(target, content)
        self._known.forget(source)

    def _refusal(self, name: str) -> ChangedByOthers:
        remote = self._store.place.clone.remote or "NAME"
        overwrite = command("git", "config", f"remote.{remote}.pyshare-overwrite", "true")
        return ChangedByOthers(
            f"{one_line(name)} was changed in the store since this clone imported it, so it is kept",
            remedy=f"To get the change first, type: {command('git', 'annex', 'sync', '--content')}, or, to overwrite"
            f" such changes from now on: {overwrite}",
        )
