"""Storing in and removing from S3, on a scripted server: what a PUT brings along, and what its answer proves."""

from base64 import b64encode
from hashlib import md5, sha256
from pathlib import Path
from threading import Event

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_answers import INTERNAL_ERROR, MARKED, OK_WITH_ERROR, REQUEST_TIMEOUT, SLOW_DOWN, TOO_MANY, problem
from support.s3kit import backend, headers_of, place_at
from support.scripted import Play, Rule

from git_annex_remote_pyshare.backends.s3 import errors, upload
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.errors import (
    Busy,
    CorruptUpload,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    SourceChanged,
    Unreachable,
)
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk, body_of, nobody
from git_annex_remote_pyshare.transfer import Source

KEY = "WORM-s7-m1--key"
MD5 = md5(b"content", usedforsecurity=False).hexdigest()
SHA256 = sha256(b"content").hexdigest()
MD5_HEADER = b64encode(bytes.fromhex(MD5)).decode()
LOCKED_BUCKET = problem(400, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for this")


def source_with(folder: Path, **digests: str) -> Source:
    """The file `content`, of which git-annex's key tells these digests."""
    (folder / "content").write_bytes(b"content")
    return Source(str(folder / "content"), digests)


def test_each_operation_is_one_request(bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    desk.put(bucket, KEY, b"content")
    assert bucket.stat(KEY)
    assert desk.get(bucket, KEY) == b"content"
    bucket.delete(KEY)
    assert scripted_s3.methods() == ["PUT", "HEAD", "GET", "DELETE"]


def test_a_hash_that_the_key_names_goes_along_for_the_server_to_compare(
    bucket: S3Backend, scripted_s3: ScriptedS3, tmp_path: Path
) -> None:
    receipt = bucket.put(KEY, source_with(tmp_path, sha256=SHA256), nobody)
    assert headers_of(scripted_s3)["x-amz-content-sha256"] == SHA256
    assert receipt.digests == {"md5": MD5}
    bucket.put(KEY, source_with(tmp_path, md5=MD5), nobody)
    assert headers_of(scripted_s3)["Content-MD5"] == MD5_HEADER


@pytest.mark.parametrize("digests", [{"sha256": "0" * 64}, {"md5": "0" * 32}], ids=str)
def test_a_file_that_is_not_what_its_key_says_is_not_sent_again(
    bucket: S3Backend, scripted_s3: ScriptedS3, tmp_path: Path, digests: dict[str, str]
) -> None:
    with pytest.raises(SourceChanged, match="git annex fsck"):
        wrap(bucket, Event()).put(KEY, source_with(tmp_path, **digests), nobody)
    assert scripted_s3.methods() == ["PUT"]
    assert scripted_s3.objects == {}


def test_a_file_that_is_damaged_on_its_way_is_sent_again(
    bucket: S3Backend, scripted_s3: ScriptedS3, tmp_path: Path
) -> None:
    scripted_s3.script(Rule("PUT", problem(400, "XAmzContentSHA256Mismatch")))
    wrap(bucket, Event()).put(KEY, source_with(tmp_path, sha256=SHA256), nobody)
    assert scripted_s3.objects == {f"bucket/pre/{KEY}": b"content"}


@pytest.mark.parametrize("code", ["BadDigest", "XAmzContentSHA256Mismatch"])
def test_a_file_that_is_damaged_on_its_way_twice_is_not_sent_a_third_time(
    bucket: S3Backend, scripted_s3: ScriptedS3, tmp_path: Path, code: str
) -> None:
    scripted_s3.script(Rule("PUT", problem(400, code), times=-1))
    with pytest.raises(CorruptUpload, match=rf"{code}: .*\) \(tried twice in 0 s\)\. .*git annex fsck"):
        wrap(bucket, Event()).put(KEY, source_with(tmp_path, sha256=SHA256), nobody)
    assert scripted_s3.methods() == ["PUT", "PUT"]
    assert scripted_s3.objects == {}


def test_of_any_other_key_the_server_tells_the_hash_of_what_it_got(
    bucket: S3Backend, scripted_s3: ScriptedS3, tmp_path: Path
) -> None:
    source = source_with(tmp_path)
    assert bucket.put(KEY, source, nobody).digests == {"md5": MD5}
    assert source.known("md5") == MD5  # the verify layer need not read the file again
    assert headers_of(scripted_s3)["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"


def test_without_a_login_the_server_tells_the_hash_of_what_it_got(scripted_s3: ScriptedS3, tmp_path: Path) -> None:
    store = backend(scripted_s3, None)
    assert store.put(KEY, source_with(tmp_path, sha256=SHA256), nobody).digests == {"md5": MD5}
    assert "x-amz-content-sha256" not in headers_of(scripted_s3)


@pytest.mark.parametrize("size", [pytest.param(0, id="S3-6-empty"), 7, pytest.param(3 << 20, id="S3-8-large")])
def test_a_body_is_sent_as_it_is_and_without_an_acl_s3_8_s3_23(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, size: int
) -> None:
    desk.put(bucket, KEY, body_of(size))
    sent = headers_of(scripted_s3)
    assert sent["Content-Length"] == str(size)
    assert {"Transfer-Encoding", "Content-Encoding", "x-amz-trailer", "x-amz-acl", "Expect"}.isdisjoint(sent)
    assert scripted_s3.objects == {f"bucket/pre/{KEY}": body_of(size)}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"ETag": '"d41d8cd98f00b204e9800998ecf8427e-2"'}, id="S3-7-multipart"),
        pytest.param({"ETag": f'"{"0" * 32}"', "x-amz-server-side-encryption": "aws:kms"}, id="S3-7-kms"),
        pytest.param({"ETag": f'"{"0" * 32}"', "x-amz-server-side-encryption": "aws:kms:dsse"}, id="S3-7-kms-twice"),
        pytest.param(
            {"ETag": f'"{"0" * 32}"', "x-amz-server-side-encryption-customer-algorithm": "AES256"}, id="S3-7-sse-c"
        ),
        pytest.param({"ETag": ""}, id="S3-7-empty"),
    ],
)
def test_an_etag_that_is_no_md5_is_not_compared(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, headers: dict[str, str]
) -> None:
    scripted_s3.script(Rule("PUT", Play(headers=headers)))
    assert desk.put(bucket, KEY, b"content").digests == {}


