"""Keeps objects that git-annex has not asked for yet in private files below the git directory.

Each process has its own folder in `annex/pyshare/ahead`, on the same file system as git-annex's own files, so that an
object is handed over by renaming it. The folder is locked while its process lives, so that a later process can tell
what a killed one has left.

Imported late: only a process that reads ahead needs it.
"""

import os
import shutil
import time
from contextlib import suppress

from git_annex_remote_pyshare.state.lock import try_lock
from git_annex_remote_pyshare.state.state_dir import make_folder

_NAME = "ahead"
_LOCK = "lock"
_AGE = 86400.0
"""Age in seconds at which a folder is no longer in use, on a file system without locks."""

_YOUNG = 60.0
"""Age in seconds below which a folder without a lock file may be one that is just being made."""


class AheadDir:
    """The folder of this process, made when its first path is needed. Not thread-safe.

    Args:
        git_dir: Path of the clone's git directory, which exists.
    """

    def __init__(self, git_dir: str) -> None:
        self._git_dir = git_dir
        self._folder = ""
        self._lock = -1

    def path(self, number: int) -> str:
        """The path for object `number`.

        Raises:
            OSError: The folder cannot be made.
        """
        if not self._folder:
            folder = make_folder(self._git_dir, _NAME, f"{os.getpid()}-{os.urandom(4).hex()}")
            self._lock = os.open(os.path.join(folder, _LOCK), os.O_CREAT | os.O_RDWR, 0o600)
            with suppress(OSError):
                try_lock(self._lock)
            self._folder = folder
        return os.path.join(self._folder, str(number))

    @property
    def free(self) -> int:
        """Free bytes on the disk that has the folder."""
        return shutil.disk_usage(self._git_dir).free

    def close(self) -> None:
        """Remove the folder with all objects in it."""
        if self._folder:
            os.close(self._lock)
            _remove(self._folder)
            self._folder = ""


def remove_remains(git_dir: str) -> None:
    """Remove what killed processes have left; costs one look where there is nothing."""
    try:
        with os.scandir(os.path.join(git_dir, "annex", "pyshare", _NAME)) as found:
            folders = [entry.path for entry in found]
    except OSError:
        return
    for folder in folders:
        with suppress(OSError):
            if _is_over(folder):
                _remove(folder)


def _is_over(folder: str) -> bool:
    """Whether the process of the folder has ended."""
    age = time.time() - os.stat(folder).st_mtime
    try:
        lock = os.open(os.path.join(folder, _LOCK), os.O_RDWR)
    except FileNotFoundError:
        return age > _YOUNG
    try:
        return try_lock(lock)
    except OSError:
        return age > _AGE
    finally:
        os.close(lock)


def _remove(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # another process has its folder in it
        os.rmdir(os.path.dirname(folder))
