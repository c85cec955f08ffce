"""Limits the load on server and network: concurrent transfers, bytes per second, and pauses that the server requests.

`remote.<name>.pyshare-connections` and `pyshare-bwlimit` are read at the first transfer, not earlier: reading git
config starts git, which would slow a presence check in a folder.
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

MAX_PAUSE = 30.0
"""Seconds that a request waits here when the server requests a pause; the retry layer handles longer ones."""

POLL_INTERVAL = 0.5
"""Seconds between two checks of a waiting transfer whether it was cancelled."""


class Limited(Layer):
    """Keeps all jobs of this process within the limits of clone and server.

    After a response with Retry-After, no request is sent before that time has passed. A busy server that names no time
    delays only the request that it refused.

    Args:
        backend: Gets the requests.
        stopping: When it is set, waiting ends with `Cancelled`.
        clock: Time in seconds; only differences matter.
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
        heartbeat = partial(progress, 0)
        with allowance.turn(heartbeat), self._gate.passed(heartbeat):
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
        heartbeat = partial(progress, begin)
        with allowance.turn(heartbeat), self._gate.passed(heartbeat):
            self.backend.get(name, sink, allowance.metered(progress, begin))

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        allowance = self._allowed()
        heartbeat = partial(progress, 0)
        with allowance.turn(heartbeat), self._gate.passed(heartbeat):
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
    """Closed for all requests during a pause that the server requested."""

    def __init__(self, stopping: Event, clock: Callable[[], float]) -> None:
        self._stopping = stopping
        self._clock = clock
        self._opens = -math.inf

    @contextmanager
    def passed(self, heartbeat: Callable[[], object] = lambda: None) -> Iterator[None]:
        """Run one request once the gate is open, and close it if the server requests a pause.

        Args:
            heartbeat: Called regularly while it waits.

        Raises:
            Busy: The gate stays closed for longer than MAX_PAUSE; `retry_after` has the seconds.
        """
        self._wait(heartbeat)
        try:
            yield
        except Busy as error:
            # Two jobs may write here at once; either value is a pause that the server requested.
            self._opens = max(self._opens, self._clock() + (error.retry_after or 0))
            raise

    def _wait(self, heartbeat: Callable[[], object]) -> None:
        while (left := self._opens - self._clock()) > 0:
            if left > MAX_PAUSE:
                raise Busy("the server asked us to wait", retry_after=left)
            pause(self._stopping, left, heartbeat, "while waiting for the server")


class _Allowance:
    """The limits of this clone: concurrent transfers, and bytes per second over all of them."""

    def __init__(self, clone: LocalConfig, stopping: Event, clock: Callable[[], float]) -> None:
        at_once = clone.get(options.CONNECTIONS)
        self._turns = BoundedSemaphore(max(1, int(at_once))) if at_once < math.inf else None
        self._rate = clone.get(options.BWLIMIT) or math.inf
        self._stopping = stopping
        self._clock = clock
        self._spending = Lock()
        self._paid_until = -math.inf

    def turn(self, heartbeat: Callable[[], object]) -> AbstractContextManager[None]:
        """A slot for one transfer; waits until one is free, and calls `heartbeat` meanwhile."""
        return nullcontext() if self._turns is None else _held(self._turns, self._stopping, heartbeat)

    def metered(self, progress: Progress, begin: int) -> Progress:
        """Reports to `progress`, then delays the transfer to keep it within the rate.

        Args:
            progress: Gets each report first.
            begin: Bytes that were there before the transfer, which do not count.
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
def _held(turns: BoundedSemaphore, stopping: Event, heartbeat: Callable[[], object]) -> Iterator[None]:
    while not turns.acquire(timeout=POLL_INTERVAL):
        if stopping.is_set():
            raise Cancelled("stopped before the transfer began")
        heartbeat()
    try:
        yield
    finally:
        turns.release()
