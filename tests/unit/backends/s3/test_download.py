"""Looking at objects in S3 and getting them, on a scripted server: what is there, what is not, what nobody knows."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from threading import Event

import pytest
from support import many_ranges
from support.fakes.s3 import ScriptedS3
from support.s3_answers import ACCESS_DENIED, CONSOLE_PAGE, DELETE_MARKER, DELETE_MARKER_BY_ID, problem
from support.s3_gate import Login
from support.s3kit import backend, headers_of, size_of
from support.scripted import Play, Rule, answer

from git_annex_remote_pyshare.backends import recent as recent_names
from git_annex_remote_pyshare.backends.s3 import download as reading
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.errors import (
    NotAStore,
    NotFound,
    PermissionDenied,
    PyshareError,
    RangeRefused,
    Unreachable,
)
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.transfer import ByteRange

KEY = "WORM-s7-m1--key"
OBJECT = f"bucket/pre/{KEY}"
MISSING = problem(404, "NoSuchKey")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_RECHECK_DELAY", 0.01)


@pytest.mark.parametrize(
    "play",
    [
        MISSING,
        pytest.param(DELETE_MARKER, id="S3-16-404"),
        pytest.param(DELETE_MARKER_BY_ID, id="S3-16-405"),
    ],
)
def test_absent_is_what_the_server_says_clearly(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, play: Play
) -> None:
    scripted_s3.script(Rule("HEAD", play), Rule("GET", play))
    assert bucket.stat(KEY) is None
    with pytest.raises(NotFound):
        desk.get(bucket, KEY)


def test_who_may_not_list_the_bucket_is_told_that_it_is_unknown_s3_15(
    bucket: S3Backend, scripted_s3: ScriptedS3
) -> None:
    scripted_s3.lists = False
    with pytest.raises(PermissionDenied, match="s3:ListBucket"):
        bucket.stat(KEY)
    scripted_s3.objects[OBJECT] = b"content"
    assert size_of(bucket, KEY) == 7


@pytest.mark.parametrize("size", [pytest.param(7, id="S3-15"), pytest.param(0, id="S3-15-empty")])
def test_a_byte_that_anyone_may_get_proves_that_the_object_is_there(scripted_s3: ScriptedS3, size: int) -> None:
    scripted_s3.login = Login()
    scripted_s3.public.add("bucket")
    scripted_s3.objects[OBJECT] = body_of(size)
    scripted_s3.script(Rule("HEAD", ACCESS_DENIED))
    assert size_of(backend(scripted_s3, None), KEY) == size
    assert scripted_s3.methods() == ["HEAD", "GET"]
    assert headers_of(scripted_s3)["Range"] == "bytes=0-0"


def test_without_a_login_a_missing_object_is_unknown_s3_15(scripted_s3: ScriptedS3) -> None:
    scripted_s3.login, scripted_s3.lists = Login(), False
    scripted_s3.public.add("bucket")
    with pytest.raises(PermissionDenied, match="does not exist, or is not public"):
        backend(scripted_s3, None).stat(KEY)


def test_what_was_just_stored_is_looked_for_twice_s3_27(bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    desk.put(bucket, KEY, b"content")
    scripted_s3.forget()
    scripted_s3.script(Rule("HEAD", MISSING))
    assert size_of(bucket, KEY) == 7
    assert bucket.stat("another") is None
    bucket.delete(KEY)
    assert bucket.stat(KEY) is None
    assert scripted_s3.methods() == ["HEAD", "HEAD", "HEAD", "DELETE", "HEAD"]


def test_only_what_was_stored_a_moment_ago_is_remembered_s3_27(monkeypatch: pytest.MonkeyPatch) -> None:
    recent, now = recent_names.Recent(), [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    recent.stored("old")
    now[0] += recent_names.FRESH + 1
    recent.stored("new")
    assert (recent.has("old"), recent.has("new"), len(recent._stored)) == (False, True, 1)


def test_a_broken_get_goes_on_only_with_the_same_object(bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.objects[OBJECT] = body_of(5000)
    scripted_s3.script(Rule("GET", Play(cut=2000)))
    sink = desk.sink(b"")  # a file that is there is written in place
    with pytest.raises(Unreachable):
        bucket.get(KEY, sink, nobody)
    assert content(sink) == body_of(2000)
    bucket.get(KEY, sink, nobody)
    assert content(sink) == body_of(5000)
    etag = f'"{md5(body_of(5000), usedforsecurity=False).hexdigest()}"'
    assert (headers_of(scripted_s3)["Range"], headers_of(scripted_s3)["If-Match"]) == ("bytes=1999-", etag)


@pytest.mark.parametrize("knows", [True, False])
def test_a_get_begins_anew_when_the_object_was_replaced(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, *, knows: bool
) -> None:
    scripted_s3.knows_conditions = knows
    scripted_s3.objects[OBJECT] = body_of(5000)
    scripted_s3.script(Rule("GET", Play(cut=2000)))
    sink = desk.sink(b"")
    with pytest.raises(Unreachable):
        bucket.get(KEY, sink, nobody)
    scripted_s3.objects[OBJECT] = body_of(5000, b"other")
    scripted_s3.forget()
    bucket.get(KEY, sink, nobody)
    assert content(sink) == body_of(5000, b"other")
    assert [seen.headers.get("Range") for seen in scripted_s3.requests] == ["bytes=1999-", None]


@pytest.mark.parametrize("tag", ['W/"weak"', "unquoted", '"ä"', ""])
def test_only_a_proper_tag_is_made_a_condition(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, tag: str
) -> None:
    scripted_s3.objects[OBJECT], scripted_s3.headers[OBJECT] = b"content", {"ETag": tag}
    sink = desk.sink(b"con")
    sink.partial.record(tag)
    bucket.get(KEY, sink, nobody)
    assert content(sink) == b"content"
    assert "If-Match" not in headers_of(scripted_s3)
    assert scripted_s3.methods() == ["GET"]


@pytest.mark.parametrize(
    "play",
    [
        answer(200, b"ntent", Content_Range="bytes 2-6/7", ETag='"x"'),
        answer(206, b"ntent", Content_Range="bytes 2-6/7", ETag='"x"'),
        answer(200, b"content", ETag='"x"'),
    ],
)
def test_content_range_says_what_came_whatever_the_status(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, play: Play
) -> None:
    scripted_s3.script(Rule("GET", play))
    sink = desk.sink(b"con")
    bucket.get(KEY, sink, nobody)
    assert content(sink) == b"content"
    assert scripted_s3.methods() == ["GET"]


def test_what_is_complete_already_costs_one_request(bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.objects[OBJECT] = b"content"
    bucket.get(KEY, desk.sink(b"content"), nobody)
    assert scripted_s3.methods() == ["GET"]


def test_stored_bytes_are_not_decoded_s3_21(bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.objects[OBJECT] = packed = gzip.compress(b"content")
    scripted_s3.headers[OBJECT] = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
    assert desk.get(bucket, KEY) == packed


def test_a_body_without_a_length_is_held_against_the_size_that_head_tells_s3_21(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    scripted_s3.objects[OBJECT] = body_of(5000)
    scripted_s3.script(Rule("GET", Play(unsized=True)), Rule("GET", Play(unsized=True, cut=4000)))
    assert desk.get(bucket, KEY) == body_of(5000)
    with pytest.raises(Unreachable, match="only 4000 of 5000 bytes"):
        desk.get(bucket, KEY)
    scripted_s3.script(Rule("GET", Play(unsized=True)), Rule("HEAD", Play(unsized=True)))
    with pytest.raises(Unreachable, match="the server does not say how large it is"):
        desk.get(bucket, KEY)


@pytest.mark.parametrize("status", [pytest.param(200, id="S3-28-200"), pytest.param(404, id="S3-28-404")])
def test_a_console_is_no_store(bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, status: int) -> None:
    page = CONSOLE_PAGE._replace(status=status)
    scripted_s3.script(*(Rule(method, page, times=-1) for method in ("HEAD", "GET", "PUT", "DELETE")))
    for ask in (
        lambda: bucket.stat(KEY),
        lambda: desk.get(bucket, KEY),
        lambda: desk.put(bucket, KEY, b"content"),
        lambda: bucket.delete(KEY),
        lambda: list(bucket.list()),
    ):
        with pytest.raises(NotAStore, match="port"):
            ask()


def test_a_page_that_somebody_stored_is_an_object_s3_28(bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.objects[OBJECT] = b"<html>"
    scripted_s3.headers[OBJECT] = {"Content-Type": "text/html; charset=utf-8"}
    assert size_of(bucket, KEY) == 6
    assert desk.get(bucket, KEY) == b"<html>"


ODD_NAMES = ("a b+c", "ä&=?#;~", "%41", "'()*!", "tab\there", "not UTF-8 \udcff")


@pytest.mark.parametrize("name", [pytest.param(name, id=f"S3-10-{name!a}") for name in ODD_NAMES])
def test_any_name_is_signed_as_it_is_sent(bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, name: str) -> None:
    desk.put(bucket, name, b"content")
    assert scripted_s3.objects == {f"bucket/pre/{name}": b"content"}
    assert desk.get(bucket, name) == b"content"
    assert [entry.name for entry in bucket.list()] == [name]
    bucket.delete(name)
    assert scripted_s3.objects == {}


@pytest.mark.parametrize("name", [pytest.param(name, id=f"S3-13-{name!r}") for name in ("/a", "a//b", "./a", "a/..")])
def test_a_name_that_means_something_else_on_the_way_is_refused(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, name: str
) -> None:
    for ask in (lambda: bucket.stat(name), lambda: desk.put(bucket, name, b"x"), lambda: bucket.delete(name)):
        with pytest.raises(PyshareError, match="is not a name"):
            ask()
    assert scripted_s3.requests == []


def test_eight_jobs_share_what_is_learned(bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    names = [f"key {number}" for number in range(40)]
    for name in names:
        desk.put(bucket, name, name.encode())
    with ThreadPoolExecutor(8) as pool:
        stats = list(pool.map(bucket.stat, names))
    assert [stat.size for stat in stats if stat] == [len(name) for name in names]
    assert scripted_s3.methods() == ["PUT"] * 40 + ["HEAD"] * 40


# Ranges


def part_of(bucket: S3Backend, desk: Desk, start: int = 1000, size: int = 500) -> ByteRange:
    """A part of an object of 4000 bytes, as `get` says which version it is."""
    desk.put(bucket, KEY, body_of(4000))
    sink = desk.sink()
    bucket.get(KEY, sink, nobody)
    assert sink.incoming
    assert bucket.is_exact(sink.incoming.version)
    return ByteRange(sink.incoming.version, start, size, 4000)


@pytest.mark.parametrize(("start", "size"), [(0, 1), (0, 4000), (1000, 500), (3999, 1)])
def test_a_range_is_one_request_for_its_bytes_only(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, start: int, size: int
) -> None:
    part, told = part_of(bucket, desk, start, size), [0]
    scripted_s3.forget()
    assert bucket.read_range(KEY, part, told.append) == body_of(4000)[start : start + size]
    assert scripted_s3.methods() == ["GET"]
    assert headers_of(scripted_s3)["Range"] == f"bytes={start}-{start + size - 1}"
    assert headers_of(scripted_s3)["If-Match"] == part.version
    assert told[-1] == size


@pytest.mark.parametrize("knows_conditions", [True, False])
def test_a_range_of_a_replaced_object_is_refused(
    bucket: S3Backend,
    scripted_s3: ScriptedS3,
    desk: Desk,
    knows_conditions: bool,  # noqa: FBT001
) -> None:
    part = part_of(bucket, desk)
    scripted_s3.knows_conditions = knows_conditions
    desk.put(bucket, KEY, body_of(4000, b"another"))
    with pytest.raises(RangeRefused):
        bucket.read_range(KEY, part, nobody)


@pytest.mark.parametrize(
    "play",
    [
        answer(200, body_of(4000), **{"Content-Length": "4000"}),
        answer(206, body_of(500), **{"Content-Range": "bytes 999-1498/4000"}),
        answer(206, body_of(500), **{"Content-Range": "bytes 1000-1498/4000"}),
        answer(206, body_of(500), **{"Content-Range": "bytes 1000-1499/4001"}),
        answer(206, body_of(500), **{"Content-Range": "bytes 1000-1499/*"}),
        answer(206, body_of(500)),
        answer(416, b"", **{"Content-Range": "bytes */700"}),
    ],
)
def test_a_response_that_is_not_the_range_is_refused(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, play: Play
) -> None:
    part = part_of(bucket, desk)
    scripted_s3.script(Rule("GET", play._replace(headers={"ETag": part.version, **play.headers})))
    with pytest.raises(RangeRefused):
        bucket.read_range(KEY, part, nobody)


def test_a_range_that_is_cut_may_be_tried_again(bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    part = part_of(bucket, desk)
    scripted_s3.script(Rule("GET", Play(cut=100)))
    with pytest.raises(Unreachable):
        bucket.read_range(KEY, part, nobody)
    assert bucket.read_range(KEY, part, nobody) == body_of(4000)[1000:1500]


@pytest.mark.parametrize("version", ["", 'W/"tag"', "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_only_a_strong_tag_is_an_exact_version(bucket: S3Backend, version: str) -> None:
    assert not bucket.is_exact(version)


def test_a_large_object_comes_in_ranges_each_once(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put(bucket, KEY, many_ranges.BODY)
    scripted_s3.forget()
    many_ranges.small_is_large(monkeypatch)
    assert desk.get(wrap(bucket, Event()), KEY) == many_ranges.BODY
    many_ranges.check(request.headers for request in scripted_s3.requests)
