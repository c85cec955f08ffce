"""How much room there is, and whether a file fits: asked seldom, since it is a call of its own."""

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
"""Bytes from which on a file is worth the question whether it fits."""

_MAX_AGE = 60.0
"""Seconds that an answer is good for."""


class Usage(NamedTuple):
    """Bytes."""

    used: int
    total: int | None
    """None where Dropbox names no limit."""


def quota(client: Client) -> Quota:
    """See `HasQuota.quota`."""
    used, total = usage(client)
    return Quota(used, None if total is None else max(0, total - used))


def usage(client: Client) -> Usage:
    """What Dropbox says (documentation of users/get_space_usage); of a team the room that is for this user."""
    found = client.rpc(Call("users/get_space_usage", None, "ask for the free space", requires=("used",))).result
    allocation = found.get("allocation", {})
    if limit := allocation.get("user_within_team_space_allocated"):
        return Usage(int(allocation.get("user_within_team_space_used_cached", found["used"])), int(limit))
    total = allocation.get("allocated")
    return Usage(int(allocation.get("used", found["used"])), int(total) if total else None)


class FreeSpace:
    """Refuses what does not fit before it is sent: large files, and after the first refusal by Dropbox all.

    Args:
        client: Sends the question.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = Lock()
        self._known = Usage(0, None)
        self._until = 0.0
        self._was_full = False

    def check(self, size: int, what: str) -> None:
        """Raise Full if a file of `size` bytes cannot fit; what cannot be asked for is no hindrance."""
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
        """Dropbox says that it is full: say in the error how full, and ask from now on before each file is sent."""
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
