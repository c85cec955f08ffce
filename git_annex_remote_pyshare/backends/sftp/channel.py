"""Speaks SFTP with one server on two pipes: many requests of many jobs at once, each answered under its own id."""

import copy
import io
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import IO, TYPE_CHECKING, Protocol, cast

from git_annex_remote_pyshare.backends.sftp.packets import MOST, VERSION, Code, Fields, Garbled, Kind, number, packet
from git_annex_remote_pyshare.errors import NotAStore, PyshareError, Unreachable

Heartbeat = Callable[[], object]

if TYPE_CHECKING:
    _Reader = io.BufferedReader[io.RawIOBase]

_EVERY = 0.25
"""Seconds between two heartbeats of a job that waits."""

_TOGETHER = 64 << 10
"""Bytes of small packets that are written at once."""

_MOST_EXTENSIONS = 1000
_SHORT = 4 << 10
"""Bytes of a packet other than DATA and NAME; more is no answer to what was asked."""


class Program(Protocol):
    """What the channel speaks to: `Ssh`, or a stand-in."""

    @property
    def input(self) -> IO[bytes]:
        """Gets our packets; unbuffered."""

    @property
    def output(self) -> IO[bytes]:
        """Has the server's packets; unbuffered."""

    def why(self) -> PyshareError:
        """Why the output has ended."""

    def kill(self) -> None:
        """End it now."""

    def dispose(self) -> None:
        """Free what the system keeps of it."""


