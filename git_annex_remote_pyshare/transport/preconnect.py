"""Connects sockets before the first request can be sent, which saves that request a round trip.

This needs no HTTP library, so it can connect while one is being imported.
"""

import re
import socket
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread, local
from typing import NamedTuple

from git_annex_remote_pyshare.config.proxies import is_proxied

CONNECT = 15.0
"""Seconds to wait for a connection."""

_FRESH = 10.0
"""Seconds after which an unused socket may be dead without having been closed."""

_PLAIN = re.compile(
    r"(https?)://([a-z0-9.-]*[a-z0-9]|\[[0-9a-f:.]+\])(?::([0-9]+))?(?:/.*)?", re.IGNORECASE | re.DOTALL
)
"""URLs whose host the HTTP library spells in the same way."""

_OWN_PORTS = {"http": 80, "https": 443}

Server = tuple[str, int]
"""Host and port."""


class _Ended(NamedTuple):
    """The result of connecting."""

    ready: socket.socket | None
    """None if it failed."""
    since: float
    """When, on the monotonic clock."""
    timed_out: bool = False

    @property
    def is_good(self) -> bool:
        """Whether the socket can be used: an unused one is readable only if the server has closed it."""
        from urllib3.util import wait_for_read  # noqa: PLC0415  # the caller has imported it

        return self.ready is not None and time.monotonic() - self.since < _FRESH and not wait_for_read(self.ready, 0)

    def close(self) -> None:
        """Close the socket."""
        if self.ready is not None:
            self.ready.close()


class Preconnector:
    """Unused sockets, which all jobs share."""

    def __init__(self) -> None:
        self._unclaimed: dict[Server, int] = {}
        """Number of sockets that are connected, or being connected, and not reserved yet."""
        self._ended: dict[Server, SimpleQueue[_Ended]] = {}
        self._changing = Lock()
        self._of_thread = local()
        self._is_closed = False
        weakref.finalize(self, _close_all, self._ended)  # for a store that is never closed

    def connect(self, url: str) -> None:
        """Connect for a request to `url` that the calling thread cannot send yet; at most once for each thread.

        Errors are left to the request, and TLS to the code that takes the socket.
        """
        if server := self._wanted(url):
            self._connect(server)

    def connect_meanwhile(self, url: str) -> None:
        """The same in the background."""
        if server := self._wanted(url):
            thread = Thread(target=self._connect, args=[server], name="preconnect", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # there are too many threads
                self._end(server, _Ended(None, 0))

    def take(self, server: Server) -> socket.socket | None:
        """A usable socket, or None; waits for one that is being connected.

        Raises:
            TimeoutError: Connecting took too long.
        """
        while self._claim(server):
            ended = self._ended[server].get()
            if ended.is_good:
                return ended.ready
            ended.close()
            if ended.timed_out:
                raise TimeoutError
        return None

    def close(self) -> None:
        """Close unused sockets, and connect no more."""
        with self._changing:
            self._is_closed = True
            for server, unclaimed in self._unclaimed.items():
                for _ in range(unclaimed):
                    with suppress(Empty):  # it arrives later, and is then closed
                        self._ended[server].get_nowait().close()
            self._unclaimed.clear()

    def _wanted(self, url: str) -> Server | None:
        """The server of `url`, counted with one socket more; None if the request must connect itself."""
        match = _PLAIN.fullmatch(url)
        if match is None or hasattr(self._of_thread, "has_connected") or is_proxied(url):
            return None
        self._of_thread.has_connected = True
        scheme = match[1].lower()
        server = (match[2].strip("[]").lower(), int(match[3] or _OWN_PORTS[scheme]))
        with self._changing:
            if self._is_closed:
                return None
            self._ended.setdefault(server, SimpleQueue())
            self._unclaimed[server] = self._unclaimed.get(server, 0) + 1
        return server

    def _connect(self, server: Server) -> None:
        ended = _Ended(None, 0)
        try:
            ready = socket.create_connection(server, CONNECT)
            ready.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ended = _Ended(ready, time.monotonic())
        except TimeoutError:
            ended = ended._replace(timed_out=True)
        except (OSError, OverflowError):
            pass  # the request reports the error
        finally:
            self._end(server, ended)

    def _end(self, server: Server, ended: _Ended) -> None:
        with self._changing:
            if self._is_closed:
                ended.close()
                ended = _Ended(None, 0)
            self._ended[server].put(ended)

    def _claim(self, server: Server) -> bool:
        with self._changing:
            if not self._unclaimed.get(server):
                return False
            self._unclaimed[server] -= 1
            return True


def _close_all(ended: Mapping[Server, SimpleQueue[_Ended]]) -> None:
    for sockets in ended.values():
        with suppress(Empty):
            while True:
                sockets.get_nowait().close()
