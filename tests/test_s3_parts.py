"""Storing large objects on S3 in parts: what is asked of the server, what its answers prove, and what goes on later."""

from collections import Counter
from collections.abc import Mapping
from hashlib import md5
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from s3_answers import ACCESS_DENIED, INTERNAL_ERROR, OK_WITH_ERROR, SLOW_DOWN, problem
from s3_gate import Login
from s3_servers import S3_SERVERS, S3Server
from s3kit import ALICE, place_at
from scripted import Play, Rule, answer
from scripted_s3 import ScriptedS3

from git_annex_remote_pyshare.backends.base import Place, Receipt, Stat
from git_annex_remote_pyshare.backends.s3 import upload as whole
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.backends.s3.multipart import is_other
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import Corrupt, Denied, Full, Unreachable, UploadLost
from git_annex_remote_pyshare.plan import Limits, Plan, Sent, Upload, plan
from git_annex_remote_pyshare.settings import parse
from git_annex_remote_pyshare.store import wrap
from git_annex_remote_pyshare.testing.desk import Desk, body_of, nobody
from git_annex_remote_pyshare.transfer import Source

MIB = 1 << 20
KEY = "WORM-s12582913-m1--key"
NAME = f"bucket/pre/{KEY}"
BODY = body_of(12 * MIB + 1)
PARTS = [BODY[: 5 * MIB], BODY[5 * MIB : 10 * MIB], BODY[10 * MIB :]]
SENT = {number: Sent(digest, digest) for number, part in enumerate(PARTS, 1) if (digest := md5(part).hexdigest())}
CREATE, COMPLETE = r"\?uploads=$", r"\?uploadId="
UPLOAD_LOST = problem(404, "NoSuchUpload", "The specified upload does not exist.")


def with_small_parts(place: Place, git_dir: str = "") -> Place:
    """The same place in a clone whose user wants parts of 5 MiB, so that a test's objects need several."""
    clone = type(place.clone)(git_dir, "cloud")
    clone.__dict__["config"] = {"remote.cloud.pyshare-part-size": "5MiB", "remote.cloud.pyshare-parts": "1"}
    return place._replace(clone=clone)


@pytest.fixture
def store(scripted_s3: ScriptedS3, tmp_path: Path) -> S3Backend:
    """A backend on the scripted server, which lets only Alice in, in a clone that keeps a journal."""
    scripted_s3.login = Login()
    return S3Backend(with_small_parts(place_at(scripted_s3), str(tmp_path)))


def asked(s3: ScriptedS3) -> Counter[str]:
    """How often each kind of request came."""

    def kind(method: str, target: str) -> str:
        query = target.partition("?")[2]
        words = [word for word in ("uploads", "partNumber", "part-number-marker", "uploadId") if f"{word}=" in query]
        return f"{method} {words[0]}" if words else method

    return Counter(kind(seen.method, seen.target) for seen in s3.requests)


def begun(store: S3Backend) -> Upload:
    """An upload of BODY that has begun on the server, in parts of 5 MiB."""
    cut = Plan(len(BODY), 5 * MIB)
    return Upload(KEY, store.begin(KEY, cut), cut)


def with_parts(store: S3Backend, source: Source, numbers: Mapping[int, object] = SENT) -> Upload:
    """The same with those parts sent."""
    upload = begun(store)
    for number in numbers:
        assert store.send(upload, upload.plan.part(number), source, nobody) == SENT[number]
    return upload


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
    with pytest.raises(Full, match=r"takes at most 48\.8 TiB"):
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
    monkeypatch.setattr(whole, "LARGEST", 11 * MIB)
    scripted_s3.script(Rule("POST", problem(501, "NotImplemented"), target=CREATE, times=-1))
    with pytest.raises(Full, match="in one piece") as refused:
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


def test_a_missing_bucket_is_made(store: S3Backend, scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.buckets.clear()
    desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {NAME: BODY}


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
    with pytest.raises(Corrupt, match="made another object of them"):
        desk.put(wrap(store, Event()), KEY, BODY)
    assert scripted_s3.objects == {}
    assert scripted_s3.multipart.begun == {}


@pytest.mark.parametrize("tag", ["", "0" * 32, f"{'0' * 32}-2", "random-1"])
def test_tags_that_are_made_otherwise_say_nothing_s3_7(tag: str) -> None:
    assert not is_other(tag, f"{'1' * 32}-3")
    assert not is_other(f"{'1' * 32}-3", tag)


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
    with pytest.raises(Denied):
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
    assert "may not end unfinished uploads" in store.remark()
    assert store.remark() == ""


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


# Real servers


@pytest.fixture(params=S3_SERVERS)
def real(request: pytest.FixtureRequest, tmp_path: Path) -> S3Backend:
    """A backend on a real server, in a bucket of its own, in a clone with a journal."""
    server: S3Server = request.getfixturevalue(f"{request.param}_server")
    login = Credential(server.access_key, server.secret_key, "environment")
    settings = parse({"url": f"s3://annex-{uuid4().hex}/folder", **server.settings})
    place = Place(settings["url"], settings, place_at(ScriptedS3()).clone, lambda: login, trusted=lambda: True)
    return S3Backend(with_small_parts(place, str(tmp_path)))


def test_a_real_server_takes_parts(real: S3Backend, desk: Desk) -> None:
    desk.put(wrap(real, Event()), KEY, BODY)
    assert real.stat(KEY) == Stat(len(BODY))
    assert desk.get(real, KEY) == BODY
    assert list(real.unfinished()) == []


def test_a_real_server_tells_what_it_has_and_forgets_what_is_given_up(real: S3Backend, desk: Desk) -> None:
    real.establish()
    source = desk.source(BODY)
    upload = begun(real)
    for number in (3, 1):
        assert real.send(upload, upload.plan.part(number), source, nobody).digest == SENT[number].digest
    there = real.sent(upload, {}) or {}
    assert {number: part.digest for number, part in there.items()} == {1: SENT[1].digest, 3: SENT[3].digest}
    assert real.stat(KEY) is None
    assert [(left.name, left.id) for left in real.unfinished()] == [(KEY, upload.id)]
    real.abort(KEY, upload.id)
    assert list(real.unfinished()) == []
    assert real.sent(upload, {}) is None
    real.abort(KEY, upload.id)


def test_a_real_server_that_has_finished_an_upload_is_believed_again(real: S3Backend, desk: Desk) -> None:
    real.establish()
    source = desk.source(BODY)
    upload = begun(real)
    sent = {part.number: real.send(upload, part, source, nobody) for part in upload.plan.parts()}
    real.finish(upload, sent, source, nobody)
    assert S3Backend(real.place).finish(upload, sent, source, nobody).size in {None, len(BODY)}
    assert desk.get(real, KEY) == BODY
