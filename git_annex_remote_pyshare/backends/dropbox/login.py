"""`pyshare login dropbox`: have Dropbox grant an app access in the browser, here or elsewhere, and keep the login."""

import os
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.dropbox.credential import (
    ACCOUNT,
    COMMAND,
    CONNECTED_APPS,
    SERVICE,
    SHARING,
    STORING,
    credential_of,
    login_of,
)
from git_annex_remote_pyshare.backends.login import (
    LoginRequest,
    Page,
    Terminal,
    check_owner,
    keep,
    refuse_options,
    word_of,
)
from git_annex_remote_pyshare.config.git_config import git_command, git_environment
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError

DEFAULT_APP_KEY = ""
"""Key of the app that the project has registered at Dropbox; not a secret. Empty until there is one."""

OPTION = "pyshare.dropbox-app-key"
"""git config option, of this user or of one clone."""
GUIDE = "https://github.com/git-annex-remote-pyshare/git-annex-remote-pyshare/blob/main/docs/services/dropbox-app.md"


def app_key(typed: str = "", kept: str = "", again: str = COMMAND) -> str:
    """The app's key: as typed, or else from DROPBOX_APP_KEY, git config, the stored login, or the project.

    Args:
        typed: The user's choice; may be empty.
        kept: The app of the stored login; empty if there is none.
        again: The command as the user typed it, for the error.

    Raises:
        BadSetting: There is none, or it is invalid.
    """
    key = (typed or os.environ.get("DROPBOX_APP_KEY", "") or _from_git() or kept or DEFAULT_APP_KEY).strip()
    if not key:
        raise BadSetting(
            "this pyshare has no app of its own at Dropbox yet",
            remedy="Ask the dataset's owner for the key of their app, which is not a secret, or make one in minutes"
            f" ({GUIDE}), and type: {again} --app-key KEY",
        )
    if not (key.isascii() and key.isalnum()):
        raise BadSetting(
            f"the app key contains characters that are not valid in one; {GUIDE} shows where to find it",
            remedy="Copy it again.",
        )
    return key


def _from_git() -> str:
    import subprocess  # noqa: PLC0415  # only a login needs it

    try:
        result = subprocess.run(
            git_command("config", "--get", OPTION), env=git_environment(), capture_output=True, check=False, text=True
        )
    except FileNotFoundError:
        return ""
    return result.stdout


if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.dropbox.oauth import BrowserFlow, CodeFlow, Granted

_ATTEMPTS = 3
"""Codes that the user may type until one is right."""

_STRAY = Page(
    "That was another login",
    "This page was not opened by the login that waits in your terminal, but perhaps by an older window."
    " Nothing was changed; the login still waits for the right response.",
    HTTPStatus.BAD_REQUEST,
    last=False,
)
_DENIED = Page(
    "Access was not allowed",
    "pyshare cannot use your Dropbox, and nothing was stored. You can close this window; if it was a mistake, type"
    " the command in the terminal again.",
    HTTPStatus.FORBIDDEN,
)


def login(request: LoginRequest, terminal: Terminal) -> str:
    """Log in at Dropbox; returns its URL.

    Raises:
        BadSetting: There is no app key, or an option is not for Dropbox.
        PermissionDenied: Access was not granted.
        Unreachable: Dropbox does not respond.
    """
    refuse_options(request, "Dropbox, which lets programs in by your browser", "user", "token", "no_check", "insecure")
    key = app_key(request.app_key, _kept_app(), request.command(without=("app_key",)))
    scopes = (*STORING, *SHARING) if request.sharing else STORING
    granted = (_by_code if request.no_browser else _in_browser)(key, scopes, request, terminal)
    credential = credential_of(granted.login, granted.email)
    if not request.no_browser:
        check_owner(request, terminal, credential, CONNECTED_APPS)
    now = keep(request, terminal, credential, CONNECTED_APPS)
    _remember(granted)
    terminal.say(f"Logged in at Dropbox as {granted.email}; the login is kept in the {now.place}.")
    return "dropbox:"


def _kept_app() -> str:
    """The app of the stored login, which a new login uses, too; empty if unknown."""
    from git_annex_remote_pyshare.credentials import stored as kept  # noqa: PLC0415  # not for help and wrong words

    entry = kept.entry(SERVICE, ACCOUNT)
    credential = kept.read(entry) if entry else None
    with suppress(PermissionDenied):  # a login that cannot be read is replaced
        return login_of(credential).app_key if credential else ""
    return ""


