"""`pyshare login dropbox`: have Dropbox grant access in the browser, here or on another machine, and keep that."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.ask import ask_code, open_browser
from git_annex_remote_pyshare.cli.keeping import keep
from git_annex_remote_pyshare.cli.loopback import Loopback
from git_annex_remote_pyshare.cli.loopback_page import Page
from git_annex_remote_pyshare.cli.wish import Wish
from git_annex_remote_pyshare.credentials.dropbox import (
    CONNECTED_APPS,
    SERVICE,
    SHARING,
    STORING,
    credential_of,
)
from git_annex_remote_pyshare.credentials.dropbox_app import app_key
from git_annex_remote_pyshare.errors import BadSetting, Denied, PyshareError

if TYPE_CHECKING:
    from git_annex_remote_pyshare.credentials.dropbox_oauth import BrowserFlow, Granted

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


def login(wish: Wish) -> None:
    """Log in at Dropbox.

    Raises:
        BadSetting: There is no app key, or an option is not for Dropbox.
        Denied: Access was not granted.
        Unreachable: Dropbox does not answer.
    """
    _check_options(wish)
    key = app_key(wish.app_key)
    scopes = (*STORING, *SHARING) if wish.sharing else STORING
    granted = _by_code(key, scopes) if wish.no_browser else _in_browser(key, scopes)
    now = keep(registry.account_of(wish.settings), SERVICE, credential_of(granted.login, granted.email), CONNECTED_APPS)
    _remember(granted)
    click.echo(f"Logged in at Dropbox as {granted.email}; the login is kept in the {now.where}.")
    click.echo(
        "Next, in your dataset: git annex initremote dropbox type=external externaltype=pyshare encryption=none"
        " autoenable=true url=dropbox:/FOLDER"
    )


class Visit:
    """What the browser brings back to our page: a login or a refusal, in `granted` or `failure`."""

    def __init__(self, flow: "BrowserFlow") -> None:
        self._flow = flow
        self.granted: Granted | None = None
        self.failure: PyshareError | None = None

    def __call__(self, answer: Mapping[str, str]) -> Page:
        """The page to show for the query of the browser's request."""
        from git_annex_remote_pyshare.credentials.dropbox_oauth import Stray  # noqa: PLC0415  # it has the SDK

        try:
            self.granted = self._flow.finish(answer)
        except Stray:
            click.echo("An answer that does not belong to this login came and was ignored.", err=True)
            return _STRAY
        except Denied as error:
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


def _in_browser(key: str, scopes: tuple[str, ...]) -> "Granted":
    from git_annex_remote_pyshare.credentials.dropbox_oauth import BrowserFlow  # noqa: PLC0415  # it has the SDK

    with Loopback() as loopback:
        flow = BrowserFlow(key, scopes, loopback.address)
        visit = Visit(flow)
        click.echo(
            f"Open this link in a browser on this machine and allow access:\n\n  {flow.link}\n\n"
            "Waiting ... (Ctrl-C ends it; on a machine without a browser add --no-browser)",
            err=True,
        )
        open_browser(flow.link)
        loopback.wait(visit)
    if visit.granted is None:
        raise visit.failure or Denied("the browser brought no answer")
    return visit.granted


def _by_code(key: str, scopes: tuple[str, ...]) -> "Granted":
    from git_annex_remote_pyshare.credentials.dropbox_oauth import CodeFlow  # noqa: PLC0415  # it has the SDK

    flow = CodeFlow(key, scopes)
    click.echo(
        f"Open this link in a browser on any machine and allow access:\n\n  {flow.link}\n\n"
        "Dropbox then shows a code: copy it, and paste it here.",
        err=True,
    )
    return flow.finish(ask_code())


def _remember(granted: "Granted") -> None:
    from git_annex_remote_pyshare.credentials.dropbox_tokens import remember  # noqa: PLC0415  # only when we got here

    remember(granted.login, granted.token)


def _check_options(wish: Wish) -> None:
    for name in ("user", "token", "no_check", "insecure"):
        if getattr(wish, name):
            raise BadSetting(
                f"--{name.replace('_', '-')} is not for Dropbox, which lets programs in by your browser",
                remedy="Type: pyshare login dropbox",
            )
