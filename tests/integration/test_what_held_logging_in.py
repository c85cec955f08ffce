"""Attacks on logging in, and on kept logins, that have always failed, by the number of the review that tried them."""

import json
import os
import ssl
import stat
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme
from support.davkit import BOB, backend
from support.dropboxkit import Owner, place_for
from support.fakes.dav import ScriptedDAV
from support.logins import Cloud, Type
from support.scripted import answer, served

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Publishes, ability
from git_annex_remote_pyshare.backends.dropbox.credential import ACCOUNT, STORING
from git_annex_remote_pyshare.backends.dropbox.login import BrowserCallback
from git_annex_remote_pyshare.backends.dropbox.oauth import BrowserFlow
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.webdav import nextcloud
from git_annex_remote_pyshare.cli import loopback
from git_annex_remote_pyshare.cli.terminal import CommandLine
from git_annex_remote_pyshare.credentials import private, web
from git_annex_remote_pyshare.credentials import stored as kept
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, NotAStore, PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.part_plan import Plan, Upload
from git_annex_remote_pyshare.state.upload_journal import UploadJournal

pytest_plugins = ["support.dropbox_stores"]

KEPT = Credential("kept", "hunter2", "pyshare login")
HOST = "work.example.org"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("part", ["login", "endpoint"])
@pytest.mark.parametrize(
    "elsewhere",
    [
        *("STRANGER/login", "javascript:alert(1)", "file:///etc/passwd", "--option", "http://bob:x@OWN/login"),
        *("STRANGER\\@OWN/login", "http://evil.example/", "//evil.example/x"),
    ],
)
def test_held_9_a_flow_of_nextcloud_leads_nowhere_else(
    part: str, elsewhere: str, cloud: Cloud, stranger: Cloud
) -> None:
    link = elsewhere.replace("STRANGER", stranger.base).replace("OWN", cloud.host)
    flow: dict[str, Any] = dict(cloud.flow or {})
    cloud.flow = flow | ({"login": link} if part == "login" else {"poll": {"token": "t", "endpoint": link}})
    with pytest.raises(PyshareError):
        nextcloud.begin(cloud.base)
    assert stranger.seen == []
    assert not cloud.asked("POST", "/poll")


def test_held_9_a_redirected_poll_and_another_server_for_the_password_are_refused(
    cloud: Cloud, stranger: Cloud
) -> None:
    flow = nextcloud.begin(cloud.base)
    assert flow
    cloud.replies["POST", "/cloud/login/v2/poll"] = (307, {"Location": f"{stranger.base}/login/v2/poll"})
    with pytest.raises(PyshareError):
        nextcloud.wait(flow, sleep=lambda _seconds: None)
    cloud.replies.clear()
    cloud.granted["server"] = stranger.base
    with pytest.raises(NotAStore):
        nextcloud.wait(flow, sleep=lambda _seconds: None)
    assert stranger.seen == []


def test_held_9_a_cookie_is_not_sent_back(dav: ScriptedDAV, alone: Path) -> None:
    dav.decide = lambda _seen: answer(200, json.dumps({"productname": "Nextcloud"}).encode(), Set_Cookie="a=b")
    for _ in range(2):
        web.ask("GET", f"{dav.url}/status.php")
    assert len(dav.requests) == 2
    assert not any("Cookie" in seen.headers for seen in dav.requests)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_held_15_logins_and_the_journal_are_for_their_owner_only_and_the_journal_has_no_secret(
    alone: Path, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        os.makedirs(private.folder(), mode=0o777)
        kept.keep("webdav", HOST, KEPT)
        (tmp_path / "annex").mkdir()
        with UploadJournal(str(tmp_path)).entry({"url": f"https://{HOST}/x"}, "a/KEY") as entry:
            entry.begin(Upload("a/KEY", "id", Plan(100, 30)))
            journal = [path for path in (tmp_path / "annex/pyshare").rglob("*") if path.is_file()]
            assert journal
            assert not any(b"hunter2" in path.read_bytes() for path in journal)
            private_ones = [Path(private.folder()), *Path(private.folder()).iterdir(), *journal]
            modes = {stat.S_IMODE(path.stat().st_mode) for path in [*private_ones, *(path.parent for path in journal)]}
    finally:
        os.umask(before)
    assert modes == {0o700, 0o600}


def test_held_16_whoami_shows_no_secret(typed: Type) -> None:
    kept.keep("webdav", HOST, KEPT)
    assert HOST in typed("whoami", "--json").out
    assert "hunter2" not in typed("whoami", "--json").out + typed("whoami").out


@pytest.fixture
def visited(own_ports: tuple[int, ...]) -> Iterator[tuple[loopback.Loopback, BrowserCallback]]:
    """The page that a browser comes back to, while a login waits for it."""
    with loopback.Loopback("pyshare login dropbox", "pyshare login dropbox --no-browser") as server:
        visit = BrowserCallback(BrowserFlow("key", STORING, server.address), CommandLine())
        thread = Thread(target=server.wait, args=(visit,))
        thread.start()
        yield server, visit
        server.shown.set()
        thread.join()


@pytest.mark.parametrize("path", ["/?code=x", "/?code=x&state=wrong", "/?error=access_denied&state=y", "/x?code=x"])
@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_held_17_a_forged_answer_leaves_the_login_waiting(
    path: str, host: str, visited: tuple[loopback.Loopback, BrowserCallback]
) -> None:
    server, visit = visited
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    connection.getresponse().read()
    connection.close()
    assert (visit.granted, visit.failure, server.shown.is_set()) == (None, None, False)


def test_held_17_ports_that_are_taken_are_a_refusal_with_a_text(own_ports: tuple[int, ...]) -> None:
    again = ("pyshare login dropbox", "pyshare login dropbox --no-browser")
    with loopback.Loopback(*again), loopback.Loopback(*again), pytest.raises(Unreachable, match="have the ports"):
        loopback.Loopback(*again)


def test_held_18_a_strangers_dropbox_remote_asks_for_nothing_and_makes_no_link(owner: Owner) -> None:
    without = registry.make(place_for(owner.login)._replace(trusted=lambda: False))
    owner.opened(without)
    with pytest.raises(PermissionDenied):
        without.stat("a/KEY")
    assert owner.service.seen == []
    place = place_for(owner.login, share="files", namespace="1")._replace(trusted=lambda: False)
    strangers = registry.make(place)
    owner.opened(strangers)
    with pytest.raises(PermissionDenied):
        strangers.stat("a/KEY")
    publishing = ability(strangers, Publishes)
    assert not (publishing and publishing.is_publishing())


@pytest.mark.parametrize("host", ["www.dropbox.com.evil.org", "dropbox.com.evil.org", "www.dropbox.com@evil.org"])
def test_held_18_a_look_alike_of_a_shared_link_is_no_dropbox(host: str) -> None:
    with suppress(BadSetting):
        values = parse({"url": f"https://{host}/scl/fo/abc/def?rlkey=x"})
        registry.check(values)
        assert registry.account_of(values).name != ACCOUNT


@pytest.mark.parametrize("name", ["localhost", "other.example.org"])
def test_held_19_no_request_gets_to_a_server_with_a_wrong_certificate(name: str, alone: Path, tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with served(ScriptedDAV(), context) as secure:
        store = backend(secure.url, BOB, **({} if name == "localhost" else {"ca": str(tmp_path / "ca.pem")}))
        with pytest.raises(Unreachable, match="cannot be trusted"):
            store.stat("KEY")
        store.close()
        with pytest.raises(Unreachable, match="certificate"):
            web.ask("GET", secure.url, auth=web.basic(BOB))
        assert secure.requests == []
