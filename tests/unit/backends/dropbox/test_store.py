"""Storing into Dropbox: which requests, what is there afterwards, and what becomes of lost answers."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from support.dropboxkit import NAME, Owner, fetched, quiet, source
from support.fakes.dropbox.answers import as_json
from support.fakes.dropbox.script import Play, Rule, refuses
from support.fakes.dropbox.tree import content_hash

from git_annex_remote_pyshare.backends.base import Backend, Stat
from git_annex_remote_pyshare.backends.dropbox.upload import SHORT_UPLOAD
from git_annex_remote_pyshare.errors import Cancelled, CorruptUpload, QuotaExceeded, SourceChanged
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.transfer import Source

pytest_plugins = ["support.dropbox_stores"]

PART = 4 << 20
START, COMMIT = (f"files/upload_session/{step}" for step in ("start", "finish_batch_v2"))


@pytest.fixture
def layered(box: Backend) -> Backend:
    """The store as git-annex's requests use it: what may pass is tried again."""
    return wrap(box, threading.Event())


def test_a_small_object_is_stored_read_and_removed_by_one_call_each(owner: Owner, box: Backend, tmp_path: Path) -> None:
    receipt = box.put(NAME, source(tmp_path), quiet)
    assert (receipt.size, receipt.digests) == (7, {"content_hash": content_hash(b"content")})
    assert box.stat(NAME) == Stat(7)
    assert fetched(box, NAME, tmp_path / "back") == b"content"
    box.delete(NAME)
    assert owner.routes() == ["files/upload", "files/get_metadata", "files/download", "files/delete_v2"]


def test_devices_are_not_told_and_no_copy_is_made_db16(owner: Owner, box: Backend, tmp_path: Path) -> None:
    file = source(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: box.put(NAME, file, quiet), range(4)))
    assert sorted(owner.home.entries) == ["/annex", "/annex/a", f"/annex/{NAME.lower()}"]
    info = owner.service.seen[-1].arg
    commits = [entry["commit"] for entry in info["entries"]] if "entries" in info else [info]
    assert all((each["mute"], each["autorename"], each["mode"]) == (True, False, "overwrite") for each in commits)


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART], ids="DB19-{}".format)
def test_every_size_arrives_whole(owner: Owner, box: Backend, tmp_path: Path, size: int) -> None:
    body, told = os.urandom(size), [0]
    receipt = box.put(NAME, source(tmp_path, body), told.append)
    assert owner.content() == body
    assert receipt.digests == {"content_hash": content_hash(body)}
    assert told == sorted(told)
    assert told[-1] == size
    assert owner.routes() == ["files/upload"]


def test_a_large_file_that_cannot_fit_is_refused_before_it_is_sent_db11(
    owner: Owner, box: Backend, tmp_path: Path
) -> None:
    owner.account.quota = 1 << 20
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 65 << 20)
    with pytest.raises(QuotaExceeded, match=r"it has 65\.0 MiB, and 1\.0 MiB of 1\.0 MiB are free"):
        box.put(NAME, Source(str(tmp_path / "large")), quiet)
    assert owner.routes() == ["users/get_space_usage"]


def test_a_small_file_that_changes_while_it_is_sent_is_told_db18(owner: Owner, box: Backend, tmp_path: Path) -> None:
    file = source(tmp_path, bytes(3 << 20))

    def meddle(done: int) -> None:
        if done == 1 << 20:
            with (tmp_path / "source").open("r+b") as opened:
                opened.seek(2 << 20)
                opened.write(b"changed")

    with pytest.raises(SourceChanged):
        box.put(NAME, file, meddle)
    assert owner.content() is None


def test_damage_on_the_way_is_told_and_may_pass_db17(owner: Owner, box: Backend, tmp_path: Path) -> None:
    owner.service.play(Rule("files/upload", refuses("content_hash_mismatch")))
    with pytest.raises(CorruptUpload):
        box.put(NAME, source(tmp_path), quiet)


def test_what_is_damaged_on_the_way_is_sent_twice_and_not_more_db17(
    owner: Owner, layered: Backend, tmp_path: Path
) -> None:
    owner.service.play(Rule("files/upload", refuses("content_hash_mismatch"), times=3))
    with pytest.raises(CorruptUpload, match=r"other bytes than were sent.*\(tried twice"):
        layered.put(NAME, source(tmp_path), quiet)
    assert owner.routes() == ["files/upload"] * 2
    layered.put(NAME, source(tmp_path), quiet)
    assert owner.content() == b"content"


def test_another_object_than_was_sent_is_found_out(owner: Owner, layered: Backend, tmp_path: Path) -> None:
    other = {".tag": "file", "name": "x", "size": 7, "content_hash": "0" * 64}
    owner.service.play(Rule("files/upload", Play(as_json(other)), times=2))
    with pytest.raises(CorruptUpload, match=r"content_hash \(tried twice\)"):
        layered.put(NAME, source(tmp_path), quiet)
    assert owner.routes() == ["files/upload", "files/delete_v2"] * 2


def test_a_token_that_expires_is_renewed_once_for_all_jobs_db20(owner: Owner, box: Backend, tmp_path: Path) -> None:
    assert box.stat(NAME) is None
    owner.service.pass_time(owner.service.token_lifetime + 1)
    owner.service.forget()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: box.put(f"a/KEY{number}", source(tmp_path, b"x", f"f{number}"), quiet), range(16)))
    assert owner.service.routes().count("POST /oauth2/token") == 1


