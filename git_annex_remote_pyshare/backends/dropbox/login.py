"""`pyshare login dropbox`: have Dropbox grant access in the browser, here or on another machine, and keep that."""

from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.dropbox.app_key import app_key
from git_annex_remote_pyshare.backends.dropbox.credential import (
    ACCOUNT,
    CONNECTED_APPS,
    SERVICE,
    SHARING,
    STORING,
    credential_of,
    login_of,
)
from git_annex_remote_pyshare.cli.browser import browser_at
from git_annex_remote_pyshare.cli.keeping import check_owner, keep
from git_annex_remote_pyshare.config.remotes import names
from git_annex_remote_pyshare.cli.login_request import LoginRequest
from git_annex_remote_pyshare.cli.loopback import Loopback
from git_annex_remote_pyshare.cli.loopback_page import Page
from git_annex_remote_pyshare.cli.output import say, warn
from git_annex_remote_pyshare.cli.prompt import ask_code, is_terminal
from git_annex_remote_pyshare.config.git_config import LocalConfig, git_dir_here
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.dropbox.oauth import BrowserFlow, CodeFlow, Granted

_CODES = 3
"""Codes that may be typed until one is right."""

_STRAY = Page(
    "That was another login",
    "This page was opened by something else than the login that waits in your terminal, perhaps an older window."
    " Nothing was changed; the login still waits for the right answer.",
    HTTPStatus.BAD_REQUEST,
    last=False,
)
_DENIED = Page(
    "Access was not allowed",
    "pyshare cannot use your Dropbox, and nothing was kept. You can close this window; if it was a slip, type the"
    " command in the terminal once more.",
    HTTPStatus.FORBIDDEN,
)


def login(wish: LoginRequest) -> None:
    """Log in at Dropbox.

    Raises:
        BadSetting: There is no app key, or an option is not for Dropbox.
        Denied: Access was not granted.
        Unreachable: Dropbox does not answer.
    """
    _check_options(wish)
    key = app_key(wish.app_key, _kept_app(), wish.command(without=("app_key",)))
    scopes = (*STORING, *SHARING) if wish.sharing else STORING
    account = registry.account_of(wish.settings)
    granted = _by_code(key, scopes, wish) if wish.no_browser else _in_browser(key, scopes, wish)
    credential = credential_of(granted.login, granted.email)
    if not wish.no_browser:
        check_owner(account, SERVICE, credential, wish, CONNECTED_APPS)
    now = keep(account, SERVICE, credential, wish, CONNECTED_APPS)
    _remember(granted)
    say(f"Logged in at Dropbox as {granted.email}; the login is kept in the {now.place}.")
    # A friend's clone has its remote; another one would be a second store.
    git_dir = git_dir_here()
    if git_dir and names(LocalConfig(git_dir)):
        say("Next: git annex get .")
    else:
        say(
            "Next, in your dataset: git annex initremote dropbox type=external externaltype=pyshare encryption=none"
            " autoenable=true url=dropbox:/FOLDER"
        )


def _kept_app() -> str:
    """The app that the kept login is for, which a new login is for, too; empty where that is not known."""
    from git_annex_remote_pyshare.credentials import stored as kept  # noqa: PLC0415  # not for help and wrong words

    entry = kept.entry(SERVICE, ACCOUNT)
    credential = kept.read(entry) if entry else None
    with suppress(PermissionDenied):  # a login that cannot be read is replaced
        return login_of(credential).app_key if credential else ""
    return ""


class Visit:
    """What the browser brings back to our page: a login or a refusal, in `granted` or `failure`."""

    def __init__(self, flow: "BrowserFlow") -> None:
        self._flow = flow
        self.granted: Granted | None = None
        self.failure: PyshareError | None = None

    def __call__(self, answer: Mapping[str, str]) -> Page:
        """The page to show for the query of the browser's request."""
        from git_annex_remote_pyshare.backends.dropbox.oauth import Stray  # noqa: PLC0415  # it has the SDK

        try:
            self.granted = self._flow.finish(answer)
        except Stray:
            warn("An answer that does not belong to this login came and was ignored.")
            return _STRAY
        except PermissionDenied as error:
            self.failure = error
            return _DENIED if answer.get("error") == "access_denied" else _failed(error)
        except PyshareError as error:
            self.failure = error
            return _failed(error)
        return Page(
            "You are logged in",
            f"pyshare can now use the Dropbox of {self.granted.email}."
            " You can close this window and go on in the terminal.",
        )


def _failed(error: PyshareError) -> Page:
    return Page("The login failed", f"{error.what}. The terminal says more.", HTTPStatus.BAD_GATEWAY)


def _in_browser(key: str, scopes: tuple[str, ...], wish: LoginRequest) -> "Granted":
    from git_annex_remote_pyshare.backends.dropbox.oauth import BrowserFlow  # noqa: PLC0415  # it has the SDK

    instead = wish.command("--no-browser")
    with Loopback(wish.command(), instead) as loopback:
        flow = BrowserFlow(key, scopes, loopback.address, wish.command())
        visit = Visit(flow)
        with browser_at(flow.link) as opened:
            warn(
                "Your browser shows a page of Dropbox: press Allow there. Nothing? Then open this link on this machine:"
                if opened
                else "Open this link in a browser on this machine, and press Allow:"
            )
            warn(
                f"\n  {flow.link}\n\nWaiting up to {loopback.limit / 60:.0f} minutes ... (Ctrl-C ends it.)"
                f" On a machine without a browser, type instead: {instead}"
            )
            loopback.wait(visit)
    if visit.granted is None:
        raise visit.failure or PermissionDenied("the browser brought no answer", remedy=f"Type again: {wish.command()}")
    return visit.granted


def _by_code(key: str, scopes: tuple[str, ...], wish: LoginRequest) -> "Granted":
    from git_annex_remote_pyshare.backends.dropbox.oauth import CodeFlow  # noqa: PLC0415  # as above

    flow = CodeFlow(key, scopes, wish.command())
    warn(
        f"Open this link in a browser on any machine, and press Allow:\n\n  {flow.link}\n\n"
        "Dropbox then shows a code: copy it, and paste it here. (Ctrl-C ends the login.)"
    )
    for left in range(_CODES - 1, 0, -1):
        if granted := _by_one_code(flow, left):
            return granted
    return flow.finish(ask_code())


def _by_one_code(flow: "CodeFlow", left: int) -> "Granted | None":
    """What a code brings; None where it is wrong and the user can type another one."""
    from git_annex_remote_pyshare.backends.dropbox.oauth import WrongCode  # noqa: PLC0415  # as above

    try:
        return flow.finish(ask_code())
    except WrongCode as error:
        if not is_terminal():
            raise
        warn(f"{error.what}. Copy all of it, and paste it again ({left} more).")
        return None


def _remember(granted: "Granted") -> None:
    from git_annex_remote_pyshare.backends.dropbox.tokens import remember  # noqa: PLC0415  # only when we got here

    remember(granted.login, granted.token)


def _check_options(wish: LoginRequest) -> None:
    for name in ("user", "token", "no_check", "insecure"):
        if getattr(wish, name):
            raise BadSetting(
                f"--{name.replace('_', '-')} is not for Dropbox, which lets programs in by your browser",
                remedy=f"Type: {wish.command(without=(name,))}",
            )
