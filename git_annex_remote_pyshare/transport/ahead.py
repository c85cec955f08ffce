"""Sockets that are connected ahead, while nobody can send yet: when a job can, a round trip is over already.

Needs no HTTP library, so that it can connect while one is being imported.
"""

import socket
import weakref
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, local

from git_annex_remote_pyshare.transport.proxies import proxy_of

CONNECT = 15.0
"""Seconds to wait for a connection."""

Server = tuple[str, int]
"""Host and port."""

_OWN_PORTS = {"http": 80, "https": 443}


class Ahead:
    """Sockets on which nothing was sent yet; jobs share them."""

    def __init__(self) -> None:
        self._coming: defaultdict[Server, int] = defaultdict(int)
        """How many sockets are connected, or being connected, that nobody has claimed."""
        self._ended: defaultdict[Server, SimpleQueue[socket.socket | None]] = defaultdict(SimpleQueue)
        """What came of them; None for one that could not be connected."""
        self._changing = Lock()
        self._of_thread = local()
        self._is_closed = False
        weakref.finalize(self, _close_all, self._ended)  # for a store that nobody closes

    def connect(self, url: str) -> None:
        """Connect for a request to `url` that the calling thread cannot send yet; once, since it needs no second one.

        What hinders that, the request tells. TLS is left to whoever takes the socket.
        """
        if proxy_of(url) or hasattr(self._of_thread, "has_connected"):
            return
        self._of_thread.has_connected = True
        from urllib.parse import urlsplit  # noqa: PLC0415  # nothing before a request needs it

        parts = urlsplit(url)
        server = (parts.hostname or "", parts.port or _OWN_PORTS[parts.scheme])
        with self._changing:
            self._coming[server] += 1
        self._end(server, _connected(server))

    def take(self, server: Server) -> socket.socket | None:
        """A socket that the server has not closed meanwhile, or None; waits for one that is being connected."""
        while self._claim(server):
            ready = self._ended[server].get()
            if ready is None or not _is_over(ready):
                return ready
            ready.close()
        return None

    def close(self) -> None:
        """Close those that nobody needed."""
        with self._changing:
            self._is_closed = True
            for server, unclaimed in self._coming.items():
                ended = self._ended[server]
                for _ in range(min(unclaimed, ended.qsize())):
                    _close(ended.get())
            self._coming.clear()

    def _claim(self, server: Server) -> bool:
        with self._changing:
            if not self._coming[server]:
                return False
            self._coming[server] -= 1
            return True

    def _end(self, server: Server, ready: socket.socket | None) -> None:
        with self._changing:
            if self._is_closed:
                _close(ready)
                ready = None
            self._ended[server].put(ready)


def _connected(server: Server) -> socket.socket | None:
    with suppress(OSError, UnicodeError):  # the latter for a host that no name can have
        ready = socket.create_connection(server, CONNECT)
        ready.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return ready
    return None


def _is_over(ready: socket.socket) -> bool:
    """Whether the server has closed it: of nothing else can one hear that was told nothing."""
    from urllib3.util import wait_for_read  # noqa: PLC0415  # whoever takes a socket has it

    return wait_for_read(ready, 0)


def _close_all(ended: Mapping[Server, SimpleQueue[socket.socket | None]]) -> None:
    for sockets in ended.values():
        while not sockets.empty():
            _close(sockets.get())


def _close(ready: socket.socket | None) -> None:
    if ready is not None:
        ready.close()
