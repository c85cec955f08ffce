"""Notes each rename in a tree before it is sent, for the process that follows if this one is killed.

git-annex takes a rename that failed as a reason to remove the file, which may be its only copy. If the process dies
while it renames, git-annex starts another one and sends the removal to that; only the note says what came before.

A second kind of note stands under a name alone: it says whose content may be there, against all that git-annex thinks.
"""

import json
import os
import secrets
import time
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

from git_annex_remote_pyshare.state.state_dir import StateDir

_AGE = 90 * 86400.0
"""Seconds after which no export continues any more."""


class Rename(NamedTuple):
    """One rename whose success was not confirmed."""

    key: str
    source: str
    target: str


class Renames:
    """The unconfirmed renames of one remote, in this process and in earlier ones.

    Args:
        git_dir: Path of the git directory; if empty, later processes do not know them.
        uuid: UUID of the remote.
    """

    def __init__(self, git_dir: str, uuid: str) -> None:
        self._folder = StateDir(git_dir, "renames", _is_over)
        self._uuid = uuid
        self._known: dict[tuple[str, str], Rename] = {}
        self._lock = Lock()

    def begin(self, rename: Rename) -> None:
        """Note the rename, before it is sent.

        Raises:
            OSError: The note cannot be written, so the rename must not be sent.
        """
        with self._lock:
            self._known[rename.key, rename.source] = rename
            if self._folder.is_there:
                path = self._path(rename.key, rename.source)
                with suppress(FileNotFoundError):
                    os.unlink(path)
                with open(path, "x", encoding="ascii", opener=self._folder.open) as file:
                    json.dump(rename, file)

    def end(self, key: str, source: str) -> None:
        """Forget the rename: its outcome is known, and git-annex was told."""
        with self._lock:
            self._known.pop((key, source), None)
            if self._folder.is_there:
                with suppress(FileNotFoundError):
                    os.unlink(self._path(key, source))

    def find(self, key: str, source: str) -> Rename | None:
        """The unconfirmed rename of this file; a note that was not written completely names no target."""
        with self._lock:
            if found := self._known.get((key, source)):
                return found
            if not self._folder.is_there:
                return None
            try:
                with open(self._path(key, source), encoding="ascii") as file:
                    return _read(file.read(), key, source)
            except FileNotFoundError:
                return None

    def unfinished(self) -> list[Rename]:
        """The notes of all processes that are on disk."""
        found = []
        for path in self._folder.files():
            with suppress(OSError, ValueError, TypeError), open(path, encoding="ascii") as file:
                rename = Rename(*map(str, json.load(file)))
                if path == self._path(rename.key, rename.source):  # and none of another remote
                    found.append(rename)
        return found

    def _path(self, key: str, source: str) -> str:
        return self._folder.path(self._uuid, key, source)


class Occupants:
    """Names in a tree that may have the content of a key which git-annex takes to be gone from there.

    Args:
        git_dir: Path of the git directory; if empty, later processes do not know them.
        uuid: UUID of the remote.
        why: What has left the content there; the notes of each reason are their own.
    """

    def __init__(self, git_dir: str, uuid: str, why: str) -> None:
        self._folder = StateDir(git_dir, "renames", _is_over)
        self._about = (uuid, why)
        self._known: dict[str, str] = {}
        self._lock = Lock()

    def note(self, name: str, key: str) -> None:
        """Note that the name may have the key's content.

        Raises:
            OSError: The note cannot be written.
        """
        with self._lock:
            self._known[name] = key
            if not self._folder.is_there:
                return
            path = self._path(name)
            # Never half a note under its name: another process may read it at any time.
            half = f"{path}-{secrets.token_hex(8)}"
            with open(half, "x", encoding="ascii", opener=self._folder.open) as file:
                json.dump([name, key], file)
            os.replace(half, path)

    def find(self, name: str) -> str:
        """The key whose content may be there; empty if there is no note."""
        with self._lock:
            if name in self._known or not self._folder.is_there:
                return self._known.get(name, "")
            with (
                suppress(FileNotFoundError, ValueError, IndexError, TypeError),
                open(self._path(name), encoding="ascii") as file,
            ):
                return str(json.load(file)[1])
            return ""

    def forget(self, name: str) -> None:
        """Forget the note: the content is no longer there, or was replaced on purpose."""
        with self._lock:
            self._known.pop(name, None)
            if self._folder.is_there:
                with suppress(FileNotFoundError):
                    os.unlink(self._path(name))

    def _path(self, name: str) -> str:
        return self._folder.path(*self._about, name, "")


def _read(text: str, key: str, source: str) -> Rename:
    target = ""
    with suppress(ValueError, IndexError, TypeError):
        target = str(json.loads(text)[2])
    return Rename(key, source, target)


def _is_over(note: "os.DirEntry[str]") -> bool:
    return time.time() - note.stat().st_mtime > _AGE
