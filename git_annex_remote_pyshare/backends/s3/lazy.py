"""An S3 store before its first request: what is known without an HTTP library."""

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.lazy import Lazy
from git_annex_remote_pyshare.backends.s3.url import address_of


class LazyS3(Lazy):
    """Creates an `S3Backend` at the first request.

    Args:
        place: Its settings give the bucket and the server.
    """

    target = "git_annex_remote_pyshare.backends.s3.backend:S3Backend"

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._address = address_of(place.settings)

    @property
    def server(self) -> str:
        # Public reads may go to another host, and so may requests before the region is known.
        server = self._address.server
        is_known = server.region and not self._address.published
        return f"{server.scheme}://{self._address.host}" if is_known else ""

    def locate(self, name: str) -> str:
        """The object's public URL, otherwise its s3:// or gs:// address, which needs a login."""
        return (
            self._address.public_url(name)
            or f"{self._address.scheme}://{self._address.bucket}/{self._address.prefix}{name}"
        )
