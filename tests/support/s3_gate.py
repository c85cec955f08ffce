"""Who may ask a scripted S3 server for what: signatures by botocore's own signer, clocks, regions and payloads."""

import hashlib
import re
from base64 import b64encode
from calendar import timegm
from collections.abc import Mapping
from time import strptime
from typing import NamedTuple, TypeAlias

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.s3_answers import misdirected, refused
from support.scripted import Answer, Seen

LONGEST_SKEW = 900
"""Seconds that a request's clock may be wrong."""

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]*)/s3/aws4_request, ?"
    r"SignedHeaders=(?P<names>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_Parts: TypeAlias = Mapping[str, str]


class Login(NamedTuple):
    """Whom a server knows."""

    access_key: str = "AKIDEXAMPLE0SCRIPTED"
    secret_key: str = "scripted/secret+KEY"
    session_token: str = ""
    """Where there is one, every other is taken for expired."""


class Rules(NamedTuple):
    """What a server asks of a signed request."""

    login: Login | None
    """None for believing every signature."""
    region: str
    elsewhere: int
    """Status for what is signed for another region: 400, 301 or 307."""
    now: float
    """Seconds since 1970 by the server's clock."""


def is_signed(seen: Seen) -> bool:
    """Whether a request says whose it is."""
    return "Authorization" in seen.headers


def refusal(seen: Seen, rules: Rules) -> Answer | None:
    """Why a signed request is refused, or None if it is as it should be."""
    parts = _AUTHORIZATION.fullmatch(seen.headers["Authorization"])
    if not parts:
        return refused(400, "AuthorizationHeaderMalformed", "not a signature of version 4")
    found = parts.groupdict()
    return (
        _of_the_clock(seen, rules)
        or (_of_the_login(seen, found, rules.login) if rules.login else None)
        or (misdirected(rules.region, rules.elsewhere) if found["region"] != rules.region else None)
        or (_of_the_signature(seen, found, rules) if rules.login else None)
    )


def spoilt(seen: Seen) -> Answer | None:
    """Why a body is not what its headers say, or None."""
    said = seen.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    if said != "UNSIGNED-PAYLOAD" and said != hashlib.sha256(seen.body).hexdigest():
        return refused(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header is wrong.")
    digest = b64encode(hashlib.md5(seen.body, usedforsecurity=False).digest()).decode()
    if seen.headers.get("Content-MD5", digest) != digest:
        return refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
    return None


def _of_the_clock(seen: Seen, rules: Rules) -> Answer | None:
    stamp = seen.headers.get("x-amz-date", "")
    try:
        sent = timegm(strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return refused(403, "AccessDenied", f"no valid x-amz-date: {stamp!r}")
    if abs(sent - rules.now) > LONGEST_SKEW:
        return refused(403, "RequestTimeTooSkewed", "The difference between the clocks is too large.")
    return None


def _of_the_login(seen: Seen, parts: _Parts, login: Login) -> Answer | None:
    if parts["key"] != login.access_key:
        return refused(403, "InvalidAccessKeyId", "The AWS access key Id you provided does not exist.")
    if seen.headers.get("x-amz-security-token", "") != login.session_token:
        return refused(400, "ExpiredToken", "The provided token has expired.")
    return None


def _of_the_signature(seen: Seen, parts: _Parts, rules: Rules) -> Answer | None:
    names = parts["names"].split(";")
    loose = {name.lower() for name in seen.headers if name.lower().startswith("x-amz-")} - set(names)
    if loose or "host" not in names:
        return refused(403, "AccessDenied", f"There were headers which were not signed: {loose or 'host'}")
    if rules.login and parts["signature"] != _botocore_signature(seen, names, parts["region"], rules.login):
        return refused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
    return None


def _botocore_signature(seen: Seen, names: list[str], region: str, login: Login) -> str:
    """For the path just as it was sent: S3's is neither normalised nor encoded twice."""
    url = f"http://{seen.headers['Host']}{seen.target}"
    request = AWSRequest(seen.method, url, {name: seen.headers.get(name, "") for name in names})
    request.context["timestamp"] = seen.headers["x-amz-date"]
    signer = S3SigV4Auth(Credentials(login.access_key, login.secret_key), "s3", region)
    return str(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))
