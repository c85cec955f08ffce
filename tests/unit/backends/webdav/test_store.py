"""Storing and removing on a scripted server: what it costs, what a success is worth, what a failure leaves."""

import hashlib
from pathlib import Path
from threading import Event

import pytest
from support.davkit import backend, be_cloud, fetched, quiet, source
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, answer

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.errors import (
    BadSetting,
    Corrupt,
    CorruptUpload,
    NotAStore,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    SourceChanged,
    Unreachable,
)
from git_annex_remote_pyshare.store.open import wrap

MIB = 1 << 20
OBJECT = "/dav/a/KEY"
PAGE = answer(200, b"<html>Log in!</html>", Content_Type="text/html; charset=UTF-8")


# What each operation costs


def test_a_steady_store_is_one_request_where_put_is_atomic(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    be_cloud(dav)
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
    be_cloud(dav)
    store = backend(f"{dav.url}/dav", put=way)
    store.put("a/KEY", source(tmp_path), quiet)
    assert dav.methods() == methods
    store.close()


def test_another_way_to_store_is_refused(dav: ScriptedDAV, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"remote\.cloud\.pyshare-put"):
        backend(dav.url, put="somehow").stat("KEY")


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


# What failures leave


@pytest.mark.parametrize("method", ["PUT", "MOVE"], ids=lambda method: f"WD8-{method}")
def test_a_full_server_keeps_nothing_of_the_store_wd8(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, method: str
) -> None:
    dav.script(Rule(method, answer(507)))
    with pytest.raises(QuotaExceeded, match="no space left") as raised:
        store.put("a/KEY", source(tmp_path), quiet)
    assert not raised.value.retryable
    assert dav.objects == {}


def test_a_proxy_that_refuses_large_bodies_is_explained_wd9(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.script(Rule("PUT", answer(413)))
    with pytest.raises(QuotaExceeded, match=r"chunk=50MiB"):
        store.put("a/KEY", source(tmp_path), quiet)


@pytest.mark.parametrize("status", [413, 401, 507])
def test_an_answer_in_the_middle_of_the_body_is_read_wd9(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, status: int
) -> None:
    """The server answers and closes while we are still sending: that is no broken pipe."""
    early = answer(status)._replace(early=True)
    dav.script(Rule("PUT", early))
    with pytest.raises((QuotaExceeded, PermissionDenied)):
        store.put("a/KEY", source(tmp_path, b"x" * (64 * MIB)), quiet)
    store.put("a/KEY", source(tmp_path), quiet)
    assert dav.objects[OBJECT] == b"content"


def test_a_connection_on_which_a_body_was_broken_off_is_not_used_again(dav: ScriptedDAV, tmp_path: Path) -> None:
    """Its server still waits for the rest of the body, and would take the next request for it."""
    store = backend(f"{dav.url}/dav", put="direct", timeout="2")
    store.stat("a/KEY")
    dav.script(Rule("PUT", answer(413)._replace(hasty=True)))
    with pytest.raises(QuotaExceeded):
        store.put("a/KEY", source(tmp_path, b"x" * (64 * MIB)), quiet)
    assert store.stat("a/KEY") is None
    store.close()


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
    with pytest.raises(Corrupt, match="confirmed 7 bytes, but has nothing"):
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


# What the server can prove


def test_a_cloud_returns_the_hash_of_what_it_received_wd34(dav: ScriptedDAV, tmp_path: Path) -> None:
    dav.folders |= {"/remote.php", "/remote.php/dav"}
    be_cloud(dav)
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
    with pytest.raises(CorruptUpload):
        store.put("a/KEY", source(tmp_path), quiet)


def test_a_sum_that_does_not_match_twice_is_an_error_wd34(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    message = b"<d:error xmlns:s='x'><s:message>The computed checksum does not match</s:message></d:error>"
    dav.script(Rule("PUT", answer(400, message, Content_Type="application/xml"), times=3))
    with pytest.raises(CorruptUpload, match=r"damaged.*\(tried twice"):
        wrap(store, Event()).put("a/KEY", source(tmp_path), quiet)
    assert dav.methods().count("PUT") == 2
    assert dav.objects == {}


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
