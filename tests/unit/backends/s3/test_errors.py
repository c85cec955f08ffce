"""What each refusal of an S3 server means, whether it may pass, and what the user is told to do."""

import time
from email.utils import formatdate

import pytest
from urllib3 import HTTPHeaderDict

from git_annex_remote_pyshare.backends.s3.error_codes import (
    CODES,
    Archived,
    ClockSkewed,
    Forbidden,
    LoginExpired,
    NoSuchBucket,
    WrongRegion,
)
from git_annex_remote_pyshare.backends.s3.errors import Doing, from_response
from git_annex_remote_pyshare.backends.s3.response import Response, error_details, is_web_page
from git_annex_remote_pyshare.errors import (
    BadName,
    BadSetting,
    Busy,
    CorruptUpload,
    NotAStore,
    NotFound,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    Unreachable,
)

GET = Doing("read the file", "s3://bucket/", "bucket", words=("s3://bucket/x y", "endpoint=https://s3.example.org"))
HEAD = GET._replace(what="look for the file", method="HEAD")
PUT = GET._replace(what="store the file", method="PUT")
HTML = {"Content-Type": "text/html; charset=utf-8"}


def document(code: str, message: str = "Some words.", more: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message>{more}<RequestId>R1</RequestId></Error>"
    ).encode()


def error(
    doing: Doing, status: int, headers: dict[str, str] | None = None, body: bytes = b""
) -> tuple[type[PyshareError], bool]:
    found = from_response(doing, status, HTTPHeaderDict(headers or {}), body)
    return type(found), found.retryable


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        pytest.param(503, "SlowDown", Busy, True, id="S3-1-SlowDown"),
        pytest.param(429, "TooManyRequests", Busy, True, id="S3-1-429"),
        pytest.param(500, "InternalError", Unreachable, True, id="S3-1-InternalError"),
        pytest.param(400, "RequestTimeout", Unreachable, True, id="S3-1-RequestTimeout"),
        pytest.param(200, "InternalError", Unreachable, True, id="S3-2-InternalError"),
        pytest.param(200, "SlowDown", Busy, True, id="S3-2-SlowDown"),
        pytest.param(200, "SomethingNew", Unreachable, True, id="S3-2-unknown"),
        pytest.param(301, "PermanentRedirect", WrongRegion, False, id="S3-9-301"),
        pytest.param(307, "TemporaryRedirect", WrongRegion, False, id="S3-9-307"),
        pytest.param(400, "AuthorizationHeaderMalformed", WrongRegion, False, id="S3-9-400"),
        pytest.param(403, "SignatureDoesNotMatch", PermissionDenied, False, id="S3-10-signature"),
        pytest.param(403, "RequestTimeTooSkewed", ClockSkewed, False, id="S3-11"),
        pytest.param(400, "KeyTooLongError", BadName, False, id="S3-13-long"),
        pytest.param(400, "XMinioInvalidObjectName", BadName, False, id="S3-13-minio"),
        pytest.param(403, "AccessDenied", Forbidden, False, id="S3-15-GET"),
        pytest.param(409, "BucketAlreadyExists", PermissionDenied, False, id="S3-17-taken"),
        pytest.param(400, "ExpiredToken", LoginExpired, False, id="S3-19-expired"),
        pytest.param(403, "InvalidObjectState", Archived, False, id="S3-25-archived"),
        pytest.param(409, "RestoreAlreadyInProgress", Archived, False, id="S3-25-under way"),
        (404, "NoSuchKey", NotFound, False),
        (404, "NoSuchVersion", NotFound, False),
        (404, "NoSuchBucket", NoSuchBucket, False),
        (404, "SomethingNew", NotAStore, False),
        (400, "BadDigest", CorruptUpload, True),
        (400, "XAmzContentSHA256Mismatch", CorruptUpload, True),
        (400, "EntityTooLarge", QuotaExceeded, False),
        (403, "QuotaExceeded", QuotaExceeded, False),
        (507, "XMinioStorageFull", QuotaExceeded, False),
        (400, "InvalidStorageClass", BadSetting, False),
        (400, "InvalidArgument", BadSetting, False),
        (400, "InvalidBucketName", BadSetting, False),
        (409, "OperationAborted", Busy, True),
        (412, "PreconditionFailed", Unreachable, False),
        (403, "InvalidAccessKeyId", PermissionDenied, False),
        (501, "NotImplemented", NotAStore, False),
        (400, "SomethingNew", PermissionDenied, False),
        (503, "SomethingNew", Busy, True),
    ],
)
def test_a_code_has_a_meaning(status: int, code: str, kind: type[PyshareError], *, retryable: bool) -> None:
    found = from_response(GET, status, HTTPHeaderDict(), document(code))
    assert (type(found), found.retryable) == (kind, retryable)
    assert str(found).startswith("cannot read the file on s3://bucket/: ")
    assert f"({code}: Some words.)" in str(found)
    assert found.trace == "request R1", "the id is for the server's administrator, so for --debug"


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (302, NotAStore, False),
        (400, PermissionDenied, False),
        (401, PermissionDenied, False),
        (403, Forbidden, False),
        (404, NotAStore, False),
        (405, NotAStore, False),
        (407, PermissionDenied, False),
        (408, Unreachable, True),
        (409, Busy, True),
        (411, NotAStore, False),
        (412, Unreachable, False),
        (413, QuotaExceeded, False),
        (414, BadName, False),
        pytest.param(429, Busy, True, id="S3-1-429"),
        pytest.param(500, Unreachable, True, id="S3-1-500"),
        (501, NotAStore, False),
        (502, Unreachable, True),
        pytest.param(503, Busy, True, id="S3-1-503"),
        (504, Unreachable, True),
        (507, QuotaExceeded, False),
        (599, Unreachable, True),
        (204, NotAStore, False),
        pytest.param(301, NotAStore, False, id="S3-20-301"),
    ],
)
def test_a_status_without_a_code_has_a_meaning(status: int, kind: type[PyshareError], *, retryable: bool) -> None:
    assert error(PUT, status) == (kind, retryable)
    assert f"(status {status})" in str(from_response(PUT, status, {}))


