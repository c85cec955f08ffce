"""Not asking too much of a server or a line: transfers at once, bytes per second, and a pause when it wants one.

`remote.<name>.pyshare-connections` and `pyshare-bwlimit` are read at the first transfer, not earlier: reading git
config starts git, which a presence check in a folder need not pay for.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from threading import BoundedSemaphore, Event, Lock

from git_annex_remote_pyshare.backends.base import Ability, Backend, Done, Entry, Receipt, Stat
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import Busy, Cancelled
from git_annex_remote_pyshare.transfer import Progress, Sink, Source
from git_annex_remote_pyshare.waiting import pause

PATIENCE = 30.0
"""Seconds that a request waits for a server that wants a pause; a longer one is left to the retry layer."""

GLANCE = 0.5
"""Seconds after which a transfer that waits for its turn looks whether it is to stop."""


class Limited(Layer):
    """Keeps all jobs of this process together within what clone and server allow.

    Once the server named one request a time to wait, no request is sent before it has passed. A server that is busy
    without naming a time holds up only the request that it told so.

    Args:
        backend: What is asked.
        stopping: When it is set, waiting ends with `Cancelled`.
        clock: Tells seconds; only differences matter.
    """

    def __init__(self, backend: Backend, stopping: Event, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(backend)
        self._stopping = stopping
        self._clock = clock
        self._gate = _Gate(stopping, clock)
        self._reading = Lock()
        self._allowance: _Allowance | None = None

    def run(self, attempt: Callable[[Progress], Done], progress: Progress) -> Done:
        allowance = self._allowed()
        sign = partial(progress, 0)
        with allowance.turn(sign), self._gate.passed(sign):
            return super().run(attempt, allowance.metered(progress, 0))

    def call(self, kind: type[Ability], request: Callable[[Ability], Done]) -> Done:
        with self._gate.passed():
            return self.backend.call(kind, request)

    def stat(self, name: str) -> Stat | None:
        with self._gate.passed():
            return self.backend.stat(name)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        allowance = self._allowed()
        begin = sink.size
        sign = partial(progress, begin)
        with allowance.turn(sign), self._gate.passed(sign):
            self.backend.get(name, sink, allowance.metered(progress, begin))

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        allowance = self._allowed()
        sign = partial(progress, 0)
        with allowance.turn(sign), self._gate.passed(sign):
            return self.backend.put(name, source, allowance.metered(progress, 0))

    def delete(self, name: str) -> None:
        with self._gate.passed():
            self.backend.delete(name)

    def list(self, folder: str = "") -> Iterator[Entry]:
        with self._gate.passed():
            yield from self.backend.list(folder)

    def _allowed(self) -> "_Allowance":
        with self._reading:
            if self._allowance is None:
                self._allowance = _Allowance(self.place.clone, self._stopping, self._clock)
            return self._allowance


class _Gate:
    """Closed for all while the server wants a pause."""

    def __init__(self, stopping: Event, clock: Callable[[], float]) -> None:
        self._stopping = stopping
        self._clock = clock
        self._opens = -math.inf

    @contextmanager
    def passed(self, sign: Callable[[], object] = lambda: None) -> Iterator[None]:
        """Run one request once the gate is open, and close it when the server wants a pause.

        Args:
            sign: Called now and then while it waits.

        Raises:
            Busy: The gate stays closed for longer than PATIENCE; `retry_after` tells for how long.
        """
        self._wait(sign)
        try:
            yield
        except Busy as error:
            # Two jobs may write here at once; either value is a pause that the server asked for.
            self._opens = max(self._opens, self._clock() + (error.retry_after or 0))
            raise

    def _wait(self, sign: Callable[[], object]) -> None:
        while (left := self._opens - self._clock()) > 0:
            if left > PATIENCE:
                raise Busy("the server asked us to wait", retry_after=left)
            pause(self._stopping, left, sign, "while waiting for the server")


class _Allowance:
    """What this clone allows: so many transfers at once, so many bytes per second over all of them."""

    def __init__(self, clone: LocalConfig, stopping: Event, clock: Callable[[], float]) -> None:
        at_once = clone.get(options.CONNECTIONS)
        self._turns = BoundedSemaphore(max(1, int(at_once))) if at_once < math.inf else None
        self._rate = clone.get(options.BWLIMIT) or math.inf
        self._stopping = stopping
        self._clock = clock
        self._spending = Lock()
        self._paid_until = -math.inf

    def turn(self, sign: Callable[[], object]) -> AbstractContextManager[None]:
        """One of the transfers that may run at once; waits until one is free, and calls `sign` meanwhile."""
        return nullcontext() if self._turns is None else _held(self._turns, self._stopping, sign)

    def metered(self, progress: Progress, begin: int) -> Progress:
        """Reports to `progress` and then holds the transfer up for as long as its bytes are worth.

        Args:
            progress: Who is told first.
            begin: Bytes that are there before the transfer, which cost nothing.
        """
        if self._rate == math.inf:
            return progress
        last = begin

        def report(done: int) -> None:
            nonlocal last
            progress(done)
            moved = done - last if done >= last else done
            last = done
            pause(self._stopping, self._spend(moved), partial(progress, done), "in the middle of a transfer")

        return report

    def _spend(self, count: int) -> float:
        """Seconds to wait until `count` more bytes are within the rate."""
        with self._spending:
            now = self._clock()
            self._paid_until = max(self._paid_until, now) + count / self._rate
            return self._paid_until - now


@contextmanager
def _held(turns: BoundedSemaphore, stopping: Event, sign: Callable[[], object]) -> Iterator[None]:
    while not turns.acquire(timeout=GLANCE):
        if stopping.is_set():
            raise Cancelled("stopped before the transfer began")
        sign()
    try:
        yield
    finally:
        turns.release()
