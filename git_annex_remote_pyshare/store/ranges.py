"""Lets a large object come over several connections at once, if one connection is slow.

Each download begins over one connection, so a small object costs nothing here. The modules for several are imported
when a large one turns out to be slow.
"""

import time
from collections.abc import Callable
from threading import Event, Lock
from typing import TYPE_CHECKING, NamedTuple

from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.store.streams import Streams
from git_annex_remote_pyshare.transfer import Progress, Sink

if TYPE_CHECKING:
    from git_annex_remote_pyshare.store.multipart.downloads import Download, Downloads

MOMENT = 0.5
"""Seconds over which the speed of one connection is measured."""

LEAST = 16 << 20
"""Bytes that must be left for several connections to be worth their start."""


class Switch(Exception):
    """The rest of the object comes over several connections. No error: it ends the download over one."""


class OneStream(NamedTuple):
    """A download over one connection."""

    name: str
    """The object."""
    sink: Sink
    progress: Progress
    done: int
    """Bytes that have arrived."""
    rate: float
    """Bytes per second."""


class Ranges:
    """Downloads the rest of a large object over several connections if one is slow and the store reads ranges.

    Args:
        backend: The layer that retries, around the store.
        fetch: The layer that limits: the first range is tried once.
        streams: Limits the connections.
        stopping: When it is set, downloads fail with `Cancelled`.
        clock: Time in seconds; only differences matter.
    """

    def __init__(
        self,
        backend: Layer,
        fetch: Backend,
        streams: Streams,
        stopping: Event,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backend = backend
        self._fetch = fetch
        self._streams = streams
        self._stopping = stopping
        self._clock = clock
        self._making = Lock()
        self._made: Downloads | None = None

    def watch(self, name: str, sink: Sink, progress: Progress) -> "Watch":
        """The progress of a download over one connection, which may raise `Switch`."""
        return Watch(self, name, sink, progress)

    def now(self) -> float:
        """Seconds; only differences matter."""
        return self._clock()

    @property
    def downloads(self) -> "Downloads":
        """All downloads over several connections."""
        from git_annex_remote_pyshare.store.multipart.downloads import Downloads  # noqa: PLC0415  # see the top of the file

        with self._making:
            if self._made is None:
                self._made = Downloads(
                    self._backend, self._backend.run, self._fetch, self._streams, self._stopping, self._clock
                )
            return self._made


class Watch:
    """The progress of one download: measures its speed, and switches to several connections.

    Args:
        ranges: Those of the store.
        name: The object.
        sink: Gets it.
        progress: Gets each report first.
    """

    def __init__(self, ranges: Ranges, name: str, sink: Sink, progress: Progress) -> None:
        self._ranges = ranges
        self._name = name
        self._sink = sink
        self._progress = progress
        self._since = ranges.now()
        self._from = self._last = sink.size
        self._download: Download | None = None

    def __call__(self, done: int) -> None:
        self._progress(done)
        if self._download is None:
            self._measure(done)
        if self._download and self._is_far_from_end(done):
            self._download.check(done)

    def switch(self) -> bool:
        """Fetch the rest over several connections, or a part of it; returns whether the object is whole."""
        return self._download is not None and self._download.fetch()

    def close(self) -> None:
        """The download is over."""
        if self._download:
            self._download.close()

    def _measure(self, done: int) -> None:
        now = self._ranges.now()
        has_moved = done > self._last  # else it waits for its turn, or begins again
        self._last = done
        if has_moved and now - self._since < MOMENT:
            return
        if has_moved:
            self._download = self._begin(done, (done - self._from) / (now - self._since))
        self._since, self._from = now, done

    def _begin(self, done: int, rate: float) -> "Download | None":
        if not self._is_far_from_end(done) or not self._sink.is_wanted:
            return None
        return self._ranges.downloads.begin(OneStream(self._name, self._sink, self._progress, done, rate))

    def _is_far_from_end(self, done: int) -> bool:
        incoming = self._sink.incoming
        return incoming is not None and (incoming.total or 0) - done >= LEAST
