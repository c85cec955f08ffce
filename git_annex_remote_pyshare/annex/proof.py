"""Downloads a file of a store to see what it is, where nothing less proves it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from git_annex_remote_pyshare.annex.keys import OF_GIT, digests
from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.transfer import ExactSink, Sink, Source

MOST = 16 << 20
"""Bytes of the largest file for which that is worth its time."""


@contextmanager
def downloaded(store: Backend, name: str, content: str = "") -> Iterator[Source]:
    """Download a file for this block.

    Args:
        store: The store.
        name: The file.
        content: The content identifier of the only version that may come; empty for any.

    Raises:
        ContentChanged: The file has another version.
        PyshareError: It cannot be downloaded.
    """
    from tempfile import TemporaryDirectory  # noqa: PLC0415  # rarely needed

    with TemporaryDirectory(prefix="pyshare-") as folder:
        path = os.fsencode(os.path.join(folder, "file"))
        sink = ExactSink(path, content) if content else Sink(path, is_checked=False)
        store.get(name, sink, lambda _done: None)
        yield Source(path)


def is_of(key: str, file: Source) -> bool:
    """Whether a local file has the content of the key; False for a large one, and for a key without a known hash."""
    if file.size > MOST:
        return False
    if key.startswith(OF_GIT):
        with file.open() as blob:
            body = b"blob %d\0" % file.size + blob.read()
        blob_hash = key.removeprefix(OF_GIT)
        algorithm = "sha1" if len(blob_hash) == hashlib.sha1(usedforsecurity=False).digest_size * 2 else "sha256"
        return hashlib.new(algorithm, body, usedforsecurity=False).hexdigest() == blob_hash
    known = digests(key)
    return bool(known) and all(file.digest(algorithm) == digest for algorithm, digest in known.items())