def test_an_object_is_absent_only_by_the_servers_clear_word() -> None:
    assert error(HEAD, 404, {"Content-Type": "application/xml"})[0] is NotFound
    assert error(GET, 404, {}, document("NoSuchKey"))[0] is NotFound
    for doing, headers, body in ((GET, {}, b""), (GET, {}, b"gone"), (HEAD, HTML, b""), (GET, HTML, b"<html>")):
        assert error(doing, 404, headers, body)[0] is NotAStore


@pytest.mark.parametrize("status", [404, 405])
def test_what_a_delete_marker_hides_is_absent_s3_16(status: int) -> None:
    assert error(HEAD, status, {"X-Amz-Delete-Marker": "true"})[0] is NotFound


def test_a_missing_bucket_is_named_and_says_nothing_of_objects() -> None:
    found = from_response(GET, 404, {}, document("NoSuchBucket"))
    assert not isinstance(found, NotFound)
    assert "there is no bucket bucket" in str(found)


@pytest.mark.parametrize("doing", [GET, HEAD])
def test_forbidden_to_look_is_unknown_and_explained_s3_15(doing: Doing) -> None:
    found = from_response(doing._replace(advice="Type: pyshare login X"), 403, {})
    assert type(found) is Forbidden
    assert "does not say whether the object exists" in str(found)
    assert "s3:ListBucket" in str(found)
    assert str(found).endswith("Type: pyshare login X")


def test_an_anonymous_reader_is_told_that_a_login_may_help_s3_15_s3_18() -> None:
    found = from_response(HEAD._replace(anonymous=True), 403, {})
    assert "not public" in str(found)
    assert str(found).endswith("Type: pyshare login 's3://bucket/x y' endpoint=https://s3.example.org")
    assert "s3://bucket/ needs a login. Type: pyshare login" in str(
        from_response(PUT._replace(anonymous=True), 403, {}, document("AccessDenied"))
    )
    assert "s3://bucket/ needs a login. Type: pyshare login" in str(
        from_response(HEAD._replace(anonymous=True), 401, {})
    )


def test_a_store_that_is_forbidden_to_write_names_the_owner() -> None:
    assert "Ask the bucket's owner" in str(from_response(PUT, 403, {}, document("AccessDenied")))


@pytest.mark.parametrize(
    ("doing", "status", "headers", "body"),
    [
        pytest.param(HEAD, 301, {"x-amz-bucket-region": "eu-west-1"}, b"", id="S3-9-HEAD 301"),
        pytest.param(HEAD, 400, {"x-amz-bucket-region": "eu-west-1"}, b"", id="S3-9-HEAD 400"),
        pytest.param(PUT, 307, {"x-amz-bucket-region": "eu-west-1"}, b"", id="S3-9-307"),
        pytest.param(
            PUT,
            400,
            {},
            document("AuthorizationHeaderMalformed", more="<Region>eu-west-1</Region>"),
            id="S3-9-malformed",
        ),
    ],
)
def test_an_answer_tells_where_the_bucket_is(doing: Doing, status: int, headers: dict[str, str], body: bytes) -> None:
    found = from_response(doing, status, HTTPHeaderDict(headers), body)
    assert isinstance(found, WrongRegion)
    assert found.region == "eu-west-1"
    assert str(found).endswith("region=eu-west-1")


def test_the_region_in_a_remedy_may_be_pasted() -> None:
    found = from_response(PUT, 307, {"x-amz-bucket-region": "x; reboot"})
    assert str(found).endswith("region='x; reboot'")


