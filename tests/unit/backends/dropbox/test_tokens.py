"""A login at Dropbox as it is kept, and its access token: one for all jobs and processes, renewed in time."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from git_annex_remote_pyshare.backends.dropbox import credential as dropbox
from git_annex_remote_pyshare.backends.dropbox import tokens as dropbox_tokens
from git_annex_remote_pyshare.backends.dropbox.credential import Login, credential_of, from_environment, login_of
from git_annex_remote_pyshare.backends.dropbox.spec import SPEC
from git_annex_remote_pyshare.backends.dropbox.tokens import Token, Tokens
from git_annex_remote_pyshare.credentials import private
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied, Unreachable

LOGIN = Login("appkey", "refresh", origin="pyshare login")
HOUR = 3600.0


class Service:
    """What Dropbox would answer to renewals; tokens are numbered."""

    def __init__(self) -> None:
        self.asked: list[Login] = []
        self.lasts = 4 * HOUR
        self.takes = 0.0

    def renew(self, login: Login) -> tuple[str, float]:
        self.asked.append(login)
        time.sleep(self.takes)
        return f"access-{len(self.asked)}", self.lasts


@pytest.fixture
def service(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    monkeypatch.setattr(dropbox_tokens, "renew", service.renew)
    return service


@pytest.mark.parametrize(
    "login",
    [
        Login("key", "hunter2", origin="git-annex"),
        Login("key", "hunter2", "hunter22", origin="git-annex"),
        Login(access_token="hunter222", origin="git-annex"),
    ],
    ids=["PKCE", "secret", "access token"],
)
def test_a_login_travels_in_a_credential_without_a_blank_and_unseen(login: Login) -> None:
    credential = credential_of(login, "bob@example.org")
    assert login_of(credential) == login
    assert " " not in credential.secret
    assert credential.user == "bob@example.org"
    assert "hunter2" not in repr(credential) + repr(login)


def test_an_access_token_is_no_secret_to_be_kept() -> None:
    assert credential_of(Login(access_token="access")) == Credential("", "", "", "access")


@pytest.mark.parametrize("secret", ["hunter2", '"hunter2"', "[1]", '["app_key"]', "null"])
def test_a_login_for_something_else_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(PermissionDenied, match="the login from git-annex is not one for Dropbox") as caught:
        login_of(Credential("bob", secret, "git-annex"))
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("variables", "login"),
    [
        ({}, None),
        ({"APP_KEY": "key"}, None),
        ({"ACCESS_TOKEN": "a"}, Login(access_token="a", origin="environment")),
        ({"REFRESH_TOKEN": " r\n", "APP_KEY": "key", "ACCESS_TOKEN": "a"}, Login("key", "r", "", "", "environment")),
        ({"REFRESH_TOKEN": "r", "APP_KEY": "k", "APP_SECRET": "s"}, Login("k", "r", "s", "", "environment")),
    ],
)
def test_the_environment_can_hold_a_login(
    variables: dict[str, str], login: Login | None, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"DROPBOX_{name}", value)
    found = SPEC.variables.read()
    assert (login_of(found) if found else None) == login


def test_a_refresh_token_without_its_app_says_which_variable_is_missing(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DROPBOX_REFRESH_TOKEN", "r")
    found = from_environment()
    assert found
    with pytest.raises(PermissionDenied, match="Set DROPBOX_APP_KEY, too"):
        Tokens(login_of(found)).access()


def test_a_token_is_asked_for_once_and_serves_later_processes(service: Service) -> None:
    tokens = Tokens(LOGIN)
    assert [tokens.access(), tokens.access(), Tokens(LOGIN).access()] == ["access-1"] * 3
    assert service.asked == [LOGIN]


def test_a_token_counts_as_expired_five_minutes_early(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(LOGIN)
    tokens.access()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 4 * HOUR - 310)
    assert tokens.access() == "access-1"
    monkeypatch.setattr(time, "time", lambda: now + 4 * HOUR - 290)
    assert tokens.access() == "access-2"
    assert Tokens(LOGIN).access() == "access-2"


def test_db20_eight_jobs_whose_token_is_refused_renew_it_once(service: Service) -> None:
    tokens = Tokens(LOGIN)
    stale = tokens.access()
    service.takes = 0.05
    start = Barrier(8)

    def job(_: int) -> str:
        start.wait(10)
        return tokens.refresh(stale)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(job, range(8))) == {"access-2"}
    assert len(service.asked) == 2


def test_db20_a_process_takes_the_token_that_another_one_renewed(service: Service) -> None:
    first, second = Tokens(LOGIN), Tokens(LOGIN)
    stale = first.access()
    assert second.access() == stale
    assert [first.refresh(stale), second.refresh(stale)] == ["access-2"] * 2


def test_logins_do_not_share_a_token(service: Service) -> None:
    other = LOGIN._replace(refresh_token="other")
    assert [Tokens(LOGIN).access(), Tokens(other).access(), Tokens(LOGIN).access()] == [
        "access-1",
        "access-2",
        "access-1",
    ]


def test_neither_refresh_tokens_nor_dead_access_tokens_lie_in_the_file(
    service: Service, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.lasts = HOUR
    Tokens(LOGIN).access()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 2 * HOUR)
    Tokens(LOGIN._replace(refresh_token="other")).access()
    text = Path(private.folder(), dropbox_tokens.FILE).read_text()
    assert "access-2" in text
    assert not any(word in text for word in ("refresh", "other", "access-1"))
    if os.name != "nt":
        assert Path(private.folder(), dropbox_tokens.FILE).stat().st_mode & 0o077 == 0


def test_a_token_that_came_with_the_login_is_used_first_and_forgotten_with_it(service: Service) -> None:
    dropbox_tokens.remember(LOGIN, Token("first", time.time() + HOUR))
    assert Tokens(LOGIN).access() == "first"
    dropbox_tokens.forget(LOGIN)
    assert Tokens(LOGIN).access() == "access-1"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 1}', '{"x": {"access": "a"}}'])
def test_a_damaged_file_costs_one_renewal_and_is_replaced(text: str, service: Service) -> None:
    Tokens(LOGIN).access()
    path = Path(private.folder(), dropbox_tokens.FILE)
    path.write_text(text)
    assert Tokens(LOGIN).access() == "access-2"
    assert len(json.loads(path.read_text())) == 1
    assert Tokens(LOGIN).access() == "access-2"


def test_where_nothing_can_be_written_each_process_renews_for_itself(service: Service, alone: Path) -> None:
    Path(private.folder()).parent.mkdir(parents=True, exist_ok=True)
    Path(private.folder()).write_text("a file in the way")
    tokens = Tokens(LOGIN)
    assert [tokens.access(), tokens.access(), Tokens(LOGIN).access()] == ["access-1", "access-1", "access-2"]


def test_an_access_token_alone_cannot_be_renewed(service: Service) -> None:
    tokens = Tokens(Login(access_token="only", origin="environment"))
    assert tokens.access() == "only"
    with pytest.raises(PermissionDenied, match=r"expired\. Give a new DROPBOX_REFRESH_TOKEN or DROPBOX_ACCESS_TOKEN"):
        tokens.refresh("only")
    assert service.asked == []


def test_a_failure_to_renew_leaves_the_way_free_for_the_next_try(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Login) -> tuple[str, float]:
        raise Unreachable("no network")

    tokens = Tokens(LOGIN)
    monkeypatch.setattr(dropbox_tokens, "renew", fail)
    with pytest.raises(Unreachable):
        tokens.access()
    monkeypatch.setattr(dropbox_tokens, "renew", service.renew)
    assert tokens.access() == "access-1"


def test_a_good_token_needs_neither_http_library_nor_sdk(service: Service) -> None:
    Tokens(LOGIN).access()
    program = (
        "import sys\n"
        "from git_annex_remote_pyshare.backends.dropbox.credential import Login\n"
        "from git_annex_remote_pyshare.backends.dropbox.tokens import Tokens\n"
        "print(Tokens(Login('appkey', 'refresh')).access())\n"
        "print({'requests', 'urllib3', 'dropbox', 'ssl'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "access-1\nset()\n"


@pytest.mark.parametrize(
    ("origin", "remedy"),
    [
        ("pyshare login", "Type: pyshare login dropbox --sharing"),
        ("environment", "Give a new DROPBOX_REFRESH_TOKEN or DROPBOX_ACCESS_TOKEN"),
        ("git-annex", "git annex enableremote"),
    ],
)
def test_db22_a_missing_scope_is_named_with_the_command(origin: str, remedy: str) -> None:
    error = dropbox.lacks("sharing.write", Login("key", "refresh", origin=origin))
    assert "lacks the permission sharing.write" in str(error)
    assert remedy in str(error)
    assert "--sharing" not in str(dropbox.lacks("files.content.write", Login("key", "refresh", origin=origin)))
