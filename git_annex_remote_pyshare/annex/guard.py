"""Keeps an export from overwriting or removing what people changed in the store since this clone imported it.

An import lists the store, git merges, and the export that follows removes and overwrites by names. An edit that comes
in between would be lost, and so would one whose import has failed. So an export destroys only versions that git has
by what git-annex recorded, or that this clone has stored itself; any other is kept. A clone that has never listed the
store for an import exports as git-annex itself does.

An edit may also come between the look at a file and the request that replaces or removes it. So that request names the
version that was seen, and the service, or at least the backend, refuses it for any other.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from git_annex_remote_pyshare.annex.keys import digests, expected_size
from git_annex_remote_pyshare.annex.recorded import OF_GIT, Recorded
from git_annex_remote_pyshare.backends.abilities import YOUNG
from git_annex_remote_pyshare.backends.base import Backend, Content, ListsContents, WritesConditionally
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import ContentChanged, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.state.state_dir import StateDir
from git_annex_remote_pyshare.transfer import Condition, ExactSink, Source

if TYPE_CHECKING:
    from git_annex_remote_pyshare.state.known_versions import KnownVersions

_OF_GIT_ANNEX = (".git/", ".git-annex-tmp-content-")
"""Start of names that git-annex gives to files of its own; people do not edit those."""


_LENGTH_OF_SHA1 = 40

_MOST_COMPARED = 16 << 20
"""Bytes of the largest file that is downloaded to see whether it is what was to be stored."""

Done = TypeVar("Done")


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

    def check(self, name: str) -> Condition | None:
        """Look at a file; returns the condition for a request that destroys it, None if it may have any version.

        Raises:
            ChangedByOthers: Git does not know the version that is there.
            PyshareError: The store does not say what it has.
        """
        if not self.guards(name):
            return None
        found = self.look(name)
        if not self.knows(name, found):
            raise self.refusal(name)
        return Condition(found.id.removesuffix(YOUNG), found.version) if found else Condition()

    def guards(self, name: str) -> bool:
        """Whether a file of this name may have been changed by other people."""
        return self.is_on and not name.startswith(_OF_GIT_ANNEX)

    def obey(self, name: str, condition: Condition | None, request: Callable[[Condition | None], Done]) -> Done:
        """Send a request under a condition.

        A service that refuses the request, and then shows the version of the condition, has it under another tag than
        it told: so the look is all that can protect the file.

        Args:
            name: The file that the condition is about.
            condition: Returned by `check`.
            request: Sends the request under the condition; may be called again with None.

        Raises:
            ChangedByOthers: The condition is not met; nothing has changed.
            PyshareError: The request fails.
        """
        try:
            return request(condition)
        except ContentChanged as error:
            if condition is None or not condition.version or self.check(name) != condition:
                raise self.refusal(name) from error
        return request(None)

    def same_content(self, name: str, source: Source) -> str:
        """The content identifier of the file that is there, if it has all bytes of the source; else empty.

        Downloads a file of the same size, and no large one.
        """
        with suppress(PyshareError, OSError):
            found = self.look(name)
            if found is not None and found.size == source.size <= _MOST_COMPARED:
                with self._copy(found) as copy:
                    if copy.digest("sha256") == source.digest("sha256"):
                        return found.id.removesuffix(YOUNG)
        return ""

    def _has_content_of_git(self, found: Content) -> bool:
        """Whether all bytes of the file are those of a key that git has under its name; downloads no large file."""
        with suppress(PyshareError, OSError):
            keys = [key for key in self._recorded.keys(found.name) if expected_size(key) in {None, found.size}]
            if keys and found.size <= _MOST_COMPARED:
                with self._copy(found) as copy:
                    return any(_is_of_key(copy, key) for key in keys)
        return False

    @contextmanager
    def _copy(self, found: Content) -> Iterator[Source]:
        """The version of a file that was seen, downloaded for this block."""
        from tempfile import TemporaryDirectory  # noqa: PLC0415  # only for files in doubt

        with TemporaryDirectory(prefix="pyshare-") as folder:
            path = os.path.join(folder, "file")
            self._store.get(found.name, ExactSink(path, found.id), lambda _done: None)
            yield Source(path)

    @property
    def gap(self) -> str:
        """What the user should know about writes that the service does not check; empty if there is nothing."""
        if not self.is_on:
            return ""
        if not self._store.has(WritesConditionally):
            unchecked = "replacing, renaming or removing a file"
        else:
            unchecked = self._store.call(WritesConditionally, lambda able: able.unconditional())
        return unchecked and (
            f"this store may not compare versions itself when {unchecked}: an edit that other people make in that very"
            " moment is lost"
        )

    def look(self, name: str) -> Content | None:
        """The version that the store has now; None if there is no such file."""
        return self._store.call(ListsContents, lambda able: able.content_of(name))

    def knows(self, name: str, found: Content | None) -> bool:
        """Whether git has this version, or there is no file that could be lost."""
        if found is None or not self.guards(name):
            return True
        content = found.id.removesuffix(YOUNG)
        if self._known.find(name) == content:
            return True
        if self._recorded.has(name, {content}):
            # git-annex may take the removal that follows for done even if it fails, and record another tree.
            self._known.note(name, content)
            return True
        # What was young when it was stored or listed may have been edited since, and still have this identifier.
        if self._has_content_of_git(found):
            self._known.note(name, found.id)
            return True
        return False

    def stored(self, name: str, content: str = "", size: int | None = None) -> None:
        """Note that this clone has stored the file. Without the note it would be kept until the next import.

        Args:
            name: The file.
            content: Its content identifier, if the response to the upload had it; otherwise the store is asked.
            size: Its bytes, so that what other people stored since then is not taken for it.
        """
        if not self.is_on or name.startswith(".git/"):
            return
        if content:
            self._known.note(name, content.removesuffix(YOUNG))
            return
        with suppress(PyshareError):
            if (found := self.look(name)) and size in {None, found.size}:
                self._known.note(name, found.id)

    def moved(self, source: str, target: str) -> None:
        """Note that this clone has renamed the file; its content has stayed, and so has its identifier."""
        if not self.is_on:
            return
        if not (content := self._known.find(source)):
            self.stored(target)
        elif not target.startswith(".git/"):
            self._known.note(target, content)
        self._known.forget(source)

    def refusal(self, name: str) -> ChangedByOthers:
        """The error for a file that other people have changed."""
        remote = self._store.place.clone.remote or "NAME"
        overwrite = command("git", "config", f"remote.{remote}.pyshare-overwrite", "true")
        return ChangedByOthers(
            f"{one_line(name)} was changed in the store since this clone imported it, so it is kept",
            remedy=f"To get the change first, type: {command('git', 'annex', 'sync', '--content')}, or, to overwrite"
            f" such changes from now on: {overwrite}",
        )


def _is_of_key(source: Source, key: str) -> bool:
    """Whether the hash in the key proves that a file, which is not large, has its content."""
    if not key.startswith(OF_GIT):
        return any(source.digest(algorithm) == digest for algorithm, digest in digests(key).items())
    blob = key.removeprefix(OF_GIT)
    algorithm = "sha1" if len(blob) == _LENGTH_OF_SHA1 else "sha256"
    with open(source.path, "rb") as file:  # git hashes a blob behind its kind and its size (gitformat-pack, "object")
        hashed = b"blob %d\0%b" % (source.size, file.read())
    return hashlib.new(algorithm, hashed, usedforsecurity=False).hexdigest() == blob
