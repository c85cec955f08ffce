"""Manages a private folder below the git directory, where a process leaves files for a later process.

Imported late: only large objects, trees and imports need it.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256

_ABOVE = ("annex", "pyshare")


class StateDir:
    """The folder `annex/pyshare/<name>`; only the owner can read its files.

    Args:
        git_dir: Path of the git directory; if empty, there is no folder.
        name: Name of the folder.
        is_over: Says whether a file in the folder has expired: no process will use it again.
    """

    def __init__(self, git_dir: str, name: str, is_over: Callable[["os.DirEntry[str]"], bool]) -> None:
        self._git_dir = git_dir
        self._name = name
        self._is_over = is_over

    @property
    def is_there(self) -> bool:
        """Whether there is a git directory that can hold the folder."""
        return bool(self._git_dir)

    def path(self, *about: object) -> str:
        """The path of the file for these values: always the same for the same values, which may have any characters."""
        return os.path.join(self._git_dir, *_ABOVE, self._name, digest(*about))

    def open(self, path: str, flags: int) -> int:
        """Open a file in the folder with `os.open` and return its descriptor.

        Creates the folder if necessary, and removes expired files first.

        Raises:
            OSError: The folder cannot be created, or the file cannot be opened.
        """
        self._sweep(make_folder(self._git_dir, self._name))
        return os.open(path, flags, 0o600)

    def files(self) -> list[str]:
        """Paths of the files in the folder; none if there is no folder yet."""
        if not self._git_dir:
            return []
        try:
            with os.scandir(os.path.join(self._git_dir, *_ABOVE, self._name)) as found:
                return [file.path for file in found]
        except FileNotFoundError:
            return []

    def _sweep(self, folder: str) -> None:
        """Remove expired files."""
        with os.scandir(folder) as files:
            for file in files:
                with suppress(OSError):
                    if self._is_over(file):
                        os.unlink(file.path)


def make_folder(git_dir: str, *names: str) -> str:
    """Make the folder `annex/pyshare/<names>` below the git directory, for its owner only; returns its path.

    Raises:
        OSError: It cannot be created.
    """
    folder = git_dir
    for part in (*_ABOVE, *names):
        folder = os.path.join(folder, part)
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
    return folder


def digest(*about: object) -> str:
    """A short file name for these values."""
    return sha256(json.dumps(about).encode()).hexdigest()[:32]
