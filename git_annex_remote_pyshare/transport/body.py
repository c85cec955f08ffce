"""The bytes of a request that a file gives, read anew as often as they have to be sent."""

import hashlib
import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from git_annex_remote_pyshare.errors import SourceChanged
from git_annex_remote_pyshare.transfer import BLOCK, Progress, Source


class Body:
    """A source, or a part of it, as the body of a request.

    Args:
        source: Where they come from.
        progress: Told after each block that went out, in bytes from the source's beginning.
        start: Where in the source the body begins.
        size: Bytes of the body; all that are left if it is not given.
    """

    def __init__(self, source: Source, progress: Progress, start: int = 0, size: int | None = None) -> None:
        self.size = source.size - start if size is None else size
        self._start = start
        self._source = source
        self._progress = progress

    @contextmanager
    def blocks(self) -> Iterator[Iterator[memoryview]]:
        """The body once more from its beginning."""
        with self._source.open(self._start) as file:
            yield self._read(cast("io.RawIOBase", file))

    def _read(self, file: io.RawIOBase) -> Iterator[memoryview]:
        room = memoryview(bytearray(min(BLOCK, self.size)))
        done = 0
        while done < self.size:
            try:
                count = file.readinto(room[: self.size - done])
            except OSError as error:  # urllib3 would take it for a broken connection
                raise SourceChanged(f"cannot go on reading the file to store: {error.strerror}") from error
            if not count:
                raise SourceChanged("the file became shorter while it was being stored")
            yield room[:count]
            done += count
            self._progress(self._start + done)


class Hashed(Body):
    """Once all of it was sent, `digest` is the SHA-256 of what was sent last, in hex; until then it is empty."""

    digest = ""

    @contextmanager
    def blocks(self) -> Iterator[Iterator[memoryview]]:
        """See `Body.blocks`."""
        self.digest = ""
        with super().blocks() as blocks:
            yield self._hashed(blocks)

    def _hashed(self, blocks: Iterator[memoryview]) -> Iterator[memoryview]:
        hasher = hashlib.sha256()
        for block in blocks:
            hasher.update(block)
            yield block
        self.digest = hasher.hexdigest()


def digest_of(source: Source, start: int, size: int) -> str:
    """The SHA-256 of a part of a source, in hex.

    Raises:
        SourceChanged: The file has not so many bytes any more.
    """
    body = Hashed(source, lambda _: None, start, size)
    with body.blocks() as blocks:
        deque(blocks, maxlen=0)
    return body.digest