class BrowserCallback:
    """Handles the browser's redirect to our page: the login goes to `granted`, or an error to `failure`."""

    def __init__(self, flow: "BrowserFlow", terminal: Terminal) -> None:
        self._flow, self._terminal = flow, terminal
        self.granted: Granted | None = None
        self.failure: PyshareError | None = None

    def __call__(self, query: Mapping[str, str]) -> Page:
        """The page for the query of the browser's request."""
        from git_annex_remote_pyshare.backends.dropbox.oauth import Stray  # noqa: PLC0415  # it has the SDK

        try:
            self.granted = self._flow.finish(query)
        except Stray:
            self._terminal.warn("A response that does not belong to this login came and was ignored.")
            return _STRAY
        except PermissionDenied as error:
            self.failure = error
            return _DENIED if query.get("error") == "access_denied" else _failed(error)
        except PyshareError as error:
            self.failure = error
            return _failed(error)
        return Page(
            "You are logged in",
            f"pyshare can now use the Dropbox of {self.granted.email}."
            " You can close this window and continue in the terminal.",
        )


def _failed(error: PyshareError) -> Page:
    return Page("The login failed", f"{error.what}. The terminal says more.", HTTPStatus.BAD_GATEWAY)


def _in_browser(key: str, scopes: tuple[str, ...], request: LoginRequest, terminal: Terminal) -> "Granted":
    from git_annex_remote_pyshare.backends.dropbox.oauth import BrowserFlow  # noqa: PLC0415  # it has the SDK

    instead = request.command("--no-browser")
    with terminal.loopback(request.command(), instead) as loopback:
        flow = BrowserFlow(key, scopes, loopback.address, request.command())
        callback = BrowserCallback(flow, terminal)
        with terminal.browser_at(flow.link) as opened:
            terminal.warn(
                "Your browser shows a page of Dropbox: press Allow there. Nothing? Then open this link on this machine:"
                if opened
                else "Open this link in a browser on this machine, and press Allow:"
            )
            terminal.warn(
                f"\n  {flow.link}\n\nWaiting up to {loopback.limit / 60:.0f} minutes ... (Ctrl-C ends it.)"
                f" On a machine without a browser, type instead: {instead}"
            )
            loopback.wait(callback)
    if callback.granted is None:
        raise callback.failure or PermissionDenied(
            "no response came from the browser", remedy=f"Type again: {request.command()}"
        )
    return callback.granted


def _by_code(key: str, scopes: tuple[str, ...], request: LoginRequest, terminal: Terminal) -> "Granted":
    from git_annex_remote_pyshare.backends.dropbox.oauth import CodeFlow  # noqa: PLC0415  # as above

    flow = CodeFlow(key, scopes, request.command())
    terminal.warn(
        f"Open this link in a browser on any machine, and press Allow:\n\n  {flow.link}\n\n"
        "Dropbox then shows a code: copy it, and paste it here. (Ctrl-C ends the login.)"
    )
    for left in range(_ATTEMPTS - 1, 0, -1):
        if granted := _by_one_code(flow, left, terminal):
            return granted
    return flow.finish(ask_code(terminal))


def _by_one_code(flow: "CodeFlow", left: int, terminal: Terminal) -> "Granted | None":
    """The login for a code; None if the code is wrong and the user can type another one."""
    from git_annex_remote_pyshare.backends.dropbox.oauth import WrongCode  # noqa: PLC0415  # as above

    try:
        return flow.finish(ask_code(terminal))
    except WrongCode as error:
        if not terminal.is_interactive():
            raise
        terminal.warn(f"{error.what}. Copy all of it, and paste it again ({left} more).")
        return None


def _remember(granted: "Granted") -> None:
    from git_annex_remote_pyshare.backends.dropbox.tokens import remember  # noqa: PLC0415  # only when we got here

    remember(granted.login, granted.token)


def ask_code(terminal: Terminal) -> str:
    """The code that Dropbox's page shows, typed by the user.

    Raises:
        BadSetting: It is empty or cannot be sent.
    """
    # Echoed: it works once, for a short time, and in this process only.
    if code := word_of(terminal.ask("Code"), "code"):
        return code
    raise BadSetting("no code was typed", remedy="Copy it from the page, and paste it here.")
