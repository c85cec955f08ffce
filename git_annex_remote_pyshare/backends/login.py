"""Tools for the login of a kind of store: the user's input, the terminal, and storing the login."""

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
    """A page that the browser shows at the end of a login."""

    title: str
    text: str
    status: HTTPStatus = HTTPStatus.OK
    last: bool = True
    """Whether the login is complete when the browser shows this page."""


Receive = Callable[[Mapping[str, str]], Page]
"""Called with the query of the browser's request, in a separate thread; returns the page to show."""


class Loopback(Protocol):
    """A page on this machine to which the browser is redirected at the end of a login (RFC 8252 section 7.3)."""

    limit: float
    """Seconds that the user has for the login."""

    @property
    def address(self) -> str:
        """The URL for the redirect."""

    def wait(self, receive: Receive) -> None:
        """Show the browser the pages that `receive` returns, up to the last one.

        Raises:
            PermissionDenied: No response arrived within `limit` seconds.
        """


class Terminal(Protocol):
    """Input from and output to the user, at a terminal or through a pipe."""

    def say(self, text: str = "") -> None:
        """Print lines of the result."""

    def warn(self, text: str) -> None:
        """Print lines that are not part of the result."""

    def ask(self, what: str) -> str:
        """Read a line from the user or the pipe; raises BadSetting at the end of the pipe."""

    def ask_secret(self, what: str) -> str:
        """As `ask`, without showing what the user types."""

    def confirm(self, question: str) -> bool:
        """Whether the user says yes; False without a terminal."""

    def is_interactive(self) -> bool:
        """Whether a user is there to reply."""

    def browser_at(self, link: str) -> AbstractContextManager[bool]:
        """Open the link in the user's browser during the block; yields whether a browser opened it."""

    def loopback(self, again: str, instead: str) -> AbstractContextManager[Loopback]:
        """Serve the page for the redirect during the block.

        Args:
            again: The command that uses the page, for error texts.
            instead: The command that works without the page.

        Raises:
            Unreachable: The page cannot be served now.
        """


class LoginRequest(NamedTuple):
    """One `pyshare login`."""

    spec: BackendSpec
    """The kind of store."""
    settings: Settings
    """The URL and the other known settings of the store, as for `git annex initremote`."""
    user: str = ""
    token: bool = False
    no_browser: bool = False
    no_check: bool = False
    insecure: bool = False
    sharing: bool = False
    app_key: str = ""
    ca: str = ""
    words: tuple[str, ...] = ()
    """The URL and the settings as the user typed them."""

    @property
    def url(self) -> str:
        """The URL of the store."""
        return self.settings["url"]

    @property
    def account(self) -> Account:
        """The account that the login is for; raises BadSetting if the URL has no server."""
        return self.spec.account_of(self.settings)

    def command(self, *more: str, without: tuple[str, ...] = ()) -> str:
        """The command as the user typed it, ready to paste.

        Args:
            more: Words to append.
            without: Names of fields whose options to leave out.
        """
        left_out = {"spec", "settings", "words", *without}
        options: list[str] = []
        for name, value in self._asdict().items():
            if value and name not in left_out:
                options += [f"--{name.replace('_', '-')}", *([] if value is True else [value])]
        return command("pyshare", "login", *self.words, *options, *more)


def refuse_options(request: LoginRequest, why: str, *names: str) -> None:
    """Refuse options that have no meaning for this kind of store.

    Args:
        request: What the user typed.
        why: The kind of store that does not support them, as in "S3, where a login is an access key".
        names: Fields of the request for these options.

    Raises:
        BadSetting: The user typed one of them.
    """
    for name in names:
        if getattr(request, name):
            raise BadSetting(
                f"--{name.replace('_', '-')} is not for {why}",
                remedy=f"Type: {request.command(without=(name,))}",
            )


def ask_password(terminal: Terminal, user: str, question: str) -> Credential:
    """Ask for a login whose password may be any line.

    Raises:
        BadSetting: The password is empty or cannot be sent.
    """
    return _complete(user, terminal.ask_secret(question))


def ask_guest(terminal: Terminal, user: str) -> Credential:
    """Ask for the password of a public link, with the user name that all guests share; raises as `ask_password`."""
    return ask_password(terminal, user, "Password of the public link")


def ask_secret_word(terminal: Terminal, user: str, what: str) -> Credential:
    """Ask for a login whose secret is one word, e.g. a token; raises as `ask_password` and `word_of`."""
    return _complete(user, word_of(terminal.ask_secret(what.capitalize()), what))


def word_of(line: str, what: str) -> str:
    """The word in a line that the user typed or pasted.

    Raises:
        BadSetting: It contains characters that are not allowed in such a word.
    """
    word = line.strip()
    if not word.isascii() or not word.isprintable() or " " in word:
        raise BadSetting(f"the {what} contains characters that no {what} has", remedy="Copy it again, without spaces.")
    return word


def keep(request: LoginRequest, terminal: Terminal, login: Credential, granted_by: str = "") -> "Kept":
    """Store a login and return its entry; replaces an earlier login, which is revoked if its server supports that.

    Args:
        request: What the user typed.
        terminal: Shows the messages.
        login: The login that the server accepted.
        granted_by: The server that created this login for pyshare and can revoke it; empty if the user typed the login.
    """
    from git_annex_remote_pyshare.credentials import stored  # noqa: PLC0415  # imports the keyring only when needed

    service, account = request.spec.name, request.account.name
    if earlier := stored.entry(service, account):
        if earlier.server:
            revoke(request.spec, earlier, terminal)
        else:
            terminal.say(f"This replaces the earlier login{f' as {earlier.user}' if earlier.user else ''}.")
    return stored.keep(service, account, login, granted_by, request.words)


def check_owner(request: LoginRequest, terminal: Terminal, login: Credential, granted_by: str) -> None:
    """Ask the user to confirm a login in the browser if it is for another account than the earlier login.

    On a machine with several users, another user's browser may have completed the login.

    Raises:
        PermissionDenied: The user says no, or there is no terminal; the new login is revoked and the earlier one kept.
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


def revoke(spec: BackendSpec | None, entry: "Kept", terminal: Terminal) -> bool:
    """Revoke a stored login that the server created for pyshare, if possible, and tell the user the result.

    Returns whether the server has revoked it.

    Args:
        spec: The kind of store; None if it is no longer known.
        entry: The stored login.
        terminal: Shows the messages.
    """
    from git_annex_remote_pyshare.credentials import stored  # noqa: PLC0415  # as above

    if _is_revoked(spec, entry.server, lambda: stored.read(entry)):
        terminal.say(f"The earlier login for {entry.account} is revoked.")
        return True
    terminal.warn(
        f"The earlier login for {entry.account} could not be revoked. Remove it in the settings of {entry.server}."
    )
    return False


def _is_revoked(spec: BackendSpec | None, server: str, read: Callable[[], Credential | None]) -> bool:
    """Ask the server to revoke the login that `read` returns and that it created for pyshare; whether it did."""
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
