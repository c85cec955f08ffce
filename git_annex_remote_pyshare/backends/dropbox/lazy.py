"""Stores in Dropbox before their first request: what needs no HTTP library, so that start-up stays fast."""

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.dropbox.url import address_of, link_of
from git_annex_remote_pyshare.backends.lazy import Lazy


class LazyDropbox(Lazy):
    """Makes a `DropboxBackend` at the first request.

    Args:
        place: Its URL is the folder's.
    """

    target = "git_annex_remote_pyshare.backends.dropbox.backend:DropboxBackend"

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._address = address_of(place.url)

    def locate(self, name: str) -> str:
        """The object's path in the Dropbox, as `url=` has it."""
        return f"dropbox:{self._address.path_of(name)}"


class LazyLink(Lazy):
    """Makes a `LinkBackend` at the first request.

    Args:
        place: Its URL is the link.
    """

    target = "git_annex_remote_pyshare.backends.dropbox.shared_link:LinkBackend"

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._address = link_of(place.url)

    def locate(self, name: str) -> str:
        """The object's path behind the link, without the link's key."""
        return f"{self._address.shown}{self._address.path_of(name)}"
