"""Waits with heartbeats, until a time is over or the process is to end, and computes how long to wait."""

from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from git_annex_remote_pyshare.errors import Cancelled

if TYPE_CHECKING:
    from concurrent.futures import Future

Done = TypeVar("Done")

STEP = 0.25
"""Seconds between two heartbeats of a pause."""

EVERY = 0.5
"""Seconds between two heartbeats during a request."""

NEVER = Event()
"""For a pause that only its heartbeat can end."""


def pause(stopping: Event, seconds: float, heartbeat: Callable[[], object], what: str = "") -> None:
    """Let `seconds` pass.

    Args:
        stopping: When it is set, the pause ends.
        seconds: None or fewer is no pause.
        heartbeat: Called before each STEP of it; what it raises ends the pause.
        what: What we were doing, for the error.

    Raises:
        Cancelled: `stopping` was set.
    """
    while seconds > 0:
        heartbeat()
        if stopping.wait(min(seconds, STEP)):
            raise Cancelled(f"stopped {what}")
        seconds -= STEP


def telling(request: Callable[[], Done], heartbeat: Callable[[], object]) -> Done:
    """What `request` returns or raises; `heartbeat` is called now and then until that is there.

    Args:
        request: Runs in a thread of its own.
        heartbeat: What it raises ends the wait; the request is left to itself.
    """
    from concurrent.futures import Future, wait  # noqa: PLC0415  # a pause needs none of it

    outcome: Future[Done] = Future()
    # A daemon, since a request that hangs must not keep the process alive. What it logs is the caller's.
    Thread(target=copy_context().run, args=[_fulfil, outcome, request], name="pyshare wait", daemon=True).start()
    while not wait([outcome], EVERY).done:
        heartbeat()
    return outcome.result()


def _fulfil(outcome: "Future[Done]", request: Callable[[], Done]) -> None:
    try:
        outcome.set_result(request())
    except BaseException as error:  # noqa: BLE001  # it is raised in the thread that waits
        outcome.set_exception(error)


def pause_after(refusals: int, first: float, longest: float, asked: float = 0) -> float:
    """Seconds to wait: within a range that doubles with each refusal, and at least what the server asked for.

    Args:
        refusals: How often in a row the server refused, this time included.
        first: The longest wait after the first refusal.
        longest: The longest wait after any.
        asked: What the server asked for; 0 where it did not.
    """
    import random  # noqa: PLC0415  # most processes never have to wait

    limit = min(longest, first * 2.0 ** min(refusals - 1, 10))
    return max(asked, random.uniform(limit / 4, limit))  # noqa: S311  # no secret depends on it
