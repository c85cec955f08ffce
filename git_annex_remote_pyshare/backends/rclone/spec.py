"""Describes stores in rclone remotes without loading what talks to rclone: URLs, settings, account and login."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.offer import Found, Offer
from git_annex_remote_pyshare.backends.spec import BackendSpec, LoginFlow, Settings
from git_annex_remote_pyshare.config.settings import Setting, matching
from git_annex_remote_pyshare.credentials.account import Account

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal
    from git_annex_remote_pyshare.credentials.credential import Credential


def _backend(place: StoreConfig) -> Backend:
    from git_annex_remote_pyshare.backends.rclone.backend import RcloneBackend

    return RcloneBackend(place)


def _check(settings: Settings) -> None:
    from git_annex_remote_pyshare.backends.rclone.url import check

    check(settings)


def _account(settings: Settings) -> Account:
    from git_annex_remote_pyshare.backends.rclone.url import account_of

    return account_of(settings)


def _log_in(request: "LoginRequest", terminal: "Terminal") -> str | None:
    from git_annex_remote_pyshare.backends.rclone.login import log_in

    return log_in(request, terminal)


def _check_login(settings: Callable[[], Settings], login: "Credential") -> None:
    from git_annex_remote_pyshare.backends.rclone.login import check

    check(settings, login)


def _read(text: str) -> Settings:
    """Accept what rclone itself calls the folder, `NAME:/folder`."""
    return {"url": text if text[:7].lower() == "rclone:" else f"rclone:{text}"}


def _look(_settings: Settings) -> Found:
    return Found(has_links=False, wants_login=False)


SPEC = BackendSpec(
    "rclone",
    _backend,
    _check,
    claims=("rclone:",),
    title="rclone",
    settings=(
        Setting(
            "rclonetype",
            "rclone: the type of the remote, as rclone calls it; written at initremote",
            matching("rclonetype", "[a-z0-9_]+", "drive"),
        ),
    ),
    takes_login=False,
    account=_account,
    login=LoginFlow(_log_in, _check_login),
    offer=Offer(
        "through rclone: Google Drive, OneDrive, Box, pCloud, SMB, Azure, Google Cloud, and others",
        question="The remote in rclone and a folder, e.g. drive:/data (see: rclone listremotes)",
        read=_read,
        look=_look,
    ),
)
