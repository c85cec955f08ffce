"""Scripts failures between pyshare and a server, for tests.

    faults = Faults()
    faults.next("put", LoseReply(), None, Fail(Busy("later", retry_after=2)))
    faults.always("get", Drip(4096))
    store = MemoryBackend(faults=faults)

The first put is done but reported as broken, the second works, the third is refused; every get comes in drops.
"""

import copy
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from git_annex_remote_pyshare.errors import PyshareError

__all__ = ["VERBS", "Cut", "Drip", "Fail", "Fault", "Faults", "LoseReply", "Mangle", "Stale"]

VERBS = (
    *("stat", "get", "put", "delete", "list"),
    *("begin", "send", "sent", "finish", "abort", "unfinished"),
    *("share", "revoke", "publish", "quota", "readiness", "restore", "open_to_all", "close_to_all"),
)
"""All calls that can meet a fault: verbs, those of stores that take parts, those of other abilities."""


class Fail(NamedTuple):
    """Nothing is done, and the error is raised."""

    error: PyshareError

    def again(self) -> PyshareError:
        """A copy of the error: the code that catches one may write into it."""
        return copy.copy(self.error)


class LoseReply(NamedTuple):
    """All is done, but the answer never comes: Unreachable."""


class Cut(NamedTuple):
    """The connection breaks after so many bytes of the body: Unreachable. What is cut stores nothing."""

    after: int


class Mangle(NamedTuple):
    """The body changes on its way, and no checksum notices: `change` makes what arrives from what was sent.

    The answer to a part tells what arrived; at `finish` it is the whole object that changes.
    """

    change: Callable[[bytes], bytes]


class Drip(NamedTuple):
    """The body comes in pieces of `step` bytes, with a call of `pause` after each."""

    step: int
    pause: Callable[[], object] = lambda: None


class Stale(NamedTuple):
    """The server answers stat, get and list as it would have before the last change of each object."""


Fault = Fail | LoseReply | Cut | Mangle | Drip | Stale


class Faults:
    """The script: which fault the next calls of each verb meet. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next: dict[str, deque[Fault | None]] = {verb: deque() for verb in VERBS}
        self._always: dict[str, Fault] = {}
        self._calls = dict.fromkeys(VERBS, 0)

    def next(self, verb: str, *faults: Fault | None) -> None:
        """Append to what the coming calls of `verb` meet, one each; None lets one through."""
        with self._lock:
            self._next[verb].extend(faults)

    def always(self, verb: str, fault: Fault) -> None:
        """What a call of `verb` meets when nothing is scripted for it."""
        with self._lock:
            self._always[verb] = fault

    def clear(self) -> None:
        """From now on all goes well."""
        with self._lock:
            self._always.clear()
            for waiting in self._next.values():
                waiting.clear()

    def calls(self, verb: str) -> int:
        """How often the verb was called so far."""
        with self._lock:
            return self._calls[verb]

    def meet(self, verb: str) -> Fault | None:
        """For backends: count one call of `verb` and return the fault that it meets."""
        with self._lock:
            self._calls[verb] += 1
            waiting = self._next[verb]
            return waiting.popleft() if waiting else self._always.get(verb)
