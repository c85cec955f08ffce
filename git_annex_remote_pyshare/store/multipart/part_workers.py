"""The threads that send the parts of one upload, and what they have to agree upon."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Condition, Event, Thread

from git_annex_remote_pyshare.errors import Busy, Cancelled
from git_annex_remote_pyshare.part_plan import Part
from git_annex_remote_pyshare.store.multipart.concurrency import AdaptiveLimit
from git_annex_remote_pyshare.transfer import Progress

GLANCE = 0.5
"""Seconds after which whoever waits for the threads looks whether it is to stop."""

GRACE = 1.0
"""Seconds that requests have for ending after one of them failed. One that hangs is left behind: it changes nothing
any more on this machine, and sends the server only what belongs there."""


class WorkerPool:
    """Sends parts, as many at once as `streams` allows. The first failure is everybody's.

    Whoever calls `send` only waits, so that it can go when it is stopped, whatever the threads hang in.

    Args:
        streams: Shared by all uploads.
        stopping: When it is set, waiting ends with `Cancelled`.
        progress: Told the sum of what all threads have sent, by one thread at a time and never after the end.
        done: Bytes of the object that the server has already.
    """

    def __init__(self, streams: AdaptiveLimit, stopping: Event, progress: Progress, done: int) -> None:
        self._streams = streams
        self._stopping = stopping
        self._progress = progress
        self._done = done
        self._under_way: dict[int, int] = {}
        self._changed = Condition()
        self._todo: deque[Part] = deque()
        self._missing = 0
        self._threads = 0
        self._requests = 0
        self._is_over = False
        self._error: BaseException | None = None

    def send(self, parts: Iterable[Part], send: Callable[[Part], None]) -> None:
        """Call `send` for each part, in threads; it uses `request` and `progress_of`.

        Raises:
            Stopped: `stopping` was set.
            BaseException: What `send` raised first.
        """
        self._todo.extend(parts)
        self._missing = len(self._todo)
        if not self._todo:
            return
        self._streams.enter()
        self._start(send)
        with self._changed:
            try:
                self._await()
            finally:
                self._is_over = True

    @contextmanager
    def request(self, part: Part) -> Iterator[None]:
        """Around one attempt at a part.

        Raises:
            Stopped: It is over, so nothing may begin.
        """
        with self.unless_over():
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
    def unless_over(self) -> Iterator[None]:
        """A block that only one thread at a time runs, and none after the end.

        Raises:
            Stopped: It is over.
        """
        with self._changed:
            if self._is_over:
                raise Cancelled("the upload ended before this part")
            yield

    def progress_of(self, part: Part) -> Progress:
        """Takes what is done of one part."""

        def report(done: int) -> None:
            with self.unless_over():
                self._under_way[part.number] = done
                self._report()

        return report

    def _await(self) -> None:
        """Until all parts are there, or nothing is done any more for them."""
        while self._missing and not self._error and not self._stopping.is_set():
            if not self._changed.wait(GLANCE):
                self._report()  # all threads wait for something, and git-annex shall not take that for our end
        if not self._missing:
            return
        self._is_over = True
        patience = time.monotonic() + GRACE
        while self._requests and not self._stopping.is_set() and (left := patience - time.monotonic()) > 0:
            self._changed.wait(min(left, GLANCE))
        raise self._error or Cancelled("stopped in the middle of an upload")

    def _start(self, send: Callable[[Part], None]) -> None:
        """One more stream, which `streams` has already counted."""
        with self._changed:
            self._threads += 1
        # A daemon, since a request that hangs must not keep the process alive.
        Thread(target=self._work, args=[send], name="pyshare part", daemon=True).start()

    def _work(self, send: Callable[[Part], None]) -> None:
        try:
            while part := self._next(send):
                send(part)
                self._arrived(part)
        except BaseException as error:  # noqa: BLE001  # it is raised where somebody waits
            self._fail(error)

    def _next(self, send: Callable[[Part], None]) -> Part | None:
        """What this thread sends now; None when it is not needed any more."""
        with self._changed:
            if self._is_over or not self._todo:
                self._leave()
                return None
            if self._threads > 1 and self._streams.give_way():
                self._threads -= 1
                return None
            part = self._todo.popleft()
            if self._todo and self._streams.squeeze_in():
                self._start(send)  # which sees to the next one
            return part

    def _arrived(self, part: Part) -> None:
        self._streams.arrived(part.size)
        with self._changed:
            self._done += part.size
            self._under_way.pop(part.number, None)
            self._missing -= 1
            self._changed.notify_all()
            if not self._is_over:
                self._report()

    def _report(self) -> None:
        self._progress(self._done + sum(self._under_way.values()))

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._leave()
            self._is_over = True
            self._error = self._error or error
            self._changed.notify_all()

    def _leave(self) -> None:
        self._threads -= 1
        self._streams.leave()
