"""What the login of a kind of store works with: what the user typed, the terminal, and keeping what the server gave."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Protocol

from git_annex_remote_pyshare.backends.spec import BackendSpec, Settings
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command

if TYPE_CHECKING:
    from git_annex_remote_pyshare.credentials.stored import Kept

_ORIGIN = "pyshare login"


class Page(NamedTuple):
    """What a browser shows at the end of a login."""

    title: str
    text: str
    status: HTTPStatus = HTTPStatus.OK
    last: bool = True
    """Whether the login is over when this page is shown."""


Receive = Callable[[Mapping[str, str]], Page]
"""Takes the query of the browser's request and says what to show; called in a thread of its own."""


class Loopback(Protocol):
    """A page on this machine to which a browser comes back at the end of a login (RFC 8252 section 7.3)."""

    limit: float
    """Seconds that a person may take."""

    @property
    def address(self) -> str:
        """Where the browser should come back to."""

    def wait(self, receive: Receive) -> None:
        """Show the browser what `receive` says, until that was a last page.

        Raises:
            PermissionDenied: No answer came within `limit` seconds.
        """


class Terminal(Protocol):
    """The user, at a terminal or behind a pipe."""

    def say(self, text: str = "") -> None:
        """Print lines of the result."""

    def warn(self, text: str) -> None:
        """Print lines that are no part of the result."""

    def ask(self, what: str) -> str:
        """One line that the user types, or the next one of the pipe; raises BadSetting at the pipe's end."""

    def ask_secret(self, what: str) -> str:
        """The same, without showing what is typed."""

    def confirm(self, question: str) -> bool:
        """Whether the user says yes; without a terminal the answer is no."""

    def is_interactive(self) -> bool:
        """Whether a person can be asked."""

    def browser_at(self, link: str) -> AbstractContextManager[bool]:
        """Open the link in the user's browser, for the time of the block; whether one did."""

    def loopback(self, again: str, instead: str) -> AbstractContextManager[Loopback]:
        """The page to which a browser comes back.

        Args:
            again: The command that waits there, for errors.
            instead: The command that does without this page.

        Raises:
            Unreachable: There can be no such page now.
        """


class LoginRequest(NamedTuple):
    """One `pyshare login`."""

    spec: BackendSpec
    """The kind of store."""
    settings: Settings
    """The URL, and what else is known of the store, as `git annex initremote` would be told."""
    user: str = ""
    token: bool = False
    no_browser: bool = False
    no_check: bool = False
    insecure: bool = False
    sharing: bool = False
    app_key: str = ""
    ca: str = ""
    words: tuple[str, ...] = ()
    """The URL and the settings as they were typed."""

    @property
    def url(self) -> str:
        """Where the store is."""
        return self.settings["url"]

    @property
    def account(self) -> Account:
        """What the login is for; raises BadSetting where the URL leads to no server."""
        return self.spec.account_of(self.settings)

    def command(self, *more: str, without: tuple[str, ...] = ()) -> str:
        """The command as it was typed, to be pasted.

        Args:
            more: Words to put behind it.
            without: Names of fields whose options are left out.
        """
        left_out = {"spec", "settings", "words", *without}
        options: list[str] = []
        for name, value in self._asdict().items():
            if value and name not in left_out:
                options += [f"--{name.replace('_', '-')}", *([] if value is True else [value])]
        return command("pyshare", "login", *self.words, *options, *more)


def refuse_options(request: LoginRequest, why: str, *names: str) -> None:
    """Refuse options that mean nothing for such a store.

    Args:
        request: What was typed.
        why: For which kind of store they are not, as in "S3, where a login is an access key".
        names: Fields of the request.

    Raises:
        BadSetting: One of them was typed.
    """
    for name in names:
        if getattr(request, name):
            raise BadSetting(
                f"--{name.replace('_', '-')} is not for {why}",
                remedy=f"Type: {request.command(without=(name,))}",
            )


def ask_password(terminal: Terminal, user: str, question: str) -> Credential:
    """A login whose password may be any line.

    Raises:
        BadSetting: The password is empty or cannot be sent.
    """
    return _complete(user, terminal.ask_secret(question))


