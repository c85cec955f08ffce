"""Declares the directory backend: URL schemes, cost, checks."""

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.spec import BackendSpec, Settings
from git_annex_remote_pyshare.credentials.account import Account


def _backend(place: StoreConfig) -> Backend:
    from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend

    return DirectoryBackend(place)


def _check(settings: Settings) -> None:
    from git_annex_remote_pyshare.backends.directory.url import check

    check(settings)


def _account(settings: Settings) -> Account:
    """No login is sent to a folder by pyshare, but Windows logs in at the machine in a network path."""
    from git_annex_remote_pyshare.backends.directory.url import account_of

    return account_of(settings)


SPEC = BackendSpec(
    "directory",
    _backend,
    _check,
    claims=("file:",),
    cost=100,
    local=True,
    takes_login=False,
    account=_account,
)
