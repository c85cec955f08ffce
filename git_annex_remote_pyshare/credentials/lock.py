"""A lock across processes, for files that several of them may write at once."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Wait until nobody else holds the lock file `path`, and hold it. The system frees it when a holder dies.

    Where the file system has no locks (some network folders) the block runs all the same: whatever is written under
    this lock is also replaced in one step, so that at worst the last writer wins.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        with suppress(OSError):
            _lock(descriptor)
        yield
    finally:
        os.close(descriptor)  # frees the lock


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
