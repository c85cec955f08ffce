"""The WebDAV server: the tests' Apache."""

import contextlib
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from server import Server, reached

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from support import servers  # the tests are no package


class Dav(Server):
    """A server whose places are folders.

    Args:
        started: The tests' server.
        url: How it is reached.
    """

    service = "webdav"
    mark = b"\n"

    def __init__(self, started: servers.Server, url: str) -> None:
        super().__init__(url, started.user, started.password, started.log)
        self._folder = started.folder

    def make_place(self, name: str) -> None:
        """Make an empty folder."""
        folder = self._folder / name
        folder.mkdir()
        folder.chmod(0o777)  # Apache may run as somebody else

    def fill(self, place: str, names: Iterable[str]) -> None:
        """Write files of one byte into folders into which Apache may write, too, without a request."""
        for name in names:
            path = self._folder / place / name
            if not path.parent.exists():
                path.parent.mkdir()
                path.parent.chmod(0o777)
            path.write_bytes(b"x")

    def remove_place(self, name: str) -> None:
        """Remove a folder and what is in it, without a request."""
        shutil.rmtree(self._folder / name)


@contextlib.contextmanager
def apache(folder: Path, rtt: float) -> Iterator[Dav]:
    """Apache on a free port; a folder of WebDAV, for one user.

    Args:
        folder: An empty folder, which is served.
        rtt: Round trip in seconds to put before it.

    Raises:
        SystemExit: Apache is not installed.
    """
    try:
        with servers.apache(folder) as started, reached(started.url, rtt) as url:
            yield Dav(started, url)
    except servers.Missing as missing:
        sys.exit(f"not on this machine: {missing}")
