"""What people type to log in and out, and what they see."""

import json
import webbrowser

import click.termui
import pytest
from logins import Cloud, Equip, FailingKeyring, MemoryKeyring, Type

from git_annex_remote_pyshare.cli import ask
from git_annex_remote_pyshare.credentials import kept, nextcloud
from git_annex_remote_pyshare.credentials.credential import Credential


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nextcloud, "PAUSE", 0.0)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The links that a browser was asked to open."""
    links: list[str] = []

    class Browser(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: FBT001, FBT002  # the library's signature
            links.append(url)
            return True

    monkeypatch.setattr(webbrowser, "get", Browser)
    return links


def login_for(host: str) -> Credential | None:
    entry = kept.entry("webdav", host)
    return kept.read(entry) if entry else None


def test_a_cloud_opens_the_browser_and_its_app_password_is_kept(cloud: Cloud, typed: Type, opened: list[str]) -> None:
    done = typed("login", cloud.base)
    assert done.code == 0
    assert opened == [f"{cloud.base}/login/v2/flow/x"]
    assert opened[0] in done.err
    assert f"Logged in at {cloud.host} as bob@example.org" in done.out
    assert f"url={cloud.base}/remote.php/dav/files/bob%20the%201st/FOLDER" in done.out
    assert login_for(cloud.host) == Credential("bob@example.org", "app-password", "pyshare login")
    assert "app-password" not in done.out + done.err


def test_without_a_browser_the_link_is_printed_only(cloud: Cloud, typed: Type, opened: list[str]) -> None:
    done = typed("login", f"{cloud.base}/remote.php/dav/files/x/y", "--no-browser")
    assert done.code == 0
    assert opened == []
    assert f"{cloud.base}/login/v2/flow/x" in done.err


def test_a_browser_that_would_take_over_the_terminal_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("false"))
    monkeypatch.setattr(webbrowser.GenericBrowser, "open", lambda *_: pytest.fail("opened"))
    ask.open_browser("https://cloud.example.org")


def test_a_machine_without_any_browser_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise webbrowser.Error

    monkeypatch.setattr(webbrowser, "get", none)
    ask.open_browser("https://cloud.example.org")


def test_a_user_named_on_the_line_gives_a_password_by_pipe_instead(
    cloud: Cloud, typed: Type, opened: list[str]
) -> None:
    done = typed("login", cloud.base, "--user", "bob@example.org", pipe=b"pass word\n")
    assert done.code == 0
    assert opened == []
    assert not cloud.asked("POST", "/login/v2")
    assert "/remote.php/dav/files/bob%20the%201st/FOLDER" in done.out
    assert login_for(cloud.host) == Credential("bob@example.org", "pass word", "pyshare login")


def test_a_cloud_without_the_flow_asks_for_user_and_password(cloud: Cloud, typed: Type) -> None:
    cloud.flow = None
    assert typed("login", cloud.base, pipe=b"bob@example.org\npass word\n").code == 0
    assert login_for(cloud.host) == Credential("bob@example.org", "pass word", "pyshare login")


@pytest.mark.parametrize(
    ("sent", "password"),
    [
        pytest.param(b" a:b \n", " a:b ", id="PR4 blanks and a colon"),
        pytest.param(b" a:b ", " a:b ", id="no line end"),
        pytest.param(b"p\r\n", "p", id="a Windows line end"),
        pytest.param("ü☂\n".encode(), "ü☂", id="UTF-8"),
        pytest.param(b"one\ntwo\n", "one", id="only the first line"),
        pytest.param(b"\xff\n", "\udcff", id="not UTF-8"),
    ],
)
def test_a_piped_password_is_taken_byte_for_byte(sent: bytes, password: str, typed: Type) -> None:
    assert typed("login", "https://dav.example.org/x", "--user", "bob", "--no-check", pipe=sent).code == 0
    assert login_for("dav.example.org") == Credential("bob", password, "pyshare login")


def test_a_plain_server_takes_user_and_password_from_two_lines(cloud: Cloud, typed: Type) -> None:
    done = typed("login", f"http://{cloud.host}/plain", pipe=b"bob@example.org\npass word\n")
    assert done.code == 0
    assert "url=" not in done.out
    assert login_for(cloud.host) == Credential("bob@example.org", "pass word", "pyshare login")


def test_a_token_is_kept_without_a_user(cloud: Cloud, typed: Type) -> None:
    assert typed("login", f"http://{cloud.host}/plain", "--token", pipe=b"good-token\n").code == 0
    assert login_for(cloud.host) == Credential("", "good-token", "pyshare login")


@pytest.mark.parametrize("where", ["/cloud", "/plain"])
def test_wd26_a_wrong_password_is_tried_once_said_and_not_kept(where: str, cloud: Cloud, typed: Type) -> None:
    done = typed("login", f"http://{cloud.host}{where}", "--user", "bob@example.org", pipe=b"hunter2\n")
    assert done.code == 1
    assert done.err.startswith(f"pyshare: {cloud.host} refuses this login.")
    assert "hunter2" not in done.out + done.err
    assert kept.entries() == []
    assert len([authorization for _, _, authorization in cloud.seen if authorization]) == 1


def test_a_login_that_could_not_be_tried_is_not_kept(typed: Type) -> None:
    done = typed("login", "http://127.0.0.1:1/x", "--user", "bob", pipe=b"p\n")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "cannot reach 127.0.0.1:1" in done.err
    assert kept.entries() == []


@pytest.mark.parametrize(
    ("words", "pipe", "text"),
    [
        (("https://dav.example.org/x", "--no-check", "--user", "bob"), b"", "the pipe ended before this was given"),
        (("https://dav.example.org/x", "--no-check", "--user", "bob"), b"\n", "nothing was given as password"),
        (("https://dav.example.org/x", "--no-check", "--user", "b:b"), b"p\n", "has a colon"),
        (("https://dav.example.org/x", "--no-check", "--token"), b"a b\n", "no token has"),
        (("http://dav.example.org/x",), b"", "pyshare login https://dav.example.org/x (or add --insecure)"),
        (("dav.example.org/x",), b"", "dav.example.org/x is not the address of a server"),
        (("/mnt/share",), b"", "is not the address of a server"),
        (("https://bob:hunter2@dav.example.org/x",), b"", "for the login: pyshare login https://dav.example.org/x"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(words: tuple[str, ...], pipe: bytes, text: str, typed: Type) -> None:
    done = typed("login", *words, pipe=pipe)
    assert done.code == 1
    assert done.err.startswith("pyshare: ")
    assert done.err.count("\n") == 1
    assert text in done.err
    assert "hunter2" not in done.err
    assert kept.entries() == []


def test_an_http_address_is_possible_on_demand(typed: Type) -> None:
    words = ("login", "dav://dav.example.org/x", "--insecure", "--no-check", "--user", "bob")
    assert typed(*words, pipe=b"p\n").code == 0
    assert login_for("http://dav.example.org:80") == Credential("bob", "p", "pyshare login")
    assert login_for("dav.example.org") is None


def test_logging_out_revokes_what_the_cloud_granted(cloud: Cloud, typed: Type, opened: list[str]) -> None:
    typed("login", cloud.base)
    done = typed("logout", f"{cloud.base}/any/path")
    assert done.code == 0
    assert f"The earlier login for {cloud.host} is revoked." in done.out
    assert f"Logged out from {cloud.host}." in done.out
    assert len(cloud.asked("DELETE", "/apppassword")) == 1
    assert kept.entries() == []


def test_logging_out_never_revokes_the_users_own_password(cloud: Cloud, typed: Type) -> None:
    typed("login", cloud.base, "--user", "bob@example.org", pipe=b"pass word\n")
    assert typed("logout", cloud.base).code == 0
    assert not cloud.asked("DELETE", "")


def test_logging_out_works_when_the_server_does_not(cloud: Cloud, typed: Type, opened: list[str]) -> None:
    typed("login", cloud.base)
    cloud.replies["DELETE", "/cloud/ocs/v2.php/core/apppassword"] = (500, {})
    done = typed("logout", cloud.base)
    assert done.code == 0
    assert f"could not be revoked. Remove it in the settings of {cloud.base}" in done.err
    assert kept.entries() == []


def test_logging_out_works_without_server_and_keyring(
    typed: Type, with_keyring: Equip, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_keyring(MemoryKeyring())
    gone = "http://127.0.0.1:1"
    kept.keep("webdav", "127.0.0.1:1", Credential("bob", "hunter2", "x"), gone)
    with_keyring(FailingKeyring())
    done = typed("logout", gone)
    assert done.code == 0
    assert "could not be revoked" in done.err
    assert "remove it there: pyshare webdav 127.0.0.1:1" in done.err
    assert "hunter2" not in done.err
    with_keyring(MemoryKeyring())
    kept.keep("webdav", "127.0.0.1:1", Credential("bob", "hunter2", "x"), gone)
    assert "could not be revoked" in typed("logout", gone).err


def test_logging_in_again_revokes_the_earlier_app_password(cloud: Cloud, typed: Type, opened: list[str]) -> None:
    typed("login", cloud.base)
    cloud.granted["appPassword"] = "second"
    cloud.passwords["bob@example.org"] = "app-password"
    cloud.refusals = 0
    assert typed("login", cloud.base, "--user", "bob@example.org", pipe=b"app-password\n").code == 0
    assert len(cloud.asked("DELETE", "/apppassword")) == 1


def test_logging_out_where_no_login_is_says_so(typed: Type) -> None:
    done = typed("logout", "https://dav.example.org")
    assert (done.code, done.err) == (1, "pyshare: no login is kept for dav.example.org. Type: pyshare whoami\n")


def test_whoami_lists_hosts_users_and_places(typed: Type, with_keyring: Equip) -> None:
    kept.keep("webdav", "a.example.org", Credential("bob", "hunter2", "x"))
    with_keyring(MemoryKeyring())
    kept.keep("webdav", "longer.example.org", Credential("", "hunter2", "x"))
    done = typed("whoami")
    assert done.out.splitlines() == [
        "a.example.org       bob  in the private file",
        "longer.example.org  (token)  in the system keyring",
    ]
    rows = json.loads(typed("whoami", "--json").out)
    assert rows == [
        {"account": "a.example.org", "user": "bob", "kept": "private file", "service": "webdav"},
        {"account": "longer.example.org", "user": "", "kept": "system keyring", "service": "webdav"},
    ]
    assert json.loads(typed("whoami", "https://a.example.org/x", "--json").out) == rows[:1]


def test_whoami_tells_when_there_is_no_login(typed: Type) -> None:
    assert typed("whoami") == (0, "", "No login is kept. Type: pyshare login URL\n")
    assert typed("whoami", "--json") == (0, "[]\n", "")
    done = typed("whoami", "https://dav.example.org/x", "--json")
    assert (done.code, done.out) == (1, "[]\n")
    assert "Type: pyshare login https://dav.example.org/x" in done.err


def test_on_a_terminal_the_password_is_asked_for_and_not_shown(
    typed: Type, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("logins.Piped.isatty", lambda _: True)
    monkeypatch.setattr(click.termui, "visible_prompt_func", lambda _: "bob")
    monkeypatch.setattr(click.termui, "hidden_prompt_func", lambda _: " hunter2 ")
    done = typed("login", "https://dav.example.org/x", "--no-check")
    assert done.code == 0
    assert "hunter2" not in done.out + done.err
    assert login_for("dav.example.org") == Credential("bob", " hunter2 ", "pyshare login")
