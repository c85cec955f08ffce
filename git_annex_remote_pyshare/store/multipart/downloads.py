"""Downloads the rest of a large object over several connections at once, and writes it in order.

While one connection still works, one byte is requested as a range. If the server sends just that, the connection is
given up and the rest comes in parts; so a server that ignores ranges costs nothing that has already arrived. If the
parts are no faster than one connection, or the server sends something else, one connection downloads the rest.
"""

import logging
import math
import time
from collections.abc import Callable
from functools import partial
from threading import Condition, Event, Thread

from git_annex_remote_pyshare.backends.base import Backend, ReadsRanges, ability
from git_annex_remote_pyshare.errors import Cancelled, RangeRefused
from git_annex_remote_pyshare.part_plan import Part
from git_annex_remote_pyshare.store.multipart.concurrency import GAIN, REST, SHORTEST
from git_annex_remote_pyshare.store.multipart.part_workers import POLL_INTERVAL, WorkerPool
from git_annex_remote_pyshare.store.multipart.uploads import Run
from git_annex_remote_pyshare.store.ranges import OneStream, Switch
from git_annex_remote_pyshare.store.streams import Streams
from git_annex_remote_pyshare.transfer import ByteRange, Incoming, Progress

LARGEST = 4 << 20
"""Bytes of a part. At 20 Mbit/s and 80 ms, requesting the next part costs a connection a twentieth of its time."""

SMALLEST = 256 << 10
"""Bytes of a part, however many streams there may be."""

IN_FLIGHT = 16 << 20
"""Bytes that all streams together may request at once."""

BUFFER = 32 << 20
"""Bytes of the parts that wait to be written, or are on their way but not the next ones of their objects."""

WORTHWHILE = 3.0
"""Seconds that the rest must still take over one connection."""

_ROUNDS = 3
"""Parts of each stream after which several connections are compared with one."""

_LOG = logging.getLogger("pyshare.ranges")


