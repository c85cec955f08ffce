"""Keeps the promises of a tree: a failed or unknown rename never leads to a removal, and no old content counts as new.

Why git-annex needs that: after a failed rename it removes the file and uploads it again, also if its only copy is the
one in the store; and it takes any file that is present under a name for the content that it wants to store there. With
several jobs it does not even notice the failure in the end, and takes the new tree for exported: it never asks for that
rename again, but only whether the file is present. So what a failed rename has left is brought to its new name when
git-annex looks for it there (all seen with git-annex 10.20261026).
"""

from threading import Lock

from git_annex_remote_pyshare.annex.keys import expected_size
from git_annex_remote_pyshare.backends.base import Backend, Moves
from git_annex_remote_pyshare.errors import BadName, NotFound, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.state.killed import Presence
from git_annex_remote_pyshare.state.renames import Rename, Renames

_AWAY = ""
"""In place of a rename's source: its target has content that must not stay there. No name is empty."""

_BROUGHT = "/"
"""In place of a rename's source: its target has content that git-annex still takes to be elsewhere."""


class NotRenamed(PyshareError):
    """A file is kept, since its rename was not confirmed."""


class Tree:
    """What all jobs of one process know about the tree in the store.

    Args:
        store: The store.
    """

    def __init__(self, store: Backend) -> None:
        clone = store.place.clone
        self._store = store
        self._remote = clone.remote
        self._renames = Renames(clone.git_dir, clone.remote_uuid)
        self._presence = Presence(clone.git_dir, clone.remote_uuid)
        self._unremoved: dict[str, str] = {}
        """Name → key whose removal failed, so that the store may still have its content there."""
        self._lock = Lock()
        self._bringing = Lock()

    def close(self) -> None:
        """Note that this process ends in order, so that nothing was under way."""
        self._presence.end()

    def is_present(self, key: str, name: str) -> bool:
        """Whether the content of `key` is at `name`; decided by its size, and by what was not removed before."""
        with self._lock:
            if self._unremoved.get(name, key) != key:
                return False
        return self._has(key, name) or self._bring(key, name)

    def stored(self, name: str) -> None:
        """Note that the store has new content at `name`."""
        with self._lock:
            self._unremoved.pop(name, None)

    def remove(self, key: str, name: str) -> None:
        """Remove the file; succeeds if there is none.

        Raises:
            NotRenamed: The file was to be renamed, or may have been, and its content is still there; the next removal,
                or that of the next git-annex, is obeyed.
            PyshareError: Any other failure.
        """
        if rename := self._renames.find(key, name):
            kept = next((place for place in (name, rename.target) if place and self._has(key, place)), "")
            self._renames.end(key, name)
            if kept:
                self._renames.begin(Rename(key, _AWAY, kept))
                raise self._not_renamed(kept)
        elif self._presence.follows_a_killed_one and self._has(key, name):
            # It may stand for a rename that the killed process never read. The next git-annex repeats a real removal.
            self._renames.begin(Rename(key, _AWAY, name))
            raise self._not_renamed(name)
        try:
            self._store.delete(name)
        except BadName:
            return  # the store never had it
        except PyshareError:
            with self._lock:
                self._unremoved[name] = key
            raise
        self.stored(name)
        self._forget(key, name)

    def rename(self, key: str, source: str, target: str) -> None:
        """Rename the file; succeeds if an earlier call has done it.

        Raises:
            PyshareError: The file has its old name, or it is unknown which one it has.
        """
        self._renames.begin(Rename(key, source, target))
        try:
            self._store.call(Moves, lambda able: able.move(source, target))
        except PyshareError as error:
            if not self._is_moved(key, source, target):
                if not isinstance(error, NotFound) or self._has(key, source):
                    raise
                if not self._rename_from_elsewhere(key, source, target):
                    self._renames.end(key, source)  # nothing is there that a removal could destroy
                    raise
        self._renames.end(key, source)
        self._forget(key, source)
        self.stored(target)

    def _rename_from_elsewhere(self, key: str, source: str, target: str) -> bool:
        """Rename the file from where an earlier failure, or `_bring`, has left it; False if that is nowhere."""
        notes = (self._renames.find(key, note) for note in (_AWAY, _BROUGHT))
        place = next((note.target for note in notes if note and note.target not in {"", source, target}), "")
        if not place or not self._has(key, place):
            return False
        self.rename(key, place, target)
        return True

    def _bring(self, key: str, name: str) -> bool:
        """Move content to this name if a failed rename has left it elsewhere; returns whether that was done."""
        with self._bringing:
            left = self._renames.find(key, _AWAY)
            if not left or left.target in {"", name} or not self._has(key, left.target):
                return False
            try:
                self.rename(key, left.target, name)
            except (BadName, NotFound):
                return False
            self._renames.begin(Rename(key, _BROUGHT, name))
            return True

    def _forget(self, key: str, place: str) -> None:
        """Forget that content was left at a place, since it is no longer there."""
        for note in (_AWAY, _BROUGHT):
            if (left := self._renames.find(key, note)) and left.target == place:
                self._renames.end(key, note)

    def _is_moved(self, key: str, source: str, target: str) -> bool:
        """Whether a failed rename has happened after all; False if that is unknown."""
        try:
            return self._store.stat(source) is None and self._has(key, target)
        except PyshareError:
            return False

    def _has(self, key: str, name: str) -> bool:
        """Whether a file of the key's size is there."""
        try:
            stat = self._store.stat(name)
        except BadName:
            return False
        expected = expected_size(key)
        return stat is not None and (expected is None or stat.size is None or stat.size == expected)

    def _not_renamed(self, name: str) -> NotRenamed:
        return NotRenamed(
            f"{one_line(name)} was not renamed, so it is kept",
            remedy=f"Export again: {command('git', 'annex', 'export', 'HEAD', '--to', self._remote or 'NAME')}",
        )
