"""Reports progress to git-annex a few times a second, and cancels transfers when the process is to end."""

import time
from collections.abc import Callable, Iterator
from threading import Event

from git_annex_remote_pyshare.backends.base import Ability, Backend, Done, Entry, Receipt, Stat
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.errors import Cancelled
from git_annex_remote_pyshare.transfer import Progress, Sink, Source

INTERVAL = 0.25
"""Seconds between two reports; a faster transfer sends only the last one."""

REPEAT = 0.5
"""Seconds after which the same value is reported again. Code that waits reports at least every half second, so that no
second passes without a report."""


class Reporting(Layer):
    """Limits how often backends report, adds the last report, and cancels requests once `stopping` is set.

    Args:
        backend: Makes the transfers.
        stopping: When it is set, requests fail with `Cancelled`, and transfers at their next report.
        clock: Time in seconds; only differences matter.
    """

    def __init__(self, backend: Backend, stopping: Event, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(backend)
        self._stopping = stopping
        self._clock = clock

    def call(self, kind: type[Ability], request: Callable[[Ability], Done]) -> Done:
        self._check_cancelled()
        return self.backend.call(kind, request)

    def stat(self, name: str) -> Stat | None:
        self._check_cancelled()
        return self.backend.stat(name)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        self._check_cancelled()
        report = _Report(progress, self._clock, self._check_cancelled)
        self.backend.get(name, sink, report)
        report.end(sink.size)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        self._check_cancelled()
        report = _Report(progress, self._clock, self._check_cancelled)
        receipt = self.backend.put(name, source, report)
        report.end(source.size)
        return receipt

    def delete(self, name: str) -> None:
        self._check_cancelled()
        self.backend.delete(name)

    def list(self, folder: str = "") -> Iterator[Entry]:
        self._check_cancelled()
        for entry in self.backend.list(folder):
            yield entry
            self._check_cancelled()

    def _check_cancelled(self) -> None:
        if self._stopping.is_set():
            raise Cancelled("stopped, since git-annex or the user ended us")


class _Report:
    """The reports of one transfer: at most one per INTERVAL, the same value once per REPEAT, and at the end the size.

    A value below an earlier one means that the transfer restarted, for example after a broken connection. It is
    reported like any other, since git-annex would take silence for a stalled transfer.
    """

    def __init__(self, progress: Progress, clock: Callable[[], float], check_cancelled: Callable[[], None]) -> None:
        self._progress = progress
        self._clock = clock
        self._check_cancelled = check_cancelled
        self._reported: int | None = None
        self._next = clock() + INTERVAL
        self._again = 0.0

    def __call__(self, done: int) -> None:
        self._check_cancelled()
        now = self._clock()
        if now >= (self._again if done == self._reported else self._next):
            self._next, self._again = now + INTERVAL, now + REPEAT
            self._reported = done
            self._progress(done)

    def end(self, size: int) -> None:
        """Report that the transfer is complete, also if it was cancelled too late."""
        if size != self._reported:
            self._progress(size)
