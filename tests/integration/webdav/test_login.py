"""Logins on scripted servers: which way, how often, and never in the open."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.davkit import BOB, backend, clone, quiet, shown, source
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, Seen, answer
from support.servers import Server
from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.response import BaseHTTPResponse

from git_annex_remote_pyshare.backends.base import Stat, StoreConfig
from git_annex_remote_pyshare.backends.webdav.auth import Auth
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.backends.webdav.client import Request
from git_annex_remote_pyshare.backends.webdav.errors import Doing
from git_annex_remote_pyshare.backends.webdav.url import address_of
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import Busy, PermissionDenied

WRONG = Credential("bob", "wr0ng!", "environment")


@pytest.fixture
def guarded(dav: ScriptedDAV) -> ScriptedDAV:
    dav.login = (BOB.user, BOB.secret)
    dav.objects["/dav/a/KEY"] = b"content"
    return dav


@pytest.fixture
def bob(guarded: ScriptedDAV) -> Iterator[WebDAVBackend]:
    store = backend(f"{guarded.url}/dav", BOB)
    yield store
    store.close()


# Basic and Bearer


def test_the_login_goes_with_the_first_request(guarded: ScriptedDAV, bob: WebDAVBackend) -> None:
    assert bob.stat("a/KEY") == Stat(7)
    assert [shown(seen) for seen in guarded.requests] == ["bob:s3cret: two words"]


def test_a_login_beyond_latin_1_is_sent_as_utf_8(dav: ScriptedDAV) -> None:
    dav.login = ("bøb✓", "päss𝄞")
    store = backend(f"{dav.url}/dav", Credential("bøb✓", "päss𝄞", "test"))
    assert store.stat("a/KEY") is None
    store.close()


def test_a_login_without_a_user_is_a_bearer_token(dav: ScriptedDAV) -> None:
    store = backend(f"{dav.url}/dav", Credential("", "t0ken", "environment"))
    store.stat("a/KEY")
    assert [shown(seen) for seen in dav.requests] == ["Bearer t0ken"]
    store.close()


def test_eight_jobs_try_a_wrong_password_once_wd26(guarded: ScriptedDAV, tmp_path: Path) -> None:
    store = backend(f"{guarded.url}/dav", WRONG)
    body = source(tmp_path)
    guarded.script(Rule("HEAD", Play(wait=0.2)))

    def job(number: int) -> str:
        verbs = (lambda: store.stat("KEY"), lambda: store.put("KEY", body, quiet))
        with pytest.raises(PermissionDenied) as raised:
            verbs[number % 2]()
        return str(raised.value)

    with ThreadPoolExecutor(8) as jobs:
        told = set(jobs.map(job, range(32)))
    assert len(guarded.requests) == 1
    assert len(told) == 1
    store.close()


def test_a_refused_login_is_explained_without_the_secret_wd38(guarded: ScriptedDAV) -> None:
    store = backend(f"{guarded.url}/dav", WRONG)
    with pytest.raises(PermissionDenied) as raised:
        store.stat("KEY")
    text = str(raised.value)
    assert f"login of bob from environment. Type: pyshare login {guarded.url}/dav" in text
    assert "app password" in text
    assert "wr0ng" not in text + repr(raised.value) + repr(store.__dict__)
    assert not raised.value.retryable
    store.close()


def test_a_login_that_is_refused_in_the_middle_is_final_wd26(guarded: ScriptedDAV, bob: WebDAVBackend) -> None:
    bob.stat("KEY")
    guarded.login = ("bob", "changed")
    for _ in range(3):
        with pytest.raises(PermissionDenied):
            bob.stat("KEY")
    assert len(guarded.requests) == 2


def test_a_renewed_login_is_taken_in_the_middle_and_the_body_sent_again_wd27(
    guarded: ScriptedDAV, tmp_path: Path
) -> None:
    guarded.server_name = "rclone/v1"
    logins = [BOB]
    store = WebDAVBackend(StoreConfig(f"{guarded.url}/dav", {}, clone(), lambda: logins[-1]))
    store.put("a/ONE", source(tmp_path), quiet)
    guarded.login = ("bob", "renewed")
    logins.append(Credential("bob", "renewed", "pyshare login"))
    store.put("a/TWO", source(tmp_path, b"two"), quiet)
    assert guarded.objects["/dav/a/TWO"] == b"two"
    assert guarded.methods().count("PUT") == 3
    store.close()


def test_a_server_that_fails_has_not_refused_the_login(guarded: ScriptedDAV, bob: WebDAVBackend) -> None:
    guarded.script(Rule("HEAD", answer(503)), Rule("HEAD", answer(429)))
    for _ in range(2):
        with pytest.raises(Busy):
            bob.stat("a/KEY")
    assert bob.stat("a/KEY") == Stat(7)


def test_without_a_login_reading_goes_on_after_writing_was_refused(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    """A store that everybody may read: WD31."""
    dav.objects["/dav/a/KEY"] = b"content"
    dav.script(Rule("PUT", answer(401), times=9))
    with pytest.raises(PermissionDenied, match=r"needs a login. Type: pyshare login"):
        store.put("a/OTHER", source(tmp_path), quiet)
    assert store.stat("a/KEY") == Stat(7)


# Plain http


@pytest.mark.parametrize("user", ["", "bob"], ids=["bearer", "basic"])
def test_no_secret_goes_over_plain_http_to_another_machine(user: str) -> None:
    sent, told = refused_far_away(Credential(user, "geheim", "environment"))
    assert "over http:// others on the network could read the login" in told
    assert "git config remote.cloud.pyshare-insecure true" in told
    assert set(sent) <= {""}


def test_the_clone_may_allow_plain_http() -> None:
    sent, _ = refused_far_away(BOB, insecure="true")
    assert sent[0].startswith("Basic ")


def test_digest_may_go_over_plain_http() -> None:
    sent, told = refused_far_away(BOB, challenge='Digest realm="r", nonce="n", qop="auth"')
    assert [login.partition(" ")[0] for login in sent] == ["", "Digest"]
    assert "refuses the login of bob" in told


@pytest.mark.parametrize(
    ("offer", "nonce"),
    [
        pytest.param('Basic realm="a Digest of b", Digest realm="r", nonce="n1"', "n1", id="WD29-second"),
        pytest.param(
            'Digest realm="r", nonce="n1", algorithm=SHA-256, Digest realm="r", nonce="n2"', "n1", id="WD29-two"
        ),
        pytest.param('digest realm="r", nonce="n1", Negotiate, Basic realm="r"', "n1", id="WD29-first"),
    ],
)
def test_the_first_digest_of_many_offers_is_taken_wd29(offer: str, nonce: str) -> None:
    sent, _ = refused_far_away(BOB, challenge=offer)
    assert [re.findall(r'nonce="(\w+)"', login) for login in sent[1:]] == [[nonce]]


@pytest.mark.parametrize("url", ["https://cloud.example.org/dav", "http://cloud.example.org/dav"])
def test_the_login_is_for_its_own_server_and_for_the_same_one_with_tls_wd13(url: str) -> None:
    auth = Auth(StoreConfig(url, {}, clone(), lambda: BOB), address_of(url))
    assert auth.is_for(f"{url}/x")
    assert auth.is_for("https://cloud.example.org/elsewhere")
    assert auth.is_for("https://cloud.example.org:443/x")
    others = ["https://cloud.example.org:8443/x", "https://cloud.example.org.evil/x", "https://evil/cloud.example.org/"]
    others += ["https://cloud.example.org@evil/x", "http://cloud.example.org:8080/x"]
    assert not any(auth.is_for(other) for other in others)
    assert auth.is_for("http://cloud.example.org/x") is url.startswith("http:")


def refused_far_away(login: Credential, challenge: str = 'Basic realm="r"', **options: str) -> tuple[list[str], str]:
    """What a server far away, which refuses everything, got to see of the login, and what the user is told."""
    place = StoreConfig("http://cloud.example.org/dav", {}, clone(**options), lambda: login)
    sent: list[str] = []

    def send(header: str) -> BaseHTTPResponse:
        sent.append(header)
        return HTTPResponse(b"", HTTPHeaderDict({"WWW-Authenticate": challenge}), 401)

    with pytest.raises(PermissionDenied) as raised:
        Auth(place, address_of(place.url)).send("HEAD", f"{place.url}/KEY", Doing("look", place.url), send)
    return sent, str(raised.value)


# Digest


def test_digest_is_used_when_the_server_wants_it_and_counts_its_nonce_wd29(
    apache_digest_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = backend(apache_digest_server.url, Credential(apache_digest_server.user, apache_digest_server.password, ""))
    sent: list[str] = []
    once = store.client._once

    def watched(request: Request, url: str, login: str) -> BaseHTTPResponse:
        sent.append(login)
        return once(request, url, login)

    monkeypatch.setattr(store.client, "_once", watched)
    body = source(tmp_path, b"x" * 2_000_000)
    with ThreadPoolExecutor(4) as jobs:
        list(jobs.map(lambda number: store.put(f"digest/KEY{number}", body, quiet), range(8)))
    digests = [login for login in sent if login.startswith("Digest ")]
    counts = [re.search(r"nonce=\"([^\"]+)\".*nc=(\w+)", login) for login in digests]
    assert len(sent) - len(digests) == 1, "the challenge is fetched once, by a request without a body"
    assert len({count.groups() for count in counts if count}) == len(digests), "no count is used twice"
    store.close()


def test_a_stale_nonce_is_renewed_once_wd27(dav: ScriptedDAV, tmp_path: Path) -> None:
    nonces = iter(["one", "two", "three"])
    current = next(nonces)

    def decide(seen: Seen) -> Play | None:
        nonlocal current
        stale = 'nonce="' in seen.headers.get("Authorization", "") and len(dav.requests) == 3
        if stale:
            current = next(nonces)
        if f'nonce="{current}"' in seen.headers.get("Authorization", ""):
            return None
        flag = ", stale=TRUE" if stale else ""
        return answer(401, WWW_Authenticate=f'Digest realm="r", nonce="{current}", qop="auth"{flag}')

    dav.decide = decide
    dav.server_name = "rclone/v1"
    store = backend(f"{dav.url}/dav", BOB)
    store.put("a/ONE", source(tmp_path), quiet)
    store.put("a/TWO", source(tmp_path, b"two"), quiet)
    assert dav.objects == {"/dav/a/ONE": b"content", "/dav/a/TWO": b"two"}
    assert dav.methods() == ["PUT", "PUT", "MOVE", "PUT", "PUT", "MOVE"]
    store.close()


def test_a_wrong_digest_password_is_tried_once_wd26(apache_digest_server: Server) -> None:
    store = backend(apache_digest_server.url, Credential("bob", "wrong", "pyshare login"))
    for _ in range(3):
        with pytest.raises(PermissionDenied, match="app password"):
            store.stat("KEY")
    store.close()


# By option


def test_a_firewall_gets_the_header_that_it_wants_wd29(dav: ScriptedDAV) -> None:
    store = backend(f"{dav.url}/dav", header="Referer: https://cloud.example.org/")
    store.stat("KEY")
    assert dav.requests[0].headers["Referer"] == "https://cloud.example.org/"
    assert dav.requests[0].headers["User-Agent"].startswith("git-annex-remote-pyshare/")
    store.close()


def test_netrc_is_never_read(dav: ScriptedDAV, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("default login bob password geheim\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    dav.login = ("bob", "geheim")
    store = backend(f"{dav.url}/dav")
    with pytest.raises(PermissionDenied):
        store.stat("KEY")
    assert [shown(seen) for seen in dav.requests] == [""]
    store.close()