@pytest.mark.parametrize("digests", [{}, {"sha256": SHA256}], ids=["unknown hash", "known, but not compared"])
def test_an_object_that_arrived_otherwise_twice_is_removed_again(
    bucket: S3Backend, scripted_s3: ScriptedS3, tmp_path: Path, digests: dict[str, str]
) -> None:
    scripted_s3.script(Rule("PUT", Play(headers={"ETag": f'"{"0" * 32}"'}), times=-1))
    with pytest.raises(CorruptUpload, match=r"another md5 \(tried twice\)"):
        wrap(bucket, Event()).put(KEY, source_with(tmp_path, **digests), nobody)
    assert scripted_s3.objects == {}
    assert scripted_s3.methods() == ["PUT", "DELETE", "PUT", "DELETE"]


def test_an_object_that_arrived_otherwise_once_is_stored_again(
    bucket: S3Backend, scripted_s3: ScriptedS3, tmp_path: Path
) -> None:
    scripted_s3.script(Rule("PUT", Play(headers={"ETag": f'"{"0" * 32}"'})))
    wrap(bucket, Event()).put(KEY, source_with(tmp_path), nobody)
    assert scripted_s3.objects == {f"bucket/pre/{KEY}": b"content"}
    assert scripted_s3.methods() == ["PUT", "DELETE", "PUT"]


def test_the_storage_class_goes_along(scripted_s3: ScriptedS3, desk: Desk) -> None:
    desk.put(backend(scripted_s3, storageclass="STANDARD_IA"), KEY, b"content")
    assert headers_of(scripted_s3)["x-amz-storage-class"] == "STANDARD_IA"


