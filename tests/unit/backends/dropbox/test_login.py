"""Logging in at Dropbox and out again, as the terminal shows it; what is renewed, revoked and refused."""

import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from support.checkout import CHECKOUT
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.accounts import Login as Given
from support.fakes.dropbox.answers import as_json
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.dropbox.script import LOST, Play, Rule, fails, rate_limited, refuses
from support.logins import Type

from git_annex_remote_pyshare.backends.dropbox import login as login_dropbox
from git_annex_remote_pyshare.backends.dropbox.credential import ACCOUNT, SERVICE, SHARING, STORING, Login, login_of
from git_annex_remote_pyshare.backends.dropbox.tokens import Tokens, renew
from git_annex_remote_pyshare.backends.login import Page, Terminal
from git_annex_remote_pyshare.cli import loopback
from git_annex_remote_pyshare.cli.app import run
from git_annex_remote_pyshare.cli.loopback import html
from git_annex_remote_pyshare.cli.terminal import CommandLine
from git_annex_remote_pyshare.credentials import private
from git_annex_remote_pyshare.credentials import stored as kept
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, Busy, PermissionDenied, PyshareError, Unreachable

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDK's

REGISTERED = loopback.PORTS
DOCS = CHECKOUT / "docs" / "services"
TOKEN = "POST /oauth2/token"
COMMANDS = ("pyshare login dropbox", "pyshare login dropbox --no-browser")
"""The one that waits for a browser, and the one that does not need one."""


@pytest.fixture
def here(alone: Path, dropbox_alice: Account, dropbox_here: RunningDropbox) -> RunningDropbox:
    """The fake, for somebody without any login so far."""
    return dropbox_here


@pytest.fixture
def given(here: RunningDropbox, dropbox_alice: Account) -> Given:
    """What Alice got when she logged in on another machine."""
    return here.service.log_in(dropbox_alice)


@pytest.fixture
def login(given: Given) -> Login:
    """The same as a login of ours."""
    return Login(given.app.key, given.refresh, origin="pyshare login")


def allow(link: str) -> str:
    """The code that Dropbox's page shows after Allow was clicked on it."""
    fields = dict(parse_qsl(urlsplit(link).query))
    page = requests.post("https://www.dropbox.com/oauth2/authorize", data={**fields, "allow": "1"}, timeout=10).text
    return page.partition('value="')[2].partition('"')[0]


