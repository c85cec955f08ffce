"""Converts exceptions of HTTP libraries to our errors, and reads how long a server asks to wait."""

import re
import time
from collections.abc import Mapping

from urllib3 import exceptions as broken

from git_annex_remote_pyshare.errors import NotAStore, NotReached, PyshareError, Unreachable, Untrusted
from git_annex_remote_pyshare.transport.bounds import moment, number

_BREAKS: tuple[tuple[type[Exception], str], ...] = (
    (broken.ProxyError, "the proxy cannot be used ({inner})"),
    (broken.NameResolutionError, "there is no such host, or no network"),
    (broken.NewConnectionError, "no connection ({inner})"),
    (broken.ConnectTimeoutError, "no response"),
    (broken.ReadTimeoutError, "nothing moved for too long"),
    (TimeoutError, "nothing moved for too long"),
)
"""What an exception means, the more special ones first."""


def from_exception(doing: str, error: Exception, ca_option: str) -> PyshareError:
    """The error that an exception of urllib3 or http.client means.

    Args:
        doing: What could not be done, for the text: "cannot store the file on cloud.example.org".
        error: What was raised.
        ca_option: The git config that names a file of certificates to trust.
    """
    inner = _innermost(error)
    if isinstance(error, broken.SSLError):
        return _not_trusted(doing, inner, ca_option)
    if isinstance(error, broken.LocationParseError):
        return NotAStore(f"{doing}: the server names an invalid address ({_short(error)})")
    why = next((why for kind, why in _BREAKS if isinstance(error, kind)), "the connection broke ({inner})")
    kind = NotReached if _is_not_reached(error, inner) else Unreachable
    return kind(f"{doing}: {why.format(inner=_short(inner))}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a response asks to wait, from a number or a date (RFC 9110 §10.2.3); None if it does not ask."""
    text = headers.get("Retry-After", "")
    seconds = number(text)
    if seconds is not None:
        return float(seconds)
    date = moment(text)
    return None if date is None else max(0.0, date - time.time())


def _not_trusted(doing: str, why: BaseException, ca_option: str) -> PyshareError:
    import ssl  # noqa: PLC0415  # loaded already where this can happen

    if isinstance(why, ssl.SSLCertVerificationError):
        return Untrusted(
            f"{doing}: its certificate cannot be trusted ({why.verify_message or _short(why)})",
            remedy=f"If your institution signs its own, get its CA as a file and type: git config {ca_option} FILE",
        )
    if isinstance(why, ssl.SSLError) and why.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}:
        return Unreachable(
            f"{doing}: the server does not speak TLS there", remedy="Is it an http:// address?", retryable=False
        )
    return Unreachable(f"{doing}: the secure connection broke ({_short(why)})")


def _is_not_reached(error: Exception, inner: BaseException) -> bool:
    """Whether no server takes connections there; of a proxy's server nothing is known."""
    if isinstance(error, broken.ProxyError):
        return False
    return isinstance(error, broken.NameResolutionError) or isinstance(inner, ConnectionRefusedError)


def _innermost(error: BaseException) -> BaseException:
    """What really happened: urllib3 keeps it as the last argument, the cause or the context.

    An error of ours in the context is an earlier attempt's, during whose handling this one failed.
    """
    while True:
        inner = next((part for part in error.args if isinstance(part, BaseException)), None)
        inner = inner or getattr(error, "reason", None) or error.__cause__ or error.__context__
        if not isinstance(inner, BaseException) or isinstance(inner, PyshareError) or inner is error:
            return error
        error = inner


def _short(error: BaseException) -> str:
    """One line about an exception, without the reprs of objects that urllib3 puts in front."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return re.sub(r"^<[^>]*>: |^HTTPS?Connection\([^)]*\): ", "", text)[:200]
