"""Remembers what this process has just stored: some services show it only after a moment, so a check is repeated."""

import math
import time
from threading import Lock

FRESH = 30.0
"""Seconds for which an object that was just stored is not believed to be absent at once."""


class Recent:
    """Names of objects that were just stored; jobs share it.

    Args:
        age: Seconds after which a name is forgotten.
        most: Names that are kept, the newest ones.
    """

    def __init__(self, age: float = FRESH, most: float = math.inf) -> None:
        self._age = age
        self._most = most
        self._stored: dict[str, float] = {}
        self._changing = Lock()

    def stored(self, name: str) -> None:
        """Note that an object was stored now."""
        now = time.monotonic()
        with self._changing:
            self._stored.pop(name, None)
            self._stored[name] = now
            while now - self._stored[oldest := next(iter(self._stored))] > self._age or len(self._stored) > self._most:
                del self._stored[oldest]

    def removed(self, name: str) -> None:
        """Note that an object is gone on purpose."""
        with self._changing:
            self._stored.pop(name, None)

    def has(self, name: str) -> bool:
        """Whether an object was stored a moment ago."""
        return time.monotonic() - self._stored.get(name, -math.inf) < self._age
