"""Telling git-annex how far a transfer is, a few times a second, and ending it when the process is to end."""

import time
from collections.abc import Callable, Iterator
from threading import Event

from git_annex_remote_pyshare.backends.base import Ability, Backend, Done, Entry, Receipt, Stat
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.errors import Cancelled
from git_annex_remote_pyshare.transfer import Progress, Sink, Source

INTERVAL = 0.25
"""Seconds between two reports; a transfer that is faster sends its last one only."""

REPEAT = 0.5
"""Seconds after which the same value is told again. Whoever waits tells it each half a second at least, so that no
second passes without a report."""


class Reporting(Layer):
    """Thins out what backends report, adds the report of the end, and lets nothing begin or go on when `stopping`.

    Args:
        backend: What transfers.
        stopping: When it is set, requests fail with `Cancelled`, and transfers at their next report.
        clock: Tells seconds; only differences matter.
    """

    def __init__(self, backend: Backend, stopping: Event, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(backend)
        self._stopping = stopping
        self._clock = clock

    def call(self, kind: type[Ability], request: Callable[[Ability], Done]) -> Done:
        self._go_on()
        return self.backend.call(kind, request)

    def stat(self, name: str) -> Stat | None:
        self._go_on()
        return self.backend.stat(name)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        self._go_on()
        report = _Report(progress, self._clock, self._go_on)
        self.backend.get(name, sink, report)
        report.end(sink.size)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        self._go_on()
        report = _Report(progress, self._clock, self._go_on)
        receipt = self.backend.put(name, source, report)
        report.end(source.size)
        return receipt

    def delete(self, name: str) -> None:
        self._go_on()
        self.backend.delete(name)

    def list(self, folder: str = "") -> Iterator[Entry]:
        self._go_on()
        for entry in self.backend.list(folder):
            yield entry
            self._go_on()

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise Cancelled("stopped, since git-annex or the user ended us")


class _Report:
    """The reports of one transfer: at most one per INTERVAL, the same value once per REPEAT, and at the end the size.

    A value below an earlier one means that the transfer began again (after a broken connection, say) and is told
    like any other, since git-annex would take silence for a stalled transfer.
    """

    def __init__(self, progress: Progress, clock: Callable[[], float], go_on: Callable[[], None]) -> None:
        self._progress = progress
        self._clock = clock
        self._go_on = go_on
        self._told: int | None = None
        self._next = clock() + INTERVAL
        self._again = 0.0

    def __call__(self, done: int) -> None:
        self._go_on()
        now = self._clock()
        if now >= (self._again if done == self._told else self._next):
            self._next, self._again = now + INTERVAL, now + REPEAT
            self._told = done
            self._progress(done)

    def end(self, size: int) -> None:
        """All of it is there; stopping no longer undoes that."""
        if size != self._told:
            self._progress(size)
