"""Letting time pass without falling silent, or going on when the process is to end."""

from collections.abc import Callable
from threading import Event

from git_annex_remote_pyshare.errors import Cancelled

STEP = 0.25
"""Seconds between two signs of life; whoever gets them thins them out."""


def pause(stopping: Event, seconds: float, sign: Callable[[], object], what: str) -> None:
    """Let `seconds` pass.

    Args:
        stopping: When it is set, the pause ends.
        seconds: None or fewer is no pause.
        sign: Called before each STEP of it; what it raises ends the pause.
        what: Said when it is stopped: what we were doing.

    Raises:
        Stopped: `stopping` was set.
    """
    while seconds > 0:
        sign()
        if stopping.wait(min(seconds, STEP)):
            raise Cancelled(f"stopped {what}")
        seconds -= STEP
