"""A stranger's server sends nobody into his own network, and no server sends writes to another one."""

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.annex import Home, Repository
from support.davkit import BOB, clone, fetched, quiet, source
from support.davkit import backend as trusted_backend
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, Seen, answer, served
from urllib3.util.connection import create_connection

from git_annex_remote_pyshare.backends.base import Stat, StoreConfig
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.errors import NotAStore, PyshareError
from git_annex_remote_pyshare.transport.fence import Fence, Private

PUBLIC = "93.184.216.34"
PRIVATE = [
    *("127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.1.1", "169.254.169.254"),
    *(
        "100.64.0.1",
        "0.0.0.0",
        "0.1.2.3",
        "224.0.0.251",
        "239.255.255.250",
        "255.255.255.255",
        "192.0.0.8",
        "198.18.0.1",
    ),
    *("::", "::1", "fe80::1", "fe80::1%1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "2001::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1"),
    *("2002:7f00:1::1", "2002:c0a8:101::1", "100::1", "4000::1"),
]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def intern() -> Iterator[ScriptedDAV]:
    """A server of the user's own network, which acts on what it is asked."""
    with served(ScriptedDAV()) as server:
        server.decide = lambda _seen: answer(200, b"done")
        yield server


def backend(url: str, allowed: str = "") -> WebDAVBackend:
    """A stranger's remote, which nobody has verified."""
    made = clone()
    made.__dict__["config"]["annex.security.allowed-ip-addresses"] = allowed
    return WebDAVBackend(StoreConfig(url, {}, made))


def _verbs(store: WebDAVBackend, folder: Path) -> dict[str, Callable[[], object]]:
    return {
        "HEAD": lambda: store.stat("a/KEY"),
        "GET": lambda: fetched(store, "a/KEY", folder / "back"),
        "PROPFIND": lambda: list(store.list()),
    }


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["HEAD", "GET", "PROPFIND"])
def test_a_strangers_server_reaches_nothing_of_this_machine(
    dav: ScriptedDAV, intern: ScriptedDAV, tmp_path: Path, method: str, status: int
) -> None:
    dav.script(Rule(method, answer(status, Location=f"{intern.url}/admin/reboot?confirm=yes"), times=-1))
    store = backend(f"{dav.url}/dav")
    with pytest.raises(NotAStore, match=r"redirects to .*/admin/reboot, which is 127\.0\.0\.1 in a private network"):
        _verbs(store, tmp_path)[method]()
    assert intern.requests == []
    store.close()


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0"])
def test_no_spelling_of_this_machine_gets_through(dav: ScriptedDAV, intern: ScriptedDAV, name: str) -> None:
    port = intern.url.rpartition(":")[2]
    dav.script(Rule("HEAD", answer(302, Location=f"http://{name}:{port}/admin")))
    store = backend(f"{dav.url}/dav")
    with pytest.raises(NotAStore):
        store.stat("a/KEY")
    assert intern.requests == []
    store.close()


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_outside_of_the_fence(address: str) -> None:
    assert not Fence().permits(address, 80)


@pytest.mark.parametrize(
    "address", [PUBLIC, "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1", "2002:101:101::1"]
)
def test_a_public_address_is_inside(address: str) -> None:
    assert Fence().permits(address, 80)


@pytest.mark.parametrize(
    ("allowed", "address", "port", "permits"),
    [
        ("all", "127.0.0.1", 80, True),
        ("127.0.0.1", "127.0.0.1", 8080, True),
        ("127.0.0.1", "::ffff:127.0.0.1", 8080, True),
        ("10.0.0.1 127.0.0.1", "127.0.0.1", 80, True),
        ("[127.0.0.1]:8080", "127.0.0.1", 8080, True),
        ("[127.0.0.1]:8080", "127.0.0.1", 80, False),
        ("[127.0.0.1]:", "127.0.0.1", 80, False),
        ("[::1]:8080", "::1", 8080, True),
        ("[::1]", "::1", 80, True),
        ("::1", "::1", 80, True),
        ("127.0.0.1", "127.0.0.2", 80, False),
        ("all 10.0.0.1", "127.0.0.1", 80, False),
        ("[127.0.0.1]:²", "127.0.0.1", 80, False),
        ("nonsense", "127.0.0.1", 80, False),
        ("127.0.0.1", PUBLIC, 80, True),
    ],
)
def test_git_config_allows_what_it_allows_git_annex(allowed: str, address: str, port: int, *, permits: bool) -> None:
    assert Fence(allowed).permits(address, port) is permits


