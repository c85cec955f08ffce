"""A line to a real HTTP server that fails as its schedule says (fault_schedule.py), and counts what goes over it.

A client talks to it as if it were the server, and the Host that it names is passed on as it is: so signatures and the
Destination of a MOVE stay valid, since a server holds them against the Host that it sees. It knows HTTP/1.1 as far as
to tell messages apart; of each client's connection it makes one to the server, and keeps both alive.
"""

import contextlib
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from select import select
from threading import Event, Lock, Thread
from typing import BinaryIO, NamedTuple

from support.fault_schedule import Fault, Schedule

STALL = 2.0
"""Seconds that a stall lasts: longer than the patience of any client under test."""

_BLOCK = 1 << 16


class Seen(NamedTuple):
    """A request that came."""

    method: str
    path: str
    fault: Fault


class FaultProxy:
    """See the top of the file.

    Args:
        server: Host and port of the server.
    """

    def __init__(self, server: str) -> None:
        host, _, port = server.partition(":")
        self.server = (host, int(port))
        self.schedule = Schedule()
        """What is to go wrong; a test puts another one in its place."""
        self.latency = 0.0
        """Seconds that each answer comes later."""
        self.requests: list[Seen] = []
        self.sent = 0
        """Bytes that clients have sent, heads too."""
        self.received = 0
        """Bytes that clients were sent."""
        self.ended = Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._lock = Lock()
        self._clients: set[socket.socket] = set()

    @property
    def host(self) -> str:
        """Where it listens: host and port."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def url(self) -> str:
        """The same as a URL without a slash at the end."""
        return f"http://{self.host}"

    def fail(self, schedule: str) -> None:
        """From now on, this goes wrong, and nothing else."""
        self.schedule = Schedule(schedule)

    def met(self, request: "_Message") -> Fault:
        """A request has come: what goes wrong with it."""
        method, path = request.words[:2]
        fault = self.schedule.next(method)
        with self._lock:
            self.requests.append(Seen(method, path, fault))
        return fault

    def count(self, way: str, count: int) -> None:
        """So many bytes went up or down."""
        with self._lock:
            if way == "up":
                self.sent += count
            else:
                self.received += count

    def serve(self) -> None:
        """Until `close`."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._connect, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Break all connections."""
        self.ended.set()
        with self._lock:
            for end in (self._listener, *self._clients):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _connect(self, client: socket.socket) -> None:
        with self._lock:
            self._clients.add(client)
        try:
            with suppress(OSError, _End):
                _Line(self, client).serve()
        finally:
            with self._lock:
                self._clients.discard(client)
                client.close()


