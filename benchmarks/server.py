"""A server that all are measured on: how it is reached, what it has answered, and empty places for remotes."""

import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from relay import relay


class Server(ABC):
    """A running server.

    Args:
        url: How it is reached, perhaps through a relay.
        user: Whom it knows.
        password: That one's.
        log: Where it notes what it answers; empty where it keeps no such log.
    """

    service: str
    """What it speaks: a name in `remotes.SERVICES`."""
    mark: bytes
    """What stands in the log once for each answered request; empty where they are not counted."""
    programs: tuple[Path, ...] = ()
    """Folders with programs that all use who talk to it."""

    def __init__(self, url: str, user: str, password: str, log: Path) -> None:
        self.url = url
        self.user = user
        self.password = password
        self._log = log
        self._read = 0

    def requests(self) -> int:
        """Requests answered since this was last asked; 0 where nobody counts them."""
        with self._log.open("rb") as log:
            log.seek(self._read)
            new = log.read()
        self._read += len(new)
        return new.count(self.mark) if self.mark else 0

    @property
    def rclone(self) -> str:
        """The remote `server` in rclone's configuration; empty where that of its service will do."""
        return ""

    @abstractmethod
    def make_place(self, name: str) -> None:
        """Make an empty place at `url` + `/` + `name`."""

    @abstractmethod
    def remove_place(self, name: str) -> None:
        """Remove a place and what is in it; of requests for that none is counted, or they are no matter."""


@contextlib.contextmanager
def reached(url: str, rtt: float, rate: float = math.inf, upload_rate: float | None = None) -> Iterator[str]:
    """The URL by which a server is reached over such a line; its own where nothing is to be slow.

    Args:
        url: The server's own.
        rtt: Round trip in seconds.
        rate: Bytes per second of each connection to the client.
        upload_rate: The same to the server; as much as `rate` if it is None.
    """
    if not rtt and rate == math.inf:
        yield url
        return
    parts = urlsplit(url)
    with relay(parts.port or 80, rtt, rate, upload_rate) as port:
        yield f"{parts.scheme}://{parts.hostname}:{port}"
