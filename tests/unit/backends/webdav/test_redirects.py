"""Redirects: where they are followed, with what, and where not."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.davkit import BOB, backend, fetched, quiet, source
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, Seen, answer, served

from git_annex_remote_pyshare.backends.base import Stat
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.errors import NotAStore, NotFound, PyshareError


@pytest.fixture
def other() -> Iterator[ScriptedDAV]:
    """A second server, so another origin."""
    with served(ScriptedDAV()) as server:
        yield server


@pytest.fixture
def moved(dav: ScriptedDAV) -> ScriptedDAV:
    """Everything of /old is at /dav now."""
    dav.objects["/dav/a/KEY"] = b"content"
    dav.server_name = "rclone/v1"
    return dav


def sends_on(dav: ScriptedDAV, status: int) -> None:
    def decide(seen: Seen) -> Play | None:
        new = seen.target.replace("/old/", "/dav/", 1)
        return answer(status, Location=new) if new != seen.target else None

    dav.decide = decide


@pytest.mark.parametrize("status", [301, 302, 307, 308], ids=lambda status: f"WD12-{status}")
def test_reading_follows_a_redirect_and_remembers_it_wd12(moved: ScriptedDAV, tmp_path: Path, status: int) -> None:
    sends_on(moved, status)
    store = backend(f"{moved.url}/old")
    assert store.stat("a/KEY") == Stat(7)
    assert fetched(store, "a/KEY", tmp_path / "back") == b"content"
    assert [entry.name for entry in store.list()] == ["a/KEY"]
    assert [seen.target for seen in moved.requests][:3] == ["/old/a/KEY", "/dav/a/KEY", "/dav/a/KEY"]
    store.close()


@pytest.mark.parametrize("status", [307, 308], ids=lambda status: f"WD12-{status}")
def test_writing_follows_a_redirect_that_keeps_the_method_wd12(moved: ScriptedDAV, tmp_path: Path, status: int) -> None:
    sends_on(moved, status)
    store = backend(f"{moved.url}/old")
    store.put("b/KEY", source(tmp_path, b"new"), quiet)
    store.delete("a/KEY")
    assert moved.objects == {"/dav/b/KEY": b"new"}
    [move] = [seen for seen in moved.requests if seen.method == "MOVE"]
    assert move.headers["Destination"] == f"{moved.url}/dav/b/KEY"
    store.close()


@pytest.mark.parametrize("method", ["PUT", "DELETE"], ids=lambda method: f"WD12-{method}")
@pytest.mark.parametrize("status", [301, 302, 303])
def test_writing_elsewhere_is_for_the_user_to_decide_wd12(
    moved: ScriptedDAV, tmp_path: Path, method: str, status: int
) -> None:
    sends_on(moved, status)
    store = backend(f"{moved.url}/old")
    write: dict[str, Callable[[], object]] = {
        "PUT": lambda: store.put("a/OTHER", source(tmp_path), quiet),
        "DELETE": lambda: store.delete("a/KEY"),
    }
    with pytest.raises(NotAStore, match=f"redirects to {moved.url}/dav. If you trust it, set url= to that"):
        write[method]()
    assert moved.objects == {"/dav/a/KEY": b"content"}
    store.close()


def test_a_move_that_is_redirected_goes_to_the_new_place_too_wd12(moved: ScriptedDAV, tmp_path: Path) -> None:
    store = backend(f"{moved.url}/dav")
    moved.folders |= {"/new", "/new/a"}

    def decide(seen: Seen) -> Play | None:
        if seen.method == "MOVE" and seen.target.startswith("/dav/"):
            moved.objects = {path.replace("/dav/", "/new/"): body for path, body in moved.objects.items()}
            return answer(307, Location=seen.target.replace("/dav/", "/new/", 1))
        return None

    moved.decide = decide
    store.put("a/OTHER", source(tmp_path), quiet)
    assert moved.objects == {"/new/a/KEY": b"content", "/new/a/OTHER": b"content"}
    store.close()


def test_a_redirect_to_another_server_carries_no_login_wd13(
    dav: ScriptedDAV, other: ScriptedDAV, tmp_path: Path
) -> None:
    """As object stores do it: a signed URL that needs no login, and would be refused with one."""
    other.objects["/signed"] = b"content"
    dav.script(Rule("GET", answer(302, Location=f"{other.url}/signed?signature=x%2Fy")))
    store = backend(f"{dav.url}/dav", BOB, header="Cookie: secret")
    assert fetched(store, "a/KEY", tmp_path / "back") == b"content"
    [seen] = other.requests
    assert seen.target == "/signed?signature=x%2Fy"
    assert not {"Authorization", "Cookie"} & set(seen.headers)
    store.stat("a/KEY")
    assert len(other.requests) == 1, "the store itself has not moved"
    store.close()


def test_another_servers_401_says_nothing_about_our_login_wd13(
    dav: ScriptedDAV, other: ScriptedDAV, tmp_path: Path
) -> None:
    dav.objects["/dav/a/KEY"] = b"content"
    dav.script(Rule("HEAD", answer(302, Location=f"{other.url}/dav/a/KEY")))
    other.login = ("somebody", "else")
    store = backend(f"{dav.url}/dav", BOB)
    with pytest.raises(PyshareError) as raised:
        store.stat("a/KEY")
    assert not isinstance(raised.value, NotFound)
    assert store.stat("a/KEY") == Stat(7)
    store.close()


def test_a_body_is_not_carried_to_another_server_with_our_login_wd13(
    dav: ScriptedDAV, other: ScriptedDAV, tmp_path: Path
) -> None:
    dav.script(Rule("PUT", answer(307, Location=f"{other.url}/x"), times=3))
    store = backend(f"{dav.url}/dav", BOB)
    with suppress(PyshareError):
        store.put("a/KEY", source(tmp_path), quiet)
    assert not any("Authorization" in seen.headers for seen in other.requests)
    store.close()


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("{other}\\@{own}/dav/a/KEY", id="WD13-backslash"),
        pytest.param("{other}@{own}/dav/a/KEY", id="WD13-login-in-url"),
        pytest.param("{own}@{other}/dav/a/KEY", id="WD13-login-in-url-of-other"),
        pytest.param("[/dav/a/KEY", id="WD13-no-host"),
        pytest.param("127.0.0.1:99999/dav/a/KEY", id="WD13-no-port"),
    ],
)
def test_an_address_that_parsers_may_read_differently_is_not_followed_wd13(
    dav: ScriptedDAV, other: ScriptedDAV, location: str
) -> None:
    hosts = {"own": dav.url.partition("//")[2], "other": other.url.partition("//")[2]}
    dav.script(Rule("HEAD", answer(307, Location="http://" + location.format(**hosts))))
    store = backend(f"{dav.url}/dav", BOB)
    with pytest.raises(NotAStore, match="an invalid address"):
        store.stat("a/KEY")
    assert not other.requests
    store.close()


@pytest.mark.parametrize("scheme", ["file", "ftp", "dav"], ids=lambda scheme: f"WD13-{scheme}")
def test_only_http_is_followed_wd13(dav: ScriptedDAV, store: WebDAVBackend, scheme: str) -> None:
    dav.script(Rule("HEAD", answer(307, Location=f"{scheme}://127.0.0.1/etc/passwd")))
    with pytest.raises(NotAStore, match="an invalid address"):
        store.stat("a/KEY")


@pytest.mark.parametrize("status", [404, 410], ids=lambda status: f"WD13-{status}")
def test_what_another_server_lacks_is_unknown_and_not_absent_wd13(
    dav: ScriptedDAV, other: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, status: int
) -> None:
    dav.decide = lambda seen: answer(307, Location=f"{other.url}{seen.target}")
    other.decide = lambda _seen: answer(status)
    asked: list[Callable[[], object]] = [
        lambda: store.stat("a/KEY"),
        lambda: store.delete("a/KEY"),
        lambda: fetched(store, "a/KEY", tmp_path / "back"),
    ]
    for ask in asked:
        with pytest.raises(NotAStore, match="redirects to"):
            ask()


def test_a_404_behind_another_path_of_the_same_server_is_unknown_wd14(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.script(Rule("HEAD", answer(302, Location="/login")))
    with pytest.raises(NotAStore, match="redirects to"):
        store.stat("a/KEY")


def test_a_store_that_has_moved_on_its_server_lacks_what_it_lacks_wd12(moved: ScriptedDAV) -> None:
    sends_on(moved, 301)
    store = backend(f"{moved.url}/old")
    assert store.stat("a/OTHER") is None
    store.close()


def test_endless_redirects_end_and_are_unknown_wd14(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.script(Rule("HEAD", answer(302, Location="/dav/round"), times=1000))
    with pytest.raises(NotAStore, match="without end"):
        store.stat("a/KEY")
    assert len(dav.requests) == 5


def test_a_login_page_behind_a_redirect_is_unknown_wd14_wd19(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    def decide(seen: Seen) -> Play | None:
        if seen.path == "/login":
            return answer(200, b"<html>", Content_Type="text/html")
        return answer(302, Location=f"/login?to={seen.target}")

    dav.decide = decide
    with pytest.raises(NotAStore, match="web page"):
        store.stat("a/KEY")
    assert store.client.base == f"{dav.url}/dav"


def test_a_folder_sent_to_its_slash_is_no_object(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    dav.script(Rule("HEAD", answer(301, Location="/dav/a/")), Rule("GET", answer(301, Location=f"{dav.url}/dav/a/")))
    assert store.stat("a") is None
    with pytest.raises(NotFound):
        fetched(store, "a", tmp_path / "back")
