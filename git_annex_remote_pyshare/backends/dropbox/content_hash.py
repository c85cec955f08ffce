"""Dropbox's own hash of a file: SHA-256 of the SHA-256 digests of its blocks.

Source: https://www.dropbox.com/developers/reference/content-hash.
"""

import hashlib
from collections.abc import Iterable
from typing import BinaryIO

from git_annex_remote_pyshare.errors import SourceChanged
from git_annex_remote_pyshare.transfer import BLOCK, Source

ALGORITHM = "content_hash"
"""Its name in receipts and sources."""

HASHED = 4 << 20
"""Bytes of a block; each block has a digest of its own."""


def digests_of(source: Source, start: int = 0, size: int | None = None) -> list[bytes]:
    """The digest of each block of a part of a source, counted from the part's start.

    Raises:
        SourceChanged: The source is shorter than that now.
    """
    left = source.size - start if size is None else size
    digests = []
    with source.open(start) as file:
        while left > 0:
            digests.append(_digest(file, min(HASHED, left)))
            left -= HASHED
    return digests


def joined(digests: Iterable[bytes]) -> str:
    """The content hash of all blocks together."""
    return hashlib.sha256(b"".join(digests)).hexdigest()


def content_hash(source: Source, start: int = 0, size: int | None = None) -> str:
    """The content hash of a part of a source; raises as `digests_of`."""
    return joined(digests_of(source, start, size))


def _digest(file: BinaryIO, size: int) -> bytes:
    hasher = hashlib.sha256()
    while size:
        block = file.read(min(BLOCK, size))
        if not block:
            raise SourceChanged("the file became shorter while it was being stored")
        hasher.update(block)
        size -= len(block)
    return hasher.digest()
