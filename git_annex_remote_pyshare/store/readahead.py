"""Fetches small objects before git-annex asks for them, so that it need not wait a round trip for each.

The window is the number of objects that wait or are on their way. As in a kernel's read-ahead, it grows while git-annex
asks for what was predicted and still has to wait for it, and shrinks when a prediction is wrong.
"""

import logging
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from threading import Event, Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol

from git_annex_remote_pyshare.backends.base import Backend, Receipt
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import Cancelled, PyshareError
from git_annex_remote_pyshare.transfer import AheadSink, Progress, Sink, Source
from git_annex_remote_pyshare.waiting import EVERY

if TYPE_CHECKING:
    from git_annex_remote_pyshare.store.fetchers import Fetchers

LARGEST = 8 << 20
"""Bytes of the largest object that is fetched ahead; a larger one gains little."""

MOST_BYTES = 64 << 20
"""Bytes of all objects that wait or are on their way."""

MOST_OBJECTS = options.AHEAD.default
"""The largest window."""

FIRST_WINDOW = 2

_PATIENCE = 96
"""Requests of git-annex after which an object that it did not ask for is dropped. Of eight jobs, one may be overtaken
by the others 40 times before it begins its file."""

_MISSES = 8
"""Wrong predictions in a row after which this process no longer predicts."""

_STALLED = 10.0
"""Seconds without a byte after which git-annex's request no longer waits for a prediction, but is sent itself."""

_LOG = logging.getLogger("pyshare.ahead")


class Wanted(NamedTuple):
    """An object that git-annex will probably ask for."""

    name: str
    size: int
    """Bytes that it must have."""


class Forecast(Protocol):
    """Says what git-annex will ask for; thread-safe."""

    jumps: int
    """How often git-annex has asked for something else than expected."""

    def next(self) -> Wanted | None:
        """The next object, each once; None if there is none, or none is known now."""

    def after_reply(self, work: Callable[[], object]) -> None:
        """Do `work` when git-annex has the reply to its request, which then need not wait for it."""


class Fetched:
    """One object that waits or is on its way.

    Args:
        wanted: Which one.
        path: Its private file.
    """

    def __init__(self, wanted: Wanted, path: str) -> None:
        self.name, self.size = wanted
        self.path = path
        self.born = 0
        """Requests of git-annex before it was begun."""
        self.done = 0
        """Bytes that have arrived."""
        self.over = Event()
        """Set when nothing more arrives."""
        self.is_whole = False
        self.is_dropped = False
        """Whether it is not wanted any more."""


