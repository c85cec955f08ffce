"""A request body that is hashed while it is sent, or without being sent."""

import hashlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Literal

from git_annex_remote_pyshare.transfer import Source
from git_annex_remote_pyshare.transport.body import Body


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