def test_an_allowed_address_is_followed_to(dav: ScriptedDAV, intern: ScriptedDAV) -> None:
    intern.decide = lambda _seen: answer(200, ETag='"x"')
    dav.script(Rule("HEAD", answer(302, Location=f"{intern.url}/x")))
    store = backend(f"{dav.url}/dav", allowed="127.0.0.1")
    assert store.stat("a/KEY") == Stat(0)
    store.close()


def test_tls_is_held_against_the_name_and_not_the_address(dav: ScriptedDAV, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    made = clone(ca=str(tmp_path / "ca.pem"))
    made.__dict__["config"]["annex.security.allowed-ip-addresses"] = "127.0.0.1"
    store = WebDAVBackend(StoreConfig(f"{dav.url}/dav", {}, made))
    with served(ScriptedDAV(), context) as secure:
        secure.decide = lambda _seen: answer(200, ETag='"x"')
        for name, told in (("localhost", Stat(0)), ("127.0.0.1", None)):
            port = secure.url.rpartition(":")[2]
            dav.script(Rule("HEAD", answer(302, Location=f"https://{name}:{port}/x")))
            if told:
                assert store.stat("a/KEY") == told
            else:
                with pytest.raises(PyshareError, match="certificate"):
                    store.stat("a/KEY")
    store.close()


def test_the_stores_own_name_that_means_another_host_a_moment_later_gains_nothing(
    dav: ScriptedDAV, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding by a redirect to the same host and port, with a connection that the server ends."""
    url = dav.url.replace("127.0.0.1", "evil.example.org")
    meant = iter(["127.0.0.1", "127.0.0.2"])
    look_up = socket.getaddrinfo

    def resolve(host: str, *rest: Any, **more: Any) -> Any:
        return look_up(next(meant) if host == "evil.example.org" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    dav.script(Rule("HEAD", Play(302, {"Location": "/admin/reboot?confirm=yes", "Connection": "close"})))
    store = backend(f"{url}/dav")
    with pytest.raises(NotAStore, match=r"which is 127\.0\.0\.2 in a private network"):
        store.stat("a/KEY")
    store.close()


def test_the_store_itself_may_be_in_the_users_network_and_move_on_its_server(dav: ScriptedDAV, tmp_path: Path) -> None:
    dav.objects["/dav/a/KEY"] = b"content"

    def decide(seen: Seen) -> Play | None:
        new = seen.target.replace("/old/", "/dav/", 1)
        return answer(302, Location=new) if new != seen.target else None

    dav.decide = decide
    store = backend(f"{dav.url}/old")
    assert store.stat("a/KEY") == Stat(7)
    assert fetched(store, "a/KEY", tmp_path / "back") == b"content"
    store.close()


def test_a_name_that_means_this_machine_a_moment_later_gains_nothing(
    dav: ScriptedDAV, intern: ScriptedDAV, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name is resolved once, and what it meant then is what is connected to."""
    port = intern.url.rpartition(":")[2]
    meant = iter([PUBLIC, "127.0.0.1"])
    look_up, connect_to = socket.getaddrinfo, create_connection

    def resolve(host: str, *rest: Any, **more: Any) -> Any:
        return look_up(next(meant) if host == "evil.example.org" else host, *rest, **more)

    def connect(address: tuple[str, int], *rest: Any, **more: Any) -> socket.socket:
        if address[0] == PUBLIC:  # nobody's business in a test
            raise ConnectionRefusedError(f"to {PUBLIC}")
        return connect_to(address, *rest, **more)

    dav.script(Rule("HEAD", answer(302, Location=f"http://evil.example.org:{port}/admin")))
    store = backend(f"{dav.url}/dav")
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr("git_annex_remote_pyshare.transport.connection.create_connection", connect)
    with pytest.raises(PyshareError, match=f"to {PUBLIC}"):
        store.stat("a/KEY")
    assert intern.requests == []
    store.close()


def test_of_a_host_with_many_addresses_only_public_ones_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ["127.0.0.1", PUBLIC, "10.0.0.1", "1.1.1.1", PUBLIC]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (address, 80)) for address in found])
    assert Fence().addresses("x", 80) == [PUBLIC, "1.1.1.1"]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("10.0.0.1", 80))])
    with pytest.raises(Private):
        Fence().addresses("x", 80)


def test_a_name_that_is_none_is_an_error_in_words(dav: ScriptedDAV) -> None:
    dav.script(Rule("HEAD", answer(302, Location=f"http://{'x' * 70}.example.org/")))
    store = backend(f"{dav.url}/dav")
    with pytest.raises(NotAStore, match="an invalid address"):
        store.stat("a/KEY")
    store.close()


