"""Storing and removing on a scripted server: folders, temporary names, MOVE in doubt, what a success is worth."""

import hashlib
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from davkit import backend, fetched, quiet, source
from scripted_dav import Play, Rule, ScriptedDAV, Seen, answer

from git_annex_remote_pyshare.backends.base import Entry, Receipt
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.errors import (
    BadSetting,
    Busy,
    Corrupt,
    Denied,
    Full,
    NotAStore,
    PyshareError,
    SourceChanged,
    Stopped,
    Unreachable,
)

pytestmark = pytest.mark.usefixtures("no_pauses")

MIB = 1 << 20
OBJECT = "/dav/a/KEY"
PAGE = answer(200, b"<html>Log in!</html>", Content_Type="text/html; charset=UTF-8")


def _is_cloud(dav: ScriptedDAV) -> None:
    """The server answers to a PUT as Nextcloud does."""

    def sign(seen: Seen) -> Mapping[str, str]:
        asked = {name.lower(): value for name, value in seen.headers.items()}
        received = {"X-Hash-SHA256": hashlib.sha256(seen.body).hexdigest()} if "x-hash" in asked else {}
        return {"OC-FileId": "00000012oc", "OC-ETag": '"abc"', **received}

    dav.on_put = sign


# What each operation costs


def test_a_steady_store_is_one_request_where_put_is_atomic(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    _is_cloud(dav)
    store.put("a/FIRST", source(tmp_path), quiet)
    dav.forget()
    store.put("a/KEY", source(tmp_path), quiet)
    assert dav.methods() == ["PUT"]


def test_a_steady_store_is_put_and_move_on_a_known_server_without_atomic_put(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.server_name = "rclone/v1.75"
    store.put("a/KEY", source(tmp_path), quiet)
    assert dav.methods() == ["PUT", "MOVE"]


def test_an_unknown_server_is_asked_for_the_size_before_and_after_the_move(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    store.put("a/KEY", source(tmp_path), quiet)
    assert dav.methods() == ["PUT", "HEAD", "MOVE", "HEAD"]
    assert dav.objects == {OBJECT: b"content"}


def test_looking_retrieving_and_removing_are_one_request_each(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.objects[OBJECT] = b"content"
    store.stat("a/KEY")
    fetched(store, "a/KEY", tmp_path / "back")
    store.delete("a/KEY")
    assert dav.methods() == ["HEAD", "GET", "DELETE"]


@pytest.mark.parametrize(("way", "methods"), [("direct", ["PUT"]), ("move", ["PUT", "MOVE"])])
def test_the_clone_may_choose_how_to_store(dav: ScriptedDAV, tmp_path: Path, way: str, methods: list[str]) -> None:
    _is_cloud(dav)
    store = backend(f"{dav.url}/dav", put=way)
    store.put("a/KEY", source(tmp_path), quiet)
    assert dav.methods() == methods
    store.close()


def test_another_way_to_store_is_refused(dav: ScriptedDAV, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"remote\.cloud\.pyshare-put"):
        backend(dav.url, put="somehow").stat("KEY")


# Folders


@pytest.mark.parametrize("status", [409, 404, 403], ids=lambda status: f"WD5-{status}")
def test_a_missing_folder_is_made_and_the_body_sent_again_wd5(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, status: int
) -> None:
    dav.missing_parent = status
    _is_cloud(dav)
    store.put("b/c/KEY", source(tmp_path), quiet)
    assert fetched(store, "b/c/KEY", tmp_path / "back") == b"content"
    assert {"/dav/b", "/dav/b/c"} <= dav.folders


def test_nginx_says_500_for_a_missing_folder_wd5(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    dav.missing_parent, dav.server_name = 500, "nginx/1.22"
    store.put("b/KEY", source(tmp_path), quiet)
    assert "/dav/b" in dav.folders


def test_another_servers_500_is_not_about_folders_wd5(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    dav.missing_parent = 500
    with pytest.raises(Unreachable):
        store.put("b/KEY", source(tmp_path), quiet)
    assert "MKCOL" not in dav.methods()


def test_a_folder_that_vanished_is_made_again(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    _is_cloud(dav)
    store.put("b/ONE", source(tmp_path), quiet)
    dav.folders.discard("/dav/b")
    store.put("b/TWO", source(tmp_path), quiet)
    assert "/dav/b/TWO" in dav.objects


def test_no_large_body_is_sent_into_a_folder_that_nobody_knows(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    _is_cloud(dav)
    for name in ("b/ONE", "b/TWO"):
        store.put(name, source(tmp_path, b"x" * (MIB + 1)), quiet)
    assert [seen.method for seen in dav.requests if seen.method in {"MKCOL", "PUT"}] == ["MKCOL", "PUT", "PUT"]


def test_a_store_in_folders_that_nobody_made_is_made_whole_wd2(dav: ScriptedDAV, tmp_path: Path) -> None:
    store = backend(f"{dav.url}/dav/deep/deeper")
    store.put("b/KEY", source(tmp_path), quiet)
    assert dav.objects == {"/dav/deep/deeper/b/KEY": b"content"}
    store.close()


def test_eight_jobs_make_one_tree_once_wd2(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    _is_cloud(dav)
    body = source(tmp_path)
    with ThreadPoolExecutor(8) as jobs:
        list(jobs.map(lambda number: store.put(f"x/y/KEY{number}", body, quiet), range(24)))
    assert len(dav.objects) == 24
    made = [seen.path for seen in dav.requests if seen.method == "MKCOL"]
    assert sorted(made) == ["/dav/x", "/dav/x/y", "/dav/x/y"]


@pytest.mark.parametrize("status", [405, 409, 423, 301, 200, 403, 500], ids=lambda status: f"WD1-{status}")
def test_another_client_may_have_made_the_folder_meanwhile_wd1(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, status: int
) -> None:
    dav.script(Rule("MKCOL", answer(status, Location=f"{dav.url}/dav/a"), times=4))
    store.put("a/KEY", source(tmp_path, b"x" * (MIB + 1)), quiet)
    assert OBJECT in dav.objects


@pytest.mark.parametrize("status", [409, 500, 403], ids=lambda status: f"WD3-{status}")
def test_a_server_that_makes_no_folder_is_not_asked_for_ever_wd3(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, status: int
) -> None:
    dav.script(Rule("MKCOL", answer(status), times=1000))
    with pytest.raises(PyshareError, match="make the folder b"):
        store.put("b/KEY", source(tmp_path), quiet)
    assert dav.methods().count("MKCOL") <= 6


@pytest.mark.parametrize("refusal", [400, 415, 301], ids=lambda status: f"WD4-{status}")
def test_a_server_that_wants_no_slash_gets_none_from_then_on_wd4(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, refusal: int
) -> None:
    def decide(seen: Seen) -> Play | None:
        slash = seen.method == "MKCOL" and seen.target.endswith("/")
        return answer(refusal, Location=seen.target.rstrip("/")) if slash else None

    dav.decide = decide
    for name in ("b/KEY", "c/KEY", "d/KEY"):
        store.put(name, source(tmp_path), quiet)
    assert [seen.target for seen in dav.requests if seen.method == "MKCOL"] == [
        "/dav/b/",
        "/dav/b",
        "/dav/c",
        "/dav/d",
    ]


def test_who_may_not_write_is_told_so_and_not_that_a_folder_fails(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.script(Rule("PUT", answer(403), times=9), Rule("MKCOL", answer(403), times=9))
    with pytest.raises(Denied, match=r"store b/KEY.*forbids.*pyshare login"):
        store.put("b/KEY", source(tmp_path), quiet)


# Requests as servers want them


def test_every_body_has_a_length_and_a_type_wd21(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    for size in (0, 1, MIB + 1):
        store.put("b/KEY", source(tmp_path, b"x" * size), quiet)
    bodies = [seen for seen in dav.requests if seen.method == "PUT"]
    assert {int(seen.headers["Content-Length"]) for seen in bodies} == {0, 1, MIB + 1}
    assert {seen.headers["Content-Type"] for seen in bodies} == {"application/octet-stream"}
    assert not any({"Transfer-Encoding", "Expect"} & set(seen.headers) for seen in dav.requests)


def test_only_known_methods_are_used_wd20_wd30_wd36(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    """No LOCK, no PROPPATCH, no Depth infinity, no Depth where it does not belong."""
    store.put("b/c/KEY", source(tmp_path, b"x" * (MIB + 1)), quiet)
    store.stat("b/c/KEY")
    fetched(store, "b/c/KEY", tmp_path / "back")
    list(store.list())
    store.delete("b/c/KEY")
    assert set(dav.methods()) <= {"PUT", "MKCOL", "HEAD", "MOVE", "GET", "PROPFIND", "DELETE"}
    for seen in dav.requests:
        assert seen.headers.get("Depth") in ({"0", "1"} if seen.method == "PROPFIND" else {None})


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
    with pytest.raises(Corrupt, match="stored 7 bytes, but has 3 bytes"):
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
    with pytest.raises(Unreachable, match="lost the object") as raised:
        store.put("a/KEY", source(tmp_path), quiet)
    assert raised.value.passing


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
    monkeypatch.setattr("git_annex_remote_pyshare.backends.webdav.move._PAUSES", (60,))
    dav.script(Rule("MOVE", answer(423), times=99))

    def stop_once_moving(_done: int) -> None:
        if "MOVE" in dav.methods():
            raise Stopped("git-annex has gone")

    with pytest.raises(Stopped):
        store.put("a/KEY", source(tmp_path), stop_once_moving)


# What failures leave


@pytest.mark.parametrize("method", ["PUT", "MOVE"], ids=lambda method: f"WD8-{method}")
def test_a_full_server_keeps_nothing_of_the_store_wd8(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, method: str
) -> None:
    dav.script(Rule(method, answer(507)))
    with pytest.raises(Full, match="no room") as raised:
        store.put("a/KEY", source(tmp_path), quiet)
    assert not raised.value.passing
    assert dav.objects == {}


def test_a_proxy_that_refuses_large_bodies_is_explained_wd9(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.script(Rule("PUT", answer(413)))
    with pytest.raises(Full, match=r"chunk=50MiB"):
        store.put("a/KEY", source(tmp_path), quiet)


@pytest.mark.parametrize("status", [413, 401, 507])
def test_an_answer_in_the_middle_of_the_body_is_read_wd9(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, status: int
) -> None:
    """The server answers and closes while we are still sending: that is no broken pipe."""
    early = answer(status)._replace(early=True)
    dav.script(Rule("PUT", early))
    with pytest.raises((Full, Denied)):
        store.put("a/KEY", source(tmp_path, b"x" * (64 * MIB)), quiet)
    store.put("a/KEY", source(tmp_path), quiet)
    assert dav.objects[OBJECT] == b"content"


def test_half_a_file_is_never_seen_and_overwritten_by_the_next_attempt_wd22(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.server_name = "rclone/v1.75"
    dav.script(Rule("PUT", Play(half=True)), Rule("DELETE", Play(reset=True)))
    with pytest.raises(Unreachable):
        store.put("a/KEY", source(tmp_path, b"12345678"), quiet)
    assert list(dav.objects.values()) == [b"1234"]
    assert store.stat("a/KEY") is None
    assert list(store.list()) == []
    store.put("a/KEY", source(tmp_path, b"12345678"), quiet)
    assert dav.objects == {OBJECT: b"12345678"}


def test_half_a_file_is_removed_where_the_server_lets_us_wd22(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.script(Rule("PUT", Play(half=True)))
    with pytest.raises(Unreachable):
        store.put("a/KEY", source(tmp_path), quiet)
    assert dav.objects == {}


def test_a_success_for_what_was_not_stored_is_found_out(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    """sabre's plain file store says 201 to what the disk refused."""
    dav.script(Rule("PUT", answer(201)))
    with pytest.raises(Corrupt, match="stored 7 bytes, but has nothing"):
        store.put("a/KEY", source(tmp_path), quiet)


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        pytest.param(PAGE, NotAStore, id="WD19-login-page"),
        pytest.param(answer(202), Unreachable, id="202-is-no-success"),
        pytest.param(answer(207), Unreachable, id="WD18-207"),
    ],
)
def test_not_every_2xx_means_stored_wd18_wd19(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, play: Play, kind: type[PyshareError]
) -> None:
    dav.script(Rule("PUT", play))
    with pytest.raises(kind):
        store.put("a/KEY", source(tmp_path), quiet)
    assert dav.objects == {}


def test_a_source_that_shrinks_is_told_as_such(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    body = source(tmp_path, b"x" * (3 * MIB))

    def shrink(_done: int) -> None:
        (tmp_path / "source").write_bytes(b"")

    with pytest.raises(SourceChanged):
        store.put("a/KEY", body, shrink)
    assert dav.objects == {}


# Temporary names


def test_the_same_object_has_the_same_temporary_name_in_one_clone_only(dav: ScriptedDAV, tmp_path: Path) -> None:
    for _ in range(2):
        store = backend(f"{dav.url}/dav")
        store.put("a/KEY", source(tmp_path), quiet)
        store.place.clone.__dict__["config"]["annex.uuid"] = "another"
        store._opened = None
        store.put("a/KEY", source(tmp_path), quiet)
        store.close()
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


def test_unfinished_stores_are_not_listed(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.objects = {"/dav/a/pyshare-tmp-" + "0" * 32: b"half", "/dav/a/pyshare-tmp-note": b"whole"}
    assert list(store.list()) == [Entry("a/pyshare-tmp-note", 5)]


# What the server can prove


def test_a_cloud_returns_the_hash_of_what_it_received_wd34(dav: ScriptedDAV, tmp_path: Path) -> None:
    dav.folders |= {"/remote.php", "/remote.php/dav"}
    _is_cloud(dav)
    store = backend(f"{dav.url}/remote.php/dav")
    wanted = Receipt(digests={"sha256": hashlib.sha256(b"content").hexdigest()})
    assert [store.put("KEY", source(tmp_path), quiet) for _ in range(2)] == [wanted, wanted]
    store.close()


def test_a_cloud_that_does_not_hash_gets_a_sum_to_compare_wd34(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    """ownCloud 10: a sum that does not match is refused with 400, which is not the fault of the name."""
    dav.on_put = lambda _seen: {"OC-FileId": "1"}
    for _ in range(3):
        store.put("a/KEY", source(tmp_path), quiet)
    assert dav.requests[-1].headers["OC-Checksum"] == f"SHA1:{hashlib.sha1(b'content').hexdigest()}"
    message = b"<d:error xmlns:s='x'><s:message>The computed checksum does not match</s:message></d:error>"
    dav.script(Rule("PUT", answer(400, message, Content_Type="application/xml")))
    with pytest.raises(Corrupt, match="damaged") as raised:
        store.put("a/KEY", source(tmp_path), quiet)
    assert raised.value.passing


def test_other_servers_are_not_asked_for_hashes(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    store.put("a/KEY", source(tmp_path), quiet)
    assert not any({"X-Hash", "OC-Checksum"} & set(seen.headers) for seen in dav.requests)


# Removing


@pytest.mark.parametrize("status", [404, 410], ids=lambda status: f"WD25-{status}")
def test_removing_what_is_gone_succeeds_wd25(dav: ScriptedDAV, store: WebDAVBackend, status: int) -> None:
    dav.script(Rule("DELETE", answer(status)))
    store.delete("a/KEY")


@pytest.mark.parametrize("status", [207, 403, 423, 500, 301], ids=lambda status: f"WD18-{status}")
def test_removing_in_part_or_not_at_all_fails_wd18(dav: ScriptedDAV, store: WebDAVBackend, status: int) -> None:
    dav.script(Rule("DELETE", answer(status, Location=f"{dav.url}/elsewhere")))
    with pytest.raises(PyshareError):
        store.delete("a/KEY")
