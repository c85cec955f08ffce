"""Sending large objects to S3 in parts: which ones, how they are cut, what each part proves, and what goes on later."""

from pathlib import Path
from threading import Event

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_answers import ACCESS_DENIED, INTERNAL_ERROR, SLOW_DOWN, problem
from support.s3_gate import Login
from support.s3_partskit import (
    BODY,
    KEY,
    MIB,
    NAME,
    PARTS,
    SENT,
    asked,
    begun,
    store_in_parts,
    with_parts,
    with_small_parts,
)
from support.s3kit import ALICE, UUID, place_at
from support.scripted import Play, Rule, answer

from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.s3 import upload as whole
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.errors import CorruptUpload, QuotaExceeded, UploadLost
from git_annex_remote_pyshare.part_plan import Limits, Plan, Sent, plan
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk, body_of, nobody
from git_annex_remote_pyshare.transfer import Source

CREATE = r"\?uploads=$"
UPLOAD_LOST = problem(404, "NoSuchUpload", "The specified upload does not exist.")


@pytest.fixture
def store(scripted_s3: ScriptedS3, tmp_path: Path) -> S3Backend:
    return store_in_parts(scripted_s3, tmp_path)


# Which objects go in parts


def test_a_large_object_goes_in_parts_which_nobody_sees_before_they_are_one(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    reports: list[int] = []
    wrap(store, Event()).put(KEY, desk.source(BODY), reports.append)
    assert scripted_s3.objects == {NAME: BODY}
    assert asked(scripted_s3) == {"POST uploads": 1, "PUT partNumber": 3, "POST uploadId": 1}
    assert scripted_s3.multipart.begun == {}
    assert reports[-1] == len(BODY)


@pytest.mark.parametrize("size", [pytest.param(0, id="S3-6-empty"), 7, 10 * MIB])
def test_a_small_object_goes_in_one_piece(store: S3Backend, scripted_s3: ScriptedS3, desk: Desk, size: int) -> None:
    desk.put(wrap(store, Event()), KEY, body_of(size))
    assert "POST uploads" not in asked(scripted_s3)
    assert scripted_s3.objects == {NAME: body_of(size)}


def test_without_a_wish_of_the_clone_objects_above_32_mib_go_in_parts(scripted_s3: ScriptedS3) -> None:
    store = S3Backend(place_at(scripted_s3))
    assert store.part_limits(32 * MIB) is None
    assert store.part_limits(32 * MIB + 1)


@pytest.mark.parametrize(
    ("size", "part_size"),
    [
        pytest.param(200 * MIB, 8 * MIB, id="S3-5-smallest"),
        pytest.param(100 << 30, 103 * MIB, id="S3-5-1000-parts"),
        pytest.param(1000 * (5 << 30), 5 << 30, id="S3-5-1000-largest-parts"),
        pytest.param(1000 * (5 << 30) + 1, 513 * MIB, id="S3-5-more-parts"),
        pytest.param(10_000 * (5 << 30), 5 << 30, id="S3-5-largest-object"),
    ],
)
def test_parts_grow_so_that_a_thousand_are_enough_as_long_as_they_can(
    scripted_s3: ScriptedS3, size: int, part_size: int
) -> None:
    limits = S3Backend(place_at(scripted_s3)).part_limits(size)
    assert limits
    assert plan(size, limits).part_size == part_size


def test_amazon_gets_smaller_parts_and_up_to_ten_thousand_s3_5(amazon: ScriptedS3) -> None:
    place = place_at(amazon)
    store = S3Backend(place._replace(settings={**place.settings, "endpoint": "", "region": "eu-west-1"}))
    limits = store.part_limits(1 << 40)
    assert limits == Limits(5 * MIB, 5 << 30, 10_000)
    assert plan(1 << 40, limits).part_size == 105 * MIB


def test_more_than_s3_can_hold_is_refused_before_anything_is_sent_s3_5(
    store: S3Backend, scripted_s3: ScriptedS3, tmp_path: Path
) -> None:
    source = Source(__file__)
    source.size = 10_000 * (5 << 30) + 1
    with pytest.raises(QuotaExceeded, match=r"takes at most 48\.8 TiB"):
        wrap(store, Event()).put(KEY, source, nobody)
    assert scripted_s3.requests == []


# Servers without parts


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(problem(501, "NotImplemented"), id="501"),
        pytest.param(problem(405, "MethodNotAllowed"), id="405"),
        pytest.param(answer(200, b"<InitiateMultipartUploadResult/>", Content_Type="application/xml"), id="S3-6-no-id"),
        pytest.param(answer(200, b"", ETag="x"), id="S3-6-no-document"),
    ],
)
def test_a_server_without_parts_gets_everything_in_one_piece(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk, play: Play
) -> None:
    scripted_s3.script(Rule("POST", play, target=CREATE, times=-1))
    layered = wrap(store, Event())
    desk.put(layered, KEY, BODY)
    desk.put(layered, KEY, BODY)
    assert scripted_s3.objects == {NAME: BODY}
    assert asked(scripted_s3)["POST uploads"] == 1


