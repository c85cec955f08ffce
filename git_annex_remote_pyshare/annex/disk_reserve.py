"""Keeps a download of unknown size from filling this machine's disk.

git-annex looks for free space before it downloads a key whose size it knows, and we end what is longer than that. Of an
encrypted object only the server knows the size, and it may send without end.
"""

import os

from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.transfer import LocalPath, in_words

_EVERY = 32 << 20
"""Bytes between two looks at the disk."""


class Reserve:
    """What has to stay free on the disk of a file that is being filled: git config `annex.diskreserve`.

    Args:
        clone: Its git config says how much.
        path: The file, which need not be there yet.
    """

    def __init__(self, clone: LocalConfig, path: LocalPath) -> None:
        self._clone = clone
        self._path = path
        self._looked_at = 0

    def check(self, done: int) -> None:
        """Look at the disk, now and then.

        Args:
            done: Bytes of the file so far.

        Raises:
            NoRoom: Less than the reserve is free.
        """
        if 0 <= done - self._looked_at < _EVERY:
            return
        self._looked_at = done
        free, reserve = self._free(), self._clone.disk_reserve
        if free < reserve:
            raise NoRoom(
                f"this disk has {in_words(free)} free, less than annex.diskreserve ({in_words(reserve)}), and the"
                " server does not stop sending",
                remedy="Free some space on this machine and try again.",
            )

    def _free(self) -> int:
        from shutil import disk_usage  # noqa: PLC0415  # only objects of unknown and large size need it

        return disk_usage(os.path.dirname(self._path) or os.curdir).free


class NoRoom(PyshareError):
    """This machine's disk, not the store, has no space left for an object."""