class _End(Exception):
    """The connection ends here.

    Args:
        kind: The word for it in the schedule.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class _Line:
    """One client's connection.

    Args:
        proxy: Knows what goes wrong.
        client: The connection.
    """

    def __init__(self, proxy: FaultProxy, client: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server: socket.socket | None = None
        self._fault = Fault()
        _quick(client)

    def serve(self) -> None:
        """All requests of the connection."""
        with ExitStack() as ends:
            requests = ends.enter_context(self._client.makefile("rb"))
            try:
                while request := _message(requests):
                    self._fault = self._proxy.met(request)
                    self._answer(request, requests, ends)
            except _End as end:
                self._end(end.kind)

    def _answer(self, request: "_Message", requests: BinaryIO, ends: ExitStack) -> None:
        if self._fault.kind == "reset":
            raise _End("reset")
        if self._fault.kind == "status":
            for block in request.body(requests):
                self._proxy.count("up", len(block))
            self._client.sendall(_refusal(self._fault))
            return
        server = self._connected(ends)
        is_sent = self._send(request, requests, server)
        self._pass_answer(request, server)
        if not is_sent:
            raise _End("close")  # the client still sends what nobody wants

    def _connected(self, ends: ExitStack) -> socket.socket:
        """The connection to the server; a new one when it has closed the last one meanwhile."""
        if self._server is None or select([self._server], [], [], 0)[0]:
            self._server = ends.enter_context(socket.create_connection(self._proxy.server))
            _quick(self._server)
        return self._server

    def _send(self, request: "_Message", requests: BinaryIO, server: socket.socket) -> bool:
        """Whether the server took the whole request; else it has answered before."""
        with suppress(ConnectionError):
            for block in self._spoilt("up", request.head, request.body(requests)):
                server.sendall(block)
                self._proxy.count("up", len(block))
                if len(block) == _BLOCK and select([server], [], [], 0)[0]:
                    return False
            return True
        return False

    def _pass_answer(self, request: "_Message", server: socket.socket) -> None:
        with server.makefile("rb") as answers:
            answer = _message(answers)
            while answer and answer.words[1].startswith("1"):
                answer = _message(answers)
            if not answer:
                raise _End("close")
            body = answer.body(answers, is_answer=True, is_bodiless=request.words[0] == "HEAD")
            if self._fault.kind == "swallow":
                for _ in body:
                    pass
                raise _End("swallow")
            time.sleep(self._proxy.latency)
            for block in self._spoilt("down", answer.head, body):
                self._client.sendall(block)
                self._proxy.count("down", len(block))
            if answer.is_last:
                raise _End("close")

    def _spoilt(self, way: str, head: bytes, body: Iterator[bytes]) -> Iterator[bytes]:
        """The blocks of a message as they go on."""
        fault = self._fault
        if fault.kind == "slow":
            return _slowly(chain([head], body), fault.number)
        if fault.way != way:
            return chain([head], body)
        if fault.kind == "corrupt":
            return chain([head], _corrupted(body, fault.number))
        return _ended(head, body, fault)

    def _end(self, kind: str) -> None:
        if kind == "stall":
            self._proxy.ended.wait(STALL)
        if kind in {"reset", "cut"}:
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_WR)


class _Message(NamedTuple):
    """A request or an answer, without its body."""

    head: bytes
    words: list[str]
    """Of its first line."""
    headers: Mapping[str, str]
    """Name in small letters → value."""

    @property
    def is_last(self) -> bool:
        """Whether no other answer follows on its connection."""
        return self.headers.get("connection", "").lower() == "close"

    def body(self, file: BinaryIO, *, is_answer: bool = False, is_bodiless: bool = False) -> Iterator[bytes]:
        """The blocks behind the head, as they are: a body in chunks with its marks (RFC 9112 6)."""
        if is_bodiless or (is_answer and self.words[1] in {"204", "304"}):
            return iter(())
        if "chunked" in self.headers.get("transfer-encoding", ""):
            return _chunks(file)
        if "content-length" in self.headers:
            return _blocks(file, int(self.headers["content-length"]))
        return iter(lambda: file.read(_BLOCK), b"") if is_answer else iter(())


def _message(file: BinaryIO) -> _Message | None:
    """The next one; None at the end."""
    lines = []
    while (line := file.readline()).strip():
        lines.append(line)
    if not lines or not line:
        return None
    first, *others = (line.decode("latin-1").strip() for line in lines)
    pairs = (other.partition(":") for other in others)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return _Message(b"".join([*lines, line]), first.split(), headers)


def _blocks(file: BinaryIO, count: int) -> Iterator[bytes]:
    while count and (block := file.read(min(count, _BLOCK))):
        count -= len(block)
        yield block
    if count:
        raise _End("close")


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    size = 1
    while size:
        line = file.readline()
        if not line:
            raise _End("close")
        yield line
        size = int(line.split(b";")[0], 16)
        yield from _blocks(file, size)
        yield file.readline()  # without trailers, which nobody here sends


def _slowly(blocks: Iterable[bytes], rate: int) -> Iterator[bytes]:
    """At so many bytes per second."""
    piece = max(1, min(_BLOCK, rate // 20))
    for block in blocks:
        for start in range(0, len(block), piece):
            part = block[start : start + piece]
            time.sleep(len(part) / rate)
            yield part


def _corrupted(blocks: Iterable[bytes], at: int) -> Iterator[bytes]:
    for block in blocks:
        if 0 <= at < len(block):
            yield block[:at] + bytes([block[at] ^ 0xFF]) + block[at + 1 :]
        else:
            yield block
        at -= len(block)


def _ended(head: bytes, body: Iterable[bytes], fault: Fault) -> Iterator[bytes]:
    """What comes before the fault's byte, never the last byte; and then the end."""
    at = fault.number
    for block in _but_the_last_byte(body):
        yield head + block[:at]
        at -= len(block)
        head = b""
        if at <= 0:
            break
    raise _End(fault.kind)


def _but_the_last_byte(blocks: Iterable[bytes]) -> Iterator[bytes]:
    kept = b""
    for block in blocks:
        if block:
            if kept:
                yield kept
            yield block[:-1]
            kept = block[-1:]


def _refusal(fault: Fault) -> bytes:
    patience = "" if fault.after is None else f"Retry-After: {fault.after}\r\n"
    return f"HTTP/1.1 {fault.number} Fault\r\n{patience}Content-Length: 0\r\n\r\n".encode()


def _quick(end: socket.socket) -> None:
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@contextmanager
def faulty(server: str) -> Iterator[FaultProxy]:
    """A line to the server at that host and port."""
    proxy = FaultProxy(server)
    thread = Thread(target=proxy.serve, daemon=True)
    thread.start()
    with contextlib.closing(proxy):
        yield proxy