def test_what_such_a_server_cannot_take_is_refused(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "MAX_PUT_SIZE", 11 * MIB)
    scripted_s3.script(Rule("POST", problem(501, "NotImplemented"), target=CREATE, times=-1))
    with pytest.raises(QuotaExceeded, match="in one piece") as refused:
        desk.put(wrap(store, Event()), KEY, BODY)
    assert "chunk=1GiB" in str(refused.value)


# Beginning


def test_what_new_objects_are_is_said_at_the_beginning_s3_24(scripted_s3: ScriptedS3) -> None:
    store = S3Backend(place_at(scripted_s3, storageclass="STANDARD_IA", requesterpays="yes"))
    upload = begun(store)
    assert scripted_s3.requests[-1].headers["x-amz-storage-class"] == "STANDARD_IA"
    store.sent(upload, {})
    store.abort(KEY, upload.id)
    assert {seen.headers["x-amz-request-payer"] for seen in scripted_s3.requests} == {"requester"}


def test_a_missing_bucket_is_made_and_marked(store: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.buckets.clear()
    desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {NAME: BODY, "bucket/pre/annex-uuid": UUID.encode()}


def test_a_tenant_may_stand_before_the_bucket_s3_30(scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.login = Login()
    scripted_s3.buckets = {"lab:data"}
    settings = parse({"url": "s3://lab:data/pre", "endpoint": scripted_s3.url})
    store = S3Backend(with_small_parts(place_at(scripted_s3)._replace(url=settings["url"], settings=settings)))
    desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {f"lab:data/pre/{KEY}": BODY}
    assert scripted_s3.multipart.begun == {}


# Parts


def test_a_part_is_proved_by_its_md5_and_goes_as_it_is(store: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    upload = begun(store)
    reports: list[int] = []
    sent = store.send(upload, upload.plan.part(3), desk.source(BODY), reports.append)
    assert sent == SENT[3]
    assert store.fingerprint(desk.source(BODY), upload.plan.part(3)) == sent.digest
    headers = scripted_s3.requests[-1].headers
    assert headers["Content-Length"] == str(len(PARTS[2]))
    assert {"Transfer-Encoding", "Content-Encoding", "x-amz-trailer", "x-amz-acl", "Expect"}.isdisjoint(headers)
    assert reports[-1] == len(PARTS[2])


def test_a_part_that_is_damaged_on_its_way_goes_again(store: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.script(Rule("PUT", Play(headers={"ETag": f'"{"0" * 32}"'})))
    desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {NAME: BODY}
    assert asked(scripted_s3)["PUT partNumber"] == 4


def test_a_part_that_is_damaged_twice_ends_the_upload_and_is_all_that_goes_again(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    scripted_s3.script(Rule("PUT", Play(headers={"ETag": f'"{"0" * 32}"'}), times=2, target="partNumber=2&"))
    with pytest.raises(CorruptUpload, match=r"store part 2 .* arrived corrupted \(tried twice"):
        desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {}
    (kept,) = scripted_s3.multipart.begun.values()
    kept.parts[2] = bytes(len(PARTS[1]))  # of which the entity tag told
    scripted_s3.requests.clear()
    desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {NAME: BODY}
    assert asked(scripted_s3) == {"GET part-number-marker": 1, "PUT partNumber": 2, "POST uploadId": 1}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"ETag": '"0123"'}, id="S3-7-no-md5"),
        pytest.param({"ETag": f'"{"0" * 32}"', "x-amz-server-side-encryption": "aws:kms"}, id="S3-7-kms"),
        pytest.param(
            {"ETag": f'"{"0" * 32}"', "x-amz-server-side-encryption-customer-algorithm": "AES256"}, id="S3-7-sse-c"
        ),
    ],
)
def test_a_tag_that_is_no_md5_is_not_compared_but_kept_for_the_end(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk, headers: dict[str, str]
) -> None:
    upload = begun(store)
    scripted_s3.script(Rule("PUT", Play(headers=headers)))
    sent = store.send(upload, upload.plan.part(3), desk.source(BODY), nobody)
    assert sent == Sent(SENT[3].digest, headers["ETag"].strip('"'))


def test_a_bucket_that_locks_its_objects_gets_the_md5_of_each_part_s3_24(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    wanted = problem(400, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for this")
    scripted_s3.script(Rule("PUT", wanted))
    desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {NAME: BODY}
    sent = [seen for seen in scripted_s3.requests if seen.method == "PUT"]
    assert ["Content-MD5" in seen.headers for seen in sent] == [False, True, True, True]


@pytest.mark.parametrize("play", [INTERNAL_ERROR, SLOW_DOWN, Play(reset=True), Play(lost=True), Play(half=True)])
def test_a_part_that_fails_goes_again_and_no_other(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk, play: Play
) -> None:
    scripted_s3.script(Rule("PUT", play, target="partNumber=2"))
    desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {NAME: BODY}
    assert asked(scripted_s3)["POST uploads"] == 1
    assert asked(scripted_s3)["PUT partNumber"] == 3 + (not play.reset)


def test_an_upload_that_the_server_lost_begins_anew(store: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.script(Rule("PUT", UPLOAD_LOST, target="partNumber=2"))
    desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {NAME: BODY}
    assert scripted_s3.multipart.begun == {}


# Going on


def test_the_server_tells_which_parts_it_has_page_by_page(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    upload = with_parts(store, desk.source(BODY))
    scripted_s3.multipart.page = 1
    scripted_s3.forget()
    assert store.sent(upload, {}) == SENT
    assert store.sent(upload, {1: Sent("0" * 32, "0" * 32)}) == SENT  # the server's word counts
    assert asked(scripted_s3) == {"GET part-number-marker": 6}


def test_a_list_of_parts_that_goes_round_in_circles_ends(store: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    upload = with_parts(store, desk.source(BODY), {1: None})
    page = (
        b"<ListPartsResult><NextPartNumberMarker>0</NextPartNumberMarker><IsTruncated>true</IsTruncated>"
        b"</ListPartsResult>"
    )
    scripted_s3.script(Rule("GET", answer(200, page, Content_Type="application/xml"), times=-1))
    assert store.sent(upload, SENT) == {}


def test_of_parts_with_tags_that_are_no_md5_those_count_that_we_know(
    store: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    upload = with_parts(store, desk.source(BODY))
    encrypted = {number: Sent(part.digest, f"tag {number}") for number, part in SENT.items()}
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><Size>{len(PARTS[number - 1])}</Size><ETag>tag {number}</ETag></Part>"
        for number in SENT
    )
    page = Play(200, {"Content-Type": "application/xml"}, f"<ListPartsResult>{parts}</ListPartsResult>".encode())
    scripted_s3.script(Rule("GET", page, times=-1))
    assert store.sent(upload, encrypted) == encrypted
    del encrypted[2]
    assert store.sent(upload, encrypted) == encrypted


def test_parts_of_another_size_do_not_count(store: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    upload = with_parts(store, desk.source(BODY))
    assert store.sent(upload._replace(plan=Plan(len(BODY), 6 * MIB)), {}) == {}


def test_who_may_not_list_parts_goes_by_the_journal(store: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    upload = with_parts(store, desk.source(BODY), {1: None})
    scripted_s3.script(Rule("GET", ACCESS_DENIED, times=-1))
    assert store.sent(upload, {1: SENT[1]}) == {1: SENT[1]}


def test_an_upload_that_is_gone_has_no_parts(store: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    upload = begun(store)
    assert store.sent(upload, {}) == {}
    scripted_s3.multipart.begun.clear()
    assert store.sent(upload, SENT) is None
    with pytest.raises(UploadLost):
        store.send(upload, upload.plan.part(1), desk.source(BODY), nobody)


def test_where_anyone_may_read_only_who_stores_may_ask_for_parts(scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.login = Login()
    scripted_s3.public = {"bucket"}
    store = S3Backend(place_at(scripted_s3, ALICE, trusted=False, public="yes"))
    assert store.sent(begun(store), {}) == {}
