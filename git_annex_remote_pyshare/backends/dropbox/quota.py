"""Used and free space, and whether a file fits: cached, since it takes a request of its own."""

import time
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import Quota
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.errors import PyshareError, QuotaExceeded
from git_annex_remote_pyshare.transfer import in_words
from git_annex_remote_pyshare.transport.statuses import MORE_SPACE

LARGE = 64 << 20
"""Bytes from which on a file's fit is checked before the upload."""

_MAX_AGE = 60.0
"""Seconds for which a response is used."""


class Usage(NamedTuple):
    """Bytes."""

    used: int
    total: int | None
    """None if Dropbox reports no limit."""


def quota(client: Client) -> Quota:
    """See `HasQuota.quota`."""
    used, total = usage(client)
    return Quota(used, None if total is None else max(0, total - used))


def usage(client: Client) -> Usage:
    """Used and total space (documentation of users/get_space_usage); in a team, this user's share."""
    found = client.rpc(Call("users/get_space_usage", None, "check the free space", requires=("used",))).result
    allocation = found.get("allocation", {})
    if limit := allocation.get("user_within_team_space_allocated"):
        return Usage(int(allocation.get("user_within_team_space_used_cached", found["used"])), int(limit))
    total = allocation.get("allocated")
    return Usage(int(allocation.get("used", found["used"])), int(total) if total else None)


class FreeSpace:
    """Refuses a file that does not fit before it is sent: a large one, and after Dropbox was full once, any.

    Args:
        client: Sends the requests.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = Lock()
        self._known = Usage(0, None)
        self._until = 0.0
        self._was_full = False

    def check(self, size: int, what: str) -> None:
        """Raise QuotaExceeded if a file of `size` bytes does not fit; unknown free space refuses nothing."""
        if size < LARGE and not self._was_full:
            return
        used, total = self._current_usage()
        if total is not None and size > total - used:
            raise QuotaExceeded(
                f"{self._client.doing(what)}: it has {in_words(size)}, and {in_words(max(0, total - used))}"
                f" of {in_words(total)} are free",
                remedy=MORE_SPACE,
            )

    def refused(self, error: QuotaExceeded) -> None:
        """Add the used space to an error of Dropbox, and check each file before its upload from now on."""
        self._was_full = True
        self._until = 0.0
        used, total = self._current_usage()
        if total is not None:
            error.what = f"{error.what}: {in_words(used)} of {in_words(total)} are used"

    def _current_usage(self) -> Usage:
        with self._lock:
            if time.monotonic() > self._until:
                self._known, self._until = Usage(0, None), time.monotonic() + _MAX_AGE
                with suppress(PyshareError):
                    self._known = usage(self._client)
            return self._known
