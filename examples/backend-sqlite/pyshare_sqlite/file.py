"""Opens an SQLite file, checks its password, and turns the errors of SQLite into those of pyshare."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import quote

from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import Busy, PermissionDenied, Unreachable


@contextmanager
def opened(path: str, login: Credential | None, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """The file; what is not committed when the block ends was never there. Only the mode `rwc` makes a new one."""
    try:
        address = f"file:{quote(path)}?mode={mode}"
        with closing(sqlite3.connect(address, timeout=60, isolation_level=None, uri=True)) as file:
            kept = file.execute("PRAGMA user_version").fetchone()[0]
            if kept and (login is None or kept != hashed(login)):
                raise PermissionDenied(f"{path} has another password", remedy="Ask its owner for it.")
            yield file
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise Busy(f"{path} is in use by others") from error
        raise Unreachable(f"cannot use {path}: {error}", retryable=False) from error


def hashed(login: Credential) -> int:
    """What the file keeps of its password: a number that SQLite leaves to programs."""
    return 1 + int.from_bytes(hashlib.sha256(login.secret.encode()).digest()[:3], "big")
