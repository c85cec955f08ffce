"""Moves the content of files in many requests at once, within the window of all jobs."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from git_annex_remote_pyshare.backends.sftp.channel import Reply
from git_annex_remote_pyshare.backends.sftp.client import FSYNC, Connection, Refusal, Window
from git_annex_remote_pyshare.backends.sftp.packets import Code, Kind, long, number, text
from git_annex_remote_pyshare.errors import SourceChanged, Unreachable
from git_annex_remote_pyshare.transfer import Progress

if TYPE_CHECKING:
    from typing_extensions import Self

_OVERHEAD = 4
"""Bytes of an answer with content besides the content."""


class Told:
    """A progress that can be told once more, so that a job which waits can be stopped.

    Args:
        progress: Gets what is told.
        done: Bytes that are there at the beginning.
    """

    def __init__(self, progress: Progress, done: int = 0) -> None:
        self._progress = progress
        self._done = done

    def __call__(self, done: int) -> None:
        """Tell how many bytes are there now."""
        self._done = done
        self._progress(done)

    def again(self) -> None:
        """Tell the same as the last time."""
        self._progress(self._done)


class Piece(NamedTuple):
    """A part of an open file."""

    handle: bytes
    start: int
    """Offset in the file, in bytes."""
    size: int
    """Bytes."""

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.start + self.size


class _Request(NamedTuple):
    reply: Reply
    start: int
    size: int


class _Flight:
    """Requests that are under way, the oldest first; what they reserved of the window is given back in any case."""

    def __init__(self, connection: Connection, window: Window) -> None:
        self._connection = connection
        self._window = window
        self._requests: deque[_Request] = deque()

    def __bool__(self) -> bool:
        return bool(self._requests)

    def has_place(self, size: int) -> bool:
        """Reserve a place for one more request; waits for other jobs only if this one has none under way."""
        return self._window.take(size, None if self._requests else self._connection.heartbeat)

    def add(self, send: Callable[[], Reply], start: int, size: int) -> None:
        """Send a request for which a place is reserved."""
        try:
            self._requests.append(_Request(send(), start, size))
        except BaseException:  # whatever it is, nothing is under way that would give the place back
            self._window.give(size)
            raise

    def first(self) -> _Request:
        """The oldest request, which stays under way until `landed`."""
        return self._requests[0]

    def landed(self) -> None:
        """The oldest request is done with."""
        self._window.give(self._requests.popleft().size)

    def abandon(self) -> None:
        """Give back what all reserved."""
        while self._requests:
            self.landed()


def write(
    connection: Connection,
    window: Window,
    piece: Piece,
    reader: BinaryIO,
    progress: Progress,
    watch: Callable[[bytes], object] = len,
) -> None:
    """Write a piece of a file, and return when the server has it on its disk.

    Args:
        connection: To the server.
        window: Of all jobs.
        piece: Where it goes.
        reader: The content, from its first byte.
        progress: Called with the bytes that the server has taken, counted from the start of the piece.
        watch: Called with each block.

    Raises:
        SourceChanged: The content is shorter than the piece.
        Refusal: The server refuses to write.
    """
    flight, at = _Flight(connection, window), piece.start

    def landed() -> None:
        oldest = flight.first()
        connection.wait(oldest.reply)
        flight.landed()
        progress(oldest.start + oldest.size - piece.start)

    try:
        while at < piece.end:
            block = reader.read(min(connection.blocks.write, piece.end - at))
            if not block:
                raise SourceChanged("the file changed while it was being stored")
            watch(block)
            while not flight.has_place(len(block)):
                landed()
            flight.add(partial(_send, connection, piece.handle, at, block), at, len(block))
            at += len(block)
        synced = connection.extended(FSYNC, piece.handle) if connection.can(FSYNC) else None
        while flight:
            landed()
    finally:
        flight.abandon()
    if synced and (code := connection.code(synced)) not in {Code.OK, Code.OP_UNSUPPORTED}:
        raise Refusal(code, synced.text)


class Reading:
    """Reads an open file in order; a context, which gives back what it has under way.

    Args:
        connection: To the server.
        window: Of all jobs.
        handle: Of the file.
    """

    def __init__(self, connection: Connection, window: Window, handle: bytes) -> None:
        self._connection = connection
        self._handle = handle
        self._flight = _Flight(connection, window)
        self._begun = 0

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_error: object) -> None:
        self._flight.abandon()

    def begin(self) -> None:
        """Ask for the first block, before the size is known."""
        self._begun = self._connection.blocks.read
        self._flight.has_place(self._begun)
        self._ask(0, self._begun)

    def run(self, begin: int, end: int, take: Callable[[memoryview], object]) -> None:
        """Read from one offset to another.

        Args:
            begin: In bytes; 0 after a call of `begin`.
            end: In bytes.
            take: Called with each block.

        Raises:
            Unreachable: The file ends before.
            Refusal: The server refuses to read.
        """
        at = begin + self._begun
        while at < end or self._flight:
            size = min(self._connection.blocks.read, end - at)
            if size > 0 and self._flight.has_place(size):
                self._ask(at, size)
                at += size
                continue
            oldest = self._flight.first()
            self._take(oldest.reply, oldest.start, min(oldest.start + oldest.size, end), take)
            self._flight.landed()

    def _ask(self, start: int, size: int) -> None:
        self._flight.add(partial(ask, self._connection, self._handle, start, size), start, size)

    def _take(self, reply: Reply, done: int, end: int, take: Callable[[memoryview], object]) -> None:
        while done < end:
            block = _answer(self._connection, reply, end - done)
            take(block)
            done += len(block)
            if done < end:  # a server may send less than was asked
                reply = ask(self._connection, self._handle, done, end - done)


def _send(connection: Connection, handle: bytes, at: int, block: bytes) -> Reply:
    return connection.channel.send(Kind.WRITE, text(handle), long(at), data=block)


def ask(connection: Connection, handle: bytes, start: int, size: int) -> Reply:
    """Ask for some bytes of a file."""
    return connection.channel.send(
        Kind.READ, text(handle), long(start), number(size), limit=max(size, 1024) + _OVERHEAD
    )


def _answer(connection: Connection, reply: Reply, wanted: int) -> memoryview:
    """At most `wanted` bytes that were asked for, and at least one."""
    try:
        block = connection.wait(reply, Kind.DATA).rest()[:wanted]
    except Refusal as refusal:
        if refusal.code != Code.EOF:
            raise
        block = memoryview(b"")
    if not block:
        raise Unreachable("the file became shorter while it was being read")
    return block
