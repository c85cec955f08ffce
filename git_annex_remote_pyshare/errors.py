"""Defines the errors: each says whether a retry can help, how often to retry, and what the user can do.

Layers and backends raise only these. The text is one sentence that says what failed and why; the remedy is a second
one. git-annex itself reports the file, so neither names a key or an object; `request` and `detail` do, for `--debug`.
None of the four may contain a secret, since all are shown, logged and published in bug reports.

    PyshareError
     ├─ NotFound          the object is not in the store (the server says so clearly)
     ├─ PermissionDenied  the login is missing, wrong, or not allowed to do this
     ├─ QuotaExceeded     the store is full, or refuses a body of this size
     ├─ BadName           the store does not support this object name
     │   └─ FolderInTheWay a folder has the name of the object
     ├─ BadSetting        a setting is missing, unknown or wrong
     ├─ Corrupt           the store has or sent other data than was stored
     │   └─ CorruptUpload the server received other data than was sent              (retryable, once)
     ├─ SourceChanged     the local file changed while it was being stored
     ├─ ContentChanged    the store has another version than the one that was listed
     ├─ Busy              the server asks the client to wait                        (retryable)
     ├─ Unreachable       no or an incomplete response, or a folder not mounted     (retryable)
     │   ├─ NotReached    there is no such host, or it refuses connections          (retryable)
     │   └─ Untrusted     the certificate of the server is not trusted
     ├─ UploadLost        the server has lost the parts that were sent of an object
     ├─ NotAStore         the address responds, but is not a store of this kind
     ├─ CommandFailed     a program that pyshare ran for the user failed
     └─ Cancelled         git-annex or the user stopped the request
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from git_annex_remote_pyshare.safe_text import one_line

__all__ = [
    "BadName",
    "BadSetting",
    "Busy",
    "Cancelled",
    "CommandFailed",
    "ContentChanged",
    "Corrupt",
    "CorruptUpload",
    "FolderInTheWay",
    "NotAStore",
    "NotFound",
    "NotReached",
    "PermissionDenied",
    "PyshareError",
    "QuotaExceeded",
    "RangeRefused",
    "SourceChanged",
    "Unreachable",
    "Untrusted",
    "UploadLost",
    "tracing",
]


class PyshareError(Exception):
    """A failure that a user can understand.

    Args:
        what: One sentence without a full stop: what failed, where, and why.
        remedy: What to do about it, ideally a command to type; defaults to that of the class.
        retryable: Whether a retry may help; defaults to that of the class.
        retry_after: Seconds that the server asked the client to wait, if it did.
        detail: What only debugging needs, e.g. the server's id of the request.
    """

    retryable: bool = False
    max_attempts: float = math.inf
    """How often one request may fail with this error if it is retryable; the time limit applies as well."""
    remedy: str = ""
    request: str = ""
    """The request that failed, with the name of the object; see `tracing`."""
    detail: str = ""

    def __init__(
        self,
        what: str,
        *,
        remedy: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.retry_after = retry_after
        self.detail = detail
        if remedy is not None:
            self.remedy = remedy
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        """Both sentences on one line, without line breaks or control characters from a server's text."""
        return one_line(f"{self.what}. {self.remedy}" if self.remedy else self.what)

    @property
    def trace(self) -> str:
        """The failed request and its details, on one line for `--debug`; empty if unknown."""
        return one_line(": ".join(filter(None, (self.request, self.detail))))


@contextmanager
def tracing(request: str) -> Iterator[None]:
    """Record in each PyshareError that leaves the block which request failed: method, address and object."""
    try:
        yield
    except PyshareError as error:
        error.request = request
        raise


class NotFound(PyshareError):
    """The store says clearly that it does not have the object."""


class PermissionDenied(PyshareError):
    """The login is missing, wrong, or not allowed to do this."""


class QuotaExceeded(PyshareError):
    """The store is full, or refuses a body of this size."""


class BadName(PyshareError):
    """The store does not support this object name."""


class FolderInTheWay(BadName):
    """A folder has the name of the object, so the request failed and has changed nothing."""

    remedy = "Rename that folder in the store, or your file, then try again."


class BadSetting(PyshareError):
    """A setting of the remote is missing, unknown or wrong."""


class Corrupt(PyshareError):
    """The store has or sent other data than was stored."""


class CorruptUpload(Corrupt):
    """The server received other data than was sent; it has discarded the data, or never uses it."""

    retryable = True
    # Two damaged attempts are no coincidence, and each further one would send everything again.
    max_attempts = 2
    remedy = (
        "This machine, or the network on the way to the server, damages data."
        " Type: git annex fsck, then try another network or machine."
    )


class SourceChanged(PyshareError):
    """The local file changed in size or was removed while it was being stored."""


class ContentChanged(PyshareError):
    """The store has another version of the object than the one that was listed."""

    remedy = "Import again."


class Busy(PyshareError):
    """The server asks the client to wait and try again."""

    retryable = True


class Unreachable(PyshareError):
    """No response, or an incomplete one: the state of the object is unknown."""

    retryable = True


class NotReached(Unreachable):
    """There is no such host, or it refuses connections: the server is down, or the address is wrong."""


class Untrusted(Unreachable):
    """This machine does not trust the authority that issued the certificate, or it is for another server."""

    retryable = False


class UploadLost(PyshareError):
    """The server no longer has the upload that parts were sent to.

    Not retryable, since sending the part again cannot help; the resume layer restarts the whole upload once.
    """


class RangeRefused(PyshareError):
    """The server sent something other than the part of an object that was requested: another version, or the whole.

    Not retryable and no news for the user: the resume layer then downloads over one connection.
    """


class NotAStore(PyshareError):
    """The URL responds, but is not a store of the expected kind."""


class CommandFailed(PyshareError):
    """A program that pyshare ran for the user failed, and has printed why."""


class Cancelled(PyshareError):
    """git-annex closed the input of pyshare, or the user stopped pyshare, during a request."""


_TRUSTED_WITH_LOGINS = frozenset(
    (
        *("http", "urllib", "urllib3", "requests", "requests_toolbelt", "ssl", "email", "encodings", "base64"),
        *("botocore", "dropbox", "stone", "keyring", "secretstorage", "jeepney", "truststore"),
    )
)
"""Packages that receive logins from pyshare. Their error texts may quote a login that they refuse."""


def unexpected(error: BaseException) -> str:
    """Describe an exception that is not a PyshareError: its type, and its text unless that could contain a login.

    The text is left out if the exception comes from a library that receives logins: `http.client`, for example, quotes
    a token in full if it is not valid in a header.
    """
    kind = type(error).__name__
    if isinstance(error, PyshareError):
        return f"{kind}: {error}"
    try:
        text = "" if _TRUSTED_WITH_LOGINS.intersection(_packages(error.__traceback__)) else str(error)
    except Exception:  # noqa: BLE001  # a broken __str__ must not hide the failure itself
        text = ""
    return f"{kind}: {text}" if text else kind


def origin(error: BaseException) -> str:
    """Where in this package an exception passed last, e.g. `transport/connection.py, line 85`; empty if nowhere."""
    home, place, trace = __name__.partition(".")[0], "", error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.startswith(f"{home}."):
            place = f"{module.partition('.')[2].replace('.', '/')}.py, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _packages(trace: TracebackType | None) -> Iterator[str]:
    """The packages whose code an exception passed."""
    while trace is not None:
        yield str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        trace = trace.tb_next
