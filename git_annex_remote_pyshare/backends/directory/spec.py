"""What pyshare knows of folders before one is used."""

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
    """No login of ours goes to a folder, but Windows logs in at the machine that a path names."""
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
