"""Folders that a store needs, on a scripted server: made when they are missing, once, and not for ever."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from support.davkit import backend, be_cloud, fetched, quiet, source
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, Seen, answer

from git_annex_remote_pyshare.backends.webdav import upload
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.errors import (
    PermissionDenied,
    PyshareError,
    Unreachable,
)

MIB = 1 << 20
OBJECT = "/dav/a/KEY"


@pytest.mark.parametrize("status", [409, 404, 403], ids=lambda status: f"WD5-{status}")
def test_a_missing_folder_is_made_and_the_body_sent_again_wd5(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, status: int
) -> None:
    dav.missing_parent = status
    be_cloud(dav)
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
    be_cloud(dav)
    store.put("b/ONE", source(tmp_path), quiet)
    dav.folders.discard("/dav/b")
    store.put("b/TWO", source(tmp_path), quiet)
    assert "/dav/b/TWO" in dav.objects


@pytest.mark.parametrize("there", [True, False], ids=["folders", "no folders"])
def test_of_many_first_stores_one_goes_ahead_and_tells_the_others_the_server(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, *, there: bool
) -> None:
    be_cloud(dav)
    dav.script(Rule("PUT", Play(wait=0.1), times=1), Rule("MKCOL", Play(headers={"OC-FileId": "00000012oc"}), times=-1))
    content, names = source(tmp_path), [f"{number}/KEY" for number in range(8)]
    if there:
        dav.folders.update(f"/dav/{number}" for number in range(8))
    with ThreadPoolExecutor(8) as jobs:
        list(jobs.map(lambda name: store.put(name, content, quiet), names))
    assert dav.objects.keys() >= {f"/dav/{name}" for name in names}
    expected = {"PUT": 8, "MOVE": 1} if there else {"PUT": 9, "MKCOL": 8}
    assert Counter(method for method in dav.methods() if method != "PROPFIND") == expected


def test_a_first_store_that_hangs_holds_the_others_up_only_for_a_moment(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "_LEAD", 0.1)
    arrived, go_on = Event(), Event()

    def hold(seen: Seen) -> None:
        if seen.method == "PUT" and not arrived.is_set():
            arrived.set()
            go_on.wait(60)

    assert store.stat("b/FIRST") is None  # the first request of all goes alone, to try the login
    dav.decide = hold
    content = source(tmp_path)
    with ThreadPoolExecutor(1) as jobs:
        first = jobs.submit(store.put, "b/FIRST", content, quiet)
        assert arrived.wait(60)
        for name in ("b/TWO", "b/THREE"):
            store.put(name, content, quiet)
        assert not first.done()
        go_on.set()
        first.result()
    assert set(dav.objects) == {"/dav/b/FIRST", "/dav/b/TWO", "/dav/b/THREE"}


def test_no_large_body_is_sent_into_a_folder_that_nobody_knows(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    be_cloud(dav)
    for name in ("b/ONE", "b/TWO"):
        store.put(name, source(tmp_path, b"x" * (MIB + 1)), quiet)
    assert [seen.method for seen in dav.requests if seen.method in {"MKCOL", "PUT"}] == ["MKCOL", "PUT", "PUT"]


def test_a_store_in_folders_that_nobody_made_is_made_whole_wd2(dav: ScriptedDAV, tmp_path: Path) -> None:
    store = backend(f"{dav.url}/dav/deep/deeper")
    store.put("b/KEY", source(tmp_path), quiet)
    assert dav.objects == {"/dav/deep/deeper/b/KEY": b"content"}
    store.close()


def test_eight_jobs_make_one_tree_once_wd2(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    be_cloud(dav)
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
    with pytest.raises(PyshareError, match="make a folder"):
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
    with pytest.raises(PermissionDenied, match=r"store the file.*forbids.*pyshare login"):
        store.put("b/KEY", source(tmp_path), quiet)
