"""Records what this process has just stored: some services show it only after a delay, so a check is repeated."""

import math
import time
from threading import Lock

FRESH = 30.0
"""Seconds after storing an object during which a response that it is absent is checked again."""


class Recent:
    """Names of objects that were just stored, for all jobs of the process.

    Args:
        age: Seconds after which a name is forgotten.
        most: Number of names to keep; the oldest are dropped.
    """

    def __init__(self, age: float = FRESH, most: float = math.inf) -> None:
        self._age = age
        self._most = most
        self._stored: dict[str, float] = {}
        self._changing = Lock()

    def stored(self, name: str) -> None:
        """Record that an object was stored now."""
        now = time.monotonic()
        with self._changing:
            self._stored.pop(name, None)
            self._stored[name] = now
            while now - self._stored[oldest := next(iter(self._stored))] > self._age or len(self._stored) > self._most:
                del self._stored[oldest]

    def removed(self, name: str) -> None:
        """Record that an object was removed on purpose."""
        with self._changing:
            self._stored.pop(name, None)

    def has(self, name: str) -> bool:
        """Whether an object was stored less than `age` seconds ago."""
        return time.monotonic() - self._stored.get(name, -math.inf) < self._age
