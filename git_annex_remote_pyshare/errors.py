"""Defines the errors: each knows whether a retry can help, how often to try, and what the user can do.

Every layer and backend raises only these. A text is one sentence saying what failed and why; the remedy is a
second one. git-annex says itself which file it is about, so neither names a key or an object; `request` and `detail`
do, for `--debug`. None of the four may hold a secret, since all are shown, logged and published in bug reports.

    PyshareError
     ├─ NotFound          the object is not in the store (the server says so clearly)
     ├─ PermissionDenied  the login is missing, wrong, or may not do this
     ├─ QuotaExceeded     the store is full, or refuses a body of this size
     ├─ BadName           the store cannot hold an object of this name
     ├─ BadSetting        a setting is missing, unknown or wrong
     ├─ Corrupt           what the store holds, or sent, is not what was stored
     │   └─ CorruptUpload what the server received is not what we sent              (retryable, once)
     ├─ SourceChanged     the local file changed while it was being stored
     ├─ Busy              the server asks to wait                                   (retryable)
     ├─ Unreachable       no response, a broken one, a folder  that is not mounted  (retryable)
     │   ├─ NotReached    there is no such host, or it refuses connections          (retryable)
     │   └─ Untrusted     the certificate of the server is not to be trusted
     ├─ UploadLost        the server has lost what was sent of an object
     ├─ NotAStore         the address answers, but is not a store of this kind
     └─ Cancelled         git-annex or the user ended us in the middle
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
    "Corrupt",
    "CorruptUpload",
    "NotAStore",
    "NotFound",
    "NotReached",
    "PermissionDenied",
    "PyshareError",
    "QuotaExceeded",
    "SourceChanged",
    "Unreachable",
    "Untrusted",
    "UploadLost",
    "tracing",
]


class PyshareError(Exception):
    """A failure that a user can understand.

    Args:
        what: One sentence without a full stop: what failed, on what, and why.
        remedy: What to do about it, ideally a command to type; a class has a default.
        retryable: Whether a retry may help; a class has a default.
        retry_after: Seconds that the server asked us to wait, where it said so.
        detail: What only a search for the cause needs, e.g. the server's id of the request.
    """

    retryable: bool = False
    max_attempts: float = math.inf
    """Most attempts of one request that end with this error, if it is retryable; the time limit applies as well."""
    remedy: str = ""
    request: str = ""
    """The request that failed, with the object's name; see `tracing`."""
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
        """The failed request and what is known of it, on one line for `--debug`; empty where it is not known."""
        return one_line(": ".join(filter(None, (self.request, self.detail))))


@contextmanager
def tracing(request: str) -> Iterator[None]:
    """Note in each error that leaves the block which request failed: method, address and object."""
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
    """The store cannot hold an object of this name."""


class BadSetting(PyshareError):
    """A setting of the remote is missing, unknown or wrong."""


class Corrupt(PyshareError):
    """The store holds or sent something else than what was stored."""


class CorruptUpload(Corrupt):
    """The server received something else than we sent; it has discarded the data, or they are never read."""

    retryable = True
    # Two damaged attempts are no accident, and each further one would send everything again.
    max_attempts = 2
    remedy = (
        "This machine, or the network on the way to the server, damages data."
        " Type: git annex fsck, then try another network or machine."
    )


class SourceChanged(PyshareError):
    """The local file grew, shrank or vanished while it was being stored."""


class Busy(PyshareError):
    """The server asks us to come back later."""

    retryable = True


class Unreachable(PyshareError):
    """No response, or one that broke off: the state of the object is unknown."""

    retryable = True


class NotReached(Unreachable):
    """There is no server of that name, or none that takes connections: it is down, or the address is wrong."""


class Untrusted(Unreachable):
    """The server's certificate comes from an authority that this machine does not trust, or is not the server's."""

    retryable = False


class UploadLost(PyshareError):
    """The server no longer knows the upload to which parts were sent.

    Sending the part again cannot help, so it is not retryable; the resume layer restarts the whole upload, once.
    """


class NotAStore(PyshareError):
    """Something answers at the URL, but not a store of the expected kind."""


class Cancelled(PyshareError):
    """git-annex closed our input, or the user stopped us, in the middle of a request."""


_TRUSTED_WITH_LOGINS = frozenset(
    (
        *("http", "urllib", "urllib3", "requests", "requests_toolbelt", "ssl", "email", "encodings", "base64"),
        *("botocore", "dropbox", "stone", "keyring", "secretstorage", "jeepney", "truststore"),
    )
)
"""Packages that we give logins to. What one of them says of a value that it refuses may be that value."""


def unexpected(error: BaseException) -> str:
    """What an exception says that is none of ours: its type, and its words unless they could hold a login.

    The words are left out where a library raised it that we give logins to: `http.client` quotes a token in full that
    no header can carry.
    """
    kind = type(error).__name__
    if isinstance(error, PyshareError):
        return f"{kind}: {error}"
    try:
        said = "" if _TRUSTED_WITH_LOGINS.intersection(_packages(error.__traceback__)) else str(error)
    except Exception:  # noqa: BLE001  # what says of itself what it is must not hide the failure that it stands for
        said = ""
    return f"{kind}: {said}" if said else kind


def origin(error: BaseException) -> str:
    """Where in this package an unexpected exception came through last: `transport/connection.py, line 85`, or empty."""
    home, place, trace = __name__.partition(".")[0], "", error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.startswith(f"{home}."):
            place = f"{module.partition('.')[2].replace('.', '/')}.py, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _packages(trace: TracebackType | None) -> Iterator[str]:
    """The packages whose code an exception came through."""
    while trace is not None:
        yield str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        trace = trace.tb_next
