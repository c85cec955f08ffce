"""Tells a process that the one before it was killed, although the same git-annex waits for the outcome of its requests.

A killed process may not even have read its last requests, so that no note of its own can say what they were.
"""

import json
import os
import secrets
import time
from contextlib import suppress

from git_annex_remote_pyshare.state.lock import try_lock
from git_annex_remote_pyshare.state.state_dir import StateDir

_LONGEST = 1000
"""Bytes of a mark."""

_AGE = 86400.0
"""Seconds after which no git-annex waits any more."""


class Presence:
    """The mark of this process, which only a killed process leaves behind.

    Args:
        git_dir: Path of the git directory; if empty, there is no mark.
        uuid: UUID of the remote.
    """

    def __init__(self, git_dir: str, uuid: str) -> None:
        self.follows_a_killed_one = False
        """Whether an earlier process of the same remote, started by the same git-annex, was killed."""
        self.was_killed = False
        """Whether any process of the same remote was killed within the last day."""
        self._path = ""
        folder = StateDir(git_dir, "running", _is_over)
        if not folder.is_there:
            return
        text = json.dumps([uuid, os.getppid()])
        dead = {_text_of_the_dead(path, text.rpartition(" ")[0]) for path in folder.files()}
        self.follows_a_killed_one = text in dead
        self.was_killed = any(dead)
        path = folder.path(uuid, os.getpid(), secrets.token_hex(8))
        # The system frees the lock when this process is killed; the descriptor stays open until then.
        self._descriptor = folder.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR)
        with suppress(OSError):  # without locks every process that runs side by side looks dead: that is the safe side
            try_lock(self._descriptor)
        os.write(self._descriptor, text.encode())
        self._path = path

    def end(self) -> None:
        """Remove the mark, since this process ends in order."""
        if self._path:
            with suppress(OSError):
                os.unlink(self._path)


def _text_of_the_dead(path: str, start: str) -> str:
    """The text of a mark with this start that no process holds any more; empty for any other file."""
    with suppress(OSError, UnicodeDecodeError):
        descriptor = os.open(path, os.O_RDWR)
        try:
            text = os.read(descriptor, _LONGEST).decode("ascii")
            return text if text.startswith(start) and try_lock(descriptor) else ""
        finally:
            os.close(descriptor)
    return ""


def _is_over(mark: "os.DirEntry[str]") -> bool:
    return time.time() - mark.stat().st_mtime > _AGE
