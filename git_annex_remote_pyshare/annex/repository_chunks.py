"""Finds the chunks of a git repository in a store with `chunk=`.

`git push` into a store lets git-annex store each part of the repository in chunks, but a clone asks for the whole: it
has no chunk log yet. So pyshare looks for the chunks itself if the whole is absent (seen with git-annex 10.20261026).
"""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from annexremote import Master

from git_annex_remote_pyshare.annex.keys import chunk_of, expected_size, is_of_repository, without_chunk
from git_annex_remote_pyshare.annex.layout import name_of
from git_annex_remote_pyshare.config.options import byte_count


class Chunks(NamedTuple):
    """The chunks of one part of a git repository."""

    key: str
    """The key of the whole part."""
    size: int
    """Bytes of each chunk but the last."""
    layout: str

    def name(self, number: int) -> str:
        """The object of a chunk; the first has number 1."""
        return name_of(self.layout, chunk_of(self.key, self.size, number))

    def keys(self) -> Iterator[str]:
        """The keys of the chunks; of a part whose size its key does not state, the first one only."""
        whole = expected_size(self.key)
        count = 1 if whole is None else max(1, -(-whole // self.size))
        return (chunk_of(self.key, self.size, number) for number in range(1, count + 1))

    def names(self) -> Iterator[str]:
        """The objects that there may be, without an end."""
        return map(self.name, itertools.count(1))


def chunks_of(annex: Master, key: str, layout: str) -> Chunks | None:
    """The chunks in which the store may have `key`; None for a file's key, and for a store without chunks."""
    if not is_of_repository(key) or without_chunk(key) != key:
        return None
    size = chunk_size(annex.getconfig("chunk"))
    return Chunks(key, size, layout) if size else None


def chunk_size(text: str) -> int:
    """The bytes that git-annex's setting `chunk=` means; 0 for none.

    git-annex has checked the setting, so a text that it does not know is not one that it has stored by.
    """
    with suppress(ValueError):
        return byte_count(text)
    return 0
