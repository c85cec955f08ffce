"""Adapts how many parts are on their way at once: more while that is faster, fewer when the server is busy.

There is one count for all large uploads and downloads of the process. Each always has one stream, so many jobs have as
many streams as jobs, and a single one gets all others.
"""

import math
import time
from collections.abc import Callable
from threading import Lock

FIRST = 4
"""Streams at the start. Most files have too few parts to learn more; with a high latency each stream adds its own rate,
and with a low one four streams fill each other's pauses (benchmarks/lines.py)."""

GAIN = 1.1
"""How much faster all streams together must be to keep one more."""

SHORTEST = 0.25
"""Shortest measurement in seconds."""

REST = 30.0
"""Seconds until one more is tried again after one was too many, or after the server was busy."""


class AdaptiveLimit:
    """The streams of one process.

    Args:
        most: How many there may be.
        clock: Time in seconds; only differences matter.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._active = 0
        self.level = min(FIRST, most)
        """The current target."""
        self._slower = 0.0
        """Bytes per second with one stream fewer; 0 while unknown."""
        self._rests_until = -math.inf
        self._measure()

    def enter(self) -> None:
        """The first stream of an upload or download begins."""
        with self._lock:
            self._join()

    def squeeze_in(self) -> bool:
        """Whether an upload or download may have one more stream, which is then counted."""
        with self._lock:
            if self._active >= self.level:
                return False
            self._join()
            return True

    def has_room(self) -> bool:
        """Whether there are fewer than there may be."""
        with self._lock:
            return self._active < self.level

    def give_way(self) -> bool:
        """Whether there are too many; then the caller's stream must end. The last stream of each does not call this."""
        with self._lock:
            if self._active <= self.level:
                return False
            self._active -= 1
            return True

    def leave(self) -> None:
        """A stream ends."""
        with self._lock:
            self._active -= 1

    def arrived(self, size: int) -> None:
        """Note that a part of `size` bytes has arrived, and adapt the number of streams."""
        with self._lock:
            if self._active != self.level:
                self._measure()
                return
            self._parts += 1
            self._bytes += size
            seconds = self._clock() - self._since
            if self._parts >= self.level and seconds >= SHORTEST:
                self._judge(self._bytes / seconds)

    def busy(self) -> None:
        """Halve the number of streams, since the server is busy. Streams that end anyway count once."""
        with self._lock:
            if self._active <= self.level:
                self.level = max(1, self.level // 2)
                self._rest()

    def _join(self) -> None:
        if not self._active:
            self._measure()
        self._active += 1

    def _judge(self, rate: float) -> None:
        if rate < self._slower * GAIN:
            self.level -= 1
            self._rest()
            return
        self._slower = 0.0
        if self.level < self._most and self._clock() >= self._rests_until:
            self.level += 1
            self._slower = rate
        self._measure()

    def _rest(self) -> None:
        self._slower = 0.0
        self._rests_until = self._clock() + REST
        self._measure()

    def _measure(self) -> None:
        self._since = self._clock()
        self._parts = 0
        self._bytes = 0
