"""A temporary file inside the store: what a killed writer left is used up by the next one, never by two at once."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from git_annex_remote_pyshare.backends.directory.folder import Folder, LinkInStore

FOLDER = b".pyshare-tmp"

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_LOOK = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)


class Temporary:
    """An open temporary file.

    Args:
        folder: Where it is.
        name: Its name there.
        file: Unbuffered.
    """

    def __init__(self, folder: Folder, name: bytes, file: BinaryIO) -> None:
        self.folder = folder
        self.name = name
        self.file = file
        self.facts = os.fstat(file.fileno())
        """What the system knows of the file; Windows tells it of open files only."""

    @property
    def read_only(self) -> int:
        """The permissions without those to write, like git-annex's own objects have.

        They came from 0666 and the umask, which cannot be read without changing it for all threads.
        """
        return stat.S_IMODE(self.facts.st_mode) & 0o444

    def finish(self, mode: int) -> None:
        """Give the file its permissions, and make what was written survive a power cut."""
        number = self.file.fileno()
        with suppress(PermissionError):  # some network drives have none to change
            self.folder.protect(self.name, number, mode)
        os.fsync(number)
        if os.name == "nt":
            # Windows renames no open file.
            self.file.close()


@contextmanager
def temporary(folder: Folder, name: bytes, fallback: bytes) -> Iterator[Temporary]:
    """A new file `name` in the folder, or `fallback` while another writer is busy there.

    The block renames the file away, and may close it before; if the block fails, the file is removed.
    """
    _remove_dead(folder, name)
    try:
        number = _claim(folder, name)
    except FileExistsError:
        name = fallback
        number = folder.open(name, _NEW)
    with os.fdopen(number, "wb", buffering=0) as file:
        try:
            yield Temporary(folder, name, file)
        except BaseException:  # whatever ended the store, half an object is of no use
            _discard(folder, name, file)
            raise


def _discard(folder: Folder, name: bytes, file: BinaryIO) -> None:
    """Remove the file, unless it has left its name, which another writer may have now."""
    with suppress(OSError, LinkInStore):
        if os.name == "nt":
            # Windows removes no open file, neither this one nor another writer's.
            file.close()
            folder.unlink(name)
        elif _is_at(file.fileno(), folder, name):
            folder.unlink(name)


def _claim(folder: Folder, name: bytes) -> int:
    """The descriptor of a new file that no other writer takes for dead; FileExistsError when one is busy there."""
    number = folder.open(name, _NEW)
    try:
        _lock(number)
        taken = not _is_at(number, folder, name)
    except BaseException:  # nobody else knows the descriptor
        os.close(number)
        raise
    if taken:
        os.close(number)
        raise FileExistsError(name)
    return number


def _remove_dead(folder: Folder, name: bytes) -> None:
    """Remove the file unless its writer lives, or is not known to be dead."""
    with suppress(OSError):
        if os.name == "nt":
            # Windows itself refuses to remove a file that somebody has open.
            folder.unlink(name)
            return
        number = folder.open(name, _LOOK)
        try:
            # Without the second look it could be a living writer's file, made since we opened the dead one.
            if _lock(number) and _is_at(number, folder, name):
                folder.unlink(name)
        finally:
            os.close(number)


def _lock(number: int) -> bool:
    """Lock the file until its descriptor is closed or its process dies; False where the file system has no locks.

    Raises:
        FileExistsError: Somebody else has the lock.
    """
    if os.name == "nt":
        return False
    from git_annex_remote_pyshare.state.lock import try_lock  # noqa: PLC0415  # only storing needs it

    try:
        free = try_lock(number)
    except OSError:
        return False
    if not free:
        raise FileExistsError(errno.EEXIST, "another writer is busy")
    return True


def _is_at(number: int, folder: Folder, name: bytes) -> bool:
    """Whether the open file is still the one of that name."""
    from git_annex_remote_pyshare.state.lock import is_at  # noqa: PLC0415  # only storing needs it

    return is_at(number, lambda: folder.look(name))
