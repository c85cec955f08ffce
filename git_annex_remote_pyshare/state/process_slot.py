"""Numbers the processes of a clone that run at once, so that names which they choose differ, and are used again."""

import os
import secrets
import weakref
from contextlib import suppress

from git_annex_remote_pyshare.state.lock import try_lock

_MAX_SLOTS = 64
"""Numbers that are tried: on some network folders a lock always looks taken."""


class ProcessSlot:
    """The lowest number that no other running process of the clone holds; held until this object or the process ends.

    Args:
        git_dir: The clone's git directory.
    """

    def __init__(self, git_dir: str) -> None:
        # Without locks, a random number is unique.
        self.number = secrets.token_hex(16)
        with suppress(OSError):
            self._take(git_dir)

    def _take(self, git_dir: str) -> None:
        for number in range(_MAX_SLOTS):
            path = os.path.join(git_dir, "annex", f"pyshare-{number}.lck")
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            # The system releases the lock when the process is killed.
            weakref.finalize(self, os.close, descriptor)
            if try_lock(descriptor):
                self.number = str(number)
                return
