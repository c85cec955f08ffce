"""Reads what is behind a shared link: https://www.dropbox.com/developers/documentation/http/documentation, sharing."""

from collections.abc import Iterator

from git_annex_remote_pyshare.backends.base import Entry, Stat, StoreConfig
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.backends.dropbox.download import retrieve
from git_annex_remote_pyshare.backends.dropbox.listing import entries
from git_annex_remote_pyshare.backends.dropbox.names import checked
from git_annex_remote_pyshare.backends.dropbox.url import Address
from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.errors import NotFound
from git_annex_remote_pyshare.transfer import Progress, Sink

_METADATA = "sharing/get_shared_link_metadata"
_FILE = "sharing/get_shared_link_file"
_NOT_FOUND = "shared_link_not_found"


class Visitor:
    """One link from its first request on.

    Args:
        place: Where the store is.
        address: The same, understood.
    """

    def __init__(self, place: StoreConfig, address: Address) -> None:
        self.client = Client(place, address.shown)
        self._link = address.link

    def stat(self, path: str, what: str) -> Stat | None:
        """What is at a path behind the link; see `Backend.stat`."""
        call = Call(_METADATA, {"url": self._link, "path": path}, what, (_NOT_FOUND,), (".tag",))
        reply = self.client.rpc(call)
        if reply.tag:
            self._check_link(what)
        is_ours = reply.result.get(".tag") == "file" and self.client.spelling.fits(reply.result, path)
        return Stat(reply.result["size"]) if is_ours else None

    def get(self, path: str, what: str, sink: Sink, progress: Progress) -> None:
        """Bring what is at a path behind the link into the sink; see `Backend.get`."""
        call = Call(_FILE, {"url": self._link, "path": path}, what, (_NOT_FOUND,))
        try:
            retrieve(self.client, call, sink, progress)
        except NotFound:
            self._check_link(what)
            raise

    def list(self, folder: str) -> Iterator[Entry]:
        """All objects below a folder; see `Backend.list`. Dropbox lists links folder by folder only."""
        self._check_link("list the files")
        waiting = [folder and checked(folder)]
        while waiting:
            above = waiting.pop()
            arg = {"path": f"/{above}" if above else "", "shared_link": {"url": self._link}}
            for entry in entries(self.client, arg, "list the files"):
                name = f"{above}/{entry['name']}" if above else str(entry["name"])
                if entry[".tag"] == "folder":
                    waiting.append(name)
                elif name != MARK:
                    yield Entry(name, entry["size"])

    def _check_link(self, what: str) -> None:
        """Dropbox says the same of a link that is gone as of an object that is not behind it.

        Raises:
            NotAStore: The link is gone, so nobody knows about the object.
        """
        self.client.rpc(Call(_METADATA, {"url": self._link}, what, gives=(".tag",)))
