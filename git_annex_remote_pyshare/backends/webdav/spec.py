"""Declares the WebDAV backend: URL schemes, environment variables, login."""

from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.offer import Found, Offer
from git_annex_remote_pyshare.backends.spec import BackendSpec, LoginFlow, Settings
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.environment import Variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal
    from git_annex_remote_pyshare.credentials.credential import Credential
    from git_annex_remote_pyshare.errors import BadSetting


def _backend(place: StoreConfig) -> Backend:
    from git_annex_remote_pyshare.backends.webdav.lazy import LazyWebDAV

    return LazyWebDAV(place)


def _check(settings: Settings) -> None:
    from git_annex_remote_pyshare.backends.webdav.url import check

    check(settings)


def _account(settings: Settings) -> Account:
    from git_annex_remote_pyshare.backends.webdav.url import account_of

    return account_of(settings)


def _correct(place: StoreConfig, refusal: "BadSetting") -> "BadSetting":
    from git_annex_remote_pyshare.backends.webdav.initialize import with_hint

    return with_hint(place, refusal)


def _log_in(request: "LoginRequest", terminal: "Terminal") -> str | None:
    from git_annex_remote_pyshare.backends.webdav.login import login

    return login(request, terminal)


def _check_login(settings: "Callable[[], Settings]", login: "Credential") -> None:
    from git_annex_remote_pyshare.backends.webdav.login import check

    check(settings(), login)


def _revoke(server: str, login: "Credential") -> bool:
    from git_annex_remote_pyshare.backends.webdav.nextcloud import revoke

    return revoke(server, login)


def _read(text: str) -> Settings:
    return {"url": text if "://" in text else f"https://{text}"}


def _look(settings: Settings) -> Found:
    from git_annex_remote_pyshare.backends.webdav.offer import look

    return look(settings["url"])


def _complete(settings: Settings, folder: str, login: "Credential | None") -> Settings:
    from git_annex_remote_pyshare.backends.webdav.offer import complete

    return {"url": complete(settings["url"], folder, login)}


SPEC = BackendSpec(
    "webdav",
    _backend,
    _check,
    claims=("http:", "https:", "dav:", "davs:"),
    title="WebDAV",
    account=_account,
    variables=Variables("WEBDAV_USERNAME", "WEBDAV_PASSWORD", "WEBDAV_TOKEN"),
    login=LoginFlow(_log_in, _check_login, _revoke),
    correct=_correct,
    offer=Offer(
        "Nextcloud, ownCloud, sciebo, B2DROP, other WebDAV servers",
        remote="cloud",
        question="Address of your cloud, as in the browser",
        read=_read,
        look=_look,
        complete=_complete,
    ),
)
