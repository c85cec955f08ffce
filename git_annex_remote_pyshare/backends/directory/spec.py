"""Declares the directory backend: URL schemes, cost, checks."""

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.offer import Found, Offer
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


def _read(text: str) -> Settings:
    import os

    is_url = text[:5].lower() == "file:"
    return {"url": text if is_url else os.path.abspath(os.path.expanduser(text))}


def _look(_settings: Settings) -> Found:
    return Found(has_links=False)


SPEC = BackendSpec(
    "directory",
    _backend,
    _check,
    claims=("file:",),
    cost=100,
    local=True,
    takes_login=False,
    account=_account,
    offer=Offer(
        "a folder (a disk, a network drive, a synchronized folder)",
        remote="folder",
        question="Path of the folder",
        example="/mnt/disk/my-data",
        read=_read,
        look=_look,
    ),
)
