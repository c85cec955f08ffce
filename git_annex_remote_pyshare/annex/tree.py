"""Keeps the promises of a tree: a failed or unknown rename never leads to a removal, and no old content counts as new.

Why git-annex needs that: after a failed rename it removes the file and uploads it again, also if its only copy is the
one in the store; and it takes any file that is present under a name for the content that it wants to store there. With
several jobs it does not even notice the failure in the end, and takes the new tree for exported: it never asks for that
rename again, but only whether the file is present. So what a failed rename has left is brought to its new name when
git-annex looks for it there (all seen with git-annex 10.20261026).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from threading import Lock

from git_annex_remote_pyshare.annex.guard import ChangedByOthers, Guard
from git_annex_remote_pyshare.annex.looking import Looking
from git_annex_remote_pyshare.annex.tree_writes import TreeWrites
from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.errors import BadName, ContentChanged, NotFound, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.state.inventory import Inventory
from git_annex_remote_pyshare.state.killed import Presence
from git_annex_remote_pyshare.state.renames import Occupants, Rename, Renames
from git_annex_remote_pyshare.transfer import Condition, Progress, Source

_AWAY = ""
"""In place of a rename's source: its target has content that must not stay there. No name is empty."""

_BROUGHT = "/"
"""In place of a rename's source: its target has content that git-annex still takes to be elsewhere."""


_TEMPORARY = ".git-annex-tmp-content-"
"""Start of the name that git-annex gives to a file between its old and its new name; the key follows."""


