"""What pyshare knows of shelves before one is used."""

from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.spec import BackendSpec, LoginFlow, Settings
from git_annex_remote_pyshare.config.settings import Setting, matching
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.environment import Variables
from git_annex_remote_pyshare.errors import BadSetting

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
    from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal
    from git_annex_remote_pyshare.credentials.credential import Credential


def _backend(place: "StoreConfig") -> "Backend":
    from .backend import ShelfBackend  # what does the work is imported when it is needed

    return ShelfBackend(place)


def _check(settings: Settings) -> None:
    if "/" in _host(settings):
        raise BadSetting(f"url={settings['url']} goes on after the shelf's name", remedy="Type: url=shelf://NAME")


def _account(settings: Settings) -> Account:
    return Account(_host(settings), words=(settings["url"],))


def _host(settings: Settings) -> str:
    return settings["url"].partition("://")[2]


def _log_in(request: "LoginRequest", terminal: "Terminal") -> None:
    from .login import log_in  # as above

    log_in(request, terminal)


def _check_login(settings: "Callable[[], Settings]", login: "Credential") -> None:
    from .login import check  # as above

    check(settings(), login)


SPEC = BackendSpec(
    "shelf",
    _backend,
    _check,
    title="Shelf",
    settings=(Setting("board", "Shelf: which board of it", matching("board", "[a-z]+", "upper"), default="middle"),),
    layout="flat",
    account=_account,
    variables=Variables("SHELF_USER", "SHELF_PASSWORD"),
    login=LoginFlow(_log_in, _check_login),
)
