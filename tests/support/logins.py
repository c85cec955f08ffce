"""A person without logins, keyrings of all moods, and a small Nextcloud: for the tests of credentials and commands."""

import io
import json
import os
import socket
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

import keyring
import keyring.backends.fail
import keyring.core
import pytest
from keyring.backend import KeyringBackend

from git_annex_remote_pyshare.cli import loopback
from git_annex_remote_pyshare.cli.app import run
from git_annex_remote_pyshare.config.git_config import LocalConfig
from support.schemas import hold


class MemoryKeyring(KeyringBackend):
    """A keyring as it should be."""

    priority = 5.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.secrets: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.secrets[service, username]


class HangingKeyring(MemoryKeyring):
    """One whose daemon has stopped answering; `release` ends that."""

    def __init__(self) -> None:
        super().__init__()
        self.release = Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.release.wait(30)
        return super().get_password(service, username)


class FailingKeyring(MemoryKeyring):
    """One that fails in every way, with a text that holds a secret."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("cannot give hunter2")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot take {password}")

    def delete_password(self, service: str, username: str) -> None:
        raise RuntimeError("cannot forget hunter2")


class UnadvisedKeyring(MemoryKeyring):
    """One that keyring would take for want of a better one, e.g. a plain file or one behind a typed password."""

    priority = 0.5


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """HOME of somebody with no login anywhere and no keyring."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("XDG_CONFIG_HOME", "WEBDAV_USERNAME", "WEBDAV_PASSWORD", "WEBDAV_TOKEN", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    for name in ("APP_KEY", "APP_SECRET", "REFRESH_TOKEN", "ACCESS_TOKEN"):
        monkeypatch.delenv(f"DROPBOX_{name}", raising=False)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(keyring.core, "_keyring_backend", keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    return home


@pytest.fixture
def own_ports(monkeypatch: pytest.MonkeyPatch) -> tuple[int, ...]:
    """Two free ports in place of those that are registered with apps, which another run of the tests may have."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in loopback.PORTS]
    ports = tuple(server.getsockname()[1] for server in sockets)
    for server in sockets:
        server.close()
    monkeypatch.setattr(loopback, "PORTS", ports)
    return ports


Equip = Callable[[KeyringBackend], None]


@pytest.fixture
def with_keyring(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Equip:
    """Gives that person a keyring."""
    return lambda backend: monkeypatch.setattr(keyring.core, "_keyring_backend", backend)


VERIFIED_UUID = "5f7a1c7e-0d5b-4a3e-9a43-0c1f6f1b8a11"
"""Of the remote whose settings the user of `clone_with` has accepted by `git annex verifyremote`."""


@cache
def _verifying_git_dir() -> "TemporaryDirectory[str]":
    """Where git-annex has written down that the user accepted that remote's settings; removed at the end."""
    made = TemporaryDirectory(prefix="pyshare-git-dir-")
    (Path(made.name) / "annex").mkdir()
    line = f"{VERIFIED_UUID} encryption=none externaltype=pyshare name=cloud type=external timestamp=1s\n"
    (Path(made.name) / "annex" / "verified-remote.log").write_text(line)
    return made


def clone_with(**config: str) -> LocalConfig:
    """A clone whose remote `cloud` has these git config options, `-` written as `_`.

    With `annex_verified="verified"` it is as git-annex leaves it after `git annex verifyremote`.
    """
    is_verified = config.get("annex_verified") == "verified"
    clone = LocalConfig(_verifying_git_dir().name if is_verified else "no-such-folder", "cloud")
    given = {"annex_uuid": VERIFIED_UUID, **config}
    clone.__dict__["config"] = {f"remote.cloud.{name.replace('_', '-')}": value for name, value in given.items()}
    return clone


class Piped(io.TextIOWrapper):
    """Standard input that is a pipe."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")


class Outcome(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


Type = Callable[..., Outcome]


@pytest.fixture
def typed(alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Types `pyshare …` with something in a pipe."""

    def do(*words: str, pipe: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", Piped(pipe))
        code = run(list(words))
        done = Outcome(code, *capsys.readouterr())
        hold(words, done.out)
        return done

    return do


def led_to(address: str) -> str:
    """The link to which the page leads that a browser is asked to open, after a look at who may read the page."""
    page = Path(url2pathname(urlsplit(address).path))
    if os.name != "nt":
        assert page.stat().st_mode & 0o777 == 0o600
        assert page.parent.stat().st_mode & 0o777 == 0o700
    return unescape(page.read_text().partition('content="0;url=')[2].partition('"')[0])


class Cloud(ThreadingHTTPServer):
    """A Nextcloud under `/cloud`, as far as logging in goes; tests change its attributes to change its mind."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.base = f"http://127.0.0.1:{self.server_port}/cloud"
        self.host = f"127.0.0.1:{self.server_port}"
        self.passwords = {"bob@example.org": "pass word"}
        self.links = {"0pen": "", "T0k": "opensesame"}
        """Tokens of public links and their passwords."""
        self.older = False
        """Whether public links are where they were before Nextcloud 29, and on ownCloud."""
        self.refusals = 2
        """How often a poll is answered 404 before somebody grants access in the browser."""
        self.flow: dict[str, Any] | None = {
            "poll": {"token": "polltoken", "endpoint": f"{self.base}/login/v2/poll"},
            "login": f"{self.base}/login/v2/flow/x",
        }
        self.granted = {"server": self.base, "loginName": "bob@example.org", "appPassword": "app-password"}
        self.replies: dict[tuple[str, str], tuple[int, dict[str, str]]] = {}
        """(method, path) → status and headers that come instead of the proper answer."""
        self.seen: list[tuple[str, str, str]] = []
        """Method, path and Authorization of each request."""

    def asked(self, method: str, part: str) -> list[str]:
        """The Authorization headers of the requests of this method whose path has `part`."""
        return [authorization for how, path, authorization in self.seen if how == method and part in path]


class _Visit(BaseHTTPRequestHandler):
    server: Cloud

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's word
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        self.server.seen.append((self.command, path, self.headers.get("Authorization", "")))
        if scripted := self.server.replies.get((self.command, path)):
            self._send(*scripted)
            return
        proper: dict[tuple[str, str], Callable[[], None]] = {
            ("GET", "/status.php"): lambda: self._send(200, content={"productname": "Nextcloud", "version": "31"}),
            ("POST", "/index.php/login/v2"): self._begin,
            ("POST", "/login/v2/poll"): lambda: self._poll(body),
            ("GET", "/ocs/v1.php/cloud/user"): lambda: self._for_users(200, {"ocs": {"data": {"id": "bob the 1st"}}}),
            ("DELETE", "/ocs/v2.php/core/apppassword"): lambda: self._for_users(200),
        }
        wanted = (self.command, path.removeprefix("/cloud"))
        if wanted in proper and path.startswith("/cloud/"):
            proper[wanted]()
        elif self.command == "PROPFIND" and path.startswith("/cloud/public.php/"):
            self._for_guests(path.removeprefix("/cloud/public.php/").rstrip("/"))
        elif self.command == "PROPFIND":
            self._for_users(207)
        else:
            self._send(404)

    do_GET = do_POST = do_DELETE = do_PROPFIND = _answer  # noqa: N815  # the library's names

    def _begin(self) -> None:
        self._send(200 if self.server.flow else 404, content=self.server.flow)

    def _poll(self, body: bytes) -> None:
        self.server.refusals -= 1
        if body != b"token=polltoken" or self.server.refusals >= 0:
            self._send(404)
        else:
            self.server.passwords[self.server.granted["loginName"]] = self.server.granted["appPassword"]
            self._send(200, content=self.server.granted)

    def _for_users(self, status: int, content: object = None) -> None:
        user, password = self._basic()
        bearer = self.headers.get("Authorization") == "Bearer good-token"
        self._let_in(status, content, known=self.server.passwords.get(user) == password if user else bearer)

    def _for_guests(self, address: str) -> None:
        user, password = self._basic()
        _, new, token = address.partition("dav/files/")
        if bool(new) is self.server.older or (new and token not in self.server.links):
            self._send(404)
        else:
            known = self.server.links.get(token or user) == password and (not token or user == "anonymous")
            self._let_in(207, known=known and self.headers.get("X-Requested-With") == "XMLHttpRequest")

    def _basic(self) -> tuple[str, str]:
        kind, _, rest = self.headers.get("Authorization", "").partition(" ")
        decoded = b64decode(rest).decode("utf-8", "surrogateescape") if kind == "Basic" else ""
        user, _, password = decoded.partition(":")
        return user, password

    def _let_in(self, status: int, content: object = None, *, known: bool) -> None:
        if known:
            self._send(status, content=content)
        else:
            self._send(401, {"WWW-Authenticate": 'Basic realm="cloud"'})

    def _send(self, status: int, headers: dict[str, str] | None = None, content: object = None) -> None:
        body = json.dumps(content).encode() if content is not None else b""
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def serving(server: Cloud) -> Iterator[Cloud]:
    """Serve until the fixture that goes through this ends."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cloud(alone: Path) -> Iterator[Cloud]:
    """A Nextcloud on loopback."""
    yield from serving(Cloud())


@pytest.fixture
def stranger(alone: Path) -> Iterator[Cloud]:
    """Another one, on a port of its own: to a login that is another host."""
    yield from serving(Cloud())
