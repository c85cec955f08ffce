"""A store in memory that is slow over one connection, and small objects that count as large: for tests of ranges."""

from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from git_annex_remote_pyshare import transfer
from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.store import ranges
from git_annex_remote_pyshare.store.multipart import downloads
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.faults import Drip
from git_annex_remote_pyshare.testing.files import body_of
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place
from git_annex_remote_pyshare.transfer import ByteRange, Progress
from support.partskit import InClone

if TYPE_CHECKING:
    from collections.abc import Callable

PART = 1000
BODY = body_of(40 * PART)
STEP = 500
"""Bytes that one connection brings in a second of the test's clock."""
BUFFERS = 8


class _Pause(Event):
    """The event `stopping`: a wait takes time of the test's clock only."""

    def __init__(self, store: "Slow") -> None:
        super().__init__()
        self._store = store

    def wait(self, timeout: float | None = None) -> bool:
        self._store.now += timeout or 0
        return self.is_set()


class Slow(MemoryBackend):
    """Over one connection an object is slow; each range takes `range_seconds` of the test's clock."""

    def __init__(self, git_dir: Path, **options: str) -> None:
        super().__init__(place("memory:")._replace(clone=InClone(str(git_dir), options)))
        self.now = 0.0
        self.range_seconds = 0.01
        self.step_seconds = 1.0
        self.ranges: list[ByteRange] = []
        self.before_range: Callable[[ByteRange], object] = lambda _: None
        self._counting = Lock()
        self.tried = Event()
        self._patience = 0
        self.faults.always("get", Drip(STEP, self.step))

    def clock(self) -> float:
        return self.now

    def read_range(self, name: str, part: ByteRange, progress: Progress) -> bytearray:
        with self._counting:
            self.ranges.append(part)
            self.now += self.range_seconds
        try:
            self.before_range(part)
            return super().read_range(name, part, progress)
        finally:
            self.tried.set()

    def process(self, stopping: Event | None = None) -> Backend:
        """A new process of the same clone."""
        self.tried.clear()
        self._patience = 3
        return wrap(self, stopping or _Pause(self), clock=self.clock)

    @property
    def parts(self) -> list[ByteRange]:
        """The ranges that were requested, without trials of one byte."""
        return sorted(part for part in self.ranges if part.size > 1)

    @property
    def trials(self) -> int:
        return len(self.ranges) - len(self.parts)

    def step(self) -> None:
        self.now += self.step_seconds
        if self._patience > 0 and not self.tried.wait(0.1):  # for the trial, which has a thread of its own
            self._patience -= 1


PATCHES = (
    (transfer, "SMALL", 0),
    (ranges, "LEAST", 4 * PART),
    (downloads, "LARGEST", PART),
    (downloads, "BUFFER", BUFFERS * PART),
)
"""What makes small objects large."""
