"""Signatures are those that Amazon's own client makes, for any request and any legal key."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given
from hypothesis import strategies as st

from git_annex_remote_pyshare.backends.s3.signing import (
    EMPTY_SHA256,
    MAX_EXPIRY,
    UNSIGNED,
    Unsigned,
    signed_headers,
    signed_target,
)
from git_annex_remote_pyshare.backends.s3.url import quoted_key
from git_annex_remote_pyshare.credentials.credential import Credential

KEY = Credential("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "docs")
"""The one of Amazon's documentation."""

MAY_24TH = 1369353600.0

keys = st.one_of(
    st.binary(min_size=1, max_size=60),
    st.text(min_size=1, max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text("/.~+%? #&=aÄ\t", min_size=1, max_size=30).map(str.encode),
)
words = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).map(lambda word: f"x{word}x")
printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)
hosts = st.builds("{}{}".format, words, st.sampled_from(["", ".example.org", ".s3.amazonaws.com", ":9000", ":80"]))
requests = st.builds(
    Unsigned,
    method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE"]),
    host=hosts,
    path=keys.map(lambda key: "/" + quoted_key(key)),
    query=st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=9), max_size=4).map(
        lambda query: tuple(query.items())
    ),
    headers=st.dictionaries(
        st.one_of(words.map("x-amz-meta-{}".format), st.sampled_from(["Range", "Content-MD5", "If-Match"])),
        printable,
        max_size=4,
    ),
    payload=st.one_of(st.just(UNSIGNED), st.binary(max_size=9).map(lambda body: hashlib.sha256(body).hexdigest())),
)
access_keys = st.builds(Credential, words, printable.filter(bool), st.just("test"), st.one_of(st.just(""), words))
regions = st.sampled_from(["us-east-1", "eu-central-1", "auto", "garage", "default"])
moments = st.integers(0, 4_000_000_000).map(float)


@contextmanager
def frozen(now: float) -> Iterator[None]:
    with patch("botocore.auth.get_current_datetime", lambda: datetime.fromtimestamp(now, timezone.utc)):
        yield


def boto_request(request: Unsigned) -> Any:
    url = f"http://h{request.target}"
    headers = {**request.headers, "host": request.host}
    return AWSRequest(request.method, url, headers=headers)


@given(requests, access_keys, regions, moments)
@example(Unsigned("GET", "h:9000", "/b/" + quoted_key(b"a  b+c//d/~\xff%2F")), KEY, "us-east-1", MAY_24TH)
def test_headers_are_signed_as_amazons_client_does_s3_10_s3_13(
    request_: Unsigned, key: Credential, region: str, now: float
) -> None:
    theirs = boto_request(request_)
    auth: Any = S3SigV4Auth(Credentials(key.user, key.secret, key.session_token or None), "s3", region)
    with frozen(now), patch.object(auth, "payload", return_value=request_.payload):
        auth.add_auth(theirs)
    expected = {name.lower(): value for name, value in theirs.headers.items() if name.lower() != "host"}
    found = signed_headers(request_, key, region, now)
    assert {name.lower(): value for name, value in found.items()} == expected


@given(requests, access_keys, regions, moments, st.integers(1, MAX_EXPIRY))
def test_urls_are_signed_as_amazons_client_does_s3_10(
    request_: Unsigned, key: Credential, region: str, now: float, seconds: int
) -> None:
    theirs = boto_request(request_)
    credentials = Credentials(key.user, key.secret, key.session_token or None)
    with frozen(now):
        auth: Any = S3SigV4QueryAuth(credentials, "s3", region, expires=seconds)
        auth.add_auth(theirs)
    ours = signed_target(request_, key, region, now, seconds)
    path, _, query = ours.partition("?")
    assert path == urlsplit(theirs.url).path
    expected = dict(parse_qsl(urlsplit(theirs.url).query, keep_blank_values=True))
    assert dict(parse_qsl(query, keep_blank_values=True)) == expected


def test_a_documented_example_has_the_documented_signature_s3_10() -> None:
    # API Reference, "Signature Calculations for the Authorization Header", example GET Object
    request = Unsigned("GET", "examplebucket.s3.amazonaws.com", "/test.txt", headers={"Range": "bytes=0-9"})
    assert signed_headers(request, KEY, "us-east-1", MAY_24TH)["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def test_a_documented_url_has_the_documented_signature_s3_10() -> None:
    # API Reference, "Authenticating Requests: Using Query Parameters"
    request = Unsigned("GET", "examplebucket.s3.amazonaws.com", "/test.txt")
    assert signed_target(request, KEY, "us-east-1", MAY_24TH, 86_400).endswith(
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


@pytest.mark.parametrize(
    ("key", "quoted"),
    [
        pytest.param(b"a b+c", "a%20b%2Bc", id="S3-10-blank and plus"),
        pytest.param("ü~".encode(), "%C3%BC~", id="S3-10-unicode"),
        pytest.param(b"\xff%", "%FF%25", id="S3-10-no utf-8"),
        pytest.param(b"/a//b/", "/a//b/", id="S3-13-slashes"),
        pytest.param(b"./a/../b", "./a/../b", id="S3-13-dots"),
        pytest.param(b"a\tb\x01", "a%09b%01", id="S3-13-control characters"),
    ],
)
def test_a_key_is_encoded_once_and_never_normalised(key: bytes, quoted: str) -> None:
    assert quoted_key(key) == quoted


@given(keys)
def test_a_quoted_key_is_the_key_again_s3_13(key: bytes) -> None:
    assert unquote_to_bytes(quoted_key(key)) == key


def test_a_proxy_may_change_what_is_not_signed() -> None:
    plain = Unsigned("GET", "h", "/k", headers={"Range": "bytes=0-"})
    changed = plain._replace(headers={**plain.headers, "Accept-Encoding": "identity", "User-Agent": "x"})
    ours, theirs = (signed_headers(request, KEY, "auto", 0)["Authorization"] for request in (plain, changed))
    assert ours == theirs


def test_no_body_has_the_hash_of_nothing() -> None:
    assert signed_headers(Unsigned("GET", "h", "/k"), KEY, "auto", 0)["x-amz-content-sha256"] == EMPTY_SHA256
    assert hashlib.sha256(b"").hexdigest() == EMPTY_SHA256
