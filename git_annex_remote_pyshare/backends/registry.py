"""Which backend is meant by a URL: a table of strings, so that nothing is imported before it is needed."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.base import Backend, Place
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.errors import BadSetting

ENTRY_POINTS = "git_annex_remote_pyshare.backends"
"""Group in which other packages offer backends: the entry's name is the scheme, its object a Kind."""


class Kind(NamedTuple):
    """A kind of store, as far as git-annex wants to know about it before any backend is imported."""

    name: str
    target: str
    """`module:class` of the backend."""
    check: str
    """`module:function` that takes the URL and raises BadSetting when it cannot be meant."""
    cost: int = 200
    """git-annex's own scale: 100 is cheap, 200 expensive."""
    local: bool = False
    login: bool = True
    """Whether a login can be of use."""
    account: str = "git_annex_remote_pyshare.credentials.account:of_host"
    """`module:function` that takes the URL and gives the Account that a login there is bound to."""


DIRECTORY = Kind(
    "directory",
    "git_annex_remote_pyshare.backends.directory.backend:DirectoryBackend",
    "git_annex_remote_pyshare.backends.directory.url:check",
    cost=100,
    local=True,
    login=False,
)
WEBDAV = Kind(
    "webdav",
    "git_annex_remote_pyshare.backends.webdav.backend:WebDAVBackend",
    "git_annex_remote_pyshare.backends.webdav.url:check",
    account="git_annex_remote_pyshare.backends.webdav.url:account_of",
)

SCHEMES: Mapping[str, Kind] = {
    "": DIRECTORY,
    "file": DIRECTORY,
    "http": WEBDAV,
    "https": WEBDAV,
    "dav": WEBDAV,
    "davs": WEBDAV,
}


def kind_of(url: str) -> Kind:
    """The kind of store that `url` points to.

    Raises:
        BadSetting: No backend claims the URL.
    """
    scheme = url.partition(":")[0].lower() if _has_scheme(url) else ""
    kind = SCHEMES.get(scheme) or _plugin(scheme)
    if kind is None:
        known = ", ".join(f"{known}://" for known in SCHEMES if known)
        raise BadSetting(
            f"url={url} is of no known kind",
            remedy=f"Give an absolute path, or a URL that begins with one of {known}.",
        )
    return kind


def check(url: str) -> Kind:
    """The kind of `url` after its backend found nothing wrong with it; raises BadSetting otherwise."""
    kind = kind_of(url)
    _load(kind.check)(url)
    return kind


def account_of(url: str) -> Account:
    """What a login for `url` is bound to.

    Raises:
        BadSetting: No backend claims the URL, or it leads to no server.
    """
    account: Account = _load(kind_of(url).account)(url)
    return account


def make(place: Place) -> Backend:
    """The backend for a place; imports it."""
    backend: Backend = _load(kind_of(place.url).target)(place)
    return backend


def _has_scheme(url: str) -> bool:
    """Whether the URL begins with a scheme; `C:/share` is a path on Windows, so one letter is none."""
    scheme, colon, _ = url.partition(":")
    return bool(colon) and len(scheme) > 1 and scheme.isascii() and scheme.replace("+", "").isalnum()


def _plugin(scheme: str) -> Kind | None:
    # Listing what is installed costs as much as our whole start-up, hence only for a scheme that is not ours.
    from importlib.metadata import entry_points  # noqa: PLC0415

    for entry in entry_points(group=ENTRY_POINTS, name=scheme):
        kind: Kind = entry.load()
        return kind
    return None


def _load(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
