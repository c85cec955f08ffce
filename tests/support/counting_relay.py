"""A line to a server that counts what is sent on it."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Condition, Thread

_BLOCK = 1 << 16


class Relay:
    """Passes on whatever comes, both ways.

    Args:
        host: The server's.
        port: The server's.
        delay: Seconds that everything is held back each way; what follows waits behind it.
    """

    def __init__(self, host: str, port: int, delay: float = 0) -> None:
        self._server = (host, port)
        self._delay = delay
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._changed = Condition()
        self.sent = 0
        """Bytes that clients have sent, headers too."""

    @property
    def host(self) -> str:
        """Where it listens: host and port."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def wait_for(self, count: int, patience: float = 60) -> bool:
        """Whether clients have sent so many bytes, after waiting for it for so many seconds at most."""
        with self._changed:
            return self._changed.wait_for(lambda: self.sent >= count, patience)

    def serve(self) -> None:
        """Until `close`."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._connect, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _connect(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._server) as server:
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = Thread(target=self._pass, args=(server, client), daemon=True)
            back.start()
            self._pass(client, server)
            back.join()

    def _pass(self, giver: socket.socket, taker: socket.socket) -> None:
        is_upwards = taker.getpeername() == self._server
        with suppress(OSError):
            while block := giver.recv(_BLOCK):
                time.sleep(self._delay)
                taker.sendall(block)
                if is_upwards:
                    self._count(len(block))
        with suppress(OSError):
            taker.shutdown(socket.SHUT_WR)

    def _count(self, count: int) -> None:
        with self._changed:
            self.sent += count
            self._changed.notify_all()


@contextmanager
def relayed(host: str, delay: float = 0) -> Iterator[Relay]:
    """A line to the server at `host`, which is host and port; `delay` as for `Relay`."""
    name, _, port = host.partition(":")
    relay = Relay(name, int(port), delay)
    Thread(target=relay.serve, daemon=True).start()
    try:
        yield relay
    finally:
        relay.close()
