"""Keeps on disk which version of each file the last listing of a store had: name, size, content identifier.

git-annex gets a list of the whole store, and later asks for files by name only. So the list must be kept, for the jobs
of an import and for a later `git annex get`. It can have 100,000 files and more, so it is a small database and not in
memory. Imported late: only imports need it.
"""

import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import NamedTuple

from git_annex_remote_pyshare.state.state_dir import StateDir

_DAY = 86400.0
_NEW = ".new-"
"""In the names of lists that are being made, or were made by a process that was killed."""

_ENTRIES = "CREATE TABLE entries (name BLOB PRIMARY KEY, size INTEGER NOT NULL, content BLOB NOT NULL) WITHOUT ROWID"


class Version(NamedTuple):
    """What was listed about one file."""

    size: int
    """Bytes."""
    content: str
    """The content identifier."""


class Contents:
    """The list of one store: a new one while it is made, and then the same for all readers.

    Use it from any thread.

    Args:
        path: The file of the database; empty for one that only this process sees.
        is_new: Whether to make an empty list.

    Raises:
        OSError, sqlite3.Error: The file cannot be made, or is no such database.
    """

    def __init__(self, path: str, *, is_new: bool) -> None:
        self._path = path
        self._lock = Lock()
        # SQLite encodes the path in UTF-8, and a path in the git directory need not be; a URI can have any bytes.
        self._database = sqlite3.connect(_uri(path), uri=True, isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._database.close)  # a later list takes the place of this one in all jobs
        if is_new:
            # A list that was interrupted is worth nothing, so nothing needs to survive a power cut.
            self._database.execute("PRAGMA synchronous = OFF")
            self._database.execute(_ENTRIES)
            self._database.execute("BEGIN")

    @contextmanager
    def part(self) -> Iterator[None]:
        """Add one part of a listing in this block; if it fails, nothing of the part stays."""
        self._database.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK TO part")
            raise
        finally:
            self._database.execute("RELEASE part")

    def add(self, name: str, version: Version) -> None:
        """Add a file, or replace what was listed under its name."""
        row = (_bytes(name), version.size, _bytes(version.content))
        self._database.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", row)

    def clear(self) -> None:
        """Remove all files, to begin again."""
        self._database.execute("DELETE FROM entries")

    def end(self) -> None:
        """The list is complete."""
        self._database.execute("COMMIT")

    def is_empty(self) -> bool:
        """Whether no file was listed."""
        with self._lock:
            return self._database.execute("SELECT 1 FROM entries").fetchone() is None

    def find(self, name: str) -> Version | None:
        """What was listed under the name; None if nothing was."""
        with self._lock:
            row = self._database.execute("SELECT size, content FROM entries WHERE name = ?", (_bytes(name),)).fetchone()
        return None if row is None else Version(row[0], _text(row[1]))

    def blocks(self, length: int) -> Iterator[list[tuple[str, int, str]]]:
        """All files in the order of their names, in lists of at most `length`."""
        rows = self._database.execute("SELECT name, size, content FROM entries ORDER BY name")
        while block := rows.fetchmany(length):
            yield [(_text(name), size, _text(content)) for name, size, content in block]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


class KeptContents:
    """Where the list of one remote is kept.

    Args:
        git_dir: Path of the git directory; if empty, the list is gone with its process.
        about: What identifies the store: the UUID of the remote, its address.
    """

    def __init__(self, git_dir: str, *about: str) -> None:
        self._folder = StateDir(git_dir, "contents", _is_over)
        self._path = self._folder.path(*about) if self._folder.is_there else ""

    @property
    def is_there(self) -> bool:
        """Whether this clone has ever made a list of the store."""
        return bool(self._path) and os.path.exists(self._path)

    @contextmanager
    def new(self) -> Iterator[Contents]:
        """Make a new list in this block, which must end it; it replaces the kept one if the block succeeds.

        The list stays open.
        """
        path = f"{self._path}{_NEW}{os.urandom(8).hex()}" if self._path else ""
        if path:
            os.close(self._folder.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR))
        made = Contents(path, is_new=True)
        try:
            yield made
            if path and os.name == "nt":
                return  # Windows cannot rename an open file; only this process has the list
            if path:
                os.replace(path, self._path)
        except BaseException:  # half a list is of no use
            made.close()
            if path:
                with suppress(OSError):
                    os.unlink(path)
            raise

    def kept(self) -> Contents | None:
        """The list that this clone has made last; None if there is none that can be read."""
        if not self.is_there:
            return None
        found = Contents(self._path, is_new=False)
        try:
            found.find("")
        except sqlite3.Error:  # not written by us, or damaged: as if there were none
            found.close()
            return None
        return found


def _is_over(note: "os.DirEntry[str]") -> bool:
    return _NEW in note.name and time.time() - note.stat().st_mtime > _DAY


def _uri(path: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415  # only imports need it

    # An empty name is a database on disk that only this connection sees (SQLite, "In-Memory Databases").
    return f"file:{quote(os.fsencode(os.path.abspath(path)))}" if path else ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
