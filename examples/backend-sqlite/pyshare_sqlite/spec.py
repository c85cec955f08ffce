"""Describes stores in SQLite files before one is used, so it imports nothing heavy."""

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.spec import BackendSpec, LoginFlow, Settings
from git_annex_remote_pyshare.config.settings import Setting, matching
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.environment import Variables
from git_annex_remote_pyshare.errors import BadSetting

from .login import check, log_in


def path_of(settings: Settings) -> str:
    """The path in `sqlite:/path/of/file.db`."""
    return settings["url"].partition(":")[2]


def _backend(place: StoreConfig) -> Backend:
    from .backend import SQLiteBackend  # it imports what does the work

    return SQLiteBackend(place)


def _check(settings: Settings) -> None:
    if not path_of(settings).startswith("/"):
        raise BadSetting(f"url={settings['url']} is no absolute path", remedy="Give one like url=sqlite:/mnt/data.db")


SPEC = BackendSpec(
    "sqlite",
    _backend,
    _check,
    title="SQLite file",
    settings=(Setting("table", "SQLite: in which table", matching("table", "[a-z]{1,30}", "mine"), default="objects"),),
    layout="flat",
    account=lambda settings: Account(path_of(settings), words=(settings["url"],), is_whole=True),
    variables=Variables("SQLITE_USER", "SQLITE_PASSWORD"),
    login=LoginFlow(log_in, check),
)