_OF_GIT = ".git/"
"""Start of the names below which git-annex keeps content by its key (`annexobjects=yes`)."""


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
        self._unfinished = self._renames.unfinished()
        """Notes of earlier processes, and what this one has left away from its place."""
        self._presence = Presence(clone.git_dir, clone.remote_uuid)
        self._inventory = Inventory(clone.git_dir, clone.remote_uuid, store.place.url)
        """What may be at each name, whatever git-annex takes to be there."""
        self._guard = Guard(store, self._inventory)
        self._looking = Looking(store, self._guard, self._inventory)
        self._writes = TreeWrites(store, self._guard)
        self._kept = Occupants(clone.git_dir, clone.remote_uuid, "kept")
        """Names that a failed or unconfirmed rename may have left as they were; nothing may be stored over them."""
        self._vacated: set[str] = set()
        """Names that this process has freed by a removal or a rename. Who is killed does so again, so what has got such
        a name since is protected."""
        self._told = False
        """Whether `gap` has returned something."""
        self._lock = Lock()
        self._bringing = Lock()
        for rename in self._unfinished:  # the killed process may have done it
            if rename.source not in {_AWAY, _BROUGHT} and rename.target and not self._kept.find(rename.target):
                self._kept.note(rename.target, rename.key)

    def close(self) -> None:
        """Note that this process ends in order, so that nothing was under way."""
        self._presence.end()

    def is_present(self, key: str, name: str) -> bool:
        """Whether the content of `key` is at `name`; see `Looking`."""
        if self._occupant(key, name):
            return False
        if self._looking.is_known(key, name):
            self._finish(name, key)
            return True
        return self._bring(key, name)

    def check_store(self, key: str, name: str) -> Condition | None:
        """Raise an error if a file is there that a store of `key` must not overwrite; else returns what it may replace.

        Raises:
            ChangedByOthers: People have changed it.
            NotRenamed: It has the content of another key, since a rename has failed.
            PyshareError: The store does not say what is there.
        """
        if self._looking.was_absent(name):
            return Condition() if self._guard.guards(name) else None
        condition = self._guard.check(name)
        self._require_free(key, name)
        return condition

    def store(self, key: str, name: str, source: Source, progress: Progress) -> None:
        """Store the content of `key`; this replaces an existing file that git knows.

        Raises:
            ChangedByOthers: People have changed the file, or have made one of that name.
            NotRenamed: It has the content of another key, since a rename has failed.
            PyshareError: Any other failure.
        """
        self._may_be_at(name, key)  # without a response, the file would count as other content, or as that of people

        try:
            content = self._writes.put(name, source, progress, self.check_store(key, name))
        except ChangedByOthers:
            # The reply to an earlier attempt may have been lost, and then its condition is no longer met.
            content = self._guard.same_content(name, source)
            if not content:
                raise
        self.stored(key, name, content, source.size)

    def stored(self, key: str, name: str, content: str = "", size: int | None = None) -> None:
        """Note that the store has new content at `name`.

        Args:
            key: Its key.
            name: The file.
            content: Its content identifier, if the response to the upload had it.
            size: Its bytes, if they are known.
        """
        if not name.startswith(_OF_GIT):
            self._inventory.replace(name, key, content or self._guard.version_of(name, size))
        self._replaced(name)

    def gap(self) -> str:
        """What to tell the user, once, about writes that the service does not check; see `Guard.gap`."""
        if self._told:
            return ""
        told = self._guard.gap
        with self._lock:
            self._told, is_first = bool(told), not self._told
        return told if is_first else ""

    def _replaced(self, name: str) -> None:
        """Note that no old content is at this name."""
        self._finish(name, self._kept.find(name))

    def _occupant(self, key: str, name: str) -> str:
        """Another key whose content, by its size, a failed rename has left at this name; empty if there is none.

        Raises:
            PyshareError: The store does not say what is there.
        """
        other = self._kept.find(name)
        if other in {"", key}:
            return ""
        if self._looking.has(other, name):
            return other
        self._kept.forget(name)
        self._finish(name, other)
        return ""

    def _require_free(self, key: str, name: str) -> None:
        """Raise NotRenamed if a failed rename has left the content of another key there, maybe its only copy."""
        if self._occupant(key, name):
            raise NotRenamed(
                f"{one_line(name)} still has other content, which a failed rename has left there, so it is kept",
                remedy=f"If you do not need that content, remove it in the store yourself. {self._again}",
            )

    def _require_no_copy(self, key: str, source: str, target: str) -> None:
        """Raise NotRenamed if a process was killed and both names have the content: only one of them may be whole.

        People may have changed the other one, to as many bytes.
        """
        if self._presence.follows_a_killed_one and self._looking.has(key, target) and self._looking.has(key, source):
            raise self._not_renamed(source)

    def remove(self, key: str, name: str) -> None:
        """Remove the file; succeeds if there is none.

        Raises:
            NotRenamed: The file was to be renamed, or may have been, and its content is still there; the next removal,
                or that of the next git-annex, is obeyed.
            PyshareError: Any other failure.
        """
        if self._looking.is_other(key, name):
            # git-annex repeats the removals of an export that failed, but not the stores that followed them.
            self._require_free(key, name)
            return
        self._may_be_at(name, key)  # before all else, since this process may be killed at any moment
        if rename := self._renames.find(key, name):
            kept = next((place for place in (name, rename.target) if place and self._looking.has(key, place)), "")
            if kept:
                try:
                    self._keep(key, kept)
                finally:  # not before, or a process that is killed in between leaves nothing that protects the file
                    if kept != name:
                        self._kept.forget(name)
                    self._renames.end(key, name)
                raise self._not_renamed(kept)
            self._renames.end(key, name)
        elif self._presence.follows_a_killed_one:
            # It may stand for a rename that the killed process never read. The next git-annex repeats a real removal.
            other = self._kept.find(name)
            self._kept.note(name, other or key)  # before the look, which may fail
            if self._looking.has(key, name):
                self._keep(key, name)
                raise self._not_renamed(name)
            if not other:
                self._kept.forget(name)
        self._require_free(key, name)
        with suppress(BadName):  # the store never had it
            self._writes.delete(name)
        self._inventory.forget(name)
        self._replaced(name)
        self._forget(key, name)
        self._vacate(name)

    def _move(self, key: str, source: str, target: str) -> None:
        """Rename the file if git knows its version, and that of a file which it replaces."""
        self._guard.note_version(key, source)
        self._may_be_at(target, key, source)
        moved, replaced = self._check_changes(source), self._guard.check(target)
        try:
            self._writes.move(source, target, moved, replaced)
        except ContentChanged as error:
            if self._check_changes(source) != moved or self._guard.check(target) != replaced:
                raise self._guard.refusal(target) from error
            self._writes.move(source, target)

    def _keep(self, key: str, place: str) -> None:
        """Note that a failed rename has left the content at this place."""
        self._note(Rename(key, _AWAY, place))
        self._kept.note(place, key)
        self._check_changes(place)

    def _check_changes(self, place: str) -> Condition | None:
        """As `Guard.check`; if people changed what a rename has left there, only the guard keeps it from now on."""
        try:
            return self._guard.check(place)
        except ChangedByOthers:
            self._kept.forget(place)
            raise

    def rename(self, key: str, source: str, target: str) -> None:
        """Rename the file; succeeds if an earlier call has done it.

        Raises:
            ChangedByOthers: People have changed the file, or have made one of the new name.
            NotRenamed: One of the names still has the content of another key, whose rename has failed.
            PyshareError: The file has its old name, or it is unknown which one it has.
        """
        try:
            self._require_free(key, source)
        except NotRenamed:
            if self._rename_from_elsewhere(key, (_BROUGHT,), source, target):
                return
            raise
        self._renames.begin(Rename(key, source, target))
        self._kept.note(source, key)
        self._require_free(key, target)
        self._require_no_copy(key, source, target)
        try:
            self._move(key, source, target)
        except PyshareError as error:
            if not self._is_moved(key, source, target):
                if not isinstance(error, NotFound) or self._looking.has(key, source):
                    raise
                if not self._rename_from_elsewhere(key, (_AWAY, _BROUGHT), source, target):
                    self._renames.end(key, source)  # nothing is there that a removal could destroy
                    self._kept.forget(source)
                    raise
        self._renames.end(key, source)
        self._kept.forget(source)
        self._forget(key, source)
        self._inventory.move(key, source, target)
        self._replaced(target)
        self._vacate(source)
        with self._lock:
            is_reused = target in self._vacated
        if is_reused:
            self._kept.note(target, key)
            self._note(Rename(key, _BROUGHT, target))

    def _may_be_at(self, name: str, key: str, source: str = "") -> None:
        """Note that the content of the key may be there; `source` is where it was before."""
        if name.startswith(_OF_GIT):
            return  # such a name is that of one key only
        contents = [known.content for known in self._inventory.find(source or name) if known.key == key]
        for content in contents or [""]:
            self._inventory.add(name, key, content)

    def _vacate(self, name: str) -> None:
        with self._lock:
            self._vacated.add(name)

    def _rename_from_elsewhere(self, key: str, why: Sequence[str], source: str, target: str) -> bool:
        """Rename the file from where, by notes of these kinds, its content is; False if that is nowhere."""
        notes = (self._renames.find(key, note) for note in why)
        place = next((note.target for note in notes if note and note.target not in {"", source, target}), "")
        if not place or not self._looking.has(key, place):
            return False
        self.rename(key, place, target)
        return True

    def _bring(self, key: str, name: str) -> bool:
        """Move content to this name if a failed rename has left it elsewhere; returns whether that was done."""
        with self._bringing:
            place = next((each for each in self._left_at(key) if each != name and self._looking.has(key, each)), "")
            if not place:
                return False
            try:
                self.rename(key, place, name)
            except (BadName, NotFound):
                return False
            self._finish(place, key)
            self._finish(name, key)
            self._note(Rename(key, _BROUGHT, name))
            return True

    def _left_at(self, key: str) -> Iterator[str]:
        """Names where a failed rename may have left the content.

        If a process is killed while several jobs rename, git-annex gives up their renames, and the removals that it
        sends then, without a word to the next process. It only asks whether the files have their new names.
        """
        if away := self._renames.find(key, _AWAY):
            yield away.target
        for rename in self._unfinished:
            if rename.key == key and rename.source not in {_AWAY, _BROUGHT}:
                yield rename.source
                yield rename.target
        temporary = f"{_TEMPORARY}{key}"
        if self._presence.was_killed or self._inventory.find(temporary):
            yield temporary

    def _note(self, rename: Rename) -> None:
        self._renames.begin(rename)
        self._unfinished.append(rename)

    def _finish(self, name: str, key: str) -> None:
        """Forget what renames may have left at this name, so that nothing is brought from there.

        The content of the key is there on purpose, or is no longer there; that of other keys is not there.
        """
        if self._kept.find(name) == key:
            self._kept.forget(name)
        for rename in [each for each in self._unfinished if name in {each.source, each.target}]:
            if rename.source == _BROUGHT and rename.key == key:
                continue  # git-annex may still send a rename from where it was
            with suppress(ValueError):  # another job was here
                self._unfinished.remove(rename)
            if self._renames.find(rename.key, rename.source) == rename:
                self._renames.end(rename.key, rename.source)

    def _forget(self, key: str, place: str) -> None:
        """Forget that content was left at a place, since it is no longer there."""
        for note in (_AWAY, _BROUGHT):
            if (left := self._renames.find(key, note)) and left.target == place:
                self._renames.end(key, note)

    def _is_moved(self, key: str, source: str, target: str) -> bool:
        """Whether a failed rename has happened after all; False if that is unknown."""
        try:
            return self._store.stat(source) is None and self._looking.is_known(key, target)
        except PyshareError:
            return False

    def _not_renamed(self, name: str) -> NotRenamed:
        return NotRenamed(f"{one_line(name)} was not renamed, so it is kept", remedy=self._again)

    @property
    def _again(self) -> str:
        return f"Export again: {command('git', 'annex', 'export', 'HEAD', '--to', self._remote or 'NAME')}"
