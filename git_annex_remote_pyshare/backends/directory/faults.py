"""The one place where an OSError becomes one of our errors."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from git_annex_remote_pyshare.errors import BadName, Denied, Full, PyshareError, Unreachable

_CODES: Mapping[type[PyshareError], tuple[str, ...]] = {
    Full: ("ENOSPC", "EDQUOT", "EFBIG"),
    Denied: ("EACCES", "EPERM", "EROFS"),
    BadName: ("ENAMETOOLONG", "EILSEQ", "EINVAL", "EISDIR", "ENOTDIR", "ELOOP"),
}

# Not every system has every code.
_KINDS = {getattr(errno, code): kind for kind, codes in _CODES.items() for code in codes if hasattr(errno, code)}

_REMEDIES: Mapping[int, str] = {
    errno.ENOSPC: "Make room there, then try again.",
    errno.EFBIG: "Split large files: git annex enableremote NAME chunk=1GiB",
    errno.EROFS: "Mount it writable, then try again.",
    errno.EACCES: "Ask the folder's owner for the right to do this, and look with: ls -ld FOLDER",
}

LOCAL_DISK_FULL = frozenset((errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)))
"""Codes that come from the file that is written, never from the one that is read."""

_GONE = frozenset((errno.ENOTCONN, errno.ENODEV, errno.ENXIO))
"""A mount whose other end has died: it stays so until somebody mounts it again."""


@contextmanager
def faults(doing: str, path: bytes | str) -> Iterator[None]:
    """Turn an OSError inside the block into one of ours, saying that `doing` (a verb) failed on `path`."""
    try:
        yield
    except OSError as error:
        raise fault(error, f"cannot {doing} {shown(path)}") from error


def fault(error: OSError, what: str) -> PyshareError:
    """Our error for the operating system's: `what` failed because of `error`."""
    kind = _KINDS.get(error.errno or 0, Unreachable)
    text = f"{what}: {error.strerror or error}"
    if error.errno in _GONE:
        return Unreachable(text, remedy="Mount it again, then try again.", passing=False)
    return kind(text, remedy=_REMEDIES.get(error.errno or 0))


def shown(path: bytes | str) -> str:
    """A path for people, whatever bytes it has."""
    return path if isinstance(path, str) else path.decode("utf-8", "backslashreplace")