def several(box: Backend, folder: Path, names: range) -> None:
    """Store many small objects by eight jobs."""

    def one(number: int) -> None:
        box.put(f"{number % 16:x}/KEY{number}", source(folder, b"x", f"f{number}"), quiet)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, names))


@pytest.mark.parametrize("status", [pytest.param(409, id="DB2-409"), pytest.param(429, id="DB2-429")])
def test_eight_jobs_share_commits_and_never_meet(owner: Owner, layered: Backend, tmp_path: Path, status: int) -> None:
    owner.service.latency, owner.service.lock_seconds = 0.01, 0.03
    owner.service.contention_status = status
    several(layered, tmp_path, range(64))
    routes = owner.routes()
    assert {seen.status for seen in owner.service.seen} == {200}
    assert routes.count("files/upload") + routes.count(START) == 64
    assert routes.count("files/upload") + routes.count(COMMIT) <= 32
    assert len([path for path in owner.home.entries if "key" in path]) == 64


def test_eight_jobs_that_remove_and_store_never_meet_db2(owner: Owner, layered: Backend, tmp_path: Path) -> None:
    several(layered, tmp_path, range(16))
    owner.service.forget()
    owner.service.lock_seconds = 0.02
    with ThreadPoolExecutor(8) as pool:
        removed = [pool.submit(layered.delete, f"{number:x}/KEY{number}") for number in range(16)]
        several(layered, tmp_path, range(16, 32))
    assert [one.exception() for one in removed] == [None] * 16
    assert {seen.status for seen in owner.service.seen} == {200}
    assert owner.routes().count("files/delete_v2") == 16


def test_a_large_file_that_met_another_commit_is_not_sent_again_db2(owner: Owner, box: Backend, tmp_path: Path) -> None:
    owner.service.lock_seconds = 0.01
    body = os.urandom(SHORT_UPLOAD + 1)

    def meddle(done: int) -> None:
        if done == 1 << 20:
            owner.home.busy.acquire()
            threading.Timer(0.5, owner.home.busy.release).start()

    assert box.put(NAME, source(tmp_path, body), meddle).size == len(body)
    assert owner.content() == body
    assert owner.routes()[0] == "files/upload"
    assert set(owner.routes()[1:]) == {"files/upload_session/finish_batch_v2"}
    assert [seen.size for seen in owner.service.seen if seen.size] == [len(body)]


@pytest.mark.parametrize("status", [pytest.param(409, id="DB2-409"), pytest.param(429, id="DB2-429")])
def test_another_device_that_writes_is_waited_for(owner: Owner, layered: Backend, tmp_path: Path, status: int) -> None:
    owner.service.lock_seconds = 0.01
    owner.service.contention_status = status
    owner.home.busy.acquire()

    def release_after_a_refusal() -> None:
        while not any(seen.status == status for seen in owner.service.seen):
            time.sleep(0.01)
        owner.home.busy.release()

    threading.Thread(target=release_after_a_refusal, daemon=True).start()
    several(layered, tmp_path, range(8))
    assert {seen.status for seen in owner.service.seen} == {200, status}
    assert len([path for path in owner.home.entries if "key" in path]) == 8


def test_a_session_that_dropbox_lost_before_its_commit_is_sent_again_db7(
    owner: Owner, layered: Backend, tmp_path: Path
) -> None:
    has_begun = threading.Event()

    def meet(route: str) -> Play:
        """The first store is under way until the second one has begun, so that this needs a commit of its own."""
        if route == START:
            has_begun.set()
        elif route == "files/upload":
            assert has_begun.wait(20)
        return Play()

    owner.service.script.otherwise = meet
    lost = {".tag": "lookup_failed", "lookup_failed": {".tag": "not_found"}}
    owner.service.play(Rule(COMMIT, Play(as_json({"entries": [{".tag": "failure", "failure": lost}]}))))
    several(layered, tmp_path, range(2))
    assert {owner.content(f"{number}/KEY{number}") for number in range(2)} == {b"x"}
    assert owner.routes().count("files/upload") + owner.routes().count(COMMIT) == 3


def test_one_refused_entry_of_a_batch_fails_alone_db3(owner: Owner, box: Backend, tmp_path: Path) -> None:
    owner.service.lock_seconds = 0.2
    owner.service.put(owner.home, "/annex/b/KEY2/in-the-way", b"")
    with ThreadPoolExecutor(4) as pool:
        done = [
            pool.submit(box.put, f"b/KEY{number}", source(tmp_path, b"x", f"f{number}"), quiet) for number in range(4)
        ]
    assert [type(one.exception()).__name__ for one in done] == ["NoneType", "NoneType", "FolderInTheWay", "NoneType"]


def test_stopping_ends_stores_that_wait_for_a_commit_db31(owner: Owner, box: Backend, tmp_path: Path) -> None:
    owner.service.lock_seconds = 5
    with ThreadPoolExecutor(4) as pool:
        done = [
            pool.submit(box.put, f"a/KEY{number}", source(tmp_path, b"x", f"f{number}"), quiet) for number in range(4)
        ]
        end = time.monotonic() + 5
        while owner.routes().count(START) < 3 and time.monotonic() < end:
            time.sleep(0.01)
        box.close()
        ended = wait(done, 2).done
        owner.service.ended.set()
    assert [type(one.exception()) for one in ended] == [Cancelled] * 3
