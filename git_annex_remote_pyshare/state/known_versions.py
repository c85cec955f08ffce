"""Keeps on disk which versions of files git is known to have: those that this clone has stored, or found recorded.

It is apart from the list of an import, which says what the store had: a version that is only listed may never have come
to git, and a download must deliver the listed version and no later one. Imported late: only exports after an import
need it.
"""

import os
import sqlite3
import weakref
from contextlib import suppress
from threading import Lock
from urllib.parse import quote

from git_annex_remote_pyshare.state.state_dir import StateDir

_VERSIONS = "CREATE TABLE IF NOT EXISTS versions (name BLOB PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID"


class KnownVersions:
    """The last known version of each file of one store. Use it from any thread.

    What cannot be read or written is not known, so an export keeps it.

    Args:
        git_dir: Path of the git directory; if empty, all is forgotten with the process.
        about: What identifies the store: the UUID of the remote, its address.
    """

    def __init__(self, git_dir: str, *about: str) -> None:
        self._lock = Lock()
        self._database = _opened(StateDir(git_dir, "versions", lambda _: False), about)
        weakref.finalize(self, self._database.close)

    def find(self, name: str) -> str:
        """The content identifier of the file's last known version; empty if none is known."""
        with self._lock, suppress(sqlite3.Error):
            row = self._database.execute("SELECT content FROM versions WHERE name = ?", (_bytes(name),)).fetchone()
            return row[0].decode("utf-8", "surrogateescape") if row else ""
        return ""

    def note(self, name: str, content: str) -> None:
        """Git has this version of the file."""
        with self._lock, suppress(sqlite3.Error):
            self._database.execute("INSERT OR REPLACE INTO versions VALUES (?, ?)", (_bytes(name), _bytes(content)))

    def forget(self, name: str) -> None:
        """No version of the file is known any more."""
        with self._lock, suppress(sqlite3.Error):
            self._database.execute("DELETE FROM versions WHERE name = ?", (_bytes(name),))


def _opened(folder: StateDir, about: tuple[str, ...]) -> sqlite3.Connection:
    path = folder.path(*about) if folder.is_there else ""
    with suppress(OSError, sqlite3.Error):
        if path:
            os.close(folder.open(path, os.O_CREAT | os.O_RDWR))
            return _prepared(f"file:{quote(os.fsencode(os.path.abspath(path)))}")
    return _prepared("")  # a database that only this process sees


def _prepared(uri: str) -> sqlite3.Connection:
    database = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        # What a power cut destroys is not known any more, and the next import finds it again.
        database.execute("PRAGMA synchronous = OFF")
        database.execute(_VERSIONS)
    except BaseException:
        database.close()
        raise
    return database


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
