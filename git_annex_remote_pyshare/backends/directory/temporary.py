"""Temporary files inside the store: the next writer replaces a killed one's, and no two writers share one."""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from git_annex_remote_pyshare.backends.directory.folder import Folder, LinkInStore

FOLDER = b".pyshare-tmp"
PREFIX = FOLDER + b"-"
"""Start of the name of a temporary file that is next to its file, in a tree."""

_IN_TREE = re.compile(rb"(?:.*/)?" + re.escape(PREFIX) + rb"[0-9a-f]{32}", re.DOTALL)

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_LOOK = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)


class Temporary:
    """An open temporary file.

    Args:
        folder: The folder that contains it.
        name: Its name in the folder.
        file: The open file, unbuffered.
    """

    def __init__(self, folder: Folder, name: bytes, file: BinaryIO) -> None:
        self.folder = folder
        self.name = name
        self.file = file
        self.facts = os.fstat(file.fileno())
        """The file's status, read while it is open, and once more when it is finished."""

    @property
    def read_only(self) -> int:
        """The permissions without write access, as git-annex's own objects have.

        They derive from 0666 and the umask, which cannot be read without changing it for all threads.
        """
        return stat.S_IMODE(self.facts.st_mode) & 0o444

    def mode_like(self, source: BinaryIO) -> int:
        """The usual permissions of a new file; executable by those who may execute the source.

        Not the source's own: git-annex's temporary file of a file in git has 0600.
        """
        return stat.S_IMODE(self.facts.st_mode) | (os.fstat(source.fileno()).st_mode & 0o111)

    def finish(self, mode: int) -> None:
        """Set the file's permissions, and make its content survive a power cut."""
        descriptor = self.file.fileno()
        with suppress(PermissionError):  # some network drives have no permissions
            self.folder.protect(self.name, descriptor, mode)
        os.fsync(descriptor)
        self.facts = os.fstat(descriptor)
        if os.name == "nt":
            # Windows cannot rename an open file.
            self.file.close()


def is_temporary(name: str) -> bool:
    """Whether it is the name of a temporary file in a tree."""
    return _IN_TREE.fullmatch(name.encode("utf-8", "surrogateescape")) is not None


@contextmanager
def temporary(folder: Folder, name: bytes, fallback: bytes) -> Iterator[Temporary]:
    """A new file `name` in the folder, or `fallback` while another writer uses `name`.

    The block renames the file, and may close it before; if the block fails, the file is removed.
    """
    remove_dead(folder, name)
    try:
        descriptor = _claim(folder, name)
    except FileExistsError:
        name = fallback
        descriptor = folder.open(name, _NEW)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        try:
            yield Temporary(folder, name, file)
        except BaseException:  # an incomplete object is of no use
            _discard(folder, name, file)
            raise


def _discard(folder: Folder, name: bytes, file: BinaryIO) -> None:
    """Remove the file unless it was renamed, since another writer may now use its name."""
    with suppress(OSError, LinkInStore):
        if os.name == "nt":
            # Windows cannot remove an open file, neither this one nor another writer's.
            file.close()
            folder.unlink(name)
        elif _is_at(file.fileno(), folder, name):
            folder.unlink(name)


def _claim(folder: Folder, name: bytes) -> int:
    """The descriptor of a new, locked file; FileExistsError if another writer uses the name."""
    descriptor = folder.open(name, _NEW)
    try:
        _lock(descriptor)
        taken = not _is_at(descriptor, folder, name)
    except BaseException:  # no other code closes the descriptor
        os.close(descriptor)
        raise
    if taken:
        os.close(descriptor)
        raise FileExistsError(name)
    return descriptor


def remove_dead(folder: Folder, name: bytes) -> None:
    """Remove the file if its writer is known to have ended."""
    with suppress(OSError):
        if os.name == "nt":
            # Windows itself refuses to remove an open file.
            folder.unlink(name)
            return
        descriptor = folder.open(name, _LOOK)
        try:
            # Without the second check it could be a running writer's file, created after the old one was opened.
            if _lock(descriptor) and _is_at(descriptor, folder, name):
                folder.unlink(name)
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock the file until its descriptor is closed or its process dies; False if the file system has no locks.

    Raises:
        FileExistsError: Another writer has the lock.
    """
    if os.name == "nt":
        return False
    from git_annex_remote_pyshare.state.lock import try_lock  # noqa: PLC0415  # only storing needs it

    try:
        free = try_lock(descriptor)
    except OSError:
        return False
    if not free:
        raise FileExistsError(errno.EEXIST, "another writer is busy")
    return True


def _is_at(descriptor: int, folder: Folder, name: bytes) -> bool:
    """Whether the name still refers to the open file."""
    from git_annex_remote_pyshare.state.lock import is_at  # noqa: PLC0415  # only storing needs it

    return is_at(descriptor, lambda: folder.lstat(name))
