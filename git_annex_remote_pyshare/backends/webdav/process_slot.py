"""Numbers the processes of one clone that store at the same time, so that no two of them share a temporary name.

git-annex keeps two of its processes from storing one key in one remote, but not in two remotes that are one place.
"""

import os
import secrets
import weakref
from contextlib import suppress

from git_annex_remote_pyshare.state.lock import try_lock

_MOST = 64
"""Processes of one clone that are told apart by locks: some network folders say for ever that another has it."""


class Claim:
    """The lowest number that no other living process of the clone has; kept until this object or its process ends.

    Args:
        git_dir: The clone's git directory.
    """

    def __init__(self, git_dir: str) -> None:
        # Where nothing can be locked, the number must be one that nobody else has.
        self.number = secrets.token_hex(16)
        with suppress(OSError):
            self._take(git_dir)

    def _take(self, git_dir: str) -> None:
        for number in range(_MOST):
            path = os.path.join(git_dir, "annex", f"pyshare-{number}.lck")
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            # The system frees the lock of a process that was killed.
            weakref.finalize(self, os.close, descriptor)
            if try_lock(descriptor):
                self.number = str(number)
                return
