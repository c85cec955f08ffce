"""The contract's verbs as requests, and what they share: the connections, and all that was learned of the server."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Entry, Quota, Receipt, Share, Stat, StoreConfig, Terms
from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.backends.webdav import download as reading
from git_annex_remote_pyshare.backends.webdav import link, propfind, sharing
from git_annex_remote_pyshare.backends.webdav import other_users as home
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.download import Downloads
from git_annex_remote_pyshare.backends.webdav.folders import Folders
from git_annex_remote_pyshare.backends.webdav.temporary import is_temporary
from git_annex_remote_pyshare.backends.webdav.upload import Uploads
from git_annex_remote_pyshare.backends.webdav.url import Address, in_path
from git_annex_remote_pyshare.transfer import Progress, Sink, Source
from git_annex_remote_pyshare.transport.bounds import Listing
from git_annex_remote_pyshare.transport.preconnect import Preconnector

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.webdav.chunking import Chunking
    from git_annex_remote_pyshare.errors import PermissionDenied

_REMOVED = {200, 204, 404, 410}


class Verbs:
    """One store from its first request on.

    Args:
        place: Where the store is.
        address: The same, understood.
        ahead: Has the connections that were opened while nobody could send.
    """

    def __init__(self, place: StoreConfig, address: Address, ahead: Preconnector) -> None:
        self.client = Client(place, address, ahead)
        self.folders = Folders(self.client)
        self._place = place
        self._uploads = Uploads(place, self.client, self.folders)
        self._downloads = Downloads(self.client)
        self._settled = False
        self._refusal: PermissionDenied | None = None
        """Why no request makes sense: the login and the files are two users'."""

    def settle(self) -> None:
        """Find a public link's address, or whose files these are, once; without an answer the next call asks again.

        Raises:
            PyshareError: The server does not know the link, does not let us in, or the files are another user's.
        """
        if not self._settled:
            if self.client.address.older:
                link.settle(self.client)
            else:
                self._refusal = self._refusal or home.refusal(self.client, self._place)
            if self._refusal:
                raise self._refusal
            self._settled = True

    @cached_property
    def chunking(self) -> "Chunking":
        """Uploads in chunks; two jobs must not ask for it at once."""
        from git_annex_remote_pyshare.backends.webdav.chunking import Chunking  # noqa: PLC0415  # large objects only

        return Chunking(self.client, self.folders)

    def stat(self, name: str) -> Stat | None:
        """See `Backend.stat`."""
        return reading.stat(self.client, in_path(name), "look for the file")

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        """See `Backend.get`."""
        self._downloads.retrieve(name, sink, progress)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        """See `Backend.put`."""
        return self._uploads.store(name, source, progress)

    def delete(self, name: str) -> None:
        """See `Backend.delete`. A 207 names what was not removed, so it is a failure (RFC 4918 §9.6.1)."""
        request = Request("DELETE", in_path(name), "remove the file")
        with self.client.ask(request) as answer:
            if answer.status not in _REMOVED:
                raise self.client.failure(request, answer)

    def quota(self) -> Quota:
        """See `HasQuota.quota`."""
        thing = propfind.measure(self.client, "ask for the free space")
        return Quota(None, None) if thing is None or thing.used is None else Quota(thing.used, thing.available)

    def share(self, terms: Terms) -> Share | None:
        """See `Shares.share`."""
        return sharing.share(self.client, terms)

    def revoke(self) -> Sequence[str]:
        """See `Shares.revoke`."""
        return sharing.revoke(self.client)

    def list(self, folder: str) -> Iterator[Entry]:
        """See `Backend.list`. Walks with Depth 1, since many servers refuse infinity."""
        listing = Listing(str(self.client.doing(f"list {folder or 'the store'}")))
        waiting = [(folder, 0)]
        while waiting:
            above, depth = waiting.pop()
            for thing in propfind.children(self.client, f"{in_path(above)}/" if above else ""):
                name = f"{above}/{thing.path}" if above else thing.path
                listing.named()
                if thing.is_folder:
                    listing.asked(depth + 1)
                    waiting.append((name, depth + 1))
                elif name != MARK and not is_temporary(name):
                    listing.brought()
                    yield Entry(name, thing.size)

    def close(self) -> None:
        """Close all idle connections."""
        self.client.close()
