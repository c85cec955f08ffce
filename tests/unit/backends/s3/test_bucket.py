"""The bucket itself, on a scripted server: made where it is missing, marked as one remote's, and listed."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_answers import ACCESS_DENIED, problem
from support.s3_gate import Login
from support.s3kit import UUID, backend, clone, place_at
from support.scripted import Play, Rule, answer

from git_annex_remote_pyshare.annex.importing import Importing
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.config.options import TAKE_OVER
from git_annex_remote_pyshare.errors import BadSetting, NotAStore, PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk

KEY = "WORM-s7-m1--key"
MARKER = "bucket/pre/annex-uuid"
OTHERS = "99999999-2222-3333-4444-555555555555"


def test_a_place_is_marked_as_git_annex_does_it(bucket: S3Backend, scripted_s3: ScriptedS3) -> None:
    for _ in range(2):
        assert bucket.initialize().notes == ()
    assert scripted_s3.objects == {MARKER: UUID.encode()}
    assert scripted_s3.methods() == ["GET", "PUT", "GET"]


def test_a_missing_bucket_is_made_with_a_word_about_it(scripted_s3: ScriptedS3) -> None:
    scripted_s3.login = Login()
    notes = backend(scripted_s3, url="s3://new").initialize().notes
    assert notes == (f"made bucket new in {scripted_s3.url}",)
    assert scripted_s3.objects == {"new/annex-uuid": UUID.encode()}


def test_a_bucket_at_amazon_is_made_in_the_region_that_is_wanted(amazon: ScriptedS3) -> None:
    amazon.region = "eu-central-1"
    store = backend(amazon, url="s3://new", endpoint="", protocol="http", region="eu-central-1")
    assert store.initialize().notes == ("made bucket new in region eu-central-1",)
    made = next(seen for seen in amazon.requests if seen.method == "PUT")
    assert made.headers["Host"] == "new.s3.eu-central-1.amazonaws.com"
    assert b"<LocationConstraint>eu-central-1</LocationConstraint>" in made.body


def test_who_has_no_login_or_no_network_makes_nothing_ready(scripted_s3: ScriptedS3) -> None:
    (note,) = backend(scripted_s3, None).initialize().notes
    assert note == "no login for s3://bucket/pre, so nothing was checked and nothing can be stored yet. Log in"
    assert backend(scripted_s3, None, public="yes").initialize().notes[0].startswith("to let anyone read")
    assert scripted_s3.requests == []
    (note,) = backend(scripted_s3, endpoint="http://127.0.0.1:1").initialize().notes
    assert "cannot be reached, so nothing was checked" in note


def test_a_place_of_another_remote_is_refused_unless_told(scripted_s3: ScriptedS3) -> None:
    scripted_s3.objects[MARKER] = OTHERS.encode()
    with pytest.raises(BadSetting, match=OTHERS) as caught:
        backend(scripted_s3).initialize()
    assert "git -c remote.cloud.pyshare-take-over=true annex initremote" in caught.value.remedy
    told = place_at(scripted_s3)._replace(clone=clone(**{TAKE_OVER.name: "true"}))
    (note,) = S3Backend(told).initialize().notes
    assert OTHERS in note
    assert scripted_s3.objects[MARKER] == UUID.encode()


def test_a_wrong_login_is_told_at_once(scripted_s3: ScriptedS3) -> None:
    scripted_s3.login = Login("AKIDSOMEBODYELSE")
    with pytest.raises(PermissionDenied, match="InvalidAccessKeyId"):
        backend(scripted_s3).initialize()


def test_who_may_not_look_into_the_bucket_uses_it_all_the_same_s3_17(scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.script(Rule("GET", ACCESS_DENIED))
    store = backend(scripted_s3)
    (note,) = store.initialize().notes
    assert "has no right to read" in note
    desk.put(store, KEY, b"content")


def test_a_bucket_of_somebody_else_is_explained_s3_17(scripted_s3: ScriptedS3, desk: Desk) -> None:
    taken = problem(409, "BucketAlreadyExists")
    scripted_s3.script(Rule("PUT", taken, "^/theirs/?$"))
    with pytest.raises(PermissionDenied, match="bucket theirs belongs to another account") as caught:
        backend(scripted_s3, url="s3://theirs").initialize()
    assert "another name" in caught.value.remedy


def test_a_bucket_that_is_ours_already_is_fine_s3_17(scripted_s3: ScriptedS3) -> None:
    scripted_s3.script(
        Rule("GET", problem(404, "NoSuchBucket")), Rule("PUT", problem(409, "BucketAlreadyOwnedByYou"), "^/bucket/?$")
    )
    backend(scripted_s3).initialize()
    assert scripted_s3.objects == {MARKER: UUID.encode()}


def test_who_may_not_make_the_bucket_is_told_s3_17(scripted_s3: ScriptedS3) -> None:
    scripted_s3.script(Rule("PUT", ACCESS_DENIED))
    with pytest.raises(PermissionDenied, match="make the bucket new"):
        backend(scripted_s3, url="s3://new").initialize()


def test_the_first_store_makes_a_missing_bucket_once_for_all_jobs(scripted_s3: ScriptedS3, desk: Desk) -> None:
    store = backend(scripted_s3, url="s3://new", region="us-east-1")
    assert store.stat(KEY) is None
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: desk.put(store, f"key {number}", b"content"), range(8)))
    assert scripted_s3.objects.pop("new/annex-uuid") == UUID.encode()
    assert len(scripted_s3.objects) == 8
    paths = [seen.path for seen in scripted_s3.requests]
    assert (paths.count("/new"), paths.count("/new/annex-uuid")) == (1, 2)


def test_a_bucket_that_a_store_makes_gets_the_uuid_that_git_config_has(scripted_s3: ScriptedS3, desk: Desk) -> None:
    place = place_at(scripted_s3, url="s3://new")._replace(uuid="", clone=clone(annex_uuid=UUID))
    desk.put(S3Backend(place), KEY, b"content")
    assert scripted_s3.objects == {f"new/{KEY}": b"content", "new/annex-uuid": UUID.encode()}
    nobodys = place._replace(url="s3://newer", settings={**place.settings, "url": "s3://newer"}, clone=clone())
    desk.put(S3Backend(nobodys), KEY, b"content")
    assert "newer/annex-uuid" not in scripted_s3.objects


def test_a_bucket_that_a_store_made_is_marked_by_the_next_one_when_the_line_broke(
    scripted_s3: ScriptedS3, desk: Desk
) -> None:
    scripted_s3.script(Rule("PUT", Play(reset=True), "annex-uuid"))
    store = wrap(backend(scripted_s3, url="s3://new"), Event())
    desk.put(store, KEY, b"content")
    assert scripted_s3.objects == {f"new/{KEY}": b"content", "new/annex-uuid": UUID.encode()}
    scripted_s3.requests.clear()
    desk.put(store, KEY, b"content")
    assert scripted_s3.methods() == ["PUT"]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_login_that_may_not_mark_a_bucket_can_store_in_it(scripted_s3: ScriptedS3, desk: Desk, method: str) -> None:
    scripted_s3.script(Rule(method, ACCESS_DENIED, "annex-uuid"))
    desk.put(backend(scripted_s3, url="s3://new"), KEY, b"content")
    assert scripted_s3.objects == {f"new/{KEY}": b"content"}


def test_a_bucket_that_another_remote_made_and_marked_meanwhile_is_not_stored_to(
    scripted_s3: ScriptedS3, desk: Desk
) -> None:
    scripted_s3.objects["new/annex-uuid"] = OTHERS.encode()
    store = backend(scripted_s3, url="s3://new")
    for _ in range(2):
        with pytest.raises(BadSetting, match=OTHERS):
            desk.put(store, KEY, b"content")
    assert scripted_s3.objects == {"new/annex-uuid": OTHERS.encode()}


def test_a_store_looks_for_no_mark_where_the_bucket_is_there(scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.objects[MARKER] = OTHERS.encode()
    desk.put(backend(scripted_s3, region="us-east-1"), KEY, b"content")
    assert scripted_s3.methods() == ["PUT"]


def test_in_a_strangers_clone_no_bucket_is_made(scripted_s3: ScriptedS3, desk: Desk) -> None:
    with pytest.raises(NotAStore, match="no bucket new"):
        desk.put(backend(scripted_s3, url="s3://new", trusted=False), KEY, b"content")
    assert scripted_s3.buckets == {"bucket"}


def test_the_policy_that_opens_the_bucket_is_shown_instead_of_an_acl_s3_23(scripted_s3: ScriptedS3) -> None:
    (note,) = backend(scripted_s3, public="yes").initialize().notes
    policy = json.loads(note[note.index("{") :])
    assert policy["Statement"][0]["Resource"] == "arn:aws:s3:::bucket/pre/*"
    assert not any("x-amz-acl" in seen.headers for seen in scripted_s3.requests)


def test_who_wants_versions_is_told_that_the_bucket_decides_s3_26(scripted_s3: ScriptedS3) -> None:
    (note,) = backend(scripted_s3, versioning="yes").initialize().notes
    assert "only the newest one counts" in note
    assert backend(scripted_s3, versioning="no").initialize().notes == ()


def test_all_objects_are_listed_page_by_page_but_not_the_marker_s3_22(
    bucket: S3Backend, scripted_s3: ScriptedS3
) -> None:
    scripted_s3.page = 7
    names = [f"a/{number:02} ä+&" for number in range(30)]
    scripted_s3.objects = {f"bucket/pre/{name}": b"x" for name in (*names, "annex-uuid")} | {"bucket/other": b""}
    assert [entry.name for entry in bucket.list()] == names
    assert {entry.size for entry in bucket.list("a")} == {1}
    assert list(bucket.list("b")) == []


def page(keys: str, *more: str) -> Play:
    contents = "".join(f"<Contents><Key>pre/{key}</Key><Size>1</Size></Contents>" for key in keys)
    return answer(200, f"<ListBucketResult>{contents}{''.join(more)}</ListBucketResult>".encode())


TRUNCATED = "<IsTruncated>true</IsTruncated>"
TOKEN = f"{TRUNCATED}<NextContinuationToken>t</NextContinuationToken>"


@pytest.mark.parametrize(
    ("pages", "asked"),
    [
        pytest.param([page("ab", TRUNCATED), page("cd")], "marker=pre%2Fb", id="S3-22-no-token"),
        pytest.param(
            [page("ab", TRUNCATED, "<NextMarker>pre/b</NextMarker>"), page("cd")],
            "marker=pre%2Fb",
            id="S3-22-first-version",
        ),
        pytest.param([page("ab", TOKEN), page("cd")], "continuation-token=t", id="S3-22-token"),
    ],
)
def test_a_listing_goes_on_whatever_the_server_says_of_its_next_page(
    bucket: S3Backend, scripted_s3: ScriptedS3, pages: list[Play], asked: str
) -> None:
    scripted_s3.script(*(Rule("GET", play) for play in pages))
    assert [entry.name for entry in bucket.list()] == ["a", "b", "c", "d"]
    assert asked in scripted_s3.requests[-1].target


@pytest.mark.parametrize(
    "play", [pytest.param(page("ab", TOKEN), id="S3-22-token"), pytest.param(page("ab", TRUNCATED), id="S3-22-marker")]
)
def test_a_listing_that_goes_round_in_circles_ends(bucket: S3Backend, scripted_s3: ScriptedS3, play: Play) -> None:
    scripted_s3.script(Rule("GET", play, times=-1))
    with pytest.raises(Unreachable, match="repeats a page"):
        list(bucket.list())
    assert len(scripted_s3.requests) < 4


@pytest.mark.parametrize(
    ("play", "told"),
    [
        pytest.param(page("", TRUNCATED), "there is more, but not where", id="no token"),
        pytest.param(page(""), "does not say whether there is more", id="no end"),
        pytest.param(page("", "<IsTruncated/>"), "does not say whether there is more", id="empty end"),
    ],
)
def test_a_list_for_an_import_that_may_be_short_fails(
    bucket: S3Backend, scripted_s3: ScriptedS3, play: Play, told: str
) -> None:
    scripted_s3.script(Rule("GET", play, times=-1))
    with pytest.raises(Unreachable, match=told):
        bucket.list_contents("", lambda _each: None)
    assert len(scripted_s3.requests) == 1


def test_a_list_for_an_import_whose_token_repeats_fails(bucket: S3Backend, scripted_s3: ScriptedS3) -> None:
    scripted_s3.script(Rule("GET", page("", TOKEN), times=-1))
    with pytest.raises(NotAStore, match="repeats a part of the list"):
        Importing(bucket, Event()).list()
    assert len(scripted_s3.requests) < 4


def test_a_listing_that_has_more_but_not_where_fails(bucket: S3Backend, scripted_s3: ScriptedS3) -> None:
    scripted_s3.script(Rule("GET", page("", TRUNCATED)))
    with pytest.raises(Unreachable, match="there is more, but not where"):
        list(bucket.list())


def test_what_can_be_no_object_of_ours_is_not_listed_s3_14(bucket: S3Backend, scripted_s3: ScriptedS3) -> None:
    scripted_s3.objects = {f"bucket/pre/{name}": b"" for name in ("", "folder/", "a//b", "x/../y", "good")}
    assert [entry.name for entry in bucket.list()] == ["good"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"<!DOCTYPE x [<!ENTITY y 'z'>]><ListBucketResult/>", b"<Other/>"])
def test_what_is_no_listing_is_refused(bucket: S3Backend, scripted_s3: ScriptedS3, body: bytes) -> None:
    scripted_s3.script(Rule("GET", answer(200, body)))
    with pytest.raises(PyshareError, match="the response is not a ListBucket"):
        list(bucket.list())
