"""What the login of a backend works with, without a terminal: the request, the questions, and keeping the answer."""

from contextlib import AbstractContextManager, nullcontext

import pytest

from git_annex_remote_pyshare.backends.login import (
    LoginRequest,
    Loopback,
    Terminal,
    ask_password,
    ask_secret_word,
    check_owner,
    keep,
    refuse_options,
    revoke,
)
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.spec import BackendSpec, LoginFlow
from git_annex_remote_pyshare.credentials import stored
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, Unreachable
from git_annex_remote_pyshare.testing.memory import MemoryBackend

pytestmark = pytest.mark.usefixtures("alone")

BOB = Credential("bob", "hunter2", "pyshare login")
CAROL = Credential("carol", "hunter3", "pyshare login")
CLOUD = "https://cloud.example.org"


class Script(Terminal):
    """A user who gives these answers; keeps what was shown."""

    def __init__(self, *answers: str, consents: bool = False) -> None:
        self.answers = list(answers)
        self.consents = consents
        self.said: list[str] = []
        self.warned: list[str] = []

    def say(self, text: str = "") -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.warned.append(text)

    def ask(self, what: str) -> str:
        return self.answers.pop(0)

    def ask_secret(self, what: str) -> str:
        return self.answers.pop(0)

    def confirm(self, question: str) -> bool:
        return self.consents

    def is_interactive(self) -> bool:
        return True

    def browser_at(self, link: str) -> AbstractContextManager[bool]:
        return nullcontext(enter_result=False)

    def loopback(self, again: str, instead: str) -> AbstractContextManager[Loopback]:
        raise NotImplementedError


class Server:
    """What can revoke logins that it made; it does not answer where it is down."""

    def __init__(self, *, down: bool = False) -> None:
        self.down = down
        self.revoked: list[Credential] = []

    def revoke(self, _server: str, login: Credential) -> bool:
        if self.down:
            raise Unreachable("no answer")
        self.revoked.append(login)
        return True


def request_at(server: Server | None = None, **typed: object) -> LoginRequest:
    flow = LoginFlow(lambda *_: None, lambda *_: None, server.revoke if server else None)
    spec = BackendSpec("memory", MemoryBackend, lambda _: None, account=lambda _: Account("attic"), login=flow)
    return LoginRequest(spec, {"url": "memory:"}, words=("memory:", "a=b c"))._replace(**typed)  # type: ignore[arg-type]


def test_a_request_is_typed_again_without_what_makes_no_sense() -> None:
    request = request_at(user="bob", no_browser=True, token=True)
    assert request.command() == "pyshare login memory: 'a=b c' --user bob --token --no-browser"
    assert request.command("--no-check", without=("user", "no_browser")).endswith("'a=b c' --token --no-check")
    with pytest.raises(BadSetting, match="--token is not for attics") as refused:
        refuse_options(request, "attics", "sharing", "token")
    assert refused.value.remedy == "Type: pyshare login memory: 'a=b c' --user bob --no-browser"


def test_where_a_backend_has_no_account_rule_a_login_is_for_the_host() -> None:
    request = request_at()
    plain = request.spec._replace(account=None)
    assert request._replace(spec=plain, settings=parse({"url": CLOUD})).account.name == "cloud.example.org"
    assert plain._replace(takes_login=False).account_of({"url": "memory:"}) == Account("")


def test_a_password_may_be_any_line_and_a_token_is_one_word() -> None:
    assert ask_password(Script(" a b "), "bob", "Password").secret == " a b "
    assert ask_secret_word(Script(" t0ken "), "", "token").secret == "t0ken"
    with pytest.raises(BadSetting, match="nothing was given as password"):
        ask_password(Script(""), "bob", "Password")
    with pytest.raises(BadSetting, match="the token contains characters that no token has"):
        ask_secret_word(Script("a b"), "", "token")


def test_a_login_is_kept_with_what_was_typed_and_replaces_an_earlier_one() -> None:
    request, terminal = request_at(), Script()
    keep(request, terminal, BOB)
    now = keep(request, terminal, CAROL)
    assert terminal.said == ["This replaces the earlier login as bob."]
    assert stored.entries() == [now]
    assert (now.service, now.account, now.words, stored.read(now)) == ("memory", "attic", request.words, CAROL)


@pytest.mark.parametrize("down", [False, True])
def test_an_earlier_login_that_the_server_made_is_revoked(down: bool) -> None:  # noqa: FBT001  # pytest's way
    server, terminal = Server(down=down), Script()
    request = request_at(server)
    keep(request, terminal, BOB, CLOUD)
    keep(request, terminal, CAROL, CLOUD)
    assert server.revoked == ([] if down else [BOB])
    assert terminal.said == ([] if down else ["The earlier login for attic is revoked."])
    assert [CLOUD in text for text in terminal.warned] == [True] * down


def test_a_login_of_a_package_that_has_gone_cannot_be_revoked() -> None:
    terminal = Script()
    revoke(None, keep(request_at(), terminal, BOB, CLOUD), terminal)
    assert terminal.warned == [
        f"The earlier login for attic could not be revoked. Remove it in the settings of {CLOUD}."
    ]


def test_another_user_who_answers_in_the_browser_is_sent_away() -> None:
    server = Server()
    request = request_at(server)
    check_owner(request, Script(), BOB, CLOUD)
    kept = keep(request, Script(), BOB, CLOUD)
    check_owner(request, Script(), BOB, CLOUD)
    check_owner(request, Script(consents=True), CAROL, CLOUD)
    with pytest.raises(
        PermissionDenied, match="the browser logged in as carol, and the login as bob is kept"
    ) as refused:
        check_owner(request, Script(), CAROL, CLOUD)
    assert "pyshare logout attic && pyshare login memory: 'a=b c'" in refused.value.remedy
    assert (server.revoked, stored.entries()) == ([CAROL], [kept])
