"""Scripts failures between pyshare and a server, for tests.

    faults = Faults()
    faults.next("put", LoseReply(), None, Fail(Busy("later", retry_after=2)))
    faults.always("get", Drip(4096))
    store = MemoryBackend(faults=faults)

The first put succeeds on the server but raises an error, the second works, and the third is refused; each get receives
its data in small pieces.
"""

import copy
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from git_annex_remote_pyshare.errors import PyshareError

__all__ = ["VERBS", "Cut", "Drip", "Fail", "Fault", "Faults", "LoseReply", "Mangle", "Stale"]

VERBS = (
    *("stat", "get", "put", "delete", "list", "move", "list_contents", "content_of", "remove_version"),
    *("begin", "send", "sent", "finish", "abort", "unfinished"),
    *("read_range", "share", "revoke", "publish", "quota", "readiness", "restore", "open_to_all", "close_to_all"),
)
"""All calls that can meet a fault: the verbs, and the methods of multipart uploads and of other abilities."""


class Fail(NamedTuple):
    """The call does nothing and raises the error."""

    error: PyshareError

    def again(self) -> PyshareError:
        """A copy of the error, since the code that catches an error may change it."""
        return copy.copy(self.error)


class LoseReply(NamedTuple):
    """The server does the request, but its response is lost: raises Unreachable."""


class Cut(NamedTuple):
    """The connection fails after this many bytes of the body: raises Unreachable. A cut upload stores nothing."""

    after: int


class Mangle(NamedTuple):
    """The body is damaged during the transfer, and no checksum detects it: `change` maps what was sent to what arrives.

    The response to a part describes what arrived; at `finish`, the whole object is changed.
    """

    change: Callable[[bytes], bytes]


class Drip(NamedTuple):
    """The body arrives in pieces of `step` bytes, and `pause` is called after each."""

    step: int
    pause: Callable[[], object] = lambda: None


class Stale(NamedTuple):
    """The server responds to stat, get and list as if the last change of each object had not happened yet."""


Fault = Fail | LoseReply | Cut | Mangle | Drip | Stale


class Faults:
    """The script: which fault the next calls of each verb meet. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next: dict[str, deque[Fault | None]] = {verb: deque() for verb in VERBS}
        self._always: dict[str, Fault] = {}
        self._calls = dict.fromkeys(VERBS, 0)

    def next(self, verb: str, *faults: Fault | None) -> None:
        """Append faults for the next calls of `verb`, one for each call; None lets a call succeed."""
        with self._lock:
            self._next[verb].extend(faults)

    def always(self, verb: str, fault: Fault) -> None:
        """Set the fault for each call of `verb` for which `next` has scripted nothing."""
        with self._lock:
            self._always[verb] = fault

    def clear(self) -> None:
        """Remove all faults, so that each call succeeds."""
        with self._lock:
            self._always.clear()
            for waiting in self._next.values():
                waiting.clear()

    def calls(self, verb: str) -> int:
        """How often `verb` was called so far."""
        with self._lock:
            return self._calls[verb]

    def meet(self, verb: str) -> Fault | None:
        """For backends: count a call of `verb`, and return the fault that it meets; None if there is none."""
        with self._lock:
            self._calls[verb] += 1
            waiting = self._next[verb]
            return waiting.popleft() if waiting else self._always.get(verb)
