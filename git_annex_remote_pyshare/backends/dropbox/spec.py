"""Dropbox as a backend: its addresses, settings, environment variables and logins, without heavy imports."""

from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.offer import Found, Offer
from git_annex_remote_pyshare.backends.spec import BackendSpec, LoginFlow, Settings
from git_annex_remote_pyshare.config.settings import Setting, matching, one_of
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal

_SETTINGS = (
    Setting(
        "namespace",
        "Dropbox: the id of the namespace of url=: an account's own, a team space, or a shared folder; found at"
        " initremote",
        matching("namespace", "(root:)?[0-9]+", "1234567890"),
    ),
    Setting(
        "appkey",
        "Dropbox: the key of the app that a login is for, which is not a secret; pyshare share publishes it with a"
        " link, so that your friends need no app of their own",
        matching("appkey", "[A-Za-z0-9]{1,64}", "abcdefghij12345"),
    ),
    Setting(
        "share",
        "Dropbox: files: publish a link to each file, which anyone can open without a login",
        one_of("share", ("files",)),
        publishes=True,
    ),
)


class _Variables:
    """The variables of a login: a refresh token with its app, or an access token."""

    names = ("DROPBOX_REFRESH_TOKEN", "DROPBOX_APP_KEY", "DROPBOX_APP_SECRET", "DROPBOX_ACCESS_TOKEN")

    def read(self) -> Credential | None:
        from git_annex_remote_pyshare.backends.dropbox.credential import from_environment

        return from_environment()

    def name_of(self, login: Credential) -> str:
        return "DROPBOX_REFRESH_TOKEN" if login.secret else "DROPBOX_ACCESS_TOKEN"


def _backend(place: StoreConfig) -> Backend:
    from git_annex_remote_pyshare.backends.dropbox.lazy import LazyDropbox

    return LazyDropbox(place)


def _check(settings: Settings) -> None:
    from git_annex_remote_pyshare.backends.dropbox.url import check

    check(settings)


def _account(settings: Settings) -> Account:
    from git_annex_remote_pyshare.backends.dropbox.credential import account_of

    return account_of(settings)


def _link_backend(place: StoreConfig) -> Backend:
    from git_annex_remote_pyshare.backends.dropbox.lazy import LazyLink

    return LazyLink(place)


def _check_link(settings: Settings) -> None:
    from git_annex_remote_pyshare.backends.dropbox.url import check_link

    check_link(settings)


def _account_of_link(settings: Settings) -> Account:
    from git_annex_remote_pyshare.backends.dropbox.url import account_of_link

    return account_of_link(settings)


def _log_in(request: "LoginRequest", terminal: "Terminal") -> str:
    from git_annex_remote_pyshare.backends.dropbox.login import login

    return login(request, terminal)


def _check_login(_settings: "Callable[[], Settings]", login: Credential) -> None:
    """A login at Dropbox is for the whole service, so the settings do not matter."""
    from git_annex_remote_pyshare.backends.dropbox.oauth import check

    check(login)


def _revoke(server: str, login: Credential) -> bool:
    from git_annex_remote_pyshare.backends.dropbox.oauth import revoke

    return revoke(server, login)


def _read(text: str) -> Settings:
    return {"url": text if text.lower().startswith("dropbox:") else f"dropbox:/{text.strip('/')}"}


def _look(settings: Settings) -> Found:
    """Whether the folder is one that several members share is known only after initremote, which then says so."""
    return Found(needs_folder=not settings["url"].partition(":")[2].strip("/"), is_private=True)


SPEC = BackendSpec(
    "dropbox",
    _backend,
    _check,
    claims=("dropbox:",),
    title="Dropbox",
    settings=_SETTINGS,
    account=_account,
    variables=_Variables(),
    login=LoginFlow(_log_in, _check_login, _revoke, url="dropbox:", says_how=True),
    offer=Offer(
        "Dropbox",
        remote="dropbox",
        question="",
        login_for_links=True,
        read=_read,
        look=_look,
    ),
)

LINK = SPEC._replace(
    claims=("https://www.dropbox.com/", "https://dropbox.com/"),
    backend=_link_backend,
    check=_check_link,
    account=_account_of_link,
)
"""A shared link to another user's folder."""
