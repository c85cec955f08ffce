"""Sends or fetches the parts of one object in threads."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Condition, Event, Thread

from git_annex_remote_pyshare.errors import Busy, Cancelled
from git_annex_remote_pyshare.part_plan import Part
from git_annex_remote_pyshare.store.multipart.concurrency import AdaptiveLimit
from git_annex_remote_pyshare.transfer import Progress

POLL_INTERVAL = 0.5
"""Seconds between two checks whether the transfer was cancelled."""

SHUTDOWN_TIMEOUT = 1.0
"""Seconds that the other requests may take to end after one of them failed. A request that hangs is abandoned: it no
longer changes anything on this machine, and sends the server only what belongs there."""


class WorkerPool:
    """Sends or fetches parts, as many at once as `streams` allows. The first failure ends the transfer.

    The caller of `send` only waits, so it can be cancelled even if all threads hang.

    Args:
        streams: Shared by all transfers in parts.
        stopping: When it is set, waiting ends with `Cancelled`.
        progress: Gets the sum of what all threads have transferred, from one thread at a time and never after the end.
        done: Bytes of the object that are already at their destination.
    """

    def __init__(self, streams: AdaptiveLimit, stopping: Event, progress: Progress, done: int) -> None:
        self._streams = streams
        self._stopping = stopping
        self._progress = progress
        self._done = done
        self._under_way: dict[int, int] = {}
        self._changed = Condition()
        self._queue: deque[Part] = deque()
        self._missing = 0
        self._threads = 0
        self._requests = 0
        self._has_ended = False
        self._error: BaseException | None = None

    def send(self, parts: Iterable[Part], send: Callable[[Part], None]) -> None:
        """Call `send` for each part, in threads; it uses `request` and `progress_of`.

        Raises:
            Cancelled: `stopping` was set.
            BaseException: What `send` raised first.
        """
        self._queue.extend(parts)
        self._missing = len(self._queue)
        if not self._queue:
            return
        self._streams.enter()
        self._start(send)
        with self._changed:
            try:
                self._wait()
            finally:
                self._has_ended = True

    @contextmanager
    def request(self, part: Part) -> Iterator[None]:
        """Wraps one attempt to transfer a part.

        Raises:
            Cancelled: The transfer is over, so no request may begin.
        """
        with self.unless_ended():
            self._requests += 1
            self._under_way[part.number] = 0
        try:
            yield
        except Busy:
            self._streams.busy()
            raise
        finally:
            with self._changed:
                self._requests -= 1
                self._changed.notify_all()

    @contextmanager
    def unless_ended(self) -> Iterator[None]:
        """A block that only one thread runs at a time, and none after the end.

        Raises:
            Cancelled: The transfer is over.
        """
        with self._changed:
            if self._has_ended:
                raise Cancelled("the transfer ended before this part")
            yield

    def progress_of(self, part: Part) -> Progress:
        """The progress callback for one part."""

        def report(done: int) -> None:
            with self.unless_ended():
                self._under_way[part.number] = done
                self._report()

        return report

    def skip_rest(self) -> None:
        """Begin no other part: those on their way are the last ones. Called within `unless_ended`."""
        self._missing -= len(self._queue)
        self._queue.clear()

    def _wait(self) -> None:
        """Wait until all parts have arrived, or no request for them is running any more."""
        while self._missing and not self._error and not self._stopping.is_set():
            if not self._changed.wait(POLL_INTERVAL):
                self._report()  # all threads wait, and git-annex must not take silence for a stalled transfer
        if not self._missing:
            return
        self._has_ended = True
        deadline = time.monotonic() + SHUTDOWN_TIMEOUT
        while self._requests and not self._stopping.is_set() and (left := deadline - time.monotonic()) > 0:
            self._changed.wait(min(left, POLL_INTERVAL))
        raise self._error or Cancelled("stopped in the middle of a transfer")

    def _start(self, send: Callable[[Part], None]) -> None:
        """Start one more thread, which `streams` has already counted."""
        with self._changed:
            self._threads += 1
        # A daemon, since a request that hangs must not keep the process alive.
        Thread(target=self._work, args=[send], name="pyshare part", daemon=True).start()

    def _work(self, send: Callable[[Part], None]) -> None:
        try:
            while part := self._next(send):
                send(part)
                self._count_part(part)
        except BaseException as error:  # noqa: BLE001  # it is raised in the thread that waits
            self._fail(error)

    def _next(self, send: Callable[[Part], None]) -> Part | None:
        """The part that this thread sends next; None if the thread is no longer needed."""
        with self._changed:
            if self._has_ended or not self._queue:
                self._leave()
                return None
            if self._threads > 1 and self._streams.give_way():
                self._threads -= 1
                return None
            part = self._queue.popleft()
            if self._queue and self._streams.squeeze_in():
                self._start(send)  # which takes the next one
            return part

    def _count_part(self, part: Part) -> None:
        self._streams.arrived(part.size)
        with self._changed:
            self._done += part.size
            self._under_way.pop(part.number, None)
            self._missing -= 1
            self._changed.notify_all()
            if not self._has_ended:
                self._report()

    def _report(self) -> None:
        self._progress(self._done + sum(self._under_way.values()))

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._leave()
            self._has_ended = True
            self._error = self._error or error
            self._changed.notify_all()

    def _leave(self) -> None:
        self._threads -= 1
        self._streams.leave()
