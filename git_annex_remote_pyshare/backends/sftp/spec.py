"""Declares the SFTP backend: URL scheme, account, login."""

from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.offer import Found, Offer
from git_annex_remote_pyshare.backends.spec import BackendSpec, LoginFlow, Settings
from git_annex_remote_pyshare.credentials.account import Account

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal
    from git_annex_remote_pyshare.credentials.credential import Credential


def _backend(place: StoreConfig) -> Backend:
    from git_annex_remote_pyshare.backends.sftp.backend import SFTPBackend

    return SFTPBackend(place)


def _check(settings: Settings) -> None:
    from git_annex_remote_pyshare.backends.sftp.url import check

    check(settings)


def _account(settings: Settings) -> Account:
    from git_annex_remote_pyshare.backends.sftp.url import account_of

    return account_of(settings)


def _log_in(request: "LoginRequest", terminal: "Terminal") -> str:
    from git_annex_remote_pyshare.backends.sftp.login import login

    return login(request, terminal)


def _check_login(_settings: "Callable[[], Settings]", _login: "Credential") -> None:
    """No login is kept, so there is none to try."""


def _log_out(url: str) -> bool:
    from git_annex_remote_pyshare.backends.sftp.login import log_out

    return log_out(url)


def _read(text: str) -> Settings:
    return {"url": text if "://" in text else f"sftp://{text}"}


def _look(settings: Settings) -> Found:
    from git_annex_remote_pyshare.backends.sftp.url import address_of

    needs_folder = not address_of(settings["url"]).path.strip(b"/.")
    return Found(needs_folder=needs_folder, has_links=False, wants_login=False)  # keys may do


SPEC = BackendSpec(
    "sftp",
    _backend,
    _check,
    claims=("sftp:",),
    title="SFTP",
    takes_login=False,
    account=_account,
    login=LoginFlow(_log_in, _check_login, end=_log_out),
    offer=Offer(
        "SFTP (an account that ssh reaches, without a shell too)",
        remote="sftp",
        question="Its address, as in sftp://bob@sftp.example.org/~",
        example="sftp://bob@sftp.example.org/~/my-data",
        read=_read,
        look=_look,
    ),
)
