"""Copy from one open file to another by the kernel's best way: shared blocks, a copy inside it, or by hand."""

import os
import sys
from collections.abc import Callable
from typing import BinaryIO

from git_annex_remote_pyshare.transfer import BLOCK, Progress

STEP = 8 << 20
"""Bytes that the kernel copies before progress is told: enough to share extents, little enough to stop soon."""


def copy(reader: BinaryIO, writer: BinaryIO, size: int, progress: Progress, done: int = 0) -> int:
    """Copy until `reader` ends or has given more than `size`; both files are unbuffered and stand at byte `done`.

    Args:
        reader: Where the bytes come from.
        writer: Where they go.
        size: Bytes that the object is expected to have.
        progress: Told after each step.
        done: Bytes that are there already.

    Returns:
        The object's bytes now in `writer`; it is for the caller to compare them with `size`.

    Raises:
        OSError: One of the files failed.
    """
    ways = list(_WAYS)
    # A file that keeps growing would never end.
    while done <= size:
        try:
            moved = ways[0](reader, writer)
        except OSError:
            # EXDEV, ENOSYS, EINVAL, EOPNOTSUPP and more: the next way succeeds, or meets the true failure.
            if len(ways) == 1:
                raise
            del ways[0]
            continue
        if moved:
            done += moved
            progress(done)
        elif done < size and len(ways) > 1:
            # copy_file_range sees the end too early on some file systems (Linux before 5.19 on procfs, FUSE).
            del ways[0]
        else:
            break
    return done


def _by_range(reader: BinaryIO, writer: BinaryIO) -> int:
    """Reflinks on btrfs and xfs, and leaves the copy to the server on NFS and SMB."""
    return os.copy_file_range(reader.fileno(), writer.fileno(), STEP)


def _by_sendfile(reader: BinaryIO, writer: BinaryIO) -> int:
    return os.sendfile(writer.fileno(), reader.fileno(), None, STEP)


def _by_hand(reader: BinaryIO, writer: BinaryIO) -> int:
    block = memoryview(reader.read(BLOCK) or b"")
    written = 0
    while written < len(block):
        written += writer.write(block[written:])
    return written


def _ways() -> tuple[Callable[[BinaryIO, BinaryIO], int], ...]:
    """What this system has, best first; other systems' sendfile writes to sockets only."""
    if not sys.platform.startswith("linux"):
        return (_by_hand,)
    return (_by_range, _by_sendfile, _by_hand) if hasattr(os, "copy_file_range") else (_by_sendfile, _by_hand)


_WAYS = _ways()