def ask_guest(terminal: Terminal, user: str) -> Credential:
    """The password of a public link, where all guests have the same user name; raises BadSetting as above."""
    return ask_password(terminal, user, "Password of the public link")


def ask_secret_word(terminal: Terminal, user: str, what: str) -> Credential:
    """A login whose secret is one word, e.g. a token; raises BadSetting as above, or where it has other characters."""
    return _complete(user, word_of(terminal.ask_secret(what.capitalize()), what))


def word_of(line: str, what: str) -> str:
    """The word in a line that was typed or pasted.

    Raises:
        BadSetting: It contains characters that no such word has.
    """
    word = line.strip()
    if not word.isascii() or not word.isprintable() or " " in word:
        raise BadSetting(f"the {what} contains characters that no {what} has", remedy="Copy it again, without spaces.")
    return word


def keep(request: LoginRequest, terminal: Terminal, login: Credential, granted_by: str = "") -> "Kept":
    """Keep a login, in place of an earlier one that is revoked; says so, and returns where it lies.

    Args:
        request: What was typed.
        terminal: Where to say it.
        login: What the server took.
        granted_by: The server that made this login for pyshare and can revoke it; empty for one that was typed.
    """
    from git_annex_remote_pyshare.credentials import stored  # noqa: PLC0415  # the keyring only when we got here

    service, account = request.spec.name, request.account.name
    if earlier := stored.entry(service, account):
        if earlier.server:
            revoke(request.spec, earlier, terminal)
        else:
            terminal.say(f"This replaces the earlier login{f' as {earlier.user}' if earlier.user else ''}.")
    return stored.keep(service, account, login, granted_by, request.words)


def check_owner(request: LoginRequest, terminal: Terminal, login: Credential, granted_by: str) -> None:
    """Ask whether it was the user who logged in by a browser, where another account was logged in before.

    On a machine with several users another one may have answered with an account of their own.

    Raises:
        PermissionDenied: It was not, or there is no terminal to ask at; the login is revoked and the earlier one stays.
    """
    from git_annex_remote_pyshare.credentials import stored  # noqa: PLC0415  # as above

    account = request.account.name
    earlier = stored.entry(request.spec.name, account)
    if earlier is None or earlier.user in {"", login.user}:
        return
    if terminal.confirm(f"You were logged in at {account} as {earlier.user}; now {login.user} logged in. Is this you?"):
        return
    again = f"{command('pyshare', 'logout', account)} && {request.command()}"
    revoked = _is_revoked(request.spec, granted_by, lambda: login)
    raise PermissionDenied(
        f"the browser logged in as {login.user}, and the login as {earlier.user} is kept"
        + ("" if revoked else f"; remove the new one in the settings of {granted_by}"),
        remedy=f"If {login.user} is you, type: {again}",
    )


def revoke(spec: BackendSpec | None, entry: "Kept", terminal: Terminal) -> None:
    """Have the server forget a kept login that it made for pyshare, where possible, and say what came of it.

    Args:
        spec: The kind of store; None where it is not known any more.
        entry: The login.
        terminal: Where to say it.
    """
    from git_annex_remote_pyshare.credentials import stored  # noqa: PLC0415  # as above

    if _is_revoked(spec, entry.server, lambda: stored.read(entry)):
        terminal.say(f"The earlier login for {entry.account} is revoked.")
    else:
        terminal.warn(
            f"The earlier login for {entry.account} could not be revoked. Remove it in the settings of {entry.server}."
        )


def _is_revoked(spec: BackendSpec | None, server: str, read: Callable[[], Credential | None]) -> bool:
    """Whether the server has forgotten a login that it made for us, and that `read` gives."""
    if spec is None or spec.login is None or spec.login.revoke is None:
        return False
    try:
        login = read()
        return login is not None and spec.login.revoke(server, login)
    except PyshareError:
        return False


def _complete(user: str, secret: str) -> Credential:
    if not secret or "\0" in secret:
        raise BadSetting("nothing was given as password", remedy="Type it, or send it through a pipe.")
    return Credential(user, secret, _ORIGIN)
