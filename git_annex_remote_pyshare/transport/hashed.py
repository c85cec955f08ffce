"""A request's body that is hashed while it is sent, or without being sent."""

import hashlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from git_annex_remote_pyshare.transfer import Source
from git_annex_remote_pyshare.transport.body import Body


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
