"""What people type to log in and out, and what they see."""

import json
import shlex
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import click.termui
import pytest
from support.logins import Cloud, Equip, FailingKeyring, MemoryKeyring, Type, led_to

from git_annex_remote_pyshare.backends.webdav import nextcloud
from git_annex_remote_pyshare.cli.browser import browser_at
from git_annex_remote_pyshare.credentials import private
from git_annex_remote_pyshare.credentials import stored as kept
from git_annex_remote_pyshare.credentials.credential import Credential


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nextcloud, "PAUSE", 0.0)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The links to which the pages lead that a browser was asked to open."""
    links: list[str] = []

    class Browser(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: FBT001, FBT002  # the library's signature
            links.append(led_to(url))
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


@pytest.mark.parametrize("name", ["w3m", "/usr/bin/lynx", "www-browser"])
def test_a_browser_that_would_take_over_the_terminal_is_not_opened(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser(name))
    monkeypatch.setattr(webbrowser.GenericBrowser, "open", lambda *_: pytest.fail("opened"))
    with browser_at("https://cloud.example.org") as is_open:
        assert not is_open


def test_a_machine_without_any_browser_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise webbrowser.Error

    monkeypatch.setattr(webbrowser, "get", none)
    with browser_at("https://cloud.example.org") as is_open:
        assert not is_open


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
    assert f"url=http://{cloud.host}/plain/FOLDER" in done.out
    assert login_for(cloud.host) == Credential("bob@example.org", "pass word", "pyshare login")


def test_a_token_is_kept_without_a_user(cloud: Cloud, typed: Type) -> None:
    assert typed("login", f"http://{cloud.host}/plain", "--token", pipe=b"good-token\n").code == 0
    assert login_for(cloud.host) == Credential("", "good-token", "pyshare login")


@pytest.mark.parametrize("where", ["/cloud", "/plain"])
def test_wd26_a_wrong_password_is_tried_once_said_and_not_kept(where: str, cloud: Cloud, typed: Type) -> None:
    done = typed("login", f"http://{cloud.host}{where}", "--user", "bob@example.org", pipe=b"hunter2\n")
    assert done.code == 4
    assert done.err.startswith(f"pyshare: {cloud.host} refuses this login. Type: pyshare login http://")
    assert "hunter2" not in done.out + done.err
    assert kept.entries() == []
    assert len([authorization for _, _, authorization in cloud.seen if authorization]) == 1


def test_a_login_that_could_not_be_tried_is_not_kept(typed: Type) -> None:
    done = typed("login", "http://127.0.0.1:1/x", "--user", "bob", pipe=b"p\n")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "cannot reach 127.0.0.1:1" in done.err
    assert kept.entries() == []


@pytest.mark.parametrize(
    ("words", "pipe", "text"),
    [
        (("https://dav.example.org/x", "--no-check", "--user", "bob"), b"", "the pipe ended before this was given"),
        (("https://dav.example.org/x", "--no-check", "--user", "bob"), b"\n", "nothing was given as password"),
        (("https://dav.example.org/x", "--no-check", "--user", "b:b"), b"p\n", "has a colon"),
        (("https://dav.example.org/x", "--no-check", "--token"), b"a b\n", "contains characters that no token has"),
        (("http://dav.example.org/x",), b"", "or type: pyshare login https://dav.example.org/x"),
        (("/mnt/share",), b"", "is not the address of a server"),
        (("https://bob:hunter2@dav.example.org/x",), b"", "for the login: pyshare login https://dav.example.org/x"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(words: tuple[str, ...], pipe: bytes, text: str, typed: Type) -> None:
    done = typed("login", *words, pipe=pipe)
    assert done.code == 2
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
    assert (done.code, done.err) == (2, "pyshare: no login is kept for dav.example.org. Type: pyshare whoami\n")


def test_whoami_lists_hosts_users_and_places(typed: Type, with_keyring: Equip) -> None:
    kept.keep("webdav", "a.example.org", Credential("bob", "hunter2", "x"))
    with_keyring(MemoryKeyring())
    kept.keep("webdav", "longer.example.org", Credential("", "hunter2", "x"))
    file = f"{private.folder()}/{kept.SECRETS}"
    done = typed("whoami")
    assert done.out.splitlines() == [
        f"a.example.org       WebDAV  bob      in the private file {file}",
        "longer.example.org  WebDAV  (token)  in the system keyring",
    ]
    rows = json.loads(typed("whoami", "--json").out)["logins"]
    common = {"kind": "WebDAV", "service": "webdav"}
    own = {"account": "a.example.org", "user": "bob", "kept": "private file", "place": f"private file {file}"}
    other = {"account": "longer.example.org", "user": "", "kept": "system keyring", "place": "system keyring"}
    assert rows == [{**own, **common}, {**other, **common}]
    assert json.loads(typed("whoami", "https://a.example.org/x", "--json").out) == {"logins": rows[:1]}


def test_whoami_tells_when_there_is_no_login(typed: Type) -> None:
    assert typed("whoami") == (0, "", "No login is kept. Type: pyshare login URL\n")
    assert typed("whoami", "--json") == (0, '{\n  "logins": []\n}\n', "")
    done = typed("whoami", "https://dav.example.org/x", "--json")
    assert (done.code, json.loads(done.out)["error"]["what"]) == (4, "no login is kept for dav.example.org")
    assert "Type: pyshare login https://dav.example.org/x" in done.err


def test_on_a_terminal_the_password_is_asked_for_and_not_shown(
    typed: Type, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("support.logins.Piped.isatty", lambda _: True)
    monkeypatch.setattr(click.termui, "visible_prompt_func", lambda _: "bob")
    monkeypatch.setattr(click.termui, "hidden_prompt_func", lambda _: " hunter2 ")
    done = typed("login", "https://dav.example.org/x", "--no-check")
    assert done.code == 0
    assert "hunter2" not in done.out + done.err
    assert login_for("dav.example.org") == Credential("bob", " hunter2 ", "pyshare login")


@pytest.mark.parametrize(
    "word", ["dav.example.org", "dav.example.org/data/x", "dav.example.org:443", "DAV.example.org"]
)
def test_https_is_taken_for_granted(word: str, typed: Type) -> None:
    assert typed("login", word, "--no-check", "--user", "bob", pipe=b"p\n").code == 0
    assert login_for("dav.example.org") == Credential("bob", "p", "pyshare login")
    assert typed("whoami", word).code == 0
    assert typed("logout", word).code == 0


@pytest.mark.parametrize("command", ["login", "logout", "whoami"])
def test_a_mistyped_service_is_answered_with_the_one_that_was_meant(command: str, typed: Type) -> None:
    done = typed(command, "drobox")
    assert (done.code, done.err) == (2, "pyshare: drobox is not the address of a server. Did you mean dropbox?\n")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/x", "cannot reach 127.0.0.1:1: it refuses the connection"),
        ("https://no-such-host.invalid/x", "cannot reach no-such-host.invalid: there is no host of this name"),
    ],
)
def test_why_a_server_does_not_answer_is_said_in_words(url: str, why: str, typed: Type) -> None:
    done = typed("login", url, "--user", "bob", pipe=b"p\n")
    assert done.code == 2
    assert why in done.err
    assert not {"Errno", "('", "_ssl", "object at"} & set(done.err.split())
    assert done.err.count("(") == done.err.count(")")


def test_an_https_address_of_an_http_server_is_told_apart_from_a_bad_certificate(cloud: Cloud, typed: Type) -> None:
    done = typed("login", cloud.host, "--user", "bob", pipe=b"p\n")
    assert done.code == 2
    assert f"{cloud.host} does not speak TLS there. Is it an http:// address?" in done.err


def test_a_login_in_place_of_another_says_so(typed: Type) -> None:
    words = ("login", "https://dav.example.org", "--no-check", "--user")
    assert "replaces" not in typed(*words, "bob", pipe=b"p\n").out
    assert "This replaces the earlier login as bob." in typed(*words, "carol", pipe=b"p\n").out


def test_a_remedy_keeps_all_that_was_typed(typed: Type) -> None:
    done = typed("login", "http://dav.example.org/$(reboot)", "--user", "a b", "--no-check")
    line = "pyshare login 'https://dav.example.org/$(reboot)' --user 'a b' --no-check\n"
    assert done.err.endswith(f"or type: {line}")


def test_the_names_that_whoami_shows_are_taken_by_whoami_and_logout(typed: Type) -> None:
    kept.keep("webdav", "127.0.0.1:34671", Credential("bob", "x", "x"))
    kept.keep("s3", "amazonaws.com", Credential("AKID", "x", "x"))
    kept.keep("webdav", "a.example.org/s/T0k", Credential("anonymous", "x", "x"))
    names = [row["account"] for row in json.loads(typed("whoami", "--json").out)["logins"]]
    assert len(names) == 3
    for name in names:
        assert typed("whoami", name).out.startswith(name)
        assert typed("logout", name).out == f"Logged out from {name}.\n"
    assert kept.entries() == []


def test_of_two_logins_under_one_name_each_can_be_meant(typed: Type) -> None:
    kept.keep("webdav", "127.0.0.1:9000", Credential("bob", "x", "x"))
    kept.keep("s3", "127.0.0.1:9000", Credential("AKID", "x", "x"))
    done = typed("logout", "127.0.0.1:9000")
    assert done.code == 2
    assert len(kept.entries()) == 2
    for line in done.err.strip().rpartition("Type one of: ")[2].split(" / "):
        assert typed(*line.split()[1:]).code == 0
    assert kept.entries() == []


def test_whoami_tries_each_login_on_demand(cloud: Cloud, typed: Type) -> None:
    for words, pipe in (
        ((f"http://{cloud.host}/plain", "--user", "bob@example.org"), b"pass word\n"),
        ((f"{cloud.base}/s/T0k",), b"opensesame\n"),
    ):
        assert typed("login", *words, pipe=pipe).code == 0
    done = typed("whoami", "--check")
    assert done.code == 0
    assert [line.split()[-1] for line in done.out.splitlines()] == ["works", "works"]
    cloud.passwords["bob@example.org"] = "changed"
    cloud.links["T0k"] = "changed"
    done = typed("whoami", "--check")
    assert done.code == 4
    assert [line.split()[-1] for line in done.out.splitlines()] == ["refused", "refused"]
    assert f"{cloud.host}: {cloud.host} refuses this login. Type: pyshare login http://{cloud.host}/plain" in done.err
    assert f"Type: pyshare login {cloud.base}/s/T0k\n" in done.err
    states = {row["account"]: row["state"] for row in json.loads(typed("whoami", "--check", "--json").out)["logins"]}
    assert set(states.values()) == {"refused"}
    cloud.replies["PROPFIND", "/plain/"] = (500, {})
    assert "unknown" in typed("whoami", cloud.host, "--check").out
    assert "pass word" not in done.out + done.err


def test_whoami_tries_what_a_cloud_granted_and_never_another_host(
    cloud: Cloud, stranger: Cloud, typed: Type, opened: list[str]
) -> None:
    assert typed("login", cloud.base).code == 0
    assert typed("whoami", "--check").code == 0
    kept.keep("webdav", cloud.host, Credential("bob", "hunter2", "x"), "", (stranger.base,))
    done = typed("whoami", "--check")
    assert done.code == 2
    assert "an earlier version kept this login" in done.err
    assert stranger.seen == []


def test_another_account_than_before_is_kept_only_after_a_yes(
    cloud: Cloud, typed: Type, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user of this machine may have granted access to an account of theirs."""
    typed("login", cloud.base)
    cloud.granted.update(loginName="mallory", appPassword="mallorys")
    done = typed("login", cloud.base)
    assert done.code == 1
    assert "the browser logged in as mallory, and the login as bob@example.org is kept" in done.err
    assert f"type: pyshare logout {cloud.host} && pyshare login {cloud.base}\n" in done.err
    assert login_for(cloud.host) == Credential("bob@example.org", "app-password", "pyshare login")
    assert len(cloud.asked("DELETE", "/apppassword")) == 1
    monkeypatch.setattr("support.logins.Piped.isatty", lambda _: True)
    monkeypatch.setattr(click.termui, "visible_prompt_func", lambda _: "y")
    assert typed("login", cloud.base).code == 0
    assert login_for(cloud.host) == Credential("mallory", "mallorys", "pyshare login")


