"""Waiting for a request that may take long, and telling meanwhile that we do."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

Done = TypeVar("Done")

EVERY = 0.5
"""Seconds between two tells."""


def telling(request: Callable[[], Done], tell: Callable[[], object]) -> Done:
    """What `request` returns or raises; `tell` is called now and then until that is there.

    Args:
        request: Runs in a thread of its own.
        tell: What it raises ends the wait; the request is left to itself.
    """
    outcome: Future[Done] = Future()

    def run() -> None:
        try:
            outcome.set_result(request())
        except BaseException as error:  # noqa: BLE001  # it is raised where somebody waits
            outcome.set_exception(error)

    # A daemon, since a request that hangs must not keep the process alive.
    Thread(target=copy_context().run, args=[run], name="pyshare wait", daemon=True).start()
    while not wait([outcome], EVERY).done:
        tell()
    return outcome.result()
