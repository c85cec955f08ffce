"""Why a request of a login had no answer, in words: from what `requests` raises."""

import socket
import ssl
from collections.abc import Iterator

import requests

from git_annex_remote_pyshare.errors import Unreachable, Untrusted
from git_annex_remote_pyshare.transport.interim import EndlessResponse

_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}
"""What OpenSSL calls an answer that is not TLS, by version."""


def unreachable(host: str, error: Exception) -> Unreachable:
    """The error for a request to the host that failed."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Untrusted(
                f"the certificate of {host} cannot be trusted ({cause.verify_message})",
                remedy="If your institution signs its own, set SSL_CERT_FILE to a file with its CA.",
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in _NOT_TLS:
            return Unreachable(
                f"{host} does not speak TLS there", remedy="Is it an http:// address? Then type that.", retryable=False
            )
    return Unreachable(f"cannot reach {host}: {_why(causes)}", remedy="Check the address and the network.")


def _why(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ValueError) and not isinstance(cause, (ssl.SSLError, requests.RequestException)):
            return "the login or the address has a sign that HTTP cannot carry"
        if isinstance(cause, socket.gaierror):
            return "there is no host of this name, or no network"
        if isinstance(cause, (requests.Timeout, TimeoutError)):
            return "it does not answer in time"
        if isinstance(cause, ConnectionRefusedError):
            return "it refuses the connection (is the port right, and the server up?)"
    return _short(causes[-1])


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was made from: libraries keep that as an argument, as `reason`, cause or context."""
    seen: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in seen:
        seen.append(found)
        yield found
        parts = [*found.args, getattr(found, "reason", None), found.__cause__, found.__context__]
        found = next((part for part in parts if isinstance(part, BaseException) and part not in seen), None)


def _short(error: BaseException) -> str:
    """One line about the innermost cause; of errors other than the system's only the type.

    What the libraries say repeats names of their objects, and may quote a header or the proxy's password.
    """
    if isinstance(error, EndlessResponse):
        return str(error)
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        text = error.strerror or str(error).rpartition(": ")[2]
        return text.strip("' ")[:200] or type(error).__name__
    return type(error).__name__
