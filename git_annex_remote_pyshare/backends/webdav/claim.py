"""Numbers the processes of one clone that store at the same time, so that no two of them share a temporary name.

git-annex keeps two of its processes from storing one key in one remote, but not in two remotes that are one place.
"""

import os
import secrets
import weakref
from itertools import count

from git_annex_remote_pyshare.lock import try_lock


class Claim:
    """The lowest number that no other living process of the clone has; kept until this object or its process ends.

    Args:
        git_dir: The clone's git directory.
    """

    def __init__(self, git_dir: str) -> None:
        self.number = ""
        try:
            self._take(git_dir)
        except OSError:  # nothing can be locked there, so nobody may have the same name for sure
            self.number = secrets.token_hex(16)

    def _take(self, git_dir: str) -> None:
        for number in count():
            path = os.path.join(git_dir, "annex", f"pyshare-{number}.lck")
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            # The system frees the lock of a process that was killed.
            weakref.finalize(self, os.close, descriptor)
            if try_lock(descriptor):
                self.number = str(number)
                return
