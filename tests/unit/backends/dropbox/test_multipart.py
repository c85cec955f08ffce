"""Storing large objects in Dropbox in parts: which calls, what becomes of lost answers, and what goes on later."""

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.dropboxkit import NAME, Owner, place_for, quiet, source
from support.fakes.dropbox.answers import as_json
from support.fakes.dropbox.script import LOST, Play, Rule, refuses
from support.fakes.dropbox.tree import content_hash
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.base import Backend, Stat
from git_annex_remote_pyshare.backends.dropbox import upload
from git_annex_remote_pyshare.backends.dropbox.backend import DropboxBackend
from git_annex_remote_pyshare.backends.dropbox.writes import LARGEST
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import BadName, Cancelled, CorruptUpload, QuotaExceeded, SourceChanged, UploadLost
from git_annex_remote_pyshare.part_plan import Plan, Upload, plan
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.transfer import Source

pytest_plugins = ["support.dropbox_stores"]

MIB = 1 << 20
PART = 4 * MIB
BODY = os.urandom(2 * PART + 7)
START, APPEND, COMMIT = (f"files/upload_session/{step}" for step in ("start", "append_v2", "finish_batch_v2"))
METADATA = "files/get_metadata"
STORED = [START, APPEND, APPEND, APPEND, COMMIT]


class InParts:
    """Somebody's store, of which objects above 8 MiB go in parts of 4 MiB, and as many processes as a test wants."""

    def __init__(self, owner: Owner, git_dir: Path) -> None:
        self._owner = owner
        self._git_dir = git_dir

    def backend(self, streams: int = 1, part_size: str = "4MiB") -> DropboxBackend:
        clone = LocalConfig(str(self._git_dir), "drop")
        options = {"pyshare-part-size": part_size, "pyshare-parts": str(streams)}
        clone.__dict__["config"] = {f"remote.drop.{name}": value for name, value in options.items() if value}
        made = DropboxBackend(place_for(self._owner.login)._replace(clone=clone))
        self._owner.opened(made)
        return made

    def process(self, streams: int = 1, stopping: threading.Event | None = None) -> Backend:
        """The store as git-annex's requests use it: what may pass is tried again, and what was sent is kept."""
        time = Waiting()
        return wrap(self.backend(streams), stopping or time, clock=time.clock)


@pytest.fixture
def large(owner: Owner, tmp_path: Path) -> InParts:
    (tmp_path / "git").mkdir()
    return InParts(owner, tmp_path / "git")


def failure(*tags: str) -> Play:
    """finish_batch's answer when its only entry fails so."""
    error: dict[str, Any] = {}
    for tag in reversed(tags):
        error = {".tag": tag, **({tag: error} if error else {})}
    return Play(as_json({"entries": [{".tag": "failure", "failure": error}]}))


def appended(owner: Owner) -> list[Mapping[str, Any]]:
    """The arguments of the parts that were sent, in the order of their arrival."""
    return [seen.arg for seen in owner.service.seen if seen.route == APPEND]


def at_part(owner: Owner, number: int, happens: Callable[[], object]) -> None:
    """Have something happen once, when that part's call begins to come; it may be a play."""
    begun: list[str] = []

    def watch(route: str) -> Play:
        begun.append(route)
        done = happens() if route == APPEND and begun.count(APPEND) == number else None
        return done if isinstance(done, Play) else Play()

    owner.service.script.otherwise = watch


def stopped_in_the_middle(owner: Owner, large: InParts, tmp_path: Path) -> None:
    """A process that is stopped when it sends the second part, which does not arrive."""
    stopping, is_over = threading.Event(), threading.Event()

    def stop() -> Play:
        stopping.set()
        is_over.wait(20)
        return Play(reset=True)

    at_part(owner, 2, stop)
    with pytest.raises(Cancelled):
        large.process(stopping=stopping).put(NAME, source(tmp_path, BODY), quiet)
    is_over.set()
    owner.service.script.otherwise = lambda _route: Play()
    owner.service.forget()


# Which objects go in parts, and how