class ReadAhead(Layer):
    """Hands over what was fetched ahead, and passes on every other request.

    A request for an object that is on its way waits for it. Whatever goes wrong with a prediction is silent: the
    request is then sent as if there had been none.

    Args:
        backend: Gets the requests.
        fetch: Gets the predictions: a layer below the one that retries, with the limits of clone and server.
        forecast: What to fetch.
        stopping: When it is set, predictions end.
        clock: Time in seconds; only differences matter.
    """

    def __init__(
        self,
        backend: Backend,
        fetch: Backend,
        forecast: Forecast,
        stopping: Event,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(backend)
        self._fetch = fetch
        self._forecast = forecast
        self._stopping = stopping
        self._clock = clock
        self._lock = Lock()
        self._held: dict[str, Fetched] = {}
        self._fetchers: Fetchers | None = None
        self._is_off = not self.place.clone.git_dir
        self._requests = 0
        self._gets = 0
        self._jumps = 0
        self._window = FIRST_WINDOW
        self._hits = self._misses = self._misses_in_row = 0
        if not self._is_off:
            _remove_remains(self.place.clone.git_dir)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        if found := self._claim(name):
            if found.over.is_set():
                self._forecast.after_reply(self._fill)
            else:
                self._fill()
            if self._takes(found, sink, progress):
                return
        with self._request():
            self._fill()
            self.backend.get(name, sink, progress)
        self._fill()

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        with self._request(), self._changing(name):
            return self.backend.put(name, source, progress)

    def delete(self, name: str) -> None:
        with self._changing(name):
            self.backend.delete(name)

    def close(self) -> None:
        with self._lock:
            self._is_off = True
            self._drop_all()
            fetchers, self._fetchers = self._fetchers, None
        self.backend.close()  # this ends what is on its way
        if fetchers:
            fetchers.close()

    def _claim(self, name: str) -> Fetched | None:
        """The object, if it was predicted; notes whether predictions hit."""
        with self._lock:
            if self._jumps != self._forecast.jumps:
                self._jumps = self._forecast.jumps
                self._miss()
                self._drop_all()
            self._gets += 1
            found = self._held.pop(name, None)
            for late in [other for other in self._held.values() if self._gets - other.born > _PATIENCE]:
                self._miss()
                self._drop(late)
            if found is None:
                return None
            self._hits += 1
            self._misses_in_row = 0
            if not found.over.is_set():
                self._resize(min(self._most, self._window + 1))
            return found

    def _takes(self, found: Fetched, sink: Sink, progress: Progress) -> bool:
        """Wait until the object is there and hand it over; False if git-annex's own request must be sent."""
        self._await(found, progress)
        taken = found.is_whole and sink.take(found.path)
        if taken:
            progress(found.size)
        else:
            with self._lock:
                self._miss()
                self._drop(found)
        return taken

    def _await(self, found: Fetched, progress: Progress) -> None:
        done, since = -1, self._clock()
        while not found.over.wait(EVERY):
            try:
                progress(found.done)
            except BaseException:  # git-annex's request has ended, and no other one will claim the object
                self._discard(found)
                raise
            if found.done != done:
                done, since = found.done, self._clock()
            elif self._clock() - since > _STALLED:
                return

    def _fill(self) -> None:
        """Begin to fetch what fits into the window."""
        with self._lock:
            while not self._is_off and len(self._held) < min(self._window, self._most):
                if sum(held.size for held in self._held.values()) > MOST_BYTES - LARGEST:
                    return
                if self._gives_way and self._requests:
                    return
                wanted = self._forecast.next()
                if wanted is None or not self._begin(wanted):
                    return

    def _begin(self, wanted: Wanted) -> bool:
        """Begin to fetch an object; False if the disk lacks the space."""
        if wanted.name in self._held:
            return True
        if self._fetchers is None:
            from git_annex_remote_pyshare.store.fetchers import Fetchers  # noqa: PLC0415  # most processes need none

            self._fetchers = Fetchers(self._fetch_one, self.place.clone)
        held = self._fetchers.begin(wanted)
        if held is None:
            return False
        held.born = self._gets
        self._held[wanted.name] = held
        return True

    def _fetch_one(self, held: Fetched) -> None:
        """Fetch an object; runs in a thread of its own."""
        sink = AheadSink(held.path)
        # Any failure: git-annex's own request reports it, if it comes.
        with suppress(Exception):
            if not held.is_dropped:
                self._fetch.get(held.name, sink, partial(self._watch, held))
            held.is_whole = sink.size == held.size
        with self._lock:
            held.over.set()
            if held.is_dropped:
                _unlink(held.path)
            elif not held.is_whole and held.name in self._held:
                del self._held[held.name]
                self._miss()
                _unlink(held.path)

    def _watch(self, held: Fetched, done: int) -> None:
        """The progress of an object: ends it if it is not wanted, too long, or in the way of git-annex's requests."""
        held.done = done
        if held.is_dropped or self._stopping.is_set():
            raise Cancelled("it is not waited for")
        if done > held.size:
            raise PyshareError(f"{held.name} is longer than its key says")
        if self._gives_way and self._requests and held.name in self._held:
            raise Cancelled("a request of git-annex waits")

    def _miss(self) -> None:
        """Note a wrong prediction. Called with the lock."""
        self._misses += 1
        self._misses_in_row += 1
        self._resize(max(1, self._window // 2))
        if self._misses_in_row >= _MISSES:
            self._is_off = True
            self._drop_all()

    def _resize(self, window: int) -> None:
        if window != self._window:
            self._window = window
            _LOG.debug("read-ahead: %d hits, %d misses, window %d", self._hits, self._misses, window)

    @contextmanager
    def _changing(self, name: str) -> Iterator[None]:
        """Drop an object that is about to change, also if a prediction fetches it meanwhile."""
        self._forget(name)
        try:
            yield
        finally:
            self._forget(name)

    def _forget(self, name: str) -> None:
        with self._lock:
            if held := self._held.pop(name, None):
                self._drop(held)

    def _drop_all(self) -> None:
        for held in list(self._held.values()):
            self._drop(held)

    def _drop(self, held: Fetched) -> None:
        """Called with the lock."""
        self._held.pop(held.name, None)
        held.is_dropped = True
        if held.over.is_set():
            _unlink(held.path)

    def _discard(self, held: Fetched) -> None:
        with self._lock:
            self._drop(held)

    @contextmanager
    def _request(self) -> Iterator[None]:
        """Run a request of git-annex that moves data; where transfers are limited, predictions give way to it."""
        with self._lock:
            self._requests += 1
        try:
            yield
        finally:
            with self._lock:
                self._requests -= 1

    @cached_property
    def _most(self) -> int:
        return min(MOST_OBJECTS, self.place.clone.get(options.AHEAD))

    @cached_property
    def _gives_way(self) -> bool:
        clone = self.place.clone
        return clone.get(options.CONNECTIONS) < math.inf or clone.get(options.BWLIMIT) < math.inf


def _remove_remains(git_dir: str) -> None:
    """Remove what killed processes have left."""
    if os.path.isdir(os.path.join(git_dir, "annex", "pyshare", "ahead")):
        from git_annex_remote_pyshare.state.ahead_dir import remove_remains  # noqa: PLC0415  # mostly nothing is there

        remove_remains(git_dir)


def _unlink(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)
