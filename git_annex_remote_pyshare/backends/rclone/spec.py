"""Describes stores in rclone remotes without loading what talks to rclone: URLs, settings, account and login."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.offer import Found, Offer, Service
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
    from git_annex_remote_pyshare.backends.rclone.services import read

    return read(text)


def _look(settings: Settings) -> Found:
    from git_annex_remote_pyshare.backends.rclone.services import look

    return look(settings)


def _service(title: str, kind: str, name: str, folder: str = "my-data", **more: str) -> Service:
    """A service that rclone reaches by a remote of the type `kind`.

    Args:
        title: The service as its users call it.
        kind: The type.
        name: The usual name of such a remote.
        folder: One there, as an example.
        more: Settings of a store that suit the service, unless the user gives others.
    """

    def propose() -> str:
        from git_annex_remote_pyshare.backends.rclone.services import propose as first

        return first(kind, name)

    def read(text: str) -> Settings:
        return {**_read(text), "rclonetype": kind, **more}

    return Service(title, "Name of the remote in rclone", read, propose, f"{name}:/{folder}")


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
            matching("rclonetype", "[a-z0-9_]+(?: [a-z0-9_]+)*", "drive"),
        ),
    ),
    takes_login=False,
    account=_account,
    login=LoginFlow(_log_in, _check_login),
    offer=Offer(
        "through rclone: any other service",
        remote="cloud",
        question="The remote in rclone, with or without a folder, e.g. lab:/data (see: rclone listremotes)",
        example="lab:/my-data",
        read=_read,
        look=_look,
        services={
            "google-drive": _service("Google Drive", "drive", "gdrive"),
            "onedrive": _service("OneDrive, SharePoint", "onedrive", "onedrive"),
            "box": _service("Box", "box", "box"),
            "pcloud": _service("pCloud", "pcloud", "pcloud", layout="lower"),
            "smb": _service("SMB (a Windows share)", "smb", "share", "SHARE/my-data"),
            "azure": _service("Azure Blob Storage", "azureblob", "azure", "CONTAINER/my-data"),
        },
    ),
)
