"""Keeps a download of unknown size from filling this machine's disk.

git-annex checks the free space before it downloads a key of known size, and pyshare stops a download that exceeds that
size. Only the server knows the size of an encrypted object, and it may send without end.
"""

import os

from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.transfer import LocalPath, in_words

_EVERY = 32 << 20
"""Bytes between two checks of the disk."""


class Reserve:
    """The space that must stay free on the disk while a file is downloaded (git config `annex.diskreserve`).

    Args:
        clone: The clone whose git config sets the reserve.
        path: The downloaded file; it need not exist yet.
    """

    def __init__(self, clone: LocalConfig, path: LocalPath) -> None:
        self._clone = clone
        self._path = path
        self._looked_at = 0

    def check(self, done: int) -> None:
        """Check the free space, at most once per 32 MiB of the download.

        Args:
            done: Bytes of the file so far.

        Raises:
            NoRoom: The disk has less free space than the reserve.
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
        from shutil import disk_usage  # noqa: PLC0415  # only large objects of unknown size need it

        return disk_usage(os.path.dirname(self._path) or os.curdir).free


class NoRoom(PyshareError):
    """The disk of this machine, not the store, has no space left for an object."""
