"""Waits with heartbeats until a time is over or the process must stop, and computes how long to wait."""

from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from git_annex_remote_pyshare.errors import Cancelled

if TYPE_CHECKING:
    from concurrent.futures import Future

Done = TypeVar("Done")

STEP = 0.25
"""Seconds between two heartbeats during a pause."""

EVERY = 0.5
"""Seconds between two heartbeats during a request."""

NEVER = Event()
"""An event that is never set, for a pause that only its heartbeat can end early."""


def pause(stopping: Event, seconds: float, heartbeat: Callable[[], object], what: str = "") -> None:
    """Wait for `seconds`.

    Args:
        stopping: Setting it ends the pause.
        seconds: Length of the pause; 0 or less for none.
        heartbeat: Called before each STEP of the pause; an exception from it ends the pause.
        what: What was being done, for the error text.

    Raises:
        Cancelled: `stopping` was set.
    """
    while seconds > 0:
        heartbeat()
        if stopping.wait(min(seconds, STEP)):
            raise Cancelled(f"stopped {what}")
        seconds -= STEP


def telling(request: Callable[[], Done], heartbeat: Callable[[], object]) -> Done:
    """Return or raise what `request` does, and call `heartbeat` every half second until then.

    Args:
        request: Runs in its own thread.
        heartbeat: An exception from it ends the wait; the request then continues unattended.
    """
    from concurrent.futures import Future, wait  # noqa: PLC0415  # a pause does not need it

    outcome: Future[Done] = Future()
    # A daemon, since a request that hangs must not keep the process alive. In the caller's context, for its log lines.
    Thread(target=copy_context().run, args=[_fulfil, outcome, request], name="pyshare wait", daemon=True).start()
    while not wait([outcome], EVERY).done:
        heartbeat()
    return outcome.result()


def _fulfil(outcome: "Future[Done]", request: Callable[[], Done]) -> None:
    try:
        outcome.set_result(request())
    except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
        outcome.set_exception(error)


def pause_after(refusals: int, first: float, longest: float, asked: float = 0) -> float:
    """Seconds to wait: random, within a range that doubles with each refusal, and at least what the server requests.

    Args:
        refusals: Number of refusals in a row, including this one.
        first: Longest wait after the first refusal, in seconds.
        longest: Longest wait after any refusal, in seconds.
        asked: Seconds that the server requested; 0 if none.
    """
    import random  # noqa: PLC0415  # most processes never wait

    limit = min(longest, first * 2.0 ** min(refusals - 1, 10))
    return max(asked, random.uniform(limit / 4, limit))  # noqa: S311  # not used for a secret
