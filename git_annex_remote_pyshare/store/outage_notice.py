"""Shows the user why transfers wait and when they resume: once for all waiting jobs."""

import math
import time
from collections.abc import Callable
from threading import Lock

from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.safe_text import one_line

LONG = 10.0
"""Seconds without success after which the notice is shown."""

QUIET = 60.0
"""Seconds between two notices: a server that keeps requesting pauses is no news."""


class OutageNotice:
    """The notices of one store.

    Args:
        tell: Shows one line to the user.
        clock: Time in seconds; only differences matter.
    """

    def __init__(self, tell: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._lock = Lock()
        self._waiting: set[object] = set()
        self._is_shown = False
        self._quiet_until = -math.inf

    def waits(self, request: object, error: PyshareError, limit: float) -> None:
        """`request` waits for long because of `error`, and is retried for at most `limit` seconds."""
        with self._lock:
            self._waiting.add(request)
            now = self._clock()
            if not self._is_shown and now >= self._quiet_until:
                self._is_shown = True
                self._quiet_until = now + QUIET
                self._tell(one_line(f"{error.what}{asked_pause(error)}; trying again for up to {limit:.0f} s"))

    def resolved(self, request: object) -> None:
        """`request` got a response or made progress. Called at every step of a transfer, so mostly without effect."""
        if not self._is_shown and request not in self._waiting:
            return
        with self._lock:
            self._waiting.discard(request)
            if self._is_shown and not self._waiting:
                self._is_shown = False
                self._tell("the store responds again")

    def gives_up(self, request: object) -> None:
        """`request` fails; the user sees its error. The outage may continue."""
        with self._lock:
            self._waiting.discard(request)


def asked_pause(error: PyshareError) -> str:
    """How long the server asks to wait, for the end of a sentence; empty if it does not."""
    asked = error.retry_after or 0
    return f"; the server asks to wait {asked:.0f} s" if asked > 1 else ""
