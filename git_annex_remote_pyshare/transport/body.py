"""Reads the body of a request from a file, as often as it is sent, and hashes it if needed."""

import hashlib
import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Literal, cast

from git_annex_remote_pyshare.errors import SourceChanged
from git_annex_remote_pyshare.transfer import BLOCK, Progress, Source


class Body:
    """A source, or a part of it, as the body of a request.

    Args:
        source: The file.
        progress: Called after each block that was sent, with bytes counted from the source's beginning.
        start: Offset in the source at which the body begins.
        size: Bytes of the body; None for the rest of the source.
    """

    def __init__(self, source: Source, progress: Progress, start: int = 0, size: int | None = None) -> None:
        self.size = source.size - start if size is None else size
        self._start = start
        self._source = source
        self._progress = progress

    @contextmanager
    def blocks(self) -> Iterator[Iterator[memoryview]]:
        """The blocks of the body, from its beginning."""
        with self._source.open(self._start) as file:
            yield self._read(cast("io.RawIOBase", file))

    def _read(self, file: io.RawIOBase) -> Iterator[memoryview]:
        buffer = memoryview(bytearray(min(BLOCK, self.size)))
        done = 0
        while done < self.size:
            try:
                count = file.readinto(buffer[: self.size - done])
            except OSError as error:  # urllib3 would report a broken connection
                raise SourceChanged(f"cannot go on reading the file to store: {error.strerror}") from error
            if not count:
                raise SourceChanged("the file became shorter while it was being stored")
            yield buffer[:count]
            done += count
            self._progress(self._start + done)


class Hashed(Body):
    """A body with a SHA-256 checksum; a subclass may name another algorithm.

    Once all of it is sent, `digest` is the checksum, in hex, of what was sent last; until then it is empty.
    """

    algorithm: ClassVar[Literal["sha256", "md5"]] = "sha256"
    digest = ""

    @contextmanager
    def blocks(self) -> Iterator[Iterator[memoryview]]:
        """See `Body.blocks`."""
        self.digest = ""
        with super().blocks() as blocks:
            yield self._hashed(blocks)

    def _hashed(self, blocks: Iterator[memoryview]) -> Iterator[memoryview]:
        hasher = hashlib.new(self.algorithm, usedforsecurity=False)
        for block in blocks:
            hasher.update(block)
            yield block
        self.digest = hasher.hexdigest()


def digest_of(source: Source, start: int, size: int, kind: type[Hashed] = Hashed) -> str:
    """The checksum of a part of a source, in hex.

    Args:
        source: The file.
        start: Offset of the part, in bytes.
        size: Bytes of the part.
        kind: Names the algorithm.

    Raises:
        SourceChanged: The file is now shorter.
    """
    body = kind(source, lambda _: None, start, size)
    with body.blocks() as blocks:
        deque(blocks, maxlen=0)
    return body.digest
