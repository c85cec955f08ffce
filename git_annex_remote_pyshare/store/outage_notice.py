"""Telling the user why nothing seems to happen, and when it goes on: once for all jobs that wait at a time."""

import math
import time
from collections.abc import Callable
from threading import Lock

from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.safe_text import one_line

LONG = 10.0
"""Seconds without success after which the user is told."""

QUIET = 60.0
"""Seconds from one such line to the next: a server that keeps asking for pauses is no news."""


class OutageNotice:
    """What the user is told of waiting.

    Args:
        tell: Shows one line to the user.
        clock: Tells seconds; only differences matter.
    """

    def __init__(self, tell: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._lock = Lock()
        self._waiting: set[object] = set()
        self._was_told = False
        self._quiet_until = -math.inf

    def waits(self, request: object, error: PyshareError, limit: float) -> None:
        """`request` waits for long because of `error`, and is tried again for `limit` seconds at most."""
        with self._lock:
            self._waiting.add(request)
            now = self._clock()
            if not self._was_told and now >= self._quiet_until:
                self._was_told = True
                self._quiet_until = now + QUIET
                self._tell(one_line(f"{error.what}{asked_pause(error)}; trying again for up to {limit:.0f} s"))

    def gets_on(self, request: object) -> None:
        """`request` was answered, or got further. Called at every step of a transfer, so mostly for nothing."""
        if not self._was_told and request not in self._waiting:
            return
        with self._lock:
            self._waiting.discard(request)
            if self._was_told and not self._waiting:
                self._was_told = False
                self._tell("the store answers again")

    def gives_up(self, request: object) -> None:
        """`request` ends without success; its error is what the user hears. The outage goes on, for all we know."""
        with self._lock:
            self._waiting.discard(request)


def asked_pause(error: PyshareError) -> str:
    """How long the server asks to wait, in words for the end of a sentence; nothing where it does not."""
    asked = error.retry_after or 0
    return f"; the server asks to wait {asked:.0f} s" if asked > 1 else ""
