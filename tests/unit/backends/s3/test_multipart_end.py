"""How uploads in parts to S3 end: finished, perhaps without an answer, or given up."""

from pathlib import Path
from threading import Event

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_answers import ACCESS_DENIED, OK_WITH_ERROR, problem
from support.s3_partskit import BODY, KEY, NAME, SENT, asked, begun, store_in_parts, with_parts, with_small_parts
from support.s3kit import place_at
from support.scripted import Play, Rule, answer

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.backends.s3.checksums import is_other_object
from git_annex_remote_pyshare.errors import Corrupt, PermissionDenied, Unreachable, UploadLost
from git_annex_remote_pyshare.part_plan import Plan
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk, nobody

COMPLETE = r"\?uploadId="


@pytest.fixture
def store(scripted_s3: ScriptedS3, tmp_path: Path) -> S3Backend:
    return store_in_parts(scripted_s3, tmp_path)


# Finishing


def test_a_failure_that_comes_with_a_success_is_tried_again_s3_2(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    scripted_s3.script(Rule("POST", OK_WITH_ERROR, target=COMPLETE))
    desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {NAME: BODY}
    assert asked(scripted_s3) == {"POST uploads": 1, "PUT partNumber": 3, "POST uploadId": 2}


@pytest.mark.parametrize("play", [Play(lost=True), Play(cut=30)], ids=["lost", "cut"])
def test_an_answer_to_the_end_that_got_lost_is_told_by_the_object_s3_3(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk, play: Play
) -> None:
    scripted_s3.script(Rule("POST", play, target=COMPLETE))
    receipt = desk.put(wrap(store, Event()), KEY, BODY)
    assert receipt.size == len(BODY)
    assert scripted_s3.objects == {NAME: BODY}
    assert asked(scripted_s3) == {"POST uploads": 1, "PUT partNumber": 3, "POST uploadId": 2, "HEAD": 1}


def test_an_answer_that_says_nothing_is_told_by_the_object_s3_3(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    upload = with_parts(store, desk.source(BODY))
    scripted_s3.script(Rule("POST", Play(200, {"ETag": "x"}), target=COMPLETE))
    with pytest.raises(Unreachable):  # nothing was done
        store.finish(upload, SENT, desk.source(BODY), nobody)
    assert store.finish(upload, SENT, desk.source(BODY), nobody) == Receipt()
    scripted_s3.script(Rule("POST", Play(200, {"ETag": "x"}), target=COMPLETE))
    assert store.finish(upload, SENT, desk.source(BODY), nobody) == Receipt(len(BODY))


def older(s3: ScriptedS3, content: bytes, tag: str = "") -> None:
    """An object that was there before the upload."""
    s3.objects[NAME] = content
    s3.headers[NAME] = {"ETag": tag} if tag else {}


@pytest.mark.parametrize(
    ("size", "tag"),
    [
        pytest.param(len(BODY), f'"{"0" * 32}-3"', id="S3-3-another-tag"),
        pytest.param(len(BODY), f'"{"0" * 32}"', id="S3-3-stored-whole"),
        pytest.param(len(BODY), '"whatever"', id="S3-3-tag-without-meaning"),
        pytest.param(len(BODY) - 1, "", id="S3-3-another-size"),
    ],
)
def test_an_older_object_is_not_taken_for_the_one_that_an_earlier_process_may_have_finished(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk, size: int, tag: str
) -> None:
    upload = begun(store)
    scripted_s3.multipart.begun.clear()
    older(scripted_s3, BODY[:size], tag)
    with pytest.raises(UploadLost):
        store.finish(upload, SENT, desk.source(BODY), nobody)


def test_the_object_that_an_earlier_process_finished_is_known_by_its_tag_s3_3(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    upload = with_parts(store, desk.source(BODY))
    store.finish(upload, SENT, desk.source(BODY), nobody)
    assert S3Backend(store.place).finish(upload, SENT, desk.source(BODY), nobody) == Receipt(len(BODY))


@pytest.mark.parametrize("tag", ["", '"whatever"'])
def test_where_tags_say_nothing_the_size_tells_that_our_own_attempt_succeeded_s3_3_s3_7(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk, tag: str
) -> None:
    scripted_s3.script(
        Rule("POST", Play(lost=True), target=COMPLETE), Rule("HEAD", Play(headers={"ETag": tag}), times=-1)
    )
    assert desk.put(wrap(store, Event()), KEY, BODY).size == len(BODY)


def test_where_the_answer_has_no_tag_the_object_is_looked_at(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    upload = with_parts(store, desk.source(BODY))
    nothing = b"<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"
    older(scripted_s3, BODY)
    scripted_s3.script(Rule("POST", answer(200, nothing, Content_Type="application/xml"), target=COMPLETE))
    assert store.finish(upload, SENT, desk.source(BODY), nobody) == Receipt(len(BODY))


def test_an_object_that_was_made_of_other_parts_is_removed_again(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    wrong = f"<CompleteMultipartUploadResult><ETag>{'0' * 32}-3</ETag></CompleteMultipartUploadResult>".encode()
    older(scripted_s3, b"damaged")
    scripted_s3.script(Rule("POST", answer(200, wrong, Content_Type="application/xml"), target=COMPLETE))
    with pytest.raises(Corrupt, match="assembled another object"):
        desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {}
    assert scripted_s3.multipart.begun == {}


def test_an_object_that_was_made_of_other_parts_and_cannot_be_removed_is_told(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    wrong = f"<CompleteMultipartUploadResult><ETag>{'0' * 32}-3</ETag></CompleteMultipartUploadResult>".encode()
    finished = answer(200, wrong, Content_Type="application/xml")
    scripted_s3.script(Rule("POST", finished, target=COMPLETE), Rule("DELETE", ACCESS_DENIED, times=-1))
    with pytest.raises(Corrupt, match="assembled another object; it is still there, since cannot remove"):
        desk.put(wrap(store, Event()), KEY, BODY)


@pytest.mark.parametrize("tag", ["", "0" * 32, f"{'0' * 32}-2", "random-1"])
def test_tags_that_are_made_otherwise_say_nothing_s3_7(tag: str) -> None:
    assert not is_other_object(tag, f"{'1' * 32}-3")
    assert not is_other_object(f"{'1' * 32}-3", tag)


@pytest.mark.parametrize("code", ["InvalidPart", "InvalidPartOrder", "EntityTooSmall"])
def test_parts_that_the_server_cannot_use_are_sent_once_more_and_then_given_up(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk, code: str
) -> None:
    scripted_s3.script(Rule("POST", problem(400, code), target=COMPLETE, times=-1))
    with pytest.raises(UploadLost):
        desk.put(wrap(store, Event()), KEY, BODY)
    assert asked(scripted_s3)["POST uploads"] == 2
    assert scripted_s3.multipart.begun == {}


# Giving up


def test_a_refusal_that_lasts_leaves_no_upload_behind_s3_4(scripted_s3: ScriptedS3, desk: Desk, tmp_path: Path) -> None:
    store = S3Backend(with_small_parts(place_at(scripted_s3)))  # no clone, so nobody could go on
    scripted_s3.script(Rule("PUT", ACCESS_DENIED, target="partNumber=2", times=-1))
    with pytest.raises(PermissionDenied):
        desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.multipart.begun == {}
    assert asked(scripted_s3)["DELETE uploadId"] == 1


def test_aborting_what_is_gone_is_a_success_s3_4(store: S3Backend) -> None:
    upload = begun(store)
    store.abort(KEY, upload.id)
    store.abort(KEY, upload.id)


def test_an_abort_that_hangs_ends_with_the_time_limit_s3_4(scripted_s3: ScriptedS3) -> None:
    place = place_at(scripted_s3)
    place.clone.__dict__["config"] = {"remote.cloud.pyshare-timeout": "0.2"}
    store = S3Backend(place)
    upload = begun(store)
    scripted_s3.script(Rule("DELETE", Play(wait=60)))
    with pytest.raises(Unreachable):
        store.abort(KEY, upload.id)


def test_no_right_to_abort_is_only_a_note_s3_4(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted_s3.script(
        Rule("DELETE", ACCESS_DENIED, times=-1), Rule("POST", problem(400, "InvalidPart"), target=COMPLETE)
    )
    desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {NAME: BODY}
    assert "has no right to abort unfinished uploads" in store.notice()
    assert store.notice() == ""


def test_unfinished_uploads_are_listed_page_by_page_and_only_those_below_the_prefix(
    store: S3Backend, scripted_s3: ScriptedS3
) -> None:
    other = S3Backend(place_at(scripted_s3, url="s3://bucket/pr"))
    other.begin(KEY, Plan(1, 1))
    ids = {store.begin(name, Plan(1, 1)): name for name in ("a/one", "a/one", "b/two & three")}
    scripted_s3.multipart.page = 2
    found = list(store.unfinished())
    assert {upload.id: upload.name for upload in found} == ids
    assert {upload.begun for upload in found} == {1795407304.0}
    for upload in found:
        store.abort(upload.name, upload.id)
    assert list(store.unfinished()) == []
    assert len(scripted_s3.multipart.begun) == 1
