"""Resumed: large objects in parts, and what of an upload that was cut is sent again."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from time import monotonic, sleep

import pytest
from support.partskit import BODY, LIMITS, PARTS, SMALL, Clinic, InClone, Killed

from git_annex_remote_pyshare.errors import (
    Busy,
    Cancelled,
    Corrupt,
    CorruptUpload,
    PermissionDenied,
    QuotaExceeded,
    SourceChanged,
    Unreachable,
    UploadLost,
)
from git_annex_remote_pyshare.part_plan import Limits, Part, Sent, Upload
from git_annex_remote_pyshare.store.multipart.concurrency import FIRST, AdaptiveLimit
from git_annex_remote_pyshare.store.multipart.part_workers import WorkerPool
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.faults import Drip, Fail, LoseReply, Mangle
from git_annex_remote_pyshare.testing.files import Desk, Growing, Shrinking, body_of, nobody
from git_annex_remote_pyshare.transfer import Progress, Source

ALL = list(range(1, PARTS + 1))
OTHER = body_of(len(BODY), b"another ciphertext")


def broken(clinic: Clinic, desk: Desk, parts: int = 4) -> None:
    """An upload that a lasting failure ends after so many parts."""
    clinic.server.faults.next("send", *[None] * parts)
    clinic.server.faults.always("send", Fail(PermissionDenied("no more")))
    with pytest.raises(PermissionDenied):
        desk.put(clinic.process(), "name", BODY)
    clinic.server.faults.clear()


# One upload


@pytest.mark.parametrize("size", [SMALL + 1, 1999, 2000, pytest.param(2001, id="DB19-2001"), 9500, 100_000])
def test_a_large_object_goes_in_parts_each_sent_once(clinic: Clinic, desk: Desk, size: int) -> None:
    receipt = desk.put(clinic.process(), "name", body_of(size))
    assert receipt.size == size
    assert desk.get(clinic.server, "name") == body_of(size)
    assert clinic.server.numbers() == list(range(1, -(-size // 1000) + 1))
    assert clinic.server.faults.calls("put") == 0
    assert clinic.server.leftovers() == []
    assert clinic.journal() == []


@pytest.mark.parametrize("size", [pytest.param(0, id="S3-6-empty"), 1, SMALL])
def test_a_small_object_goes_in_one_piece(clinic: Clinic, desk: Desk, size: int) -> None:
    desk.put(clinic.process(), "name", body_of(size))
    assert desk.get(clinic.server, "name") == body_of(size)
    assert clinic.server.faults.calls("begin") == 0


def test_a_store_that_takes_no_parts_gets_it_in_one_piece(clinic: Clinic, desk: Desk) -> None:
    clinic.server.limits = None
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY
    assert clinic.server.faults.calls("put") == 1


def test_what_is_larger_than_the_store_takes_is_refused_before_anything_is_sent(clinic: Clinic, desk: Desk) -> None:
    clinic.server.limits = Limits(100, 900, 10)._replace(step=100)
    with pytest.raises(QuotaExceeded, match=r"takes at most 8\.8 KiB"):
        desk.put(clinic.process(), "name", BODY)
    assert clinic.server.faults.calls("begin") == 0


def test_an_object_in_parts_takes_the_place_of_the_old_one_at_the_end(clinic: Clinic, desk: Desk) -> None:
    desk.put(clinic.server, "name", b"old")
    seen = []

    def look(done: int) -> None:
        seen.append(desk.get(clinic.server, "name"))

    clinic.process().put("name", desk.source(BODY), look)
    assert set(seen[:-1]) <= {b"old", BODY}
    assert desk.get(clinic.server, "name") == BODY


def test_nothing_of_it_is_loaded_for_a_small_object(tmp_path: Path) -> None:
    program = (
        "import sys; from threading import Event; from git_annex_remote_pyshare.store.open import wrap\n"
        "from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend\n"
        "from git_annex_remote_pyshare.backends.base import StoreConfig\n"
        "from git_annex_remote_pyshare.config.git_config import LocalConfig\n"
        "from git_annex_remote_pyshare.transfer import Source\n"
        "where = StoreConfig(sys.argv[1], {'url': sys.argv[1]}, LocalConfig())\n"
        "DirectoryBackend(where).initialize()\n"
        "wrap(DirectoryBackend(where), Event()).put('name', Source(sys.argv[2]), lambda _: None)\n"
        "print(*sys.modules)\n"
    )
    (tmp_path / "share").mkdir()
    (tmp_path / "file").write_bytes(b"small")
    command = [sys.executable, "-c", program, str(tmp_path / "share"), str(tmp_path / "file")]
    loaded = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    ours = {name.removeprefix("git_annex_remote_pyshare.") for name in loaded}
    assert "store.resume" in ours
    of_parts = {"store.multipart.uploads", "store.multipart.part_workers", "store.multipart.concurrency"}
    assert ours.isdisjoint({"part_plan", "state.upload_journal", "backends.multipart", *of_parts})


# Several at once


def test_parts_go_out_at_the_same_time(clinic: Clinic, desk: Desk) -> None:
    together = Barrier(FIRST)
    clinic.server.faults.next("send", *[Drip(1000, lambda: together.wait(30))] * FIRST)
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY
    assert not together.broken


def test_one_at_a_time_if_the_user_says_so(tmp_path: Path, desk: Desk, small_is_large: None) -> None:
    clinic = Clinic(tmp_path / "git", parts="1")
    desk.put(clinic.process(), "name", BODY)
    assert clinic.server.most_at_once == 1
    assert [number for _, number in clinic.server.accepted] == ALL


def test_streams_are_shared_by_all_jobs(clinic: Clinic, desk: Desk) -> None:
    store = clinic.process()
    clinic.server.faults.always("send", Drip(500, lambda: sleep(0.001)))
    with ThreadPoolExecutor(3) as jobs:
        list(jobs.map(lambda number: desk.put(store, f"{number}", body_of(5000, b"%d" % number)), range(9)))
    assert clinic.server.most_at_once <= 3 + FIRST - 1  # a job that begins finds the others' second streams at work
    assert all(desk.get(clinic.server, f"{number}") == body_of(5000, b"%d" % number) for number in range(9))


def test_a_limit_of_connections_holds_for_parts_too_and_never_blocks(
    tmp_path: Path, desk: Desk, small_is_large: None
) -> None:
    clinic = Clinic(tmp_path / "git", connections="1")
    store = clinic.process(Event())
    with ThreadPoolExecutor(4) as jobs:
        list(jobs.map(lambda number: desk.put(store, f"{number}", BODY), range(4)))
    assert clinic.server.most_at_once == 1


def test_parts_take_the_time_that_the_allowed_bandwidth_gives_them(
    tmp_path: Path, desk: Desk, small_is_large: None
) -> None:
    clinic = Clinic(tmp_path / "git", bwlimit="1000B", parts="1")
    desk.put(clinic.process(), "name", BODY)
    assert clinic.time.now == pytest.approx(sum(clinic.time.waits))
    assert clinic.time.now >= len(BODY) / 1000 - 0.001
    assert clinic.time.now < len(BODY) / 1000 * 1.1  # not once more for what is told while the server finishes


def test_parts_at_once_share_the_allowed_bandwidth(tmp_path: Path, desk: Desk, small_is_large: None) -> None:
    clinic = Clinic(tmp_path / "git", bwlimit="20000B")
    began = monotonic()
    desk.put(wrap(clinic.server, Event()), "name", BODY)
    assert clinic.server.most_at_once > 1
    assert monotonic() - began >= len(BODY) / 20000 - 0.01


def test_a_part_that_the_server_has_no_time_for_waits_with_all_others(clinic: Clinic, desk: Desk) -> None:
    clinic.server.faults.next("send", None, Fail(Busy("slow down", retry_after=7)))
    desk.put(clinic.process(), "name", BODY)
    assert clinic.server.numbers() == ALL
    assert clinic.time.now >= 7


def test_the_last_part_waits_for_all_others_where_the_store_wants_that_db9(clinic: Clinic, desk: Desk) -> None:
    clinic.server.limits = LIMITS._replace(last_alone=True)
    clinic.server.faults.next("send", Drip(100, lambda: sleep(0.001)))
    for number in range(5):
        desk.put(clinic.process(), f"{number}", BODY)
        assert clinic.server.accepted[-1][1] == PARTS


# Progress


def test_progress_is_the_sum_of_what_was_sent_and_ends_with_the_size(
    clinic: Clinic, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("git_annex_remote_pyshare.store.progress.INTERVAL", 0)
    clinic.server.faults.always("send", Drip(100))
    told: list[int] = []
    clinic.process().put("name", desk.source(BODY), told.append)
    assert told == sorted(told)
    assert told[-1] == len(BODY)
    assert len(told) == len(BODY) // 100


def test_progress_is_never_ahead_of_what_was_sent(clinic: Clinic, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("git_annex_remote_pyshare.store.progress.INTERVAL", 0)
    out: list[int] = []

    def went_out() -> None:
        out.append(100)

    ahead: list[int] = []
    clinic.server.faults.next("send", *[Drip(100, went_out)] * 4, LoseReply(), Fail(Unreachable("reset")))
    clinic.server.faults.always("send", Drip(100, went_out))
    # Bytes are told before Drip's pause counts them, at most 100 of each stream.
    clinic.process().put("name", desk.source(BODY), lambda done: ahead.append(done - sum(out)))
    assert max(ahead) <= 1000 + 200 * FIRST


def test_progress_goes_on_where_the_last_upload_ended(
    clinic: Clinic, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("git_annex_remote_pyshare.store.progress.INTERVAL", 0)
    broken(clinic, desk, parts=4)
    told: list[int] = []
    clinic.process().put("name", desk.source(BODY), told.append)
    assert told[:4] == [1000, 2000, 3000, 4000]
    assert told[-1] == len(BODY)
    assert told == sorted(told)


# Going on


def test_the_next_process_sends_only_what_is_missing(clinic: Clinic, desk: Desk) -> None:
    broken(clinic, desk)
    assert clinic.server.leftovers() == ["name"]
    desk.put(clinic.process(), "name", BODY)
    assert clinic.server.numbers() == ALL
    assert desk.get(clinic.server, "name") == BODY
    assert clinic.server.leftovers() == []
    assert clinic.journal() == []
    assert clinic.server.faults.calls("begin") == 1


def test_the_same_process_does_so_too(clinic: Clinic, desk: Desk) -> None:
    store = clinic.process()
    clinic.server.faults.next("send", None, None, *[Fail(PermissionDenied("no"))] * 2)
    with pytest.raises(PermissionDenied):
        desk.put(store, "name", BODY)
    clinic.server.faults.clear()
    desk.put(store, "name", BODY)
    assert clinic.server.numbers() == ALL


@pytest.mark.parametrize("moments", range(1, 2 * PARTS + 8))
def test_a_process_that_is_killed_at_any_moment_costs_at_most_what_was_under_way(
    clinic: Clinic, desk: Desk, moments: int
) -> None:
    clinic.server.live(moments)
    try:
        desk.put(clinic.process(), "name", BODY)
    except Killed:
        found = clinic.server
        clinic.server.live()
        assert found.stat("name") is None or desk.get(found, "name") == BODY
        desk.put(clinic.process(), "name", BODY)
    clinic.server.live()
    assert desk.get(clinic.server, "name") == BODY
    assert clinic.server.numbers() == ALL  # what the server has is not sent again, although nobody noted it
    assert len(clinic.server.leftovers()) <= (1 if moments <= 2 else 0)
    assert clinic.journal() == []


def test_what_the_server_has_counts_more_than_the_journal(clinic: Clinic, desk: Desk) -> None:
    broken(clinic, desk, parts=5)
    (journal,) = clinic.journal()
    lines = [line for line in journal.read_text().split("\n") if line]
    journal.write_text("\n".join(lines[:3]) + "\n")  # power was lost before the rest reached the disk
    desk.put(clinic.process(), "name", BODY)
    assert clinic.server.numbers() == ALL


def test_what_only_the_journal_has_is_sent_again(clinic: Clinic, desk: Desk) -> None:
    broken(clinic, desk, parts=5)
    (begun,) = clinic.server._uploads.values()
    forgotten = min(begun.bodies)  # several go out at once, so any may be among the first five
    del begun.bodies[forgotten]
    desk.put(clinic.process(), "name", BODY)
    assert clinic.server.numbers() == sorted([forgotten, *ALL])
    assert desk.get(clinic.server, "name") == BODY


def test_an_upload_that_the_server_has_forgotten_starts_over_without_noise_db7(clinic: Clinic, desk: Desk) -> None:
    broken(clinic, desk)
    clinic.server.lose_uploads()
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY
    assert clinic.server.faults.calls("begin") == 2


@pytest.mark.parametrize("refusal", [PermissionDenied("not your upload"), Corrupt("nonsense")])
def test_an_upload_that_we_may_not_look_at_starts_over(clinic: Clinic, desk: Desk, refusal: PermissionDenied) -> None:
    broken(clinic, desk)
    clinic.server.faults.next("sent", Fail(refusal))
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY


def test_an_upload_that_is_too_old_is_removed_and_starts_over_db7(clinic: Clinic, desk: Desk) -> None:
    broken(clinic, desk)
    (journal,) = clinic.journal()
    text = journal.read_text()
    journal.write_text(text.replace('"begun": ', '"begun": 1e9, "really": '))
    desk.put(clinic.process(), "name", BODY)
    assert clinic.server.faults.calls("begin") == 2
    assert clinic.server.faults.calls("sent") == 0
    assert clinic.server.leftovers() == []


def test_an_upload_that_was_cut_otherwise_is_removed_and_starts_over(clinic: Clinic, desk: Desk) -> None:
    broken(clinic, desk)
    clinic.server.limits = LIMITS._replace(largest=500)
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY
    assert clinic.server.leftovers() == []


def test_an_upload_that_was_cut_smaller_than_it_need_be_goes_on_wd9(clinic: Clinic, desk: Desk) -> None:
    clinic.server.limits = LIMITS._replace(largest=500)  # as learnt by that process from a proxy on the way
    broken(clinic, desk)
    clinic.server.limits = LIMITS
    desk.put(clinic.process(), "name", BODY)
    assert clinic.server.numbers() == list(range(1, 20))
    assert desk.get(clinic.server, "name") == BODY


@pytest.mark.parametrize("body", [OTHER, BODY[:3500] + OTHER[3500:], OTHER[:-1], BODY + b"more", BODY[:-1]])
def test_other_bytes_of_the_same_key_are_never_mixed_pr21(clinic: Clinic, desk: Desk, body: bytes) -> None:
    broken(clinic, desk, parts=5)
    desk.put(clinic.process(), "name", body)
    assert desk.get(clinic.server, "name") == body
    assert clinic.server.leftovers() == []


def test_a_second_process_does_not_disturb_the_first(clinic: Clinic, desk: Desk) -> None:
    running, release = Event(), Event()

    def hold() -> None:
        running.set()
        release.wait(30)

    clinic.server.faults.next("send", Drip(1000, hold))
    with ThreadPoolExecutor(1) as other:
        first = other.submit(desk.put, clinic.process(), "name", BODY)
        assert running.wait(30)
        desk.put(clinic.process(), "name", OTHER)
        release.set()
        first.result(30)
    assert desk.get(clinic.server, "name") == BODY
    assert clinic.server.leftovers() == []
    assert clinic.journal() == []


# Lost answers and lost uploads


def test_a_lost_answer_to_a_part_costs_that_part(clinic: Clinic, desk: Desk) -> None:
    clinic.server.faults.next("send", None, LoseReply())
    desk.put(clinic.process(), "name", BODY)
    assert len(clinic.server.accepted) == PARTS + 1
    assert desk.get(clinic.server, "name") == BODY


def test_a_lost_answer_at_the_end_costs_nothing_s3_3(clinic: Clinic, desk: Desk) -> None:
    clinic.server.faults.next("finish", LoseReply())
    desk.put(clinic.process(), "name", BODY)
    assert clinic.server.numbers() == ALL
    assert desk.get(clinic.server, "name") == BODY


def test_an_end_that_nobody_lived_to_hear_of_costs_nothing_db8(clinic: Clinic, desk: Desk) -> None:
    clinic.server.live(2 * PARTS + 3)  # dies between the object's coming to be and the answer
    with pytest.raises(Killed):
        desk.put(clinic.process(), "name", BODY)
    clinic.server.live()
    assert desk.get(clinic.server, "name") == BODY
    desk.put(clinic.process(), "name", BODY)
    assert clinic.server.numbers() == ALL
    assert clinic.journal() == []


def test_a_complete_upload_whose_object_is_another_one_starts_over(clinic: Clinic, desk: Desk) -> None:
    clinic.server.faults.next("finish", Fail(PermissionDenied("no right to finish")))
    with pytest.raises(PermissionDenied):
        desk.put(clinic.process(), "name", BODY)
    clinic.server.lose_uploads()
    desk.put(clinic.server, "name", OTHER)
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY
    assert len(clinic.server.accepted) == 2 * PARTS


def test_an_upload_that_is_lost_on_the_way_starts_over_once(clinic: Clinic, desk: Desk) -> None:
    clinic.server.faults.next("send", None, None, None, Fail(UploadLost("gone")))
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY
    assert clinic.server.faults.calls("begin") == 2
    assert clinic.server.leftovers() == []


def test_a_server_that_loses_all_uploads_is_not_asked_for_ever(clinic: Clinic, desk: Desk) -> None:
    clinic.server.faults.always("send", Fail(UploadLost("the server knows no such upload")))
    with pytest.raises(UploadLost, match="knows no such upload"):
        desk.put(clinic.process(), "name", BODY)
    assert clinic.server.faults.calls("begin") == 2
    assert clinic.server.faults.calls("send") <= 2 * FIRST
    assert clinic.server.leftovers() == []
    assert clinic.journal() == []


def test_a_backend_that_learnt_smaller_parts_uses_them_after_a_loss_wd9(
    clinic: Clinic, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = clinic.server.send

    def learn(upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        if part.size > 300:
            clinic.server.limits = LIMITS._replace(largest=300)
            raise UploadLost("too large a part for a proxy on the way")
        return send(upload, part, source, progress)

    monkeypatch.setattr(clinic.server, "send", learn)
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY
    assert clinic.server.faults.calls("put") == 0


# Failures


def test_a_part_that_was_damaged_goes_out_again_db17(clinic: Clinic, desk: Desk) -> None:
    clinic.server.faults.next("send", None, Mangle(lambda body: body[:-1] + b"?"))
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY


def test_a_line_that_damages_every_part_ends_in_an_error_db17(clinic: Clinic, desk: Desk) -> None:
    clinic.server.faults.always("send", Mangle(lambda body: b"?" + body[1:]))
    with pytest.raises(CorruptUpload, match=r"damaged on its way \(tried twice"):
        desk.put(clinic.process(), "name", BODY)
    assert clinic.server.stat("name") is None
    assert max(Counter(clinic.server.numbers()).values()) <= 2
    clinic.server.faults.clear()
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY


def test_of_an_upload_that_damage_ended_only_the_damaged_part_goes_again_db17(
    tmp_path: Path, desk: Desk, small_is_large: None
) -> None:
    clinic = Clinic(tmp_path / "git", parts="1")
    spoil = Mangle(lambda body: b"?" + body[1:])
    clinic.server.faults.next("send", None, None, None, spoil, spoil)
    with pytest.raises(CorruptUpload):
        desk.put(clinic.process(), "name", BODY)
    assert clinic.server.stat("name") is None
    assert clinic.server.numbers() == [1, 2, 3, 4, 4]
    desk.put(clinic.process(), "name", BODY)
    assert clinic.server.numbers() == [1, 2, 3, 4, 4, *ALL[3:]]
    assert desk.get(clinic.server, "name") == BODY
    assert clinic.server.faults.calls("begin") == 1


def test_of_an_upload_that_damage_ended_nothing_is_used_for_another_ciphertext(
    tmp_path: Path, desk: Desk, small_is_large: None
) -> None:
    clinic = Clinic(tmp_path / "git", parts="1")
    spoil = Mangle(lambda body: b"?" + body[1:])
    clinic.server.faults.next("send", None, spoil, spoil)
    with pytest.raises(CorruptUpload):
        desk.put(clinic.process(), "name", BODY)
    desk.put(clinic.process(), "name", OTHER)
    assert desk.get(clinic.server, "name") == OTHER
    assert clinic.server.leftovers() == []


def test_a_damaged_whole_is_removed_and_sent_anew_once(clinic: Clinic, desk: Desk) -> None:
    spoil = Mangle(lambda body: b"?" + body[1:])
    clinic.server.faults.next("finish", spoil, spoil)
    with pytest.raises(CorruptUpload, match="another sha256"):
        desk.put(clinic.process(), "name", BODY)
    assert clinic.server.stat("name") is None
    assert clinic.server.faults.calls("begin") == 2
    assert clinic.journal() == []
    clinic.server.faults.next("finish", spoil)
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY


@pytest.mark.parametrize("kind", [Shrinking, Growing])
def test_a_file_that_changes_meanwhile_leaves_nothing_db18(clinic: Clinic, desk: Desk, kind: type[Source]) -> None:
    with pytest.raises(SourceChanged):
        clinic.process().put("name", desk.source(BODY, kind), nobody)
    assert clinic.server.stat("name") is None
    assert clinic.server.leftovers() == []
    assert clinic.journal() == []


def test_a_file_that_changes_in_its_place_leaves_nothing_db18(clinic: Clinic, desk: Desk) -> None:
    source = desk.source(BODY)

    def write() -> None:
        with open(os.fsdecode(source.path), "r+b") as file:
            file.write(b"something else")
        os.utime(source.path, ns=(1, 1))

    clinic.server.faults.next("send", *[None] * 5, Drip(1000, write))
    with pytest.raises(SourceChanged, match="changed while it was being stored"):
        clinic.process().put("name", source, nobody)
    assert clinic.server.stat("name") is None
    assert clinic.server.leftovers() == []
    assert clinic.journal() == []


@pytest.mark.parametrize(
    "refusal",
    [PermissionDenied("no"), QuotaExceeded("no room"), Unreachable("away"), Unreachable("too slow", retryable=False)],
)
def test_what_was_sent_before_a_failure_that_may_end_is_kept_s3_4(
    clinic: Clinic, desk: Desk, refusal: PermissionDenied
) -> None:
    clinic.server.faults.next("send", None, None, None)
    clinic.server.faults.always("send", Fail(refusal))
    with pytest.raises(type(refusal)):
        desk.put(clinic.process(), "name", BODY)
    assert clinic.server.leftovers() == ["name"]
    assert len(clinic.journal()) == 1


def test_an_upload_that_can_never_be_finished_is_not_tried_again_and_again(clinic: Clinic, desk: Desk) -> None:
    clinic.server.faults.always("finish", Fail(Corrupt("the parts do not fit together")))
    with pytest.raises(Corrupt):
        desk.put(clinic.process(), "name", BODY)
    assert clinic.server.leftovers() == []
    assert clinic.journal() == []


def test_without_a_journal_a_failed_upload_is_removed_s3_4(clinic: Clinic, desk: Desk) -> None:
    clinic.server.place = clinic.server.place._replace(clone=InClone("", {}))
    broken(clinic, desk)
    assert clinic.server.leftovers() == []
    assert clinic.journal() == []


def test_no_right_to_remove_an_upload_hides_no_other_failure_s3_4(clinic: Clinic, desk: Desk) -> None:
    clinic.server.place = clinic.server.place._replace(clone=InClone("", {}))
    clinic.server.faults.always("abort", Fail(PermissionDenied("no right to abort")))
    clinic.server.faults.next("send", None)
    clinic.server.faults.always("send", Fail(QuotaExceeded("no room left")))
    with pytest.raises(QuotaExceeded, match="no room left"):
        desk.put(clinic.process(), "name", BODY)
    assert clinic.server.faults.calls("abort") == 1


def test_one_part_that_fails_for_good_stops_the_others(clinic: Clinic, desk: Desk) -> None:
    others = [Drip(500, lambda: sleep(0.3)) for _ in range(PARTS)]  # long enough for the failure to be heard of
    clinic.server.faults.next("send", Fail(PermissionDenied("no")), *others)
    with pytest.raises(PermissionDenied, match="no"):
        desk.put(clinic.process(), "name", BODY)
    assert clinic.server.faults.calls("send") <= FIRST + 1


def test_a_failure_is_told_although_another_part_hangs(tmp_path: Path, desk: Desk, small_is_large: None) -> None:
    clinic = Clinic(tmp_path / "git", parts="2")
    hanging, release = Event(), Event()

    def hang() -> None:
        hanging.set()
        release.wait(30)

    told: list[int] = []
    clinic.server.faults.next(
        "send", Drip(500, hang), Drip(1000, lambda: hanging.wait(30)), Fail(PermissionDenied("no"))
    )
    began = monotonic()
    with pytest.raises(PermissionDenied):
        clinic.process().put("name", desk.source(BODY), told.append)
    assert monotonic() - began < 5
    count = len(told)
    release.set()
    while clinic.server.at_once:
        sleep(0.01)
    assert len(told) == count
    assert clinic.server.faults.calls("send") == 3


def test_being_stopped_ends_an_upload_in_no_time_although_all_parts_hang(clinic: Clinic, desk: Desk) -> None:
    stopping, hanging, release = Event(), Barrier(FIRST + 1), Event()

    def hang() -> None:
        hanging.wait(30)
        release.wait(30)

    clinic.server.faults.always("send", Drip(1000, hang))
    with ThreadPoolExecutor(1) as job:
        upload = job.submit(desk.put, clinic.process(stopping), "name", BODY)
        hanging.wait(30)
        began = monotonic()
        stopping.set()
        with pytest.raises(Cancelled):
            upload.result(30)
        assert monotonic() - began < 1.5
        clinic.server.faults.clear()
        release.set()
    desk.put(clinic.process(), "name", BODY)
    assert desk.get(clinic.server, "name") == BODY


def test_what_progress_raises_ends_the_upload(clinic: Clinic, desk: Desk) -> None:
    def stop(_done: int) -> None:
        raise Cancelled("stopped by the test")

    clinic.time.now = 0
    clinic.server.faults.always("send", Drip(100, lambda: clinic.time.wait(1)))
    with pytest.raises(Cancelled, match="by the test"):
        clinic.process().put("name", desk.source(BODY), stop)
    assert clinic.server.stat("name") is None


def test_a_wrong_number_of_parts_in_git_config_is_refused(tmp_path: Path, desk: Desk, small_is_large: None) -> None:
    clinic = Clinic(tmp_path / "git", parts="many")
    with pytest.raises(Exception, match=r"git config --unset remote\.friends\.pyshare-parts"):
        desk.put(clinic.process(), "name", BODY)


def test_parts_that_go_out_together_keep_to_one_rate(tmp_path: Path, desk: Desk, small_is_large: None) -> None:
    clinic = Clinic(tmp_path / "git", bwlimit="1000B", parts="4")
    clinic.server.faults.next("send", *[Drip(100)] * PARTS)
    desk.put(clinic.process(), "name", BODY)
    assert clinic.time.now >= 0.99 * len(BODY) / 1000


def test_a_wait_for_the_end_of_an_upload_tells_each_second_the_size_pr26(clinic: Clinic, desk: Desk) -> None:
    clinic.server.faults.next("begin", Fail(Busy("slow down", retry_after=8)))
    clinic.server.faults.next("finish", Fail(Busy("slow down", retry_after=8)))
    told: list[int] = []
    clinic.process().put("name", desk.source(BODY), told.append)
    assert told[:8] == [0] * 8
    assert told[-8:] == [len(BODY)] * 8


def test_parts_that_do_not_move_are_told_as_they_are_pr26() -> None:
    repeated = Event()
    told: list[int] = []

    def note(done: int) -> None:
        told.append(done)
        if told.count(done) == 3:
            repeated.set()

    def hang(part: Part) -> None:
        with crew.request(part):
            crew.progress_of(part)(600)
            assert repeated.wait(30)

    crew = WorkerPool(AdaptiveLimit(1), Event(), note, 5000)
    crew.send([Part(6, 5000, 1000)], hang)
    assert told[:3] == [5600] * 3
    assert told[-1] == 6000
