"""A line to a real sshd that breaks when a test says so: it is cut, stands still, or turns over the bits of a byte."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import NamedTuple

from support.counting_relay import Relay

_BLOCK = 1 << 16


class Break(NamedTuple):
    """What happens to the line, once."""

    kind: str
    """`cut`, `stall` or `garble`."""
    way: str
    """`up` to the server, or `down`."""
    after: int
    """Bytes that still go through that way."""


class BreakingLine(Relay):
    """Passes on what comes until it breaks; the next connection is whole again.

    Args:
        port: The server's on loopback.
    """

    def __init__(self, port: int) -> None:
        super().__init__("127.0.0.1", port)
        self.received = 0
        """Bytes that clients were sent."""
        self.broken = 0
        """How often it did break."""
        self._next: Break | None = None
        self._over = Event()
        self._lock = Lock()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.host.rpartition(":")[2])

    def breaks(self, kind: str, way: str, after: int) -> None:
        """Let it break; see `Break`."""
        with self._lock:
            self._next = Break(kind, way, after)

    def close(self) -> None:
        self._over.set()
        super().close()

    def _pass(self, giver: socket.socket, taker: socket.socket) -> None:
        way = "up" if taker.getpeername() == self._server else "down"
        with suppress(OSError):
            while block := giver.recv(_BLOCK):
                fault, at = self._fault(way, len(block))
                if fault is None:
                    taker.sendall(block)
                elif fault.kind == "garble":
                    taker.sendall(block[:at] + bytes([block[at] ^ 0xFF]) + block[at + 1 :])
                else:
                    taker.sendall(block[:at])
                    if fault.kind == "stall":
                        self._over.wait(60)
                    break
        for end in (giver, taker):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _fault(self, way: str, size: int) -> tuple[Break | None, int]:
        """What happens within the next bytes that way, and at which of them; counts them."""
        with self._lock:
            if way == "up":
                self.sent += size
            else:
                self.received += size
            fault = self._next
            if fault is None or fault.way != way:
                return None, 0
            if fault.after >= size:
                self._next = fault._replace(after=fault.after - size)
                return None, 0
            self._next = None
            self.broken += 1
            return fault, fault.after


@contextmanager
def breaking(port: int) -> Iterator[BreakingLine]:
    """A line to the server at a port of loopback."""
    line = BreakingLine(port)
    Thread(target=line.serve, daemon=True).start()
    try:
        yield line
    finally:
        line.close()