@pytest.mark.parametrize("exit_code", [0, 1])
def test_what_is_said_of_the_browser_depends_on_whether_one_opened(
    exit_code: int, cloud: Cloud, typed: Type, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program in BROWSER is used, as VS Code and WSL set it."""
    program = alone / "my-browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {alone}/opened\nexit {exit_code}\n')
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(program))
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    done = typed("login", cloud.base)
    assert done.code == 0
    address = (alone / "opened").read_text()
    assert address.startswith("file:///")
    assert not Path(url2pathname(urlsplit(address).path)).exists()
    begin = "Open this link in a browser" if exit_code else f"Your browser shows a page of {cloud.host}"
    assert done.err.startswith(begin)
    assert f"\n  {cloud.base}/login/v2/flow/x\n\nWaiting up to 20 minutes ... (Ctrl-C ends it.)\n" in done.err


ESCAPES = "\x1b]0;owned\x07\u202e"


def test_words_of_a_server_give_no_orders_to_the_terminal(cloud: Cloud, typed: Type, opened: list[str]) -> None:
    cloud.flow = {**(cloud.flow or {}), "login": f"{cloud.base}/login/{ESCAPES}"}
    cloud.granted["loginName"] = f"bob{ESCAPES}"
    shown = [typed("login", cloud.base), typed("whoami"), typed("whoami", "--check"), typed("logout", cloud.base)]
    kept.keep("webdav", f"x{ESCAPES}.org", Credential(f"b{ESCAPES}", "x", "x"))
    shown += [typed("whoami"), typed("whoami", "--json"), typed("logout", f"x{ESCAPES}.org")]
    for done in shown:
        assert not set(ESCAPES) & {"\x1b", "\x07", "\u202e"} & set(done.out + done.err)
    assert [done.code for done in shown] == [0, 0, 0, 0, 0, 0, 0]


def test_a_login_of_an_earlier_version_is_not_tried_but_named_with_what_to_type(typed: Type) -> None:
    for service, account, words in (
        ("webdav", "dav.example.org", "dav.example.org"),
        ("s3", "amazonaws.com", "s3://BUCKET"),
        ("s3", "minio.example.org:9000", "s3://BUCKET endpoint=https://minio.example.org:9000"),
    ):
        kept.keep(service, account, Credential("bob", "x", "x"))
        done = typed("whoami", account, "--check")
        assert done.code == 2
        assert done.err.endswith(f"log in again: pyshare login {words}\n")


def test_a_refused_login_is_typed_again_with_all_its_options(cloud: Cloud, typed: Type) -> None:
    where = f"{cloud.base}/plain"
    done = typed("login", where, "--user", "bob@example.org", "--no-browser", pipe=b"wrong\n")
    assert f"refuses this login. Type: pyshare login {where} --user bob@example.org --no-browser (" in done.err


@pytest.mark.parametrize("url", ["https://dropbox.com", "https://www.dropbox.com", "dropbox.com", "www.dropbox.com/"])
def test_the_address_of_dropbox_is_answered_with_its_command(url: str, typed: Type) -> None:
    done = typed("login", url)
    assert (done.code, done.err) == (2, f"pyshare: {url} is the address of Dropbox. Type: pyshare login dropbox\n")


def test_the_address_that_a_cloud_gives_may_be_pasted(cloud: Cloud, typed: Type, opened: list[str]) -> None:
    cloud.granted["server"] = f"{cloud.base}/;touch PWNED;"
    done = typed("login", cloud.base)
    assert done.code == 0
    words = shlex.split(done.out.rpartition("type: ")[2])
    assert words[-1] == f"url={cloud.base}/;touch PWNED;/remote.php/dav/files/bob%40example.org/FOLDER"


def test_programs_get_what_is_kept_and_what_is_gone(cloud: Cloud, typed: Type, opened: list[str]) -> None:
    done = typed("login", cloud.base, "--json")
    kept_now = json.loads(done.out)
    assert (kept_now["account"], kept_now["user"], kept_now["kept"]) == (cloud.host, "bob@example.org", "private file")
    assert kept_now["next"][0].endswith(f"url={cloud.base}/remote.php/dav/files/bob%20the%201st/FOLDER")
    assert "Logged in at" in done.err
    gone = json.loads(typed("logout", cloud.base, "--json").out)
    assert gone == {
        "account": cloud.host,
        "user": "bob@example.org",
        "service": "webdav",
        "revoked": True,
        "removed": True,
    }


def test_a_link_without_a_password_is_its_account_alone_for_programs(cloud: Cloud, typed: Type) -> None:
    said = json.loads(typed("login", f"{cloud.base}/s/0pen", "--json").out)
    assert said == {"account": f"{cloud.host}/cloud/s/0pen", "next": []}