def test_a_second_redirect_is_held_to_the_same_rule(dav: ScriptedDAV, intern: ScriptedDAV) -> None:
    with served(ScriptedDAV()) as middle:
        middle.decide = lambda _seen: answer(302, Location=f"{intern.url}/admin")
        dav.script(Rule("HEAD", answer(302, Location=f"{middle.url}/x")))
        store = backend(f"{dav.url}/dav", allowed=f"[127.0.0.1]:{middle.url.rpartition(':')[2]}")
        with pytest.raises(NotAStore, match="private network"):
            store.stat("a/KEY")
        assert len(middle.requests) == 1
        assert intern.requests == []
        store.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "[::1]", "192.168.1.1"])
def test_a_proxy_is_not_asked_for_a_private_address(
    dav: ScriptedDAV, intern: ScriptedDAV, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scripted server plays the proxy as well: a request to a proxy is one for a whole URL."""
    dav.decide = lambda seen: answer(302, Location=f"http://{host}:8080/admin") if seen.method == "HEAD" else None
    monkeypatch.setenv("http_proxy", dav.url)
    store = backend("http://cloud.example.org/dav")
    with pytest.raises(NotAStore, match="private network"):
        store.stat("a/KEY")
    assert len(dav.requests) == 1
    store.close()


def test_a_proxy_resolves_names_by_itself(dav: ScriptedDAV, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = "http://other.example.org/x"
    dav.decide = lambda seen: answer(404) if seen.target == elsewhere else answer(302, Location=elsewhere)
    monkeypatch.setenv("http_proxy", dav.url)
    store = backend("http://cloud.example.org/dav")
    with pytest.raises(NotAStore, match="redirects to http://other"):
        store.stat("a/KEY")
    assert dav.requests[-1].target == elsewhere
    store.close()


@pytest.mark.parametrize("made", [backend, trusted_backend], ids=["unverified", "verified"])
@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "MKCOL", "MOVE"])
def test_no_write_goes_to_another_server(
    dav: ScriptedDAV,
    intern: ScriptedDAV,
    tmp_path: Path,
    method: str,
    status: int,
    made: Callable[[str], WebDAVBackend],
) -> None:
    dav.objects["/dav/a/KEY"] = b"content"
    dav.decide = lambda seen: answer(status, Location=f"{intern.url}{seen.target}") if seen.method == method else None
    store = made(f"{dav.url}/dav")
    with pytest.raises(NotAStore, match=f"redirects to {intern.url}/dav. If you trust it, set url= to that"):
        store.delete("a/KEY") if method == "DELETE" else store.put("b/KEY", source(tmp_path), quiet)
    assert intern.requests == []
    store.close()


def test_a_verified_server_may_send_reading_elsewhere(dav: ScriptedDAV, intern: ScriptedDAV) -> None:
    intern.decide = lambda _seen: answer(200, ETag='"x"')
    dav.script(Rule("HEAD", answer(302, Location=f"{intern.url}/x")))
    store = trusted_backend(f"{dav.url}/dav", BOB)
    assert store.stat("a/KEY") == Stat(0)
    store.close()


def test_requests_without_a_redirect_look_nothing_up(dav: ScriptedDAV, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fence, "permits", lambda *_: pytest.fail("an address was checked"))
    dav.objects["/dav/a/KEY"] = b"content"
    store = backend(f"{dav.url}/dav")
    assert [store.stat("a/KEY") for _ in range(3)] == [Stat(7)] * 3
    assert len(dav.requests) == 3
    store.close()


def test_a_friends_clone_sends_nothing_into_his_network_but_a_verified_remote_may_be_sent_on(
    dav: ScriptedDAV, intern: ScriptedDAV, repository: Repository, bob: Home
) -> None:
    """With the real git-annex: the remote is enabled by itself, and was never looked at."""
    repository.initremote(f"{dav.url}/dav", {"autoenable": "true"})
    repository.add({"file": b"content"})
    repository.annex("copy", "-q", "--to", "store")
    friend, _ = repository.cloned(bob)
    dav.decide = lambda seen: (
        answer(302, Location=f"{intern.url}/admin/reboot?confirm=yes") if seen.method == "GET" else None
    )
    [told] = friend.json("get", "file", check=False)
    assert not told["success"]
    assert "which is 127.0.0.1 in a private network" in " ".join(told["error-messages"])
    assert intern.requests == []
    intern.decide = lambda _seen: answer(200, b"content")
    repository.annex("drop", "-q", "--force", "file")
    assert repository.json("get", "file")[-1]["success"]
    assert len(intern.requests) == 1
