"""No error, debug line or traceback shows a secret that a library would quote: a token, or a proxy's password."""

import io
import sys
from collections.abc import Callable
from http.client import HTTPConnection
from types import ModuleType

import click
import pytest
from support.davkit import backend
from support.dropboxkit import place_for
from support.logins import Cloud, Type
from support.s3kit import ALICE, clone

from git_annex_remote_pyshare.annex.protocol.job import Job
from git_annex_remote_pyshare.annex.protocol.writer import Writer
from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.dropbox.credential import Login, credential_of
from git_annex_remote_pyshare.backends.registry import make, parse
from git_annex_remote_pyshare.cli import app
from git_annex_remote_pyshare.config.proxies import proxy_of
from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError, Unreachable, unexpected

TOKEN = "TOKSEKRET123"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


# Tokens


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", " ", "\u2028", "\x00"])
def test_a_token_with_a_line_end_is_refused_without_being_shown(end: str) -> None:
    store = backend("http://127.0.0.1:1/dav", Credential("", TOKEN + end, "environment"))
    with pytest.raises(
        PermissionDenied, match="the token from environment contains characters that are not valid"
    ) as caught:
        store.stat("KEY")
    assert TOKEN not in str(caught.value)
    store.close()


def test_a_token_with_a_line_end_is_not_shown_at_login(cloud: Cloud) -> None:
    with pytest.raises(Unreachable, match="a sign that HTTP cannot carry") as caught:
        web.ask("GET", cloud.base, auth=web.basic(Credential("", f"{TOKEN}\r", "typed")))
    assert TOKEN not in str(caught.value)


def test_of_what_a_library_with_logins_raises_only_the_type_is_named() -> None:
    connection = HTTPConnection("127.0.0.1")
    connection.putrequest("GET", "/")
    with pytest.raises(ValueError, match=TOKEN) as caught:
        connection.putheader("Authorization", f"Bearer {TOKEN}\r")
    assert unexpected(caught.value) == "ValueError"


class _Careless:
    """A remote that gives a library a token that no header can carry."""

    def __init__(self, raised: Callable[[], object]) -> None:
        self._raised = raised

    def prepare(self) -> None:
        self._raised()

    def checkpresent(self, _key: str) -> bool:
        self._raised()
        return True


def _sends_a_bad_token() -> None:
    connection = HTTPConnection("127.0.0.1")
    connection.putrequest("GET", "/")
    connection.putheader("Authorization", f"Bearer {TOKEN}\r")


def _wraps_a_bad_token() -> None:
    try:
        _sends_a_bad_token()
    except ValueError as error:
        raise KeyError("x") from error


@pytest.mark.parametrize(
    ("raised", "named"), [(_sends_a_bad_token, "ValueError"), (_wraps_a_bad_token, "KeyError: 'x'")]
)
def test_neither_the_reply_nor_the_debug_lines_show_what_a_library_quotes(
    raised: Callable[[], object], named: str
) -> None:
    outgoing = io.BytesIO()
    Job("", Writer(outgoing), lambda _annex: _Careless(raised), []).handle("CHECKPRESENT K")
    said = outgoing.getvalue().decode()
    assert TOKEN not in said
    assert said.splitlines()[-1] == f"CHECKPRESENT-UNKNOWN K {named}"
    assert "DEBUG ValueError\n" in said


def test_a_command_that_fails_unexpectedly_shows_no_traceback_and_no_token(
    typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("careless")
    module.info = click.command()(_sends_a_bad_token)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "careless", module)
    monkeypatch.setitem(app.COMMANDS, "info", app.Row("careless:info", ""))
    outcome = typed("info")
    assert outcome.code == 1
    assert outcome.err.startswith("pyshare: this failed unexpectedly (ValueError).")
    assert "cli/app.py, line " in outcome.err
    assert TOKEN not in outcome.err + outcome.out


# Proxies


def _webdav() -> Backend:
    return backend("https://cloud.example.org/dav", Credential("bob", "pw", "environment"))


def _s3() -> Backend:
    settings = parse({"url": "s3://bucket", "endpoint": "https://s3.example.org"})
    return make(StoreConfig(settings["url"], settings, clone(), lambda: ALICE))


def _dropbox() -> Backend:
    return make(place_for(credential_of(Login(access_token="token", origin="environment"))))


def _login() -> Backend:
    web.ask("GET", "https://cloud.example.org")
    raise AssertionError


@pytest.mark.parametrize("opened", [_webdav, _s3, _dropbox, _login], ids=["webdav", "s3", "dropbox", "login"])
@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "proxy",
    [
        "http://user:PROXY#SECRET@proxy.example.org:3128",
        "http://user:PROXYSECRET@proxy.example.org:99999",
        "http://user:PROXY/SECRET@proxy.example.org:3128",
        "http://user:PROXY SECRET@proxy.example.org:3128",
        "user:PROXYSECRET",
        "socks5://user:PROXYSECRET@proxy.example.org:1080",
    ],
)
def test_a_wrong_proxy_is_named_by_its_variable_and_not_by_its_words(
    opened: Callable[[], Backend], variable: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(BadSetting, match=variable.lower()) as caught:
        opened().stat("KEY")
    assert not [
        word for word in ("PROXY", "SECRET", "user:") if word in str(caught.value).replace("//USER:PASSWORD", "")
    ]


@pytest.mark.parametrize(
    ("named", "url", "login"),
    [
        ("proxy.example.org:3128", "http://proxy.example.org:3128", ""),
        ("http://al:p%40ss@10.0.0.1:8080/", "http://10.0.0.1:8080", "al:p@ss"),
        ("http://al:p@ss@[::1]:8080", "http://[::1]:8080", "al:p@ss"),
        ("HTTPS://al@proxy", "https://proxy", "al:"),
    ],
)
def test_a_proxy_is_understood_once(named: str, url: str, login: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", named)
    proxy = proxy_of("https://cloud.example.org")
    assert proxy is not None
    assert (proxy.url, proxy.login) == (url, login)
    assert "p@ss" not in repr(proxy)


def test_the_login_sends_the_proxy_its_password(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    seen: list[str] = []
    monkeypatch.setattr(
        "urllib3.connection.HTTPConnection.set_tunnel",
        lambda _self, headers, **_more: seen.append(headers["Proxy-Authorization"]),
    )
    monkeypatch.setenv("https_proxy", f"http://al:p%40ss@{cloud.host}")
    with pytest.raises(PyshareError):
        web.ask("GET", "https://cloud.example.org")
    assert seen == ["Basic YWw6cEBzcw=="]
