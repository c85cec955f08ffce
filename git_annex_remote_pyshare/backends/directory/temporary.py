"""A temporary file inside the store: what a killed writer left is used up by the next one, never by two at once."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, NamedTuple

FOLDER = b".pyshare-tmp"

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_LOOK = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Temporary(NamedTuple):
    """An open temporary file."""

    path: bytes
    file: BinaryIO
    """Unbuffered."""

    def finish(self) -> None:
        """Make what was written survive a power cut, and read-only, like git-annex's own objects."""
        number = self.file.fileno()
        # Its mode came from 0666 and the umask, which cannot be read without changing it for all threads. Some
        # network drives have no modes to change.
        with suppress(PermissionError):
            os.chmod(self.path, stat.S_IMODE(os.fstat(number).st_mode) & 0o444)
        os.fsync(number)
        if os.name == "nt":
            # Windows renames no open file.
            self.file.close()


@contextmanager
def temporary(path: bytes, fallback: bytes) -> Iterator[Temporary]:
    """A new file at `path`, or at `fallback` while another writer is busy at `path`.

    The block renames the file away, and may close it before; if the block fails, the file is removed.

    Raises:
        FileNotFoundError: Their folder is not there.
    """
    _remove_dead(path)
    try:
        number = _claim(path)
    except FileExistsError:
        path = fallback
        number = os.open(path, _NEW, 0o666)
    try:
        with os.fdopen(number, "wb", buffering=0) as file:
            yield Temporary(path, file)
    except BaseException:  # whatever ended the store, half an object is of no use
        with suppress(OSError):
            os.unlink(path)
        raise


def _claim(path: bytes) -> int:
    """The descriptor of a new file that no other writer takes for dead; FileExistsError when one is busy there."""
    number = os.open(path, _NEW, 0o666)
    try:
        _lock(number)
        taken = not _is_at(number, path)
    except BaseException:  # nobody else knows the descriptor
        os.close(number)
        raise
    if taken:
        os.close(number)
        raise FileExistsError(path)
    return number


def _remove_dead(path: bytes) -> None:
    """Remove the file at `path` unless its writer lives, or is not known to be dead."""
    with suppress(OSError):
        if os.name == "nt":
            # Windows itself refuses to remove a file that somebody has open.
            os.unlink(path)
            return
        number = os.open(path, _LOOK)
        try:
            # Without the second look it could be a living writer's file, made since we opened the dead one.
            if _lock(number) and _is_at(number, path):
                os.unlink(path)
        finally:
            os.close(number)


def _lock(number: int) -> bool:
    """Lock the file until its descriptor is closed or its process dies; False where the file system has no locks.

    Raises:
        FileExistsError: Somebody else has the lock.
    """
    if os.name == "nt":
        return False
    from git_annex_remote_pyshare.lock import try_lock  # noqa: PLC0415  # only storing needs it

    try:
        free = try_lock(number)
    except OSError:
        return False
    if not free:
        raise FileExistsError(errno.EEXIST, "another writer is busy")
    return True


def _is_at(number: int, path: bytes) -> bool:
    """Whether the open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(number), os.lstat(path))
    except FileNotFoundError:
        return False