class Downloads:
    """All downloads over several connections of one store.

    Args:
        backend: The store.
        run: Sends its requests through the layers that retry and limit.
        fetch: The store and the layer that limits.
        streams: Limits the connections; shared with the uploads.
        stopping: When it is set, downloads fail with `Cancelled`.
        clock: Time in seconds; only differences matter.
    """

    def __init__(
        self,
        backend: Backend,
        run: Run,
        fetch: Backend,
        streams: Streams,
        stopping: Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reads = ability(backend, ReadsRanges)
        self.run = run
        self.fetch = fetch
        self.streams = streams.limit
        self.stopping = stopping
        self.clock = clock
        self.part_size = min(LARGEST, max(SMALLEST, IN_FLIGHT // streams.most))
        self.buffers = Buffers(BUFFER // self.part_size)
        self._rests_until = -math.inf

    def begin(self, one: OneStream) -> "Download | None":
        """A download that may soon come over several connections; None if that is impossible or gains little."""
        incoming = one.sink.incoming
        if self._reads is None or incoming is None or not self._reads.is_exact(incoming.version):
            return None
        if ((incoming.total or 0) - one.done) / one.rate < WORTHWHILE or self.clock() < self._rests_until:
            return None
        return Download(self, self._reads, one, incoming)

    def rest(self, why: str) -> None:
        """Begin no other download for a while."""
        _LOG.debug("several connections: %s", why)
        self._rests_until = self.clock() + REST


class Buffers:
    """The memory for parts, over all downloads. The next part of each download needs none of these.

    Args:
        most: How many parts.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._changed = Condition()

    def take(self, is_next: Callable[[], bool]) -> bool | None:
        """Wait a while for a buffer; False if none is needed any more, None if none is free yet."""
        with self._changed:
            if not is_next() and not self._free:
                self._changed.wait(POLL_INTERVAL)
            if is_next():
                return False
            if not self._free:
                return None
            self._free -= 1
            return True

    def give(self, count: int) -> None:
        """Return so many buffers; also called with 0 when another part is the next one."""
        with self._changed:
            self._free += count
            self._changed.notify_all()


class Download:
    """One download, from the moment when one connection is known to be slow.

    Args:
        shared: All downloads.
        reads: The store.
        one: The download so far.
        incoming: What the store says about the object.
    """

    def __init__(self, shared: Downloads, reads: ReadsRanges, one: OneStream, incoming: Incoming) -> None:
        self._shared = shared
        self._reads = reads
        self._one = one
        self._sink = one.sink
        self._incoming = incoming
        self._total = incoming.total or 0
        self._trial: _Trial | None = None
        self._is_over = False
        self._is_counted = True
        shared.streams.enter()

    def check(self, done: int) -> None:
        """Raise `Switch` if the rest should come over several connections; called while one works."""
        if self._is_over or self._sink.incoming != self._incoming or not self._shared.streams.has_room():
            return
        if self._trial is None:
            self._trial = _Trial(partial(self._try, min(done, self._total - 1)))
        elif self._trial.has_worked:
            raise Switch
        elif self._trial.has_failed:
            self._give_up("the server sends no ranges")

    def fetch(self) -> bool:
        """Fetch the rest; returns whether that is done, and nothing needs to be checked."""
        self._is_over = True
        self.close()  # its streams are counted one by one
        start = self._sink.size
        try:
            with self._sink.writing(start, self._total, self._incoming.version) as file:
                fetching = _Fetching(self._shared, self._read, file.write, self._one.rate)
                fetching.run(split(start, self._total, self._shared), self._one.progress)
        except RangeRefused as error:
            self._give_up(error.what)
        else:
            if self._sink.size < self._total:
                self._give_up("they are no faster than one")
        return self._sink.size == self._total and not self._sink.content

    def close(self) -> None:
        """Its one stream ends."""
        if self._is_counted:
            self._is_counted = False
            self._shared.streams.leave()

    def _give_up(self, why: str) -> None:
        self._is_over = True
        self._shared.rest(why)

    def _try(self, start: int) -> None:
        """Read one byte, without the layer that retries."""
        part = Part(1, start, 1)
        self._shared.fetch.call(ReadsRanges, lambda _: self._read(part, lambda _: None))

    def _read(self, part: Part, progress: Progress) -> bytearray:
        wanted = ByteRange(self._incoming.version, part.start, part.size, self._total)
        body = self._reads.read_range(self._one.name, wanted, progress)
        if len(body) != part.size:
            raise RangeRefused(f"{len(body)} bytes came instead of {part.size}")
        return body


class _Trial:
    """A request in a thread of its own, so that the download goes on meanwhile.

    Args:
        request: Sends it, once; raises if ranges cannot be used.
    """

    def __init__(self, request: Callable[[], object]) -> None:
        self._request = request
        self.has_worked = False
        self.has_failed = False
        # A daemon, since a request that hangs must not keep the process alive.
        Thread(target=self._run, name="pyshare range", daemon=True).start()

    def _run(self) -> None:
        try:
            self._request()
        except Exception as error:  # noqa: BLE001  # the download over one connection shows what is wrong
            _LOG.debug("the first range failed: %s", error)
            self.has_failed = True
        else:
            self.has_worked = True


class _Fetching:
    """Fetches parts in threads, and writes them in order.

    Args:
        shared: All downloads.
        read: Fetches one part.
        write: Appends bytes to the file.
        rate: Bytes per second over one connection.
    """

    def __init__(
        self,
        shared: Downloads,
        read: Callable[[Part, Progress], bytearray],
        write: Callable[[bytearray], object],
        rate: float,
    ) -> None:
        self._shared = shared
        self._read = read
        self._write = write
        self._comparison = Comparison(rate, shared.streams.level, shared.clock)
        self._next = 1
        self._waiting: dict[int, tuple[bytearray, bool]] = {}
        """Parts that arrived before those in front of them, and whether each has a buffer."""
        self._buffers = 0
        self._pool: WorkerPool

    def run(self, parts: list[Part], progress: Progress) -> None:
        """Fetch the parts, or only the first ones if that is no faster than one connection.

        Raises:
            RangeRefused: The server sent something else.
            PyshareError: Any other failure; the file has the parts that came before it.
        """
        self._pool = WorkerPool(self._shared.streams, self._shared.stopping, progress, parts[0].start)
        try:
            self._pool.send(parts, self._fetch)
        finally:
            self._shared.buffers.give(self._buffers)

    def _fetch(self, part: Part) -> None:
        """Fetch one part, in a thread of the pool."""
        has_buffer = self._wait_for_buffer(part)

        def attempt(progress: Progress) -> bytearray:
            with self._pool.request(part):
                return self._read(part, progress)

        body = self._shared.run(attempt, self._pool.progress_of(part))
        with self._pool.unless_ended():
            self._waiting[part.number] = body, has_buffer
            self._write_in_order()
            if self._comparison.is_lost(part.size):
                self._pool.skip_rest()

    def _wait_for_buffer(self, part: Part) -> bool:
        """Wait until the part may be in memory; returns whether it has a buffer, which the next part does not need."""
        has_buffer = None
        while has_buffer is None:
            with self._pool.unless_ended():
                pass
            has_buffer = self._shared.buffers.take(lambda: self._next == part.number)
        try:
            with self._pool.unless_ended():
                self._buffers += has_buffer
        except Cancelled:
            self._shared.buffers.give(int(has_buffer))
            raise
        return has_buffer

    def _write_in_order(self) -> None:
        """Write what has no gap before it. Only one thread at a time calls this."""
        freed = 0
        while self._next in self._waiting:
            body, has_buffer = self._waiting.pop(self._next)
            self._write(body)
            self._next += 1
            freed += has_buffer
        self._buffers -= freed
        self._shared.buffers.give(freed)


class Comparison:
    """Decides once whether several connections are faster than one.

    Args:
        alone: Bytes per second over one connection; 0 once that is compared.
        streams: How many there are; the first part of each is not measured, since it waits for its connection.
        clock: Time in seconds.
    """

    def __init__(self, alone: float, streams: int, clock: Callable[[], float]) -> None:
        self._alone = alone
        self._streams = streams
        self._clock = clock
        self._parts = self._bytes = 0
        self._since = 0.0

    def is_lost(self, size: int) -> bool:
        """Note that a part has arrived; returns whether all connections together are no faster than one."""
        self._parts += 1
        now = self._clock()
        if self._parts <= self._streams:
            self._since = now
            return False
        self._bytes += size
        seconds = now - self._since
        if self._parts < _ROUNDS * self._streams or seconds < SHORTEST:
            return False
        wanted, self._alone = self._alone * GAIN, 0.0
        return self._bytes / seconds < wanted


def split(start: int, total: int, shared: Downloads) -> list[Part]:
    """The parts of an object from an offset on: as many for each stream, so that all end at about the same time."""
    streams = shared.streams.level
    count = -(-(total - start) // shared.part_size)
    count = -(-count // streams) * streams
    size = -(-(total - start) // count)
    offsets = range(start, total, size)
    return [Part(number, offset, min(size, total - offset)) for number, offset in enumerate(offsets, 1)]
