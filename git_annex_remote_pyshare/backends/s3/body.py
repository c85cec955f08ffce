"""A request's body that is hashed while it is sent."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from git_annex_remote_pyshare.transport.body import Body


class Summed(Body):
    """A source, or a part of it; after it was sent, `md5` is the hex digest of what was sent last, or empty."""

    md5 = ""

    @contextmanager
    def blocks(self) -> Iterator[Iterator[memoryview]]:
        """See `Body.blocks`."""
        self.md5 = ""
        with super().blocks() as blocks:
            yield self._summed(blocks)

    def _summed(self, blocks: Iterator[memoryview]) -> Iterator[memoryview]:
        hasher = hashlib.md5(usedforsecurity=False)
        for block in blocks:
            hasher.update(block)
            yield block
        self.md5 = hasher.hexdigest()
