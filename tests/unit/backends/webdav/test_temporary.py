"""Temporary names, and a MOVE that is in doubt, on a scripted server."""

import gc
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.davkit import backend, quiet, source
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, Seen, answer

from git_annex_remote_pyshare.backends.base import Entry
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.errors import (
    Busy,
    Cancelled,
    Corrupt,
    Unreachable,
)

pytestmark = pytest.mark.usefixtures("no_pauses")

OBJECT = "/dav/a/KEY"


# MOVE


def test_a_move_names_a_whole_url_and_overwrites_wd23(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    store.put("a/K%Y", source(tmp_path), quiet)
    [move] = [seen for seen in dav.requests if seen.method == "MOVE"]
    assert (move.headers["Destination"], move.headers["Overwrite"]) == (f"{dav.url}/dav/a/K%25Y", "T")


def test_a_server_that_does_not_overwrite_has_the_new_object_before_the_old_one_goes_wd23(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.objects[OBJECT] = b"old"
    dav.script(Rule("MOVE", answer(412)))
    store.put("a/KEY", source(tmp_path), quiet)
    assert dav.objects == {OBJECT: b"content"}
    written = [seen.method for seen in dav.requests if seen.method != "HEAD"]
    assert written == ["PUT", "MOVE", "DELETE", "MOVE"]


def test_a_move_that_only_says_that_it_was_done_is_found_out_wd23(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.objects[OBJECT] = b"old"
    dav.script(Rule("MOVE", answer(204)))
    with pytest.raises(Corrupt, match="confirmed 7 bytes, but has 3 bytes"):
        store.put("a/KEY", source(tmp_path), quiet)
    assert dav.objects == {OBJECT: b"old"}


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(Play(lost=True), id="WD10-lost"),
        pytest.param(Play(reset=True), id="WD10-reset"),
        pytest.param(answer(504), id="WD10-504"),
        pytest.param(answer(499), id="WD10-499"),
        pytest.param(answer(423), id="WD6-423"),
        pytest.param(answer(503, Retry_After="0"), id="WD28-503"),
        pytest.param(answer(500), id="WD10-500"),
    ],
)
def test_a_move_in_doubt_is_looked_at_and_nothing_is_sent_twice_wd10_wd6(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, play: Play
) -> None:
    dav.objects[OBJECT] = b"oldtext"  # as long as the new one, so that only the temporary object tells
    dav.script(Rule("MOVE", play))
    store.put("a/KEY", source(tmp_path), quiet)
    assert dav.objects == {OBJECT: b"content"}
    assert dav.methods().count("PUT") == 1


def test_a_server_that_goes_on_moving_behind_a_504_is_waited_for_wd10_wd6(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    """First 504, then 423 while it works, then the temporary object is gone and the new one there."""
    dav.script(Rule("MOVE", answer(504)), Rule("MOVE", answer(423)), Rule("MOVE", Play(status=404)))
    before = dav.decide

    def decide(seen: Seen) -> Play | None:
        if dav.methods().count("MOVE") == 2 and seen.method == "HEAD":
            dav.objects = {OBJECT: b"content"}
        return before(seen)

    dav.decide = decide
    store.put("a/KEY", source(tmp_path), quiet)
    assert dav.objects == {OBJECT: b"content"}
    assert (dav.methods().count("PUT"), dav.methods().count("MOVE")) == (1, 2)


def test_an_object_that_got_lost_in_a_move_is_to_be_sent_again_wd6(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    before = dav.decide

    def decide(seen: Seen) -> Play | None:
        if seen.method == "MOVE":
            dav.objects.clear()
            return answer(504)
        return before(seen)

    dav.decide = decide
    with pytest.raises(Unreachable, match="lost the file") as raised:
        store.put("a/KEY", source(tmp_path), quiet)
    assert raised.value.retryable


def test_a_lock_that_never_ends_is_told_and_the_rest_removed_wd6(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.script(Rule("MOVE", answer(423), times=99))
    with pytest.raises(Busy, match="locked"):
        store.put("a/KEY", source(tmp_path), quiet)
    assert dav.objects == {}
    assert dav.methods().count("MOVE") == 4


def test_waiting_for_a_move_ends_when_we_are_stopped(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("git_annex_remote_pyshare.backends.webdav.temporary._PAUSES", (60,))
    dav.script(Rule("MOVE", answer(423), times=99))

    def stop_once_moving(_done: int) -> None:
        if "MOVE" in dav.methods():
            raise Cancelled("git-annex has gone")

    with pytest.raises(Cancelled):
        store.put("a/KEY", source(tmp_path), stop_once_moving)


# Temporary names


def test_the_same_object_has_the_same_temporary_name_in_one_clone_only(dav: ScriptedDAV, tmp_path: Path) -> None:
    for _ in range(2):
        store = backend(f"{dav.url}/dav")
        store.put("a/KEY", source(tmp_path), quiet)
        store.place.clone.__dict__["config"]["annex.uuid"] = "another"
        another = WebDAVBackend(store.place)
        another.put("a/KEY", source(tmp_path), quiet)
        store.close()
        another.close()
    used = [seen.path for seen in dav.requests if seen.method == "PUT"]
    assert used[0] == used[2] != used[1] == used[3]
    assert all(re.fullmatch(r"/dav/a/pyshare-tmp-[0-9a-f]{32}", path) for path in used)


def test_two_jobs_storing_one_object_do_not_share_a_temporary_name(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    body = source(tmp_path)
    dav.script(Rule("PUT", Play(wait=0.1), times=4))
    with ThreadPoolExecutor(4) as jobs:
        list(jobs.map(lambda _: store.put("a/KEY", body, quiet), range(4)))
    used = [seen.path for seen in dav.requests if seen.method == "PUT"]
    assert dav.objects == {OBJECT: b"content"}
    assert len(set(used)) > 1


def test_two_processes_of_one_clone_do_not_share_a_temporary_name(dav: ScriptedDAV, tmp_path: Path) -> None:
    """Each has its own lock, as two processes have; one that ended gives its name on."""
    (tmp_path / "git" / "annex").mkdir(parents=True)

    def process() -> WebDAVBackend:
        made = backend(f"{dav.url}/dav")
        made.place.clone.git_dir = str(tmp_path / "git")
        return made

    first, second = process(), process()
    first.put("a/KEY", source(tmp_path), quiet)
    second.put("a/KEY", source(tmp_path), quiet)
    first.close()
    del first
    gc.collect()
    third = process()
    third.put("a/KEY", source(tmp_path), quiet)
    used = [seen.path for seen in dav.requests if seen.method == "PUT"]
    assert used[0] != used[1]
    assert used[2] == used[0]
    for store in (second, third):
        store.close()


def test_where_nothing_can_be_locked_no_two_processes_share_a_name(dav: ScriptedDAV, tmp_path: Path) -> None:
    for _ in range(2):
        store = backend(f"{dav.url}/dav")
        store.place.clone.git_dir = str(tmp_path / "gone")
        store.put("a/KEY", source(tmp_path), quiet)
        store.close()
    used = [seen.path for seen in dav.requests if seen.method == "PUT"]
    assert used[0] != used[1]


def test_unfinished_stores_are_not_listed(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.objects = {"/dav/a/pyshare-tmp-" + "0" * 32: b"half", "/dav/a/pyshare-tmp-note": b"whole"}
    assert list(store.list()) == [Entry("a/pyshare-tmp-note", 5)]
