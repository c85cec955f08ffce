"""Sockets that are connected ahead, by jobs that may not send yet: when they may, a round trip is over already."""

import socket
from collections import defaultdict
from contextlib import suppress

from urllib3.util import wait_for_read

Server = tuple[str, int]
"""Host and port."""


class Ahead:
    """Connected sockets on which nothing was sent yet; jobs share them."""

    def __init__(self) -> None:
        self._ready: defaultdict[Server, list[socket.socket]] = defaultdict(list)

    def add(self, server: Server, ready: socket.socket) -> None:
        """Keep a socket for whichever request needs the next new connection to the server."""
        self._ready[server].append(ready)

    def take(self, server: Server) -> socket.socket | None:
        """A socket that the server has not closed meanwhile, or None."""
        with suppress(IndexError):  # there is none, or none that is left by the other jobs
            while True:
                ready = self._ready[server].pop()
                if not wait_for_read(ready, 0):
                    return ready
                ready.close()
        return None

    def close(self) -> None:
        """Close those that nobody needed."""
        for waiting in list(self._ready.values()):
            while waiting:
                waiting.pop().close()
