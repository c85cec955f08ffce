"""Provides local files for tests of stores: sources, sinks, and files that change while they are read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from git_annex_remote_pyshare.backends.base import Backend, Receipt
from git_annex_remote_pyshare.transfer import Sink, Source

__all__ = ["Desk", "Growing", "Shrinking", "body_of", "content", "nobody"]


def nobody(_done: int) -> None:
    """A progress callback that ignores its value."""


def body_of(size: int, seed: bytes = b"pyshare") -> bytes:
    """Return `size` bytes in which no two blocks are equal, and no block is all zeros."""
    piece = b"".join(sha256(seed + number.to_bytes(4, "big")).digest() for number in range(2048))
    stamped = (number.to_bytes(4, "big") + piece for number in range(size // len(piece) + 1))
    return b"".join(stamped)[:size]


class Desk:
    """Local files to store from and to retrieve into."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def source(self, body: bytes, kind: type[Source] = Source) -> Source:
        """A new file with this content, as a source."""
        return kind(self._new(body))

    def sink(self, body: bytes | None = None) -> Sink:
        """A sink for a new file, or for a file that already has this content."""
        return Sink(self._new(body))

    def put(self, store: Backend, name: str, body: bytes) -> Receipt:
        """Store these bytes as object `name`."""
        return store.put(name, self.source(body), nobody)

    def get(self, store: Backend, name: str) -> bytes:
        """Retrieve an object into a new file, and return its content."""
        sink = self.sink()
        store.get(name, sink, nobody)
        return content(sink)

    def _new(self, body: bytes | None) -> str:
        self._count += 1
        path = self._folder / f"file {self._count}"
        if body is not None:
            path.write_bytes(body)
        return str(path)


def content(sink: Sink) -> bytes:
    """The current content of the sink; empty if there is no file."""
    return Path(os.fsdecode(sink.path)).read_bytes() if os.path.exists(sink.path) else b""


class Shrinking(Source):
    """A file that loses half of its bytes as soon as it is opened."""

    @contextmanager
    def open(self, offset: int = 0) -> Iterator[BinaryIO]:
        with super().open(offset) as file:
            os.truncate(self.path, self.size // 2)
            yield file


class Growing(Source):
    """A file that grows as soon as it is opened."""

    @contextmanager
    def open(self, offset: int = 0) -> Iterator[BinaryIO]:
        with super().open(offset) as file:
            with open(self.path, "ab") as other:
                other.write(b"more")
            yield file
