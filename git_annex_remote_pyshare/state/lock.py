"""Locks files across processes; the system frees a lock when its process dies."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Wait until the lock file `path` is free, and hold its lock during the block.

    If the file system has no locks (some network folders), the block runs without one. Files written under this lock
    are also replaced atomically, so at worst the last writer wins.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        with suppress(OSError):
            _lock(descriptor)
        yield
    finally:
        os.close(descriptor)  # frees the lock


def try_lock(descriptor: int) -> bool:
    """Lock the open file if no other process has locked it; return whether it is now locked by this process.

    Closing the descriptor releases the lock.

    Raises:
        OSError: The file system has no locks.
    """
    try:
        _lock_now(descriptor)
    except (BlockingIOError, PermissionError):  # Windows raises the second
        return False
    return True


def is_at(descriptor: int, look: Callable[[], os.stat_result]) -> bool:
    """Whether an open file still has its name: another process may have removed it before it was locked.

    Args:
        descriptor: The open file.
        look: Returns the status of the file that has the name now.
    """
    try:
        return os.path.samestat(os.fstat(descriptor), look())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

    def _lock_now(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _lock_now(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
