"""Keeps on disk what this clone last knew to be under each name of a tree: keys, and content identifiers.

It says which versions git has, for the guard, and which other content may be at a name that git-annex takes for free,
since the process that was to remove it was killed. It is apart from the list of an import, which says what the store
had: a version that is only listed may never have come to git.
"""

import os
import sqlite3
import weakref
from contextlib import suppress
from functools import cached_property
from threading import Lock
from typing import NamedTuple
from urllib.parse import quote

from git_annex_remote_pyshare.state.state_dir import StateDir

_FILES = """
CREATE TABLE IF NOT EXISTS files (
    name BLOB NOT NULL, key BLOB NOT NULL, content BLOB NOT NULL, PRIMARY KEY (name, key, content)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS contents ON files (content);
"""


class Known(NamedTuple):
    """What may be under a name."""

    key: str
    content: str
    """The content identifier of this version; empty if the store did not tell it."""


class Inventory:
    """What may be under each name of one store. Use it from any thread.

    What cannot be read is not known: the guard keeps such a file, and a look at its size must do.

    Args:
        git_dir: Path of the git directory; if empty, all is forgotten with the process.
        about: What identifies the store: the UUID of the remote, its address.
    """

    def __init__(self, git_dir: str, *about: str) -> None:
        self._lock = Lock()
        self._folder = StateDir(git_dir, "inventory", lambda _: False)
        self._about = about

    def find(self, name: str) -> list[Known]:
        """All that may be there; more than one only if a request was begun whose outcome is not known."""
        return [Known(*row) for row in self._ask("SELECT key, content FROM files WHERE name = ?", name)]

    def keys_of(self, content: str) -> set[str]:
        """The keys whose content has this identifier, under any name; more than one if they have the same bytes."""
        return {key for key, _ in self._ask("SELECT key, content FROM files WHERE content = ?", content)}

    def add(self, name: str, key: str, content: str = "") -> None:
        """The content of the key may be there, besides what may be there already.

        Raises:
            OSError: That cannot be noted, so no request may be sent that relies on it.
        """
        try:
            self._change(("INSERT OR IGNORE INTO files VALUES (?, ?, ?)", (name, key, content)))
        except sqlite3.Error as error:
            raise OSError(f"cannot note what the store may have: {error}") from error

    def replace(self, name: str, key: str, content: str = "") -> None:
        """The content of the key is there."""
        self._settle(
            ("DELETE FROM files WHERE name = ?", (name,)),
            ("INSERT OR IGNORE INTO files VALUES (?, ?, ?)", (name, key, content)),
        )

    def move(self, key: str, source: str, target: str) -> None:
        """The content of the key was renamed, and is what is at the target."""
        self._settle(
            ("DELETE FROM files WHERE name = ? AND key != ?", (target, key)),
            ("DELETE FROM files WHERE name = ? AND name != ?", (source, target)),
        )

    def forget(self, name: str) -> None:
        """Nothing is there."""
        self._settle(("DELETE FROM files WHERE name = ?", (name,)))

    @cached_property
    def _database(self) -> sqlite3.Connection:
        path = self._folder.path(*self._about) if self._folder.is_there else ""
        database = None
        with suppress(OSError, sqlite3.Error):
            if path:
                os.close(self._folder.open(path, os.O_CREAT | os.O_RDWR))
                database = _opened(path)
        database = database or _prepared("")  # one that only this process sees
        weakref.finalize(self, database.close)
        return database

    def _ask(self, query: str, value: str) -> list[tuple[str, str]]:
        with self._lock, suppress(sqlite3.Error):
            rows = self._database.execute(query, (_bytes(value),)).fetchall()
            return [(_text(key), _text(content)) for key, content in rows]
        return []

    def _settle(self, *statements: tuple[str, tuple[str, ...]]) -> None:
        """Note what is certain; without it, older notes leave a doubt, and the file is looked at."""
        with suppress(sqlite3.Error):
            self._change(*statements)

    def _change(self, *statements: tuple[str, tuple[str, ...]]) -> None:
        with self._lock, self._database:
            self._database.execute("BEGIN")
            for statement, values in statements:
                self._database.execute(statement, tuple(map(_bytes, values)))


def _opened(path: str) -> sqlite3.Connection:
    """The database on disk; one that a power cut has destroyed is made anew."""
    uri = f"file:{quote(os.fsencode(os.path.abspath(path)))}"
    try:
        return _prepared(uri)
    except sqlite3.OperationalError:  # another process has it, or the disk is full
        raise
    except sqlite3.DatabaseError:
        os.unlink(path)
        return _prepared(uri)


def _prepared(uri: str) -> sqlite3.Connection:
    database = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        # What a power cut destroys is not known any more, and the next import finds it again.
        database.execute("PRAGMA synchronous = OFF")
        database.executescript(_FILES)
    except BaseException:
        database.close()
        raise
    return database


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
