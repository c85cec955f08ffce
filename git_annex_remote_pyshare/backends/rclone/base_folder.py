"""Checks that the folder of the store is there, which rclone does not say by itself."""

import time
from collections.abc import Callable

from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.backends.rclone.errors import Refused, is_absent
from git_annex_remote_pyshare.backends.rclone.remote import Remote
from git_annex_remote_pyshare.errors import Unreachable
from git_annex_remote_pyshare.safe_text import command


class Base:
    """Knows whether the folder itself is there.

    rclone gives the same answer for an object that is absent and for a whole folder, bucket or disk that is, and a
    store would make them anew. So the absence of an object counts only after the mark of the store, or another of its
    files, was seen.

    Args:
        remote: The folder.
        clock: Time in seconds.
    """

    LASTS = 60.0
    """Seconds for which the folder counts as seen."""

    def __init__(self, remote: Remote, clock: Callable[[], float] = time.monotonic) -> None:
        self._remote = remote
        self._clock = clock
        self._seen = float("-inf")

    def require(self) -> None:
        """Raise Unreachable unless the folder is there; sends a request once a minute."""
        if self._clock() - self._seen < self.LASTS:
            return
        if not self._is_there():
            raise self._missing()
        self._seen = self._clock()

    def saw(self) -> None:
        """An object of the store was seen."""
        self._seen = self._clock()

    def _is_there(self) -> bool:
        if not self._remote.place.is_tree and self._remote.find(MARK):
            return True
        items = self._remote.items("")
        if items or items is None:
            return items is not None
        return self._remote.place.is_tree and (not self._remote.traits.has_buckets or self._has_bucket())

    def _has_bucket(self) -> bool:
        """Whether the bucket of an empty tree is there."""
        bucket = self._remote.target.folder.strip("/").partition("/")[0]
        fs = f"{self._remote.target.name}:{bucket}/"
        try:
            self._remote.control.call("operations/list", {"fs": fs, "remote": "", "opt": {"dirsOnly": True}})
        except Refused as refused:
            if is_absent(refused):
                return False
            raise
        return True

    def _missing(self) -> Unreachable:
        place = self._remote.place
        line = command("git", "annex", "enableremote", place.clone.remote or "NAME")
        shown = self._remote.target.shown
        why = "is not there" if place.is_tree else "has no mark of pyshare: it may be another place, or be not mounted"
        return Unreachable(
            f"{shown} {why}",
            remedy=f"If it is the right place, type: {line}",
            retryable=False,
        )