class Reply:
    """The answer to one request, once it has come."""

    __slots__ = ("body", "come", "error", "kind", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        """Most bytes that the answer may have."""
        self.come = Event()
        self.kind = 0
        self.body: bytes = b""
        self.error: PyshareError | None = None

    @property
    def code(self) -> int:
        """The code of a STATUS; OK for any other answer. Raises Garbled as `Fields` does."""
        return Fields(self.body).number() if self.kind == Kind.STATUS else Code.OK

    @property
    def text(self) -> bytes:
        """The server's own words in a STATUS."""
        fields = Fields(self.body)
        fields.number()
        return fields.text() if fields.has_more else b""


class Channel:
    """One SFTP session.

    Threads of its own read and write, so a job that waits can stop at any time, whatever the server does.

    Args:
        program: The program that leads to the server.
        garbage: Makes the error for a server that sends text in place of SFTP.
        host: Name of the server for error texts.
        patience: Seconds without any sign of the server after which a job that waits gives it up.
    """

    def __init__(self, program: Program, garbage: Callable[[bytes], PyshareError], host: str, patience: float) -> None:
        self._program = program
        self._garbage = garbage
        self._host = host
        self._patience = patience
        self._lock = Lock()
        self._waiting: dict[int, Reply] = {}
        self._ids = count()
        self._outgoing: SimpleQueue[tuple[bytes, ...] | None] = SimpleQueue()
        self._moved = time.monotonic()
        self._error: PyshareError | None = None
        self._hello = Reply(MOST)
        self.extensions: dict[bytes, bytes] = {}
        """What the server can do beyond the protocol: name → version."""
        for work in (self._write, self._read):
            Thread(target=work, name=f"pyshare sftp{work.__name__}", daemon=True).start()

    def greet(self, heartbeat: Heartbeat) -> None:
        """Agree on the version of the protocol; call this first.

        Raises:
            NotAStore: It is no SFTP server, or one of another version.
            PyshareError: There is no connection.
        """
        self._outgoing.put((packet(Kind.INIT, number(VERSION)),))
        body = self.wait(self._hello, heartbeat)
        try:
            version, self.extensions = _greeting(body)
        except Garbled as error:
            raise self.garbled(error) from error
        if version < VERSION:
            raise NotAStore(f"{self._host} speaks version {version} of SFTP, which is too old")

    def send(self, kind: Kind, *fields: bytes, limit: int = _SHORT, data: bytes = b"") -> Reply:
        """Send a request; its answer comes later.

        Args:
            kind: What is asked.
            fields: The fields behind the id.
            limit: Most bytes that the answer may have.
            data: A last string, which is not copied.

        Raises:
            PyshareError: The connection has ended.
        """
        reply = Reply(limit)
        with self._lock:
            if self._error:
                raise copy.copy(self._error)
            label = next(self._ids) & 0xFFFFFFFF
            self._waiting[label] = reply
        parts = (number(label), *fields, *((number(len(data)),) if data else ()))
        size = 1 + sum(map(len, parts)) + len(data)
        head = b"".join((number(size), bytes((kind,)), *parts))
        self._outgoing.put((head, data) if data else (head,))
        return reply

    def wait(self, reply: Reply, heartbeat: Heartbeat) -> bytes:
        """The body of the answer, when it has come.

        Args:
            reply: What `send` returned.
            heartbeat: Called regularly meanwhile; an exception from it ends the wait.

        Raises:
            PyshareError: The connection has ended, or nothing came for too long.
        """
        began = time.monotonic()
        while not reply.come.wait(_EVERY):
            heartbeat()
            if time.monotonic() - max(self._moved, began) > self._patience:
                self.fail(Unreachable(f"{self._host} has not responded for {self._patience:.0f} seconds"))
        if reply.error:
            raise copy.copy(reply.error)
        return reply.body

    def garbled(self, error: Garbled) -> PyshareError:
        """End the connection to a server whose packets make no sense, and return the error that says so."""
        failure = NotAStore(f"{self._host} breaks the rules of SFTP: {error}")
        self.fail(failure)
        return copy.copy(failure)

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._error is None

    def fail(self, error: PyshareError) -> None:
        """End the connection; all jobs that wait get the error. Only the first call has an effect."""
        with self._lock:
            if self._error:
                return
            self._error = error
            left = [*self._waiting.values(), self._hello]
            self._waiting.clear()
        for reply in left:
            if not reply.come.is_set():
                reply.error = error
                reply.come.set()
        self._outgoing.put(None)
        self._program.kill()

    def _write(self) -> None:
        """Runs in a thread: writes what is sent, small packets together."""
        pipe = self._program.input
        with suppress(OSError, ValueError):  # the reader says why
            while batch := self._outgoing.get():
                blocks, size = list(batch), sum(map(len, batch))
                is_last = False
                with suppress(Empty):
                    while size < _TOGETHER:
                        more = self._outgoing.get_nowait()
                        if more is None:
                            is_last = True
                            break
                        blocks += more
                        size += sum(map(len, more))
                for block in _joined(blocks):
                    self._write_all(pipe, block)
                if is_last:
                    return

    def _write_all(self, pipe: IO[bytes], block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            rest = rest[pipe.write(rest) :]
            self._moved = time.monotonic()

    def _read(self) -> None:
        """Runs in a thread: hands each answer to the job that waits for it, until the connection ends."""
        pipe: _Reader = io.BufferedReader(cast("io.RawIOBase", self._program.output), _TOGETHER)
        try:
            self._read_hello(pipe)
            while head := pipe.read(9):
                self._moved = time.monotonic()
                self._deliver(pipe, head)
        except PyshareError as error:
            self.fail(error)
        except Garbled as error:
            self.garbled(error)
        except (OSError, ValueError):
            pass  # closed by us, or broken: as if it had ended
        if self.is_open:
            self.fail(self._program.why())
        self._program.dispose()

    def _read_hello(self, pipe: "_Reader") -> None:
        """The first packet; a server that is none sends text, whose first letters read as an enormous length."""
        head = pipe.read(5)
        size = int.from_bytes(head[:4], "big")
        if len(head) < 5:  # noqa: PLR2004  # a length and a kind
            if head:
                raise self._garbage(head)
            return
        if not 5 <= size <= MOST or head[4] != Kind.VERSION:  # noqa: PLR2004  # a kind and a version
            raise self._garbage(head + pipe.read1(200))
        self._hello.body = self._exactly(pipe, size - 1)
        self._hello.kind = Kind.VERSION
        self._hello.come.set()

    def _deliver(self, pipe: "_Reader", head: bytes) -> None:
        """Read the rest of a packet, and wake the job that waits for it.

        Args:
            pipe: From the server.
            head: Length, kind and id of the packet.
        """
        if len(head) < 9:  # noqa: PLR2004  # as read above
            return
        size, label = int.from_bytes(head[:4], "big") - 5, int.from_bytes(head[5:9], "big")
        with self._lock:
            reply = self._waiting.get(label)
        if reply is None:
            raise Garbled("an answer to nothing that was asked")
        if not 0 <= size <= reply.limit:
            raise Garbled("an answer is longer than what was asked")
        body = self._exactly(pipe, size)
        with self._lock:
            # Until its answer is whole, the job is among those that `fail` tells.
            if self._waiting.pop(label, None) is None:
                return
        reply.body, reply.kind = body, head[4]
        reply.come.set()

    def _exactly(self, pipe: "_Reader", size: int) -> bytes:
        body = pipe.read(size)
        if len(body) < size:
            raise OSError("the end in the middle of a packet")
        return body


def _greeting(body: bytes) -> tuple[int, dict[bytes, bytes]]:
    """The version and the extensions of a server."""
    fields, extensions = Fields(body), dict[bytes, bytes]()
    version = fields.number()
    while fields.has_more:
        name = fields.text()
        extensions[name] = fields.text()
        if len(extensions) > _MOST_EXTENSIONS:
            raise Garbled("it has too many extensions")
    return version, extensions


def _joined(blocks: list[bytes]) -> list[bytes]:
    """The blocks in order, small ones joined."""
    joined: list[bytes] = []
    small: list[bytes] = []
    for block in blocks:
        if len(block) < _TOGETHER // 2:
            small.append(block)
            continue
        joined += [b"".join(small), block] if small else [block]
        small = []
    return [*joined, b"".join(small)] if small else joined
