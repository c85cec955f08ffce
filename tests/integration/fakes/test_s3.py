"""The scripted S3 server, on which tests of our backend build, takes botocore for what it is and plays its faults."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from support.fakes.s3 import ScriptedS3
from support.s3_answers import CONSOLE_PAGE, DELETE_MARKER_BY_ID, ENCRYPTED, OK_WITH_ERROR, SLOW_DOWN, moved
from support.s3_gate import Login
from support.s3_servers import S3Server
from support.scripted import Play, Rule

ODD_KEYS = ("a b+c", "a//b", "/a", "./../x", "%41", "ä&=?#;~", "tr/")
each_odd_key = pytest.mark.parametrize("key", ODD_KEYS)


def as_server(s3: ScriptedS3, login: Login | None = None) -> S3Server:
    who = login or s3.login or Login()
    return S3Server(s3.url, who.access_key, who.secret_key)


@contextmanager
def asking(s3: ScriptedS3, method: str = "GET", region: str = "us-east-1") -> Iterator[urllib3.HTTPResponse]:
    """The bare answer to a signed request for `bucket/key`."""
    request = AWSRequest(method, f"{s3.url}/bucket/key")
    S3SigV4Auth(Credentials(*(s3.login or Login())), "s3", region).add_auth(request)
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request(method, str(request.url), headers=dict(request.headers.items()), preload_content=False)
        assert isinstance(answer, urllib3.HTTPResponse)
        yield answer
        answer.close()


def code_of(s3: ScriptedS3, login: Login | None = None) -> Any:
    with as_server(s3, login).client() as client, pytest.raises(ClientError) as caught:
        client.get_object(Bucket="bucket", Key="key")
    return caught.value.response["Error"]["Code"]


@each_odd_key
def test_an_object_of_any_key_is_kept_for_who_signs_right(scripted_s3: ScriptedS3, key: str) -> None:
    scripted_s3.login = Login()
    with as_server(scripted_s3).client() as client:
        client.put_object(Bucket="bucket", Key=key, Body=b"content", StorageClass="STANDARD_IA")
        assert scripted_s3.objects == {f"bucket/{key}": b"content"}
        got = client.get_object(Bucket="bucket", Key=key, Range="bytes=3-")
        assert (got["Body"].read(), got["ContentRange"], got["StorageClass"]) == (b"tent", "bytes 3-6/7", "STANDARD_IA")
        client.delete_object(Bucket="bucket", Key=key)
    assert scripted_s3.objects == {}
    assert scripted_s3.methods() == ["PUT", "GET", "DELETE"]


@each_odd_key
def test_a_key_is_the_same_with_the_bucket_in_the_host(
    scripted_s3: ScriptedS3, localhost_names: None, key: str
) -> None:
    scripted_s3.login = Login()
    with as_server(scripted_s3).client("virtual") as client:
        client.put_object(Bucket="bucket", Key=key, Body=b"content")
    assert scripted_s3.objects == {f"bucket/{key}": b"content"}


@pytest.mark.parametrize(
    ("login", "code"),
    [(Login("AKIDNOBODY"), "InvalidAccessKeyId"), (Login(secret_key="wrong"), "SignatureDoesNotMatch")],
)
def test_a_wrong_login_is_refused(scripted_s3: ScriptedS3, login: Login, code: str) -> None:
    scripted_s3.login = Login()
    assert code_of(scripted_s3, login) == code


def test_a_session_token_that_is_not_the_latest_has_expired(scripted_s3: ScriptedS3) -> None:
    scripted_s3.login = Login(session_token="latest")
    assert code_of(scripted_s3) == "ExpiredToken"
    with asking(scripted_s3) as answer:
        assert answer.status == 404


def test_a_clock_that_is_wrong_is_refused_with_the_right_date(scripted_s3: ScriptedS3) -> None:
    scripted_s3.skew = -400 * 86400
    with asking(scripted_s3) as answer:
        assert b"RequestTimeTooSkewed" in answer.read()
        assert f" {time.gmtime(time.time() - 400 * 86400).tm_year} " in answer.headers["Date"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [400, 301, 307])
def test_who_signs_for_another_region_is_told_the_right_one(scripted_s3: ScriptedS3, status: int, method: str) -> None:
    scripted_s3.region, scripted_s3.elsewhere = "eu-central-1", status
    with asking(scripted_s3, method) as answer:
        assert (answer.status, answer.headers["x-amz-bucket-region"]) == (status, "eu-central-1")
    with asking(scripted_s3, method, "eu-central-1") as answer:
        assert answer.status == 404


def test_a_body_that_is_not_what_its_hash_says_is_refused(scripted_s3: ScriptedS3) -> None:
    for header, code in (("x-amz-content-sha256", b"XAmzContentSHA256Mismatch"), ("Content-MD5", b"BadDigest")):
        with urllib3.PoolManager() as pool:
            answer = pool.request("PUT", f"{scripted_s3.url}/bucket/key", body=b"spoilt", headers={header: "0" * 64})
        assert code in answer.data
    assert scripted_s3.objects == {}


def test_without_the_right_to_list_what_is_missing_is_forbidden(scripted_s3: ScriptedS3) -> None:
    assert code_of(scripted_s3) == "NoSuchKey"
    scripted_s3.lists = False
    assert code_of(scripted_s3) == "AccessDenied"


def test_a_stranger_reads_public_buckets_only(scripted_s3: ScriptedS3) -> None:
    scripted_s3.login = Login()
    scripted_s3.objects["bucket/key"] = b"content"
    with S3Server(scripted_s3.url).client() as client:
        with pytest.raises(ClientError, match="AccessDenied"):
            client.get_object(Bucket="bucket", Key="key")
        scripted_s3.public.add("bucket")
        assert client.get_object(Bucket="bucket", Key="key")["Body"].read() == b"content"
        with pytest.raises(ClientError, match="AccessDenied"):
            client.delete_object(Bucket="bucket", Key="key")


def test_an_archived_object_is_read_after_its_restore(scripted_s3: ScriptedS3) -> None:
    with as_server(scripted_s3).client() as client:
        client.put_object(Bucket="bucket", Key="key", Body=b"content", StorageClass="DEEP_ARCHIVE")
        assert code_of(scripted_s3) == "InvalidObjectState"
        wish = {"Bucket": "bucket", "Key": "key", "RestoreRequest": {"Days": 1}}
        assert client.restore_object(**wish)["ResponseMetadata"]["HTTPStatusCode"] == 202
        with pytest.raises(ClientError, match="RestoreAlreadyInProgress"):
            client.restore_object(**wish)
        assert client.head_object(Bucket="bucket", Key="key")["Restore"] == 'ongoing-request="true"'
        assert code_of(scripted_s3) == "InvalidObjectState"
        scripted_s3.thaw("bucket/key")
        assert client.get_object(Bucket="bucket", Key="key")["Body"].read() == b"content"
        assert client.restore_object(**wish)["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("verb", ["list_objects", "list_objects_v2"])
def test_a_list_comes_in_pages(scripted_s3: ScriptedS3, verb: str) -> None:
    scripted_s3.objects = {f"bucket/pre/{number} ä&": b"x" * number for number in range(7)} | {"bucket/other": b""}
    scripted_s3.page = 3
    with as_server(scripted_s3).client() as client:
        pages = list(client.get_paginator(verb).paginate(Bucket="bucket", Prefix="pre/"))
    found = {item["Key"]: item["Size"] for page in pages for item in page["Contents"]}
    assert found == {f"pre/{number} ä&": number for number in range(7)}
    assert len(pages) == 3


def test_a_bucket_is_made_unless_somebody_has_it(scripted_s3: ScriptedS3) -> None:
    scripted_s3.foreign.add("theirs")
    with as_server(scripted_s3).client() as client:
        client.create_bucket(Bucket="new")
        with pytest.raises(ClientError, match="BucketAlreadyOwnedByYou"):
            client.create_bucket(Bucket="new")
        with pytest.raises(ClientError, match="BucketAlreadyExists"):
            client.create_bucket(Bucket="theirs")
        with pytest.raises(ClientError, match="NoSuchBucket"):
            client.put_object(Bucket="missing", Key="key")
    assert scripted_s3.buckets == {"bucket", "new"}


@pytest.mark.parametrize(
    ("play", "status", "header", "body"),
    [
        pytest.param(SLOW_DOWN, 503, ("x-amz-request-id", "REQUEST1"), b"<Code>SlowDown</Code>", id="slow-down"),
        pytest.param(OK_WITH_ERROR, 200, ("x-amz-id-2", "HOST1"), b"<Code>InternalError</Code>", id="200-with-error"),
        pytest.param(moved("eu-west-1"), 301, ("x-amz-bucket-region", "eu-west-1"), b"PermanentRedirect", id="moved"),
        pytest.param(CONSOLE_PAGE, 200, ("Content-Type", "text/html"), b"Console", id="console"),
        pytest.param(DELETE_MARKER_BY_ID, 405, ("x-amz-delete-marker", "true"), b"MethodNotAllowed", id="marker"),
        pytest.param(ENCRYPTED, 200, ("ETag", '"not-an-md5"'), b"content", id="kms"),
        pytest.param(Play(unsized=True), 200, ("Content-Length", None), b"content", id="no-length"),
        pytest.param(Play(headers={"Date": "then"}), 200, ("Date", "then"), b"content", id="date"),
    ],
)
def test_what_is_scripted_is_played_once(
    scripted_s3: ScriptedS3, play: Play, status: int, header: tuple[str, str | None], body: bytes
) -> None:
    scripted_s3.objects["bucket/key"] = b"content"
    scripted_s3.script(Rule("GET", play, "^/bucket/key$"))
    with asking(scripted_s3) as answer:
        assert (answer.status, answer.headers.get(header[0])) == (status, header[1])
        assert body in answer.read()
    with asking(scripted_s3) as answer:
        assert (answer.status, answer.read()) == (200, b"content")
