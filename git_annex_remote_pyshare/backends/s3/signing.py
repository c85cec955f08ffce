"""Signs requests to S3: AWS Signature Version 4, in the headers or in a URL.

Follows AWS General Reference, "Authenticating Requests (AWS Signature Version 4)". S3 differs from AWS's other services
in that a path is encoded only once and never normalized.
"""

import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from git_annex_remote_pyshare.credentials.credential import Credential

UNSIGNED = "UNSIGNED-PAYLOAD"
"""Replaces a body's hash: the signature then does not cover the body."""

EMPTY_SHA256 = hashlib.sha256().hexdigest()
"""The SHA-256 of an empty body."""

MAX_EXPIRY = 7 * 24 * 3600
"""Longest validity of a signed URL, in seconds."""

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED_HEADERS = frozenset(("accept-encoding", "authorization", "connection", "expect", "te", "user-agent"))
"""Headers that proxies may change; Google's front end changes Accept-Encoding (Google Cloud Storage, "Simple migration
from Amazon S3")."""


class Unsigned(NamedTuple):
    """A request before it is signed."""

    method: str
    host: str
    """As in the Host header, without the scheme's default port."""
    path: str
    """As `Address.path_of` returns it: encoded, with a leading slash."""
    query: tuple[tuple[str, str], ...] = ()
    """Names and values, not encoded."""
    headers: Mapping[str, str] = {}
    """The headers to sign; all `x-amz-` ones must be among them."""
    payload: str = EMPTY_SHA256
    """The body's SHA-256 in hex, or UNSIGNED."""

    @property
    def target(self) -> str:
        """Path and query, as in the request line."""
        return f"{self.path}?{canonical_query(self.query)}" if self.query else self.path


def canonical_query(query: Iterable[tuple[str, str]]) -> str:
    """A query as it is sent and signed: sorted by encoded names, `%20` for a space, `=` also before empty values."""
    encoded = sorted((_quoted(name), _quoted(value)) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in encoded)


def signed_headers(request: Unsigned, login: Credential, region: str, now: float) -> dict[str, str]:
    """The headers to send: those of the request, and the signature.

    Args:
        request: Exactly what will be sent; the HTTP library adds the Host header.
        login: An access key, with its session token if it is temporary.
        region: As the server calls it.
        now: Seconds since 1970 by the server's clock, which may differ by at most 15 minutes.
    """
    stamp = _stamp(now)
    headers = {**request.headers, "x-amz-content-sha256": request.payload, "x-amz-date": stamp}
    if login.session_token:
        headers["x-amz-security-token"] = login.session_token
    covered = _canonical(request.host, headers)
    names = ";".join(covered)
    signature = _signature(request, covered, login, region, stamp)
    scope = _scope(region, stamp)
    headers["Authorization"] = (
        f"{_ALGORITHM} Credential={login.user}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


def signed_target(request: Unsigned, login: Credential, region: str, now: float, seconds: int = MAX_EXPIRY) -> str:
    """Path and query of a presigned URL, with which anyone can send this request until it expires.

    Args:
        request: A user of the URL must send its headers; the signature does not cover its payload.
        login: The signer; a URL signed with a session token expires with the token.
        region: As the server calls it.
        now: Seconds since 1970.
        seconds: Validity, at most MAX_EXPIRY.
    """
    stamp = _stamp(now)
    covered = _canonical(request.host, request.headers)
    query = [
        *request.query,
        ("X-Amz-Algorithm", _ALGORITHM),
        ("X-Amz-Credential", f"{login.user}/{_scope(region, stamp)}"),
        ("X-Amz-Date", stamp),
        ("X-Amz-Expires", str(seconds)),
        ("X-Amz-SignedHeaders", ";".join(covered)),
    ]
    if login.session_token:
        query.append(("X-Amz-Security-Token", login.session_token))
    request = request._replace(query=tuple(query), payload=UNSIGNED)
    return f"{request.target}&X-Amz-Signature={_signature(request, covered, login, region, stamp)}"


def _stamp(now: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


def _scope(region: str, stamp: str) -> str:
    return f"{stamp[:8]}/{region}/s3/aws4_request"


def _canonical(host: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that the signature covers, in its order; runs of spaces become one."""
    values = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    values["host"] = host
    return {name: values[name] for name in sorted(values) if name not in _UNSIGNED_HEADERS}


def _signature(request: Unsigned, covered: Mapping[str, str], login: Credential, region: str, stamp: str) -> str:
    lines = [
        request.method,
        request.path,
        canonical_query(request.query),
        *(f"{name}:{value}" for name, value in covered.items()),
        "",
        ";".join(covered),
        request.payload,
    ]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = "\n".join([_ALGORITHM, stamp, _scope(region, stamp), digest])
    return _hmac(_signing_key(login.secret, stamp[:8], region), text).hex()


@lru_cache(maxsize=8)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    """The key of a day and region; cached, so that most requests compute one HMAC and not five."""
    signing_key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        signing_key = _hmac(signing_key, part)
    return signing_key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _quoted(text: str) -> str:
    return quote(text, safe="~", errors="surrogateescape")