def test_a_wrong_clock_is_told_with_its_error_s3_11() -> None:
    date = formatdate(time.time() - 3600, usegmt=True)
    for found in (
        from_response(PUT, 403, {"Date": date}, document("RequestTimeTooSkewed")),
        from_response(HEAD, 403, {"Date": date}),
        from_response(PUT, 403, {"Date": date}, document("AccessDenied")),
    ):
        assert isinstance(found, ClockSkewed)
        assert "differ by 60 minutes" in str(found)
    assert error(HEAD, 403, {"Date": formatdate(usegmt=True)})[0] is Forbidden
    assert error(HEAD, 403, {"Date": "yesterday"})[0] is Forbidden


def test_a_clock_that_was_corrected_is_not_blamed_again_s3_11() -> None:
    date = formatdate(time.time() - 3600, usegmt=True)
    found = from_response(HEAD._replace(clock_offset=-3600.0), 403, {"Date": date})
    assert type(found) is Forbidden


@pytest.mark.parametrize(("text", "least", "most"), [("7", 7.0, 7.0), ("", 0.5, 2.0), ("soon", 0.5, 2.0)])
def test_a_server_may_say_how_long_to_wait_s3_1(text: str, least: float, most: float) -> None:
    asked = from_response(PUT, 503, {"Retry-After": text}, document("SlowDown")).retry_after
    assert asked is not None
    assert least <= asked <= most


@pytest.mark.parametrize("status", [200, 400, 403, 404, 405])
@pytest.mark.parametrize("doing", [HEAD, GET, PUT])
def test_a_web_page_is_no_s3_server_and_a_console_may_be_the_reason_s3_28(doing: Doing, status: int) -> None:
    found = from_response(doing, status, HTTPHeaderDict(HTML), b"" if doing is HEAD else b"<!doctype html>")
    assert type(found) is NotAStore
    assert "its port too" in str(found)


def test_a_proxys_page_does_not_hide_that_it_may_pass_s3_28() -> None:
    assert error(GET, 502, HTML, b"<html>") == (Unreachable, True)
    assert error(GET, 503, HTML, b"<html>") == (Busy, True)


def test_a_stored_page_is_an_object_s3_28() -> None:
    assert is_web_page(HTTPHeaderDict(HTML))
    assert not is_web_page(HTTPHeaderDict({**HTML, "X-Amz-Request-Id": "R1"}))
    assert not is_web_page(HTTPHeaderDict({"ETag": '"9a0364b9e99bb480dd25e1f0284c8555-2"', **HTML}))
    assert is_web_page(HTTPHeaderDict({"ETag": '"5f3e2a10-264"', **HTML}))
    assert not is_web_page(HTTPHeaderDict({"Content-Type": "application/octet-stream"}))


def test_minio_tells_in_headers_what_head_cannot_say() -> None:
    headers = {"x-minio-error-code": "NoSuchBucket", "x-minio-error-desc": '"The bucket does not exist"'}
    found = from_response(HEAD, 404, HTTPHeaderDict(headers))
    assert type(found) is NoSuchBucket
    assert "The bucket does not exist" in str(found)


def test_an_answer_may_wrap_its_error_and_name_its_words() -> None:
    body = (
        b'<r:ErrorResponse xmlns:r="http://s3.example.org/"><r:Error><r:Code>SlowDown</r:Code>'
        b"<r:StorageClass>GLACIER</r:StorageClass></r:Error><r:RequestId>R2</r:RequestId></r:ErrorResponse>"
    )
    assert error_details({}, body.replace(b"r:", b"")) == Response("SlowDown", request="R2", storage_class="GLACIER")
    body = b'<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Code>SlowDown</Code></Error>'
    assert error_details({}, body).code == "SlowDown"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no XML",
        b"<Error><Code>Cut",
        b"<Error",
        b'<!DOCTYPE e [<!ENTITY a "b">]><Error><Code>&a;</Code></Error>',
        b"<Error><Code>\xff</Code></Error>",
    ],
)
def test_what_cannot_be_read_says_nothing(body: bytes) -> None:
    assert error_details({}, body) == Response()
    assert error(GET, 500, {}, body) == (Unreachable, True)


def test_no_secret_of_the_answer_is_shown_and_long_words_are_cut() -> None:
    more = "<SignatureProvided>s3cret</SignatureProvided><StringToSign>s3cret</StringToSign><Token-0>s3cret</Token-0>"
    text = str(from_response(GET, 403, {}, document("SignatureDoesNotMatch", "word " * 1000, more)))
    assert "s3cret" not in text
    assert len(text) < 600


def test_every_meaning_can_be_told() -> None:
    for code in CODES:
        text = str(from_response(GET, 400, {}, document(code)))
        assert "{" not in text, code
