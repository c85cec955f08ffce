"""Which objects of a store hold the content of a key: one, or its chunks."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from git_annex_remote_pyshare.annex.keys import expected_size
from git_annex_remote_pyshare.annex.layout import branch_path, name_of
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.config.annex_branch import chunks
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.transfer import in_words

_SMALLEST_CHUNK = 1 << 10
_MOST_CHUNKS = 10**6
"""Bytes of a chunk and chunks of a content that are worth a request each. Any collaborator can write other numbers into
the git-annex branch, and each number takes time and memory."""


class Object(NamedTuple):
    """One object that holds a content, or a chunk of one."""

    name: str
    key: str
    """The content's, or the chunk's own."""
    chunk: int = 0
    """The chunk's number, from 1; 0 for a whole content."""

    @property
    def shown(self) -> str:
        """What to call it in a text about its file."""
        return f"chunk {self.chunk}" if self.chunk else "its object"


def layout_of(remote: Remote) -> str:
    """The layout by which a remote names its objects."""
    return remote.place.settings["layout"] or registry.spec_of(remote.place.url).layout


def copies_of(remote: Remote, key: str, layout: str) -> Iterator[Iterable[Object]]:
    """The ways in which a remote may have a content: in chunks of each size that git-annex noted, and whole.

    One complete way is enough; git-annex looks for them in the same manner (Remote/Helper/Chunked.hs, chunkKeys). The
    objects of each way are made one by one, since a chunk log may claim any number of them.

    Raises:
        BadSetting: The chunk log claims more or smaller chunks than anyone makes.
    """
    cut = chunks(remote.place.clone.git_dir, branch_path(key), remote.uuid) if "chunk" in remote.annex else {}
    sizes = {size: _most(key, size, count) for size, count in cut.items()}
    if any(size < _SMALLEST_CHUNK for size in sizes) or sum(sizes.values()) > _MOST_CHUNKS:
        raise BadSetting(
            f"git-annex's log claims {sum(sizes.values())} chunks, the smallest of {in_words(min(sizes))}, and pyshare"
            f" looks at {_MOST_CHUNKS} chunks of at least {in_words(_SMALLEST_CHUNK)} at most",
            remedy="Ask who stored the file to store it again with chunk=50MiB.",
        )
    for size, count in sizes.items():
        yield _chunks(layout, key, size, count)
    yield (Object(name_of(layout, key), key),)


def refuse_encrypted(remote: Remote, remedy: str) -> None:
    """Raise BadSetting with `remedy` for an encrypted remote: only git-annex knows the names of objects there."""
    if remote.annex.get("encryption", "none") != "none":
        raise BadSetting(
            f"the store of {remote.place.clone.remote} is encrypted, so only git-annex can look at it", remedy=remedy
        )


def _chunks(layout: str, key: str, size: int, count: int) -> Iterator[Object]:
    for number in range(1, count + 1):
        chunk = _chunk(key, size, number)
        yield Object(name_of(layout, chunk), chunk, number)


def _most(key: str, size: int, count: int) -> int:
    """How many chunks there are: the log may claim more than the content can have."""
    whole = expected_size(key)
    return count if whole is None else min(count, max(1, -(-whole // size)))


def _chunk(key: str, size: int, number: int) -> str:
    """The key of one chunk (https://git-annex.branchable.com/internals/key_format/)."""
    head, _, name = key.partition("--")
    return f"{head}-S{size}-C{number}--{name}"
