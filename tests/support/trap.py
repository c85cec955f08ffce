"""A port of this machine that no honest program contacts, and the tree of files that none changes."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread


class Trap:
    """Listens, and records what each connection sends first."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.heard: list[bytes] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self.heard.append(b"")  # also one that sends nothing
                connection.settimeout(2)
                self.heard[-1] = connection.recv(65536)
                connection.sendall(self._answer(self.heard[-1]))


def _gone(_request: bytes) -> bytes:
    return b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@contextmanager
def trap(answer: Callable[[bytes], bytes] = _gone) -> Iterator[Trap]:
    """A trap for the time of the block; it answers each request by what `answer` returns."""
    made = Trap(answer)
    try:
        yield made
    finally:
        made.close()


def tree(folder: Path, without: Path | None = None) -> dict[str, object]:
    """What is in a folder: path → content, or where a link leads; without one folder in it."""
    found: dict[str, object] = {}
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if Path(root, name) != without]
        for name in (*folders, *files):
            path = Path(root, name)
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            found[str(path.relative_to(folder))] = content
    return found