@pytest.mark.parametrize(
    "size", [2 * PART + 1, 3 * PART - 1, 3 * PART, 3 * PART + 1, 4 * PART], ids=lambda size: f"DB19-{size}"
)
def test_every_size_arrives_whole(owner: Owner, large: InParts, tmp_path: Path, size: int) -> None:
    body, told = os.urandom(size), [0]
    receipt = large.process().put(NAME, source(tmp_path, body), told.append)
    assert owner.content() == body
    assert (receipt.size, receipt.digests) == (size, {"content_hash": content_hash(body)})
    assert told == sorted(told)
    assert told[-1] == size
    assert owner.routes() == [START, *[APPEND] * -(-size // PART), COMMIT]


def test_parts_are_whole_blocks_with_their_hashes_and_the_last_one_closes_db9(
    owner: Owner, large: InParts, tmp_path: Path
) -> None:
    large.process().put(NAME, source(tmp_path, BODY), quiet)
    parts = [(0, False), (PART, False), (2 * PART, True)]
    assert [(arg["cursor"]["offset"], arg["close"]) for arg in appended(owner)] == parts
    assert [arg["content_hash"] for arg in appended(owner)] == [
        content_hash(BODY[start : start + PART]) for start, _ in parts
    ]
    assert {seen.size for seen in owner.service.seen if seen.route != APPEND} == {0}


def test_several_parts_go_at_once_and_the_last_one_when_all_others_are_there_db9(
    owner: Owner, large: InParts, tmp_path: Path
) -> None:
    meeting, body = threading.Barrier(2), os.urandom(4 * PART + 7)
    met: list[int] = []

    def meet(route: str) -> Play:
        if route == APPEND and len(met) < 2:
            met.append(meeting.wait(20))
        return Play()

    owner.service.script.otherwise = meet
    large.process(streams=4).put(NAME, source(tmp_path, body), quiet)
    assert owner.content() == body
    assert [arg["close"] for arg in appended(owner)] == [False] * 4 + [True]
    assert sorted(met) == [0, 1]


@given(size=st.integers(2, LARGEST), wish=st.integers(0, 1 << 34))
@example(size=LARGEST, wish=0)
@example(size=LARGEST, wish=1)
def test_whatever_the_size_parts_are_such_that_dropbox_takes_them_db9(size: int, wish: int) -> None:
    limits = DropboxBackend(place_for(None)).part_limits(max(size, 150 * MIB + 1))
    assert limits
    made = plan(size, limits, wish)
    assert made.part_size % (4 * MIB) == 0
    assert made.part_size <= 150 * MIB
    assert limits.last_alone


def test_without_a_wish_of_the_clone_objects_above_32_mib_go_in_parts(large: InParts) -> None:
    box = large.backend(part_size="")
    assert box.part_limits(32 * MIB) is None
    assert box.part_limits(32 * MIB + 1)


def test_what_one_request_cannot_bring_goes_in_parts_whatever_the_clone_wants_db10(large: InParts) -> None:
    box = large.backend(part_size="100MiB")
    assert box.part_limits(upload.MAX_REQUEST) is None
    assert box.part_limits(upload.MAX_REQUEST + 1)


def test_a_store_alone_sends_in_parts_too_what_one_request_cannot_bring_db10(
    owner: Owner, box: Backend, tmp_path: Path
) -> None:
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", upload.MAX_REQUEST + 1)
    told = [0]
    box.put(NAME, Source(str(tmp_path / "large")), told.append)
    assert len(owner.content() or b"") == upload.MAX_REQUEST + 1
    assert set(owner.routes()) == {"users/get_space_usage", START, APPEND, COMMIT}
    assert told == sorted(told)
    assert told[-1] == upload.MAX_REQUEST + 1


def test_what_is_above_dropboxs_limit_is_refused_before_it_is_sent_db10(
    owner: Owner, large: InParts, tmp_path: Path
) -> None:
    body = source(tmp_path)
    body.size = LARGEST + 1
    with pytest.raises(QuotaExceeded, match=r"at most 2\.0 TiB"):
        large.process().put(NAME, body, quiet)
    assert owner.routes() == []


def test_what_cannot_fit_is_refused_before_it_is_sent_db11(owner: Owner, large: InParts, tmp_path: Path) -> None:
    owner.account.quota = MIB
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 65 * MIB)
    with pytest.raises(QuotaExceeded, match=r"it has 65\.0 MiB, and 1\.0 MiB of 1\.0 MiB are free"):
        large.process().put(NAME, Source(str(tmp_path / "large")), quiet)
    assert owner.routes() == ["users/get_space_usage"]


def test_four_jobs_finish_together_and_never_meet_db2(owner: Owner, large: InParts, tmp_path: Path) -> None:
    owner.service.lock_seconds = 0.3
    store = large.process()

    def one(number: int) -> None:
        store.put(f"a/KEY{number}", source(tmp_path, BODY, f"f{number}"), quiet)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    assert {seen.status for seen in owner.service.seen} == {200}
    assert owner.routes().count(COMMIT) < 4
    assert {owner.content(f"a/KEY{number}") for number in range(4)} == {BODY}


# Failures within one process

LOSSES = {
    "start-lost": ([Rule(START, LOST)], [START, *STORED]),
    "DB4-lost": ([Rule(APPEND, LOST)], [START, APPEND, *STORED[1:]]),
    "DB4-incorrect_offset": (
        [Rule(APPEND, LOST), Rule(APPEND, refuses("incorrect_offset", correct_offset=PART))],
        [START, APPEND, *STORED[1:]],
    ),
    "DB5": ([Rule(APPEND, refuses("incorrect_offset", correct_offset=5))], [START, APPEND, *STORED]),
    "DB7": ([Rule(APPEND, refuses("not_found"), after=1)], [START, APPEND, APPEND, *STORED]),
    "DB8-closed": ([Rule(APPEND, refuses("closed"), after=1)], [START, APPEND, APPEND, *STORED]),
    "DB8-last-part-lost": ([Rule(APPEND, LOST, after=2)], [START, APPEND, APPEND, APPEND, APPEND, COMMIT]),
    "DB8-commit-lost": ([Rule(COMMIT, LOST)], [*STORED, COMMIT, METADATA]),
    "DB8-lost-for-good": ([Rule(COMMIT, failure("lookup_failed", "not_found"))], [*STORED, METADATA, *STORED]),
    "DB9-missing_data": ([Rule(COMMIT, failure("concurrent_session_missing_data"))], [*STORED, METADATA, *STORED]),
    "DB9-not_closed": ([Rule(COMMIT, failure("concurrent_session_not_closed"))], [*STORED, METADATA, *STORED]),
    "DB5-commit": ([Rule(COMMIT, failure("lookup_failed", "incorrect_offset"))], [*STORED, METADATA, *STORED]),
    "DB2-commit": ([Rule(COMMIT, failure("too_many_write_operations"))], [*STORED, COMMIT]),
    "DB6": ([Rule(COMMIT, failure("path", "other"))], [*STORED, COMMIT]),
    "DB17": ([Rule(APPEND, refuses("content_hash_mismatch"))], [START, APPEND, *STORED[1:]]),
    "DB20": ([Rule(APPEND, refuses("expired_access_token", status=401))], [START, APPEND, *STORED[1:]]),
    "reset": ([Rule(APPEND, Play(reset=True))], STORED),
}


@pytest.mark.parametrize(("rules", "calls"), LOSSES.values(), ids=LOSSES)
def test_an_upload_in_parts_goes_on_where_it_was(
    owner: Owner, large: InParts, tmp_path: Path, rules: list[Rule], calls: list[str]
) -> None:
    if METADATA in calls:
        owner.service.put(owner.home, f"/annex/{NAME}", b"older")
    for rule in rules:
        owner.service.play(rule)
    large.process().put(NAME, source(tmp_path, BODY), quiet)
    assert owner.content() == BODY
    assert owner.routes() == calls


@pytest.mark.parametrize("tag", ["concurrent_session_invalid_offset", "concurrent_session_invalid_data_size"])
def test_parts_that_dropbox_does_not_take_any_more_are_no_endless_loop_db9(
    owner: Owner, large: InParts, tmp_path: Path, tag: str
) -> None:
    owner.service.play(Rule(APPEND, refuses(tag), times=99))
    with pytest.raises(Exception, match=r"not accept parts of this size.*enableremote drop chunk=100MiB"):
        large.process().put(NAME, source(tmp_path, BODY), quiet)
    assert owner.routes() == [START, APPEND]


def test_a_token_that_ends_in_the_middle_is_renewed_once_for_all_streams_db20(
    owner: Owner, large: InParts, tmp_path: Path
) -> None:
    body = os.urandom(6 * PART)
    at_part(owner, 3, lambda: owner.service.pass_time(owner.service.token_lifetime + 1))
    large.process(streams=4).put(NAME, source(tmp_path, body), quiet)
    assert owner.content() == body
    assert owner.service.routes().count("POST /oauth2/token") == 2


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda body: body + b"more", id="DB18-grows"),
        pytest.param(lambda body: body[:-1], id="DB18-shrinks"),
        pytest.param(lambda body: b"x" + body[1:], id="DB18-what-was-sent"),
        pytest.param(lambda body: body[:-1] + b"x", id="DB18-what-comes"),
    ],
)
def test_a_file_that_changes_meanwhile_is_told_and_not_stored(
    owner: Owner, large: InParts, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    file = source(tmp_path, BODY)
    at_part(owner, 2, lambda: (tmp_path / "source").write_bytes(change(BODY)))
    with pytest.raises(SourceChanged):
        large.process().put(NAME, file, quiet)
    assert owner.content() is None


def test_a_file_that_changes_while_a_part_is_sent_is_told_db18(owner: Owner, large: InParts, tmp_path: Path) -> None:
    box, file = large.backend(), source(tmp_path, BODY)
    cut = Plan(len(BODY), PART)

    def meddle(_done: int) -> None:
        (tmp_path / "source").write_bytes(bytes(len(BODY)))

    with pytest.raises(SourceChanged, match="changed while it was being stored"):
        box.send(Upload(NAME, box.begin(NAME, cut), cut), cut.part(1), file, meddle)
    assert owner.content() is None


def test_another_object_than_was_sent_is_found_out_and_removed(owner: Owner, large: InParts, tmp_path: Path) -> None:
    other = {".tag": "success", "name": "x", "size": len(BODY), "content_hash": "0" * 64}
    owner.service.play(Rule(COMMIT, Play(as_json({"entries": [other]})), times=2))
    with pytest.raises(CorruptUpload, match=r"content_hash \(tried twice\)"):
        large.process().put(NAME, source(tmp_path, BODY), quiet)
    assert owner.routes()[-1] == "files/delete_v2"


def test_a_name_that_dropbox_does_not_allow_is_told_at_once_db13(owner: Owner, large: InParts, tmp_path: Path) -> None:
    owner.service.play(Rule(COMMIT, failure("path", "disallowed_name")))
    with pytest.raises(BadName):
        large.process().put(NAME, source(tmp_path, BODY), quiet)
    assert owner.routes() == STORED


def test_what_was_stored_is_there_at_the_next_look(owner: Owner, large: InParts, tmp_path: Path) -> None:
    store = large.process()
    store.put(NAME, source(tmp_path, BODY), quiet)
    assert store.stat(NAME) == Stat(len(BODY))
    assert owner.routes() == [*STORED, METADATA]


# Later processes


def test_a_later_process_goes_on_and_sends_nothing_again(owner: Owner, large: InParts, tmp_path: Path) -> None:
    stopped_in_the_middle(owner, large, tmp_path)
    large.process().put(NAME, source(tmp_path, BODY), quiet)
    assert owner.content() == BODY
    assert owner.routes() == [APPEND, APPEND, COMMIT]


def test_an_upload_that_is_seven_days_old_begins_anew_without_a_word_db7(
    owner: Owner, large: InParts, tmp_path: Path
) -> None:
    stopped_in_the_middle(owner, large, tmp_path)
    owner.service.pass_time(7 * 86400 + 1)
    large.process().put(NAME, source(tmp_path, BODY), quiet)
    assert owner.content() == BODY
    assert [seen.route for seen in owner.service.seen if seen.status == 409] == [APPEND]
    assert owner.routes()[-5:] == STORED


def test_an_upload_of_other_bytes_is_not_gone_on_with(owner: Owner, large: InParts, tmp_path: Path) -> None:
    stopped_in_the_middle(owner, large, tmp_path)
    other = b"x" + BODY[1:]
    large.process().put(NAME, source(tmp_path, other), quiet)
    assert owner.content() == other
    assert owner.routes() == STORED


def test_an_upload_that_was_finished_when_its_process_died_is_found_by_its_hash_db8(
    owner: Owner, large: InParts, tmp_path: Path
) -> None:
    owner.service.play(Rule(COMMIT, Play(lost=True)), Rule(COMMIT, Play(reset=True), times=99))
    with pytest.raises(Exception, match="store"):
        large.process().put(NAME, source(tmp_path, BODY), quiet)
    owner.service.script.clear()
    owner.service.forget()
    large.process().put(NAME, source(tmp_path, BODY), quiet)
    assert owner.routes() == [COMMIT, METADATA]
    assert owner.content() == BODY


def test_when_there_is_room_again_only_the_commit_is_left_db11(owner: Owner, large: InParts, tmp_path: Path) -> None:
    owner.account.quota = len(BODY) - 1
    with pytest.raises(QuotaExceeded, match="the Dropbox is full"):
        large.process().put(NAME, source(tmp_path, BODY), quiet)
    owner.account.quota = len(BODY)
    owner.service.forget()
    large.process().put(NAME, source(tmp_path, BODY), quiet)
    assert owner.routes() == [COMMIT]
    assert owner.content() == BODY


def test_an_object_that_is_only_like_ours_is_no_proof_db8(owner: Owner, large: InParts, tmp_path: Path) -> None:
    box, cut, file = large.backend(), Plan(len(BODY), PART), source(tmp_path, BODY)
    upload = Upload(NAME, box.begin(NAME, cut), cut)
    sent = {part.number: box.send(upload, part, file, quiet) for part in cut.parts()}
    owner.service.table("sessions").clear()
    owner.service.put(owner.home, f"/annex/{NAME}", bytes(len(BODY)))
    with pytest.raises(UploadLost, match="no longer knows the upload"):
        box.finish(upload, sent, file, quiet)
