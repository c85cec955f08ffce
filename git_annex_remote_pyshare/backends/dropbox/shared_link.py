"""A shared link to a folder as a store: any login at Dropbox reads from it, none writes.

https://www.dropbox.com/developers/documentation/http/documentation, sharing
"""

from collections.abc import Iterator, Sequence

from git_annex_remote_pyshare.backends.base import NO_TERMS, Backend, Entry, Receipt, Share, Stat, StoreConfig, Terms
from git_annex_remote_pyshare.backends.dropbox import download
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.backends.dropbox.listing import entries
from git_annex_remote_pyshare.backends.dropbox.names import checked
from git_annex_remote_pyshare.backends.dropbox.url import account_of_link, link_of
from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.errors import BadSetting, NotFound, PermissionDenied
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import Progress, Sink, Source
from git_annex_remote_pyshare.transport.preconnect import Preconnector

_METADATA = "sharing/get_shared_link_metadata"
_FILE = "sharing/get_shared_link_file"
_NOT_FOUND = "shared_link_not_found"


class LinkBackend(Backend):
    """A folder that its owner shares by a link.

    Args:
        place: Its URL is the link.
        ahead: Not needed: the API's hosts are others than the URL's.
    """

    def __init__(self, place: StoreConfig, ahead: Preconnector | None = None) -> None:
        del ahead
        super().__init__(place)
        self._address = link_of(place.url)
        self._link = self._address.link
        self.client = Client(place, self._address.shown)

    def stat(self, name: str) -> Stat | None:
        path, what = self._address.path_of(name), "look for the file"
        call = Call(_METADATA, {"url": self._link, "path": path}, what, (_NOT_FOUND,), (".tag",))
        reply = self.client.rpc(call)
        if reply.tag:
            self._check_link(what)
        is_ours = reply.result.get(".tag") == "file" and self.client.spelling.fits(reply.result, path)
        return Stat(reply.result["size"]) if is_ours else None

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        what = "read the file"
        call = Call(_FILE, {"url": self._link, "path": self._address.path_of(name)}, what, (_NOT_FOUND,))
        try:
            download.get(self.client, call, sink, progress)
        except NotFound:
            self._check_link(what)
            raise

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        del name, source, progress
        raise self._read_only("store the file")

    def delete(self, _name: str) -> None:
        raise self._read_only("remove the file")

    def list(self, folder: str = "") -> Iterator[Entry]:
        """See `Backend.list`. Dropbox lists links folder by folder only."""
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

    def close(self) -> None:
        self.client.close()

    def share(self, terms: Terms = NO_TERMS) -> Share:
        """The link itself; only its owner can change it."""
        if any(terms):
            raise self._is_a_link()
        return Share(self.place.url, command("pyshare", "login", *account_of_link(self.place.settings).words))

    def revoke(self) -> Sequence[str]:
        """Never: that is for the link's owner."""
        raise self._is_a_link()

    def _check_link(self, what: str) -> None:
        """Dropbox says the same of a link that is gone as of an object that is not behind it.

        Raises:
            NotAStore: The link is gone, so nobody knows about the object.
        """
        self.client.rpc(Call(_METADATA, {"url": self._link}, what, gives=(".tag",)))

    def _read_only(self, what: str) -> PermissionDenied:
        return PermissionDenied(
            f"cannot {what} in {self._address.shown}: a shared link is read-only",
            remedy="Its owner stores with url=dropbox:/FOLDER.",
        )

    def _is_a_link(self) -> BadSetting:
        return BadSetting(
            f"{self._address.shown} is a link itself, which only its owner can change",
            remedy="Type the command with the name of the remote that the link was made of.",
        )