@pytest.fixture
def logs_in(
    here: RunningDropbox, typed: Type, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Type:
    """Types the command and, when it asks, the code of Dropbox's page."""

    def code(_terminal: Terminal) -> str:
        return allow(next(line.strip() for line in capsys.readouterr().err.splitlines() if "authorize?" in line))

    monkeypatch.setattr(login_dropbox, "ask_code", code)
    return lambda *words: typed("login", "dropbox", "--no-browser", "--app-key", "fakeappkey", *words)


def kept_login() -> Credential | None:
    entry = kept.entry(SERVICE, ACCOUNT)
    return kept.read(entry) if entry else None


def test_the_login_is_kept_and_shown_with_its_owners_address(logs_in: Type, typed: Type, here: RunningDropbox) -> None:
    assert logs_in().code == 0
    credential = kept_login()
    assert credential
    assert credential.user == "alice@example.org"
    assert login_of(credential).refresh_token in here.service.refreshes
    assert (
        typed("whoami").out
        == f"dropbox.com  Dropbox  alice@example.org  in the private file {private.folder()}/secrets.json\n"
    )
    assert typed("whoami", "dropbox").code == 0
    assert typed("whoami", "dropbox:/DataLad-101").code == 0


@pytest.mark.usefixtures("alone")
def test_a_process_without_any_input_is_told_that_the_code_was_missing(
    here: RunningDropbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(["login", "dropbox", "--no-browser", "--app-key", here.service.app.key]) == 2
    assert "the pipe ended before this was given: code" in capsys.readouterr().err


def test_logging_out_revokes_the_login_and_forgets_its_token(logs_in: Type, typed: Type, here: RunningDropbox) -> None:
    logs_in()
    done = typed("logout", "dropbox:/any/folder")
    assert done == (0, "The earlier login for dropbox.com is revoked.\nLogged out from dropbox.com.\n", "")
    assert here.service.refreshes == {}
    assert kept.entries() == []
    assert "sl." not in "".join(path.read_text() for path in Path(private.folder()).iterdir())


@pytest.mark.parametrize("play", [fails(500), LOST, refuses("invalid_access_token", status=401)])
def test_logging_out_works_when_dropbox_does_not(play: Play, logs_in: Type, typed: Type, here: RunningDropbox) -> None:
    logs_in()
    here.service.play(Rule("auth/token/revoke", play))
    done = typed("logout", "dropbox")
    assert done.code == 0
    assert (
        "could not be revoked. Remove it in the settings of https://www.dropbox.com/account/connected_apps" in done.err
    )
    assert kept.entries() == []


def test_logging_in_again_revokes_the_earlier_login(logs_in: Type, here: RunningDropbox) -> None:
    logs_in()
    earlier = kept_login()
    assert logs_in("--sharing").code == 0
    assert earlier
    assert login_of(earlier).refresh_token not in here.service.refreshes
    assert [scopes for _, _, scopes in here.service.refreshes.values()] == [{*STORING, *SHARING}]


@pytest.mark.parametrize(
    ("plays", "text"),
    [
        ({TOKEN: Play(as_json({"error": "invalid_grant", "error_description": "expired"}, 400))}, "the code: expired"),
        ({TOKEN: fails(400, b"<html>")}, "Dropbox does not accept the code: status 400. Type again: pyshare"),
        ({TOKEN: fails(503)}, "cannot log in at Dropbox, which has a problem (status 503)"),
        ({TOKEN: fails(200, b"<html>")}, "cannot log in at Dropbox: the response is not from Dropbox"),
        ({TOKEN: LOST}, "cannot reach dropbox.com"),
        ({"users/get_current_account": fails(500)}, "cannot log in at Dropbox: Dropbox has a problem (status 500)"),
        ({"users/get_current_account": rate_limited(7)}, "cannot log in at Dropbox: Dropbox limits the request rate"),
        ({"users/get_current_account": fails(418)}, "Dropbox refuses it (status 418)"),
        ({"users/get_current_account": fails(200, b"<html>")}, "the response is not from Dropbox"),
        ({"users/get_current_account": refuses("user_suspended", status=401)}, "Dropbox has suspended this user"),
        ({"users/get_current_account": refuses("expired_access_token", status=401)}, "it expired"),
    ],
)
def test_a_login_that_fails_says_why_in_one_line_and_keeps_nothing(
    plays: dict[str, Play], text: str, logs_in: Type, here: RunningDropbox
) -> None:
    # Twice, since the SDK tries to renew an expired token, although it has nothing to renew it with.
    here.service.play(*(Rule(route, play, times=2) for route, play in plays.items()))
    done = logs_in()
    is_refused = "refuses it" in done.err or "suspended" in done.err
    assert done.code == (4 if ": pyshare login" in done.err else 1 if is_refused else 2)
    assert done.err.splitlines()[-1].startswith("pyshare: ")
    assert text in done.err
    assert kept.entries() == []


def test_db22_an_app_that_gives_less_than_is_needed_is_told_by_the_permission(
    logs_in: Type, here: RunningDropbox
) -> None:
    answer = {"access_token": "sl.x", "expires_in": 14400, "refresh_token": "r", "uid": "1", "account_id": "dbid:1"}
    scopes = "account_info.read files.metadata.read files.content.read"
    here.service.play(Rule(TOKEN, Play(as_json({**answer, "scope": scopes}))))
    done = logs_in()
    assert done.code == 4
    assert "lacks the permission files.content.write. Tick files.content.write under Permissions" in done.err
    assert kept.entries() == []


def test_at_a_terminal_a_wrong_code_is_asked_for_again(
    here: RunningDropbox, typed: Type, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter(("wrong", "wrong", ""))
    told: list[str] = []

    def code(_terminal: Terminal) -> str:
        told.append(capsys.readouterr().err)
        link = next(line.strip() for line in "".join(told).splitlines() if "authorize?" in line)
        return next(answers) or allow(link)

    monkeypatch.setattr(login_dropbox, "ask_code", code)
    monkeypatch.setattr(CommandLine, "is_interactive", lambda _: True)
    words = ("login", "dropbox", "--no-browser", "--app-key", "fakeappkey")
    assert typed(*words).code == 0
    assert [text.count("paste it again") for text in told] == [0, 1, 1]
    assert "(1 more)" in told[2]
    answers = iter(("wrong",) * 4)
    done = typed(*words)
    assert done.code == 4
    assert len(told) == 6
    assert done.err.endswith("Type again: pyshare login dropbox --no-browser --app-key fakeappkey\n")


def test_whoami_tries_the_login_on_demand(logs_in: Type, typed: Type, here: RunningDropbox) -> None:
    logs_in()
    assert typed("whoami", "dropbox", "--check").out.endswith("  works\n")
    (refresh,) = here.service.refreshes
    here.service.revoke(refresh)
    done = typed("whoami", "--check")
    assert done.code == 4
    assert done.out.endswith("  refused\n")
    assert "it was revoked. Type: pyshare login dropbox --app-key fakeappkey\n" in done.err


@pytest.mark.parametrize("option", [("--user", "bob"), ("--token",), ("--no-check",), ("--insecure",)])
def test_options_for_other_servers_are_refused(option: tuple[str, ...], typed: Type) -> None:
    done = typed("login", "dropbox", *option)
    assert done.code == 2
    assert done.err.startswith(f"pyshare: {option[0]} is not for Dropbox")


@pytest.mark.parametrize("word", ["dropbox", "Dropbox", "dropbox:", "dropbox:/DataLad-101"])
def test_without_an_app_the_error_says_where_to_get_one(word: str, typed: Type) -> None:
    done = typed("login", word)
    assert done.code == 2
    assert done.err.startswith("pyshare: this pyshare has no app of its own at Dropbox yet. ")
    assert f"({login_dropbox.GUIDE}), and type: pyshare login {word} --app-key KEY" in done.err
    assert (DOCS / login_dropbox.GUIDE.rpartition("/")[2]).exists()


def test_the_app_is_the_typed_one_else_the_environments_else_gits_else_ours(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_dropbox, "DEFAULT_APP_KEY", "ours")
    assert login_dropbox.app_key() == "ours"
    (alone / ".gitconfig").write_text("[pyshare]\n\tdropbox-app-key = gits\n")
    assert login_dropbox.app_key() == "gits"
    monkeypatch.setenv("DROPBOX_APP_KEY", "environments")
    assert login_dropbox.app_key() == "environments"
    assert login_dropbox.app_key("typed") == "typed"
    with pytest.raises(BadSetting, match="characters that are not valid in one"):
        login_dropbox.app_key("https://www.dropbox.com/developers/apps")


def test_a_machine_without_git_has_no_app_key_in_it(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(alone))
    with pytest.raises(BadSetting, match="no app of its own"):
        login_dropbox.app_key()


def test_a_token_is_renewed_at_dropbox(login: Login, here: RunningDropbox) -> None:
    access, seconds = renew(login)
    assert access in here.service.tokens
    assert seconds == 14_400


def test_a_secret_goes_along_where_the_login_was_got_with_one(here: RunningDropbox, dropbox_alice: Account) -> None:
    app = here.service.new_app("ownapp", "s3cret")
    given = here.service.log_in(dropbox_alice, app)
    assert renew(Login("ownapp", given.refresh, "s3cret"))[0] in here.service.tokens
    assert here.service.seen[-1].arg["client_secret"] == "s3cret"
    with pytest.raises(PermissionDenied, match=r"the app ownapp \(invalid_client\)\. Check the app's key and secret"):
        renew(Login("ownapp", given.refresh, "wrong"))


@pytest.mark.parametrize(
    ("origin", "remedy"),
    [
        ("pyshare login", "Type: pyshare login dropbox"),
        ("environment", "Give a new DROPBOX_REFRESH_TOKEN"),
        ("git-annex", "git-annex keeps this login for the remote"),
    ],
)
def test_db21_a_revoked_login_is_final_and_names_the_command(
    origin: str, remedy: str, login: Login, here: RunningDropbox
) -> None:
    here.service.revoke(login.refresh_token)
    with pytest.raises(PermissionDenied, match="it was revoked") as caught:
        Tokens(login._replace(origin=origin)).access()
    assert not caught.value.retryable
    assert caught.value.remedy.startswith(remedy)
    assert login.refresh_token not in str(caught.value)


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (fails(500), Unreachable),
        (fails(502, b"<html>"), Unreachable),
        (fails(200, b"<html>a hotel's page</html>"), Unreachable),
        (fails(200, b"[]"), Unreachable),
        (fails(503), Busy),
        (rate_limited(3), Busy),
        (LOST, Unreachable),
        (Play(reset=True), Unreachable),
    ],
)
def test_trouble_on_the_way_may_pass(play: Play, error: type[PyshareError], login: Login, here: RunningDropbox) -> None:
    here.service.play(Rule(TOKEN, play))
    with pytest.raises(error) as caught:
        Tokens(login).access()
    assert caught.value.retryable
    assert Tokens(login).access() in here.service.tokens


def test_db20_processes_that_start_together_renew_the_token_once(login: Login, here: RunningDropbox) -> None:
    here.service.play(Rule(TOKEN, Play(wait=0.3)))
    program = (
        "import sys\n"
        "from git_annex_remote_pyshare.backends.dropbox.credential import Login\n"
        "from git_annex_remote_pyshare.backends.dropbox.tokens import Tokens\n"
        "print(Tokens(Login(*sys.argv[1:])).access())\n"
    )
    command = [sys.executable, "-c", program, login.app_key, login.refresh_token]

    def process(_: int) -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    with ThreadPoolExecutor(4) as pool:
        (token,) = set(pool.map(process, range(4)))
    assert token in here.service.tokens
    assert here.service.routes() == [TOKEN]


@pytest.fixture
def waiting(own_ports: tuple[int, ...]) -> Iterator[loopback.Loopback]:
    """A page that waits for a browser, and shows what comes."""
    with loopback.Loopback(*COMMANDS) as server:
        thread = Thread(target=server.wait, args=(lambda query: Page(str(query), "", last="end" in query),))
        thread.start()
        yield server
        if thread.is_alive():
            visit(server, "/?end=1")
        thread.join()


def visit(server: loopback.Loopback, path: str) -> tuple[int, str]:
    with closing(HTTPConnection("127.0.0.1", server.server_port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_our_page_is_at_one_address_only(waiting: loopback.Loopback) -> None:
    assert visit(waiting, "/favicon.ico")[0] == 404
    assert "Nothing here" in visit(waiting, "/admin?end=1")[1]
    assert visit(waiting, "/?code=x")[0] == 200


def test_a_connection_that_a_browser_opens_and_does_not_use_keeps_nobody_waiting(waiting: loopback.Loopback) -> None:
    with closing(socket.create_connection(("127.0.0.1", waiting.server_port))):
        assert visit(waiting, "/?code=x")[0] == 200


def test_a_connection_that_a_browser_holds_ready_ends_with_the_login(own_ports: tuple[int, ...]) -> None:
    with loopback.Loopback(*COMMANDS) as server:
        connection = socket.create_connection(("127.0.0.1", server.server_port), timeout=5)
        server.handle_request()
    with closing(connection):
        assert connection.recv(1) == b""


def test_a_browser_that_goes_away_before_it_is_shown_the_page_ends_the_login_all_the_same(
    own_ports: tuple[int, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    browser = socket.socket()

    def receive(_query: Mapping[str, str]) -> Page:
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        browser.close()  # by a reset, so that the page cannot be sent
        return Page("You are logged in", "")

    with loopback.Loopback(*COMMANDS) as server:
        server.limit = 5
        browser.connect(("127.0.0.1", server.server_port))
        browser.sendall(b"GET /?code=x HTTP/1.0\r\n\r\n")
        server.wait(receive)
    assert "Traceback" not in capfd.readouterr().err


def test_an_address_that_is_none_is_answered_like_any_other(
    waiting: loopback.Loopback, capfd: pytest.CaptureFixture[str]
) -> None:
    with closing(socket.create_connection(("127.0.0.1", waiting.server_port), timeout=5)) as browser:
        browser.sendall(b"GET http://[/?code=x HTTP/1.0\r\n\r\n")
        assert b" 404 " in browser.recv(1000)
    assert "Traceback" not in capfd.readouterr().err


def test_our_page_listens_on_this_machine_only(waiting: loopback.Loopback) -> None:
    assert waiting.server_address[0] == "127.0.0.1"


def test_waiting_comes_to_an_end(own_ports: tuple[int, ...]) -> None:
    with loopback.Loopback(*COMMANDS) as server:
        server.limit = 0.0
        with pytest.raises(PermissionDenied, match="access was not allowed within 0 minutes") as caught:
            server.wait(lambda _: Page("", ""))
    assert "--no-browser" in str(caught.value)
    assert loopback.Loopback.limit >= 300


def test_words_of_others_cannot_become_a_part_of_the_page() -> None:
    assert b"<script>" not in html(Page("<script>", "<script>"))


def test_the_page_on_apps_names_what_has_to_be_registered_and_ticked() -> None:
    page = (DOCS / "dropbox-app.md").read_text(encoding="utf-8")
    assert all(f"http://localhost:{port}/\n" in page for port in REGISTERED)
    assert all(f"\n| `{scope}` |" in page for scope in (*STORING, *SHARING))
    assert login_dropbox.OPTION in page
