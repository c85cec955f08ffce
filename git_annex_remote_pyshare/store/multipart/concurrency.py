"""How many parts go out at once: more while that makes it faster, fewer when the server is busy.

One count for all uploads of the process. Each upload has one stream whatever the count is, so with many jobs there are
as many streams as jobs, and an upload that is alone gets the others, too.
"""

import math
import time
from collections.abc import Callable
from threading import Lock

FIRST = 4
"""Streams to begin with. Most files have no more parts than it takes to learn; on a long line each brings a rate of its
own, and on a near one four hide each other's pauses (benchmarks/lines.py)."""

GAIN = 1.1
"""How much faster all streams together must be for one more to stay."""

SHORTEST = 0.25
"""Seconds that are measured at least; less says nothing."""

REST = 30.0
"""Seconds until one more is tried again after one too many, or after the server was busy."""


class AdaptiveLimit:
    """The streams of one process.

    Args:
        most: How many there may be.
        clock: Tells seconds; only differences matter.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._active = 0
        self.level = min(FIRST, most)
        """How many there are to be now."""
        self._slower = 0.0
        """Bytes per second with one stream fewer; 0 while that is not known."""
        self._rests_until = -math.inf
        self._measure()

    def enter(self) -> None:
        """An upload's first stream begins."""
        with self._lock:
            self._join()

    def squeeze_in(self) -> bool:
        """Whether an upload may have one more stream; it has begun then."""
        with self._lock:
            if self._active >= self.level:
                return False
            self._join()
            return True

    def give_way(self) -> bool:
        """Whether there are too many; then the one that asks has ended. An upload's last stream does not ask."""
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
        """A part of `size` bytes has arrived: decides whether there should be more streams, or fewer."""
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
        """The server asks for fewer requests: half as many. What other streams that began before hear counts once."""
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
