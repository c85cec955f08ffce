"""Converts an OSError to a pyshare error with what to type."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from git_annex_remote_pyshare.errors import (
    BadName,
    FolderInTheWay,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    Unreachable,
)
from git_annex_remote_pyshare.safe_text import command

_CODES: Mapping[type[PyshareError], tuple[str, ...]] = {
    QuotaExceeded: ("ENOSPC", "EDQUOT", "EFBIG"),
    PermissionDenied: ("EACCES", "EPERM", "EROFS"),
    BadName: ("ENAMETOOLONG", "EILSEQ", "EINVAL", "ENOTDIR", "ELOOP"),
    FolderInTheWay: ("EISDIR",),
}

# Not every system defines every code.
_KINDS = {getattr(errno, code): kind for kind, codes in _CODES.items() for code in codes if hasattr(errno, code)}

_REMEDIES: Mapping[int, str] = {
    errno.ENOSPC: "Free some space there, then try again.",
    errno.EFBIG: "Split large files: git annex enableremote {remote} chunk=1GiB",
    errno.ENOTDIR: "A file there has the name of a folder of the file. Rename that file there, then try again.",
    errno.EROFS: "Mount it writable, then try again.",
    errno.EACCES: "Ask the folder's owner for permission; see the current permissions with: ls -ld {folder}",
}
"""What to do, with placeholders for the remote's name and the folder's path."""

LOCAL_DISK_FULL = frozenset((errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)))
"""Codes caused by writing a file, never by reading one."""

_GONE = frozenset((errno.ENOTCONN, errno.ENODEV, errno.ENXIO))
"""The device or server of the mount is gone: this lasts until it is mounted again."""


@contextmanager
def convert_errors(doing: str, path: bytes | str, remote: str = "") -> Iterator[None]:
    """Convert an OSError in the block to a pyshare error for the operation `doing` on `path`.

    Args:
        doing: "read the file in".
        path: The store's folder, or a file of the store's own.
        remote: The remote's name in this clone, for commands in the remedy.
    """
    try:
        yield
    except OSError as error:
        raise error_for(error, f"cannot {doing} {as_text(path)}", as_text(path), remote) from error


def error_for(error: OSError, what: str, folder: str = "FOLDER", remote: str = "") -> PyshareError:
    """The pyshare error for an OSError: `what` failed with `error`, in `folder`."""
    kind = _KINDS.get(error.errno or 0, Unreachable)
    text = f"{what}: {error.strerror or error}"
    if error.errno in _GONE:
        return Unreachable(text, remedy="Mount it again, then try again.", retryable=False)
    remedy = _REMEDIES.get(error.errno or 0, "")
    return kind(text, remedy=remedy.format(remote=command(remote or "NAME"), folder=command(folder)) or None)


def as_text(path: bytes | str) -> str:
    """A path as text; invalid bytes are escaped."""
    return path if isinstance(path, str) else path.decode("utf-8", "backslashreplace")
