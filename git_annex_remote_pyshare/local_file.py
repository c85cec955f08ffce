"""Writes a local file in whole blocks, and tells this machine's failures from those of the network."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.errors import PyshareError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LocalPath = bytes | str


class LocalFile(FileIO):
    """Writes whole blocks, and reports failures as this machine's: an OSError would look like a network failure.

    Args:
        path: The file.
        offset: Bytes of it that stay, in front of what is written.

    Raises:
        PyshareError: The file cannot be written.
    """

    def __init__(self, path: LocalPath, offset: int = 0) -> None:
        self._shown = path
        with on_this_machine(path):
            super().__init__(path, "r+b" if offset else "wb")
            if offset:
                self.seek(offset)
                self.truncate()

    def write(self, block: "ReadableBuffer", /) -> int:
        """Write all of `block`, even if the system accepts it only in pieces."""
        rest = memoryview(block)
        with on_this_machine(self._shown):
            while rest:
                rest = rest[super().write(rest) :]
        return len(memoryview(block))


@contextmanager
def on_this_machine(path: LocalPath) -> Iterator[None]:
    """Report a failure to write the file as this machine's.

    Raises:
        PyshareError: The system refuses.
    """
    try:
        yield
    except OSError as error:
        raise PyshareError(f"cannot write {os.fsdecode(path)} on this machine: {error.strerror}") from error