def test_what_is_too_large_for_one_put_is_not_begun(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "MAX_PUT_SIZE", 6)
    with pytest.raises(QuotaExceeded, match="chunk=1GiB"):
        desk.put(bucket, KEY, b"content")
    assert scripted_s3.methods() == []


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(SLOW_DOWN, id="S3-1-503"),
        pytest.param(TOO_MANY, id="S3-1-429"),
        pytest.param(INTERNAL_ERROR, id="S3-1-500"),
        pytest.param(REQUEST_TIMEOUT, id="S3-1-400"),
        pytest.param(OK_WITH_ERROR, id="S3-2-200"),
        pytest.param(Play(reset=True), id="reset"),
        pytest.param(Play(lost=True), id="answer lost"),
        pytest.param(Play(half=True), id="half"),
    ],
)
def test_what_may_pass_is_sent_again(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, monkeypatch: pytest.MonkeyPatch, play: Play
) -> None:
    monkeypatch.setattr(errors, "_PAUSE", 0.01)
    scripted_s3.script(Rule("PUT", play, times=2))
    store = wrap(bucket, Event())
    desk.put(store, KEY, body_of(5000))
    assert desk.get(store, KEY) == body_of(5000)


@pytest.mark.parametrize("play", [pytest.param(SLOW_DOWN, id="S3-1-503"), pytest.param(TOO_MANY, id="S3-1-429")])
def test_who_asks_to_slow_down_gets_a_pause_from_all_jobs(
    bucket: S3Backend, scripted_s3: ScriptedS3, play: Play
) -> None:
    scripted_s3.script(Rule("HEAD", play))
    with pytest.raises(Busy) as caught:
        bucket.stat(KEY)
    assert 0.5 <= (caught.value.retry_after or 0) <= 2


def test_the_servers_own_pause_is_obeyed_s3_1(bucket: S3Backend, scripted_s3: ScriptedS3) -> None:
    scripted_s3.script(Rule("HEAD", problem(503, "SlowDown", Retry_After="17")))
    with pytest.raises(Busy) as caught:
        bucket.stat(KEY)
    assert caught.value.retry_after == 17


def test_a_success_that_holds_an_error_is_a_failure_s3_2(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    scripted_s3.script(Rule("PUT", OK_WITH_ERROR))
    with pytest.raises(Unreachable, match="InternalError") as caught:
        desk.put(bucket, KEY, b"content")
    assert caught.value.retryable


def test_a_bucket_that_locks_its_objects_gets_the_md5_it_wants_s3_24(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    scripted_s3.script(Rule("PUT", LOCKED_BUCKET))
    for name in ("one", "two"):
        desk.put(bucket, name, b"content")
        assert headers_of(scripted_s3)["Content-MD5"] == MD5_HEADER
    assert scripted_s3.methods() == ["PUT", "PUT", "PUT"]


def test_an_acl_is_never_sent_even_where_all_may_read_s3_23(scripted_s3: ScriptedS3, desk: Desk) -> None:
    desk.put(backend(scripted_s3, public="yes"), KEY, b"content")
    assert "x-amz-acl" not in headers_of(scripted_s3)


def test_removing_what_is_only_hidden_says_so_once_s3_31(bucket: S3Backend, scripted_s3: ScriptedS3) -> None:
    assert bucket.notice() == ""
    scripted_s3.script(Rule("DELETE", MARKED, times=-1))
    bucket.delete(KEY)
    assert "only hidden" in bucket.notice()
    bucket.delete(KEY)
    assert bucket.notice() == ""


def test_removing_a_locked_object_is_a_failure_s3_31(bucket: S3Backend, scripted_s3: ScriptedS3) -> None:
    scripted_s3.script(Rule("DELETE", problem(403, "AccessDenied", "object protected by object lock.")))
    with pytest.raises(PermissionDenied, match="protected by object lock"):
        bucket.delete(KEY)


def test_removing_from_a_bucket_that_is_not_there_is_a_failure(scripted_s3: ScriptedS3) -> None:
    with pytest.raises(PyshareError, match="no bucket missing"):
        backend(scripted_s3, url="s3://missing").delete(KEY)


def test_no_error_shows_the_secret(bucket: S3Backend, scripted_s3: ScriptedS3) -> None:
    place = place_at(scripted_s3)
    login = place.credential()
    assert login
    scripted_s3.script(Rule("HEAD", problem(403, "SignatureDoesNotMatch")), Rule("GET", problem(403, "x")))
    with pytest.raises(PermissionDenied) as caught:
        bucket.stat(KEY)
    assert login.secret not in str(caught.value)
