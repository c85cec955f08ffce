"""A WebDAV store before its first request: server and URLs, without importing an HTTP library."""

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.lazy import Lazy
from git_annex_remote_pyshare.backends.webdav.url import address_of, in_path


class LazyWebDAV(Lazy):
    """Creates a `WebDAVBackend` at the first request.

    Args:
        place: Its URL is the folder's.
    """

    target = "git_annex_remote_pyshare.backends.webdav.backend:WebDAVBackend"

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._address = address_of(place.url)

    @property
    def server(self) -> str:
        return self._address.base

    def locate(self, name: str) -> str:
        """The object's URL, without a login."""
        return f"{self._address.base}/{in_path(name)}"
