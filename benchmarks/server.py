"""The WebDAV server that all are measured on: the tests' Apache, its requests counted from its log."""

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from relay import relay

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
import servers  # the tests are no package


class Server:
    """A running server.

    Args:
        started: The tests' server.
        url: How it is reached, perhaps through a relay.
    """

    def __init__(self, started: servers.Server, url: str) -> None:
        self.url = url
        self.user = started.user
        self.password = started.password
        self._started = started
        self._counted = 0

    def requests(self) -> int:
        """Requests answered since this was last asked."""
        answered = self._started.log.read_bytes().count(b"\n")
        new, self._counted = answered - self._counted, answered
        return new

    def make_folder(self, name: str) -> str:
        """Make an empty folder; returns its URL."""
        folder = self._started.folder / name
        folder.mkdir()
        folder.chmod(0o777)  # Apache may run as somebody else
        return f"{self.url}/{name}"

    def remove_folder(self, name: str) -> None:
        """Remove a folder and what is in it, without a request."""
        shutil.rmtree(self._started.folder / name)


@contextlib.contextmanager
def apache(folder: Path, rtt: float) -> Iterator[Server]:
    """Apache on a free port; a folder of WebDAV, for one user.

    Args:
        folder: An empty folder, which is served.
        rtt: Round trip in seconds to put before it.

    Raises:
        SystemExit: Apache is not installed.
    """
    try:
        with servers.apache(folder) as started, _reached(started.url, rtt) as url:
            yield Server(started, url)
    except servers.Missing as missing:
        sys.exit(f"not on this machine: {missing}")


@contextlib.contextmanager
def _reached(url: str, rtt: float) -> Iterator[str]:
    """The URL by which a server is reached over a line of that round trip in seconds; its own without one."""
    if not rtt:
        yield url
        return
    parts = urlsplit(url)
    with relay(parts.port or 80, rtt) as port:
        yield f"{parts.scheme}://{parts.hostname}:{port}"
