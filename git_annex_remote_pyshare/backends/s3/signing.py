"""Signs requests to S3: AWS Signature Version 4, in the headers or in a URL.

After AWS General Reference, "Authenticating Requests (AWS Signature Version 4)". S3 differs from AWS's other services
in that a path is encoded once and never normalised.
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
"""In place of a body's hash: the signature then does not cover the body."""

EMPTY_SHA256 = hashlib.sha256().hexdigest()
"""The hash of no body at all."""

MAX_EXPIRY = 7 * 24 * 3600
"""Seconds that a signed URL can be valid for."""

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED_HEADERS = frozenset(("accept-encoding", "authorization", "connection", "expect", "te", "user-agent"))
"""What proxies change on the way; Google's front end changes Accept-Encoding (Google Cloud Storage, "Simple migration
from Amazon S3")."""


class Unsigned(NamedTuple):
    """A request before it is signed."""

    method: str
    host: str
    """As the Host header has it, so without the scheme's own port."""
    path: str
    """As `Address.path_of` gives it: encoded, with a leading slash."""
    query: tuple[tuple[str, str], ...] = ()
    """Names and values, not encoded."""
    headers: Mapping[str, str] = {}
    """Those that S3 shall hold the sender to: all `x-amz-` ones must be among them."""
    payload: str = EMPTY_SHA256
    """The body's SHA-256 in hex, or UNSIGNED."""

    @property
    def target(self) -> str:
        """What stands in the request line: path and query."""
        return f"{self.path}?{canonical_query(self.query)}" if self.query else self.path


def canonical_query(query: Iterable[tuple[str, str]]) -> str:
    """A query as it is sent and signed: sorted by encoded names, `%20` for a blank, `=` also behind empty values."""
    encoded = sorted((_quoted(name), _quoted(value)) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in encoded)


def signed_headers(request: Unsigned, login: Credential, region: str, now: float) -> dict[str, str]:
    """The headers to send: those of the request, and what proves who sends it.

    Args:
        request: What will be sent, exactly so; the Host header is the sender's to add.
        login: Whose request it is: an access key, with its session token if it expires.
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
    """Path and query of a URL that anybody may use for this request until it expires (a "presigned URL").

    Args:
        request: Its headers must be sent by whoever uses the URL; its payload is not covered.
        login: In whose name; a URL signed with a session token dies with the token.
        region: As the server calls it.
        now: Seconds since 1970.
        seconds: How long it is valid, at most LONGEST_LIFE.
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
    """The headers that the signature covers, in its order; runs of blanks count as one."""
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
    """The same for all requests of a day to a region, so that most requests cost one HMAC and not five."""
    signing_key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        signing_key = _hmac(signing_key, part)
    return signing_key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _quoted(text: str) -> str:
    return quote(text, safe="~", errors="surrogateescape")
