"""A far-away server: a TCP relay that lets everything arrive later, and nothing slower unless it is told a rate.

It is a delay line, not stop-and-wait: bytes that are sent while others are on their way arrive the same time after
them. Each direction takes half of the round trip. A client of this relay is connected at once by its own kernel, so
what it sends in the first round trip is held back until a connection over the long way would have been there.
TCP's slow start is not imitated: a single stream is faster here than on a real line of that length.
With a rate each connection has that bandwidth for itself: as on long lines, where losses hold each one down. The rate
holds each way, or only towards the client, so that what is to be got is stored sooner.

    python relay.py TARGET_PORT RTT_MS [BYTES_PER_SECOND [BYTES_PER_SECOND_TO_THE_SERVER]]

prints the port that it listens on; ends with its standard input.
"""

import asyncio
import contextlib
import math
import selectors
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from typing import cast

IN_FLIGHT = 64 * 1024 * 1024
"""Bytes that one direction of a connection may hold: space for 64 MiB in half a round trip."""

BUFFER = 256 * 1024
"""Bytes that wait for their turn besides, where there is a rate."""


class Line(asyncio.Protocol):
    """One end of a connection; what it receives comes out of `other` half a round trip later.

    Args:
        delay: Seconds from here to the other end.
        rate: Bytes per second that go out here.
    """

    def __init__(self, delay: float, rate: float) -> None:
        self.delay = delay
        self._rate = rate
        self._busy_until = 0.0
        self._most_on_the_way = min(IN_FLIGHT, rate * delay + BUFFER)
        self.other: Line | None = None
        self.opens = 0.0
        self._way: deque[tuple[float, bytes]] = deque()
        self._on_the_way = 0
        self._timer: asyncio.TimerHandle | None = None
        self._blocked = False
        self._ended = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the socket; small packets are not to wait for each other."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Send bytes on their way."""
        self._send(data)
        self._on_the_way += len(data)
        if self._on_the_way > self._most_on_the_way:
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """The end of what is sent takes as long as all the rest; the other direction stays open."""
        self._send(b"")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the other end know, behind all that is still on its way."""
        self._send(b"")
        if self.other and exc:
            asyncio.get_running_loop().call_later(self.delay, self.other.transport.abort)

    def pause_writing(self) -> None:
        """Our socket takes no more: hold back what comes from the other end."""
        if self.other:
            self.other.block()

    def resume_writing(self) -> None:
        """Our socket takes bytes again."""
        if self.other:
            self.other.unblock()

    def block(self) -> None:
        """Let nothing out at the other end."""
        self._blocked = True

    def unblock(self) -> None:
        """Let out what has arrived meanwhile."""
        self._blocked = False
        self._deliver()

    def begin(self, other: "Line") -> None:
        """The other end is there now."""
        self.other = other
        self._deliver()

    def _send(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        self._busy_until = max(now, self.opens, self._busy_until) + len(data) / self._rate
        self._way.append((self._busy_until + self.delay, data))
        self._wait()

    def _wait(self) -> None:
        """Have `_deliver` called when the first bytes on the way arrive."""
        if self._way and self.other and not self._timer and not self._blocked:
            self._timer = asyncio.get_running_loop().call_at(self._way[0][0], self._deliver)

    def _deliver(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        now = asyncio.get_running_loop().time()
        while self.other and self._way and self._way[0][0] <= now and not self._blocked:
            _, data = self._way.popleft()
            self._on_the_way -= len(data)
            self._hand_over(self.other.transport, data)
        if self._on_the_way <= self._most_on_the_way and not self.transport.is_closing():
            self.transport.resume_reading()
        self._wait()

    def _hand_over(self, target: asyncio.Transport, data: bytes) -> None:
        if data:
            target.write(data)
        else:
            self._end(target)

    def _end(self, target: asyncio.Transport) -> None:
        """Close one direction; both sockets, when the other direction is closed as well."""
        self._ended = True
        if self.transport.is_closing() or (self.other and self.other._ended):  # noqa: SLF001  # one of us
            target.close()
            self.transport.close()
        elif not target.is_closing():
            with contextlib.suppress(OSError):  # the target may be gone already
                target.write_eof()


async def serve(target_port: int, rtt: float, rate: float, upload_rate: float) -> None:
    """Relay connections to a port of this machine until standard input ends.

    Args:
        target_port: Where the server listens.
        rtt: Round trip in seconds.
        rate: Bytes per second of each connection to the client.
        upload_rate: The same to the server.
    """
    loop = asyncio.get_running_loop()
    connecting: set[asyncio.Task[None]] = set()

    async def connect(near: Line) -> None:
        _, far = await loop.create_connection(lambda: Line(rtt / 2, rate), "127.0.0.1", target_port)
        far.begin(near)
        near.begin(far)

    class Near(Line):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.opens = loop.time() + rtt
            task = loop.create_task(connect(self))
            connecting.add(task)
            task.add_done_callback(connecting.discard)

    server = await loop.create_server(lambda: Near(rtt / 2, upload_rate), "127.0.0.1", 0, backlog=100)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)


@contextlib.contextmanager
def relay(target_port: int, rtt: float, rate: float = math.inf, upload_rate: float | None = None) -> Iterator[int]:
    """A relay in a process of its own; gives the port that it listens on.

    Args:
        target_port: Where the server listens.
        rtt: Round trip in seconds.
        rate: Bytes per second of each connection to the client.
        upload_rate: The same to the server; as much as `rate` if it is None.
    """
    rates = (rate, rate if upload_rate is None else upload_rate)
    command = [sys.executable, __file__, str(target_port), str(rtt * 1000), *map(str, rates)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield int(process.stdout.readline())
        process.stdin.close()


def main() -> None:
    """Serve as the command line says."""
    target_port, rtt_ms, *rest = sys.argv[1:]
    rates = [float(rate) for rate in rest] or [math.inf]
    # epoll waits in whole milliseconds, which would be seen in a round trip; select does not.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(serve(int(target_port), float(rtt_ms) / 1000, rates[0], rates[-1]))


if __name__ == "__main__":
    main()
