"""Copies between open files by the kernel's fastest method: shared blocks, a copy in the kernel, or read and write."""

import os
import sys
from collections.abc import Callable
from typing import BinaryIO

from git_annex_remote_pyshare.transfer import BLOCK, Progress

STEP = 8 << 20
"""Bytes per kernel call, between progress reports: enough to share extents, few enough to stop soon."""


def copy(reader: BinaryIO, writer: BinaryIO, size: int, progress: Progress, done: int = 0) -> int:
    """Copy until `reader` ends or has given more than `size`; both files are unbuffered and at offset `done`.

    Args:
        reader: The source file.
        writer: The target file.
        size: The object's expected size in bytes.
        progress: Called after each step.
        done: Bytes already in `writer`.

    Returns:
        The object's bytes now in `writer`; the caller compares them with `size`.

    Raises:
        OSError: One of the files failed.
    """
    methods = list(_METHODS)
    # A file that keeps growing would never end.
    while done <= size:
        try:
            moved = methods[0](reader, writer)
        except OSError:
            # EXDEV, ENOSYS, EINVAL, EOPNOTSUPP and more: the next method succeeds, or fails with the real error.
            if len(methods) == 1:
                raise
            del methods[0]
            continue
        if moved:
            done += moved
            progress(done)
        elif done < size and len(methods) > 1:
            # copy_file_range sees the end too early on some file systems (Linux before 5.19 on procfs, FUSE).
            del methods[0]
        else:
            break
    return done


def _by_range(reader: BinaryIO, writer: BinaryIO) -> int:
    """Reflinks on btrfs and xfs; a server-side copy on NFS and SMB."""
    return os.copy_file_range(reader.fileno(), writer.fileno(), STEP)


def _by_sendfile(reader: BinaryIO, writer: BinaryIO) -> int:
    return os.sendfile(writer.fileno(), reader.fileno(), None, STEP)


def _by_read_write(reader: BinaryIO, writer: BinaryIO) -> int:
    block = memoryview(reader.read(BLOCK) or b"")
    written = 0
    while written < len(block):
        written += writer.write(block[written:])
    return written


def _methods() -> tuple[Callable[[BinaryIO, BinaryIO], int], ...]:
    """The methods of this system, fastest first; outside Linux sendfile writes to sockets only."""
    if not sys.platform.startswith("linux"):
        return (_by_read_write,)
    return (
        (_by_range, _by_sendfile, _by_read_write) if hasattr(os, "copy_file_range") else (_by_sendfile, _by_read_write)
    )


_METHODS = _methods()
