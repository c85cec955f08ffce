"""The contract's verbs as calls, and what they share: the connections, the login, and the commits under way."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Entry, Initialized, Quota, Receipt, Share, Stat, StoreConfig, Terms
from git_annex_remote_pyshare.backends.dropbox import links, marking
from git_annex_remote_pyshare.backends.dropbox import namespace as home
from git_annex_remote_pyshare.backends.dropbox import quota as space
from git_annex_remote_pyshare.backends.dropbox.auth import Root
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.backends.dropbox.download import NOTHING, Presence, retrieve
from git_annex_remote_pyshare.backends.dropbox.listing import listed
from git_annex_remote_pyshare.backends.dropbox.upload import SINGLE, Uploads
from git_annex_remote_pyshare.backends.dropbox.url import Address, address_of
from git_annex_remote_pyshare.backends.dropbox.writes import Writes
from git_annex_remote_pyshare.transfer import Progress, Sink, Source

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.dropbox.parts import Parts
    from git_annex_remote_pyshare.part_plan import Sent, Upload

_GONE = ("path_lookup/not_found", "path_lookup/not_file")


class Verbs:
    """One store from its first request on.

    Args:
        place: Where the store is.
        address: The same, understood.
    """

    def __init__(self, place: StoreConfig, address: Address) -> None:
        self.client = Client(place, address.shown)
        self._place = place
        self._address = address
        self._closing = Event()
        self._presence = Presence(self.client, self._closing)
        self._writes = Writes(self.client)
        self._uploads = Uploads(self.client, self._writes)

    @cached_property
    def parts(self) -> "Parts":
        """Uploads in parts, which only large objects need."""
        from git_annex_remote_pyshare.backends.dropbox.parts import Parts  # noqa: PLC0415  # therefore late

        return Parts(self._place, self.client, self._address, self._writes)

    def stat(self, name: str) -> Stat | None:
        """See `Backend.stat`."""
        return self._presence.stat(self._address.path_of(name), "look for the file")

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        """See `Backend.get`."""
        call = Call("files/download", {"path": self._address.path_of(name)}, "read the file")
        retrieve(self.client, call, sink, progress)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        """See `Backend.put`."""
        path = self._address.path_of(name)
        if source.size > SINGLE:
            receipt = self.parts.store(name, source, progress)
        else:
            receipt = self._uploads.store(path, source, progress, "store the file")
        self._presence.stored(path)
        return receipt

    def finish(self, upload: "Upload", sent: "Mapping[int, Sent]", source: Source, progress: Progress) -> Receipt:
        """See `SupportsMultipart.finish`."""
        receipt = self.parts.finish(upload, sent, source, progress)
        self._presence.stored(self._address.path_of(upload.name))
        return receipt

    def delete(self, name: str) -> None:
        """See `Backend.delete`. A removal locks the namespace as a commit does, so it takes its turn among them."""
        path = self._address.path_of(name)
        if arg := self._removable(path, "remove the file"):
            with self._writes.turn():
                self.client.rpc(Call("files/delete_v2", arg, "remove the file", _GONE, ("metadata",)))
        self._presence.removed(path)

    def _removable(self, path: str, what: str) -> Mapping[str, str]:
        """Which file to remove; none where another key's is there, or a folder of another layout."""
        if not self.client.spelling.matters:
            return {"path": path}
        found = self.client.rpc(Call("files/get_metadata", {"path": path}, what, NOTHING, (".tag",))).result
        is_ours = found.get(".tag") == "file" and self.client.spelling.fits(found, path)
        return {"path": path, "parent_rev": str(found["rev"])} if is_ours else {}

    def list(self, folder: str) -> Iterator[Entry]:
        """See `Backend.list`."""
        return listed(self.client, self._address, folder)

    def quota(self) -> Quota:
        """See `HasQuota.quota`."""
        return space.quota(self.client)

    def share(self, terms: Terms) -> Share:
        """See `Shares.share`."""
        return links.share(self.client, self._address, terms)

    def revoke(self) -> Sequence[str]:
        """See `Shares.revoke`."""
        return links.revoke(self.client, self._address)

    def publish(self, name: str) -> str:
        """See `Publishes.publish`."""
        return links.publish(self.client, self._address.path_of(name), "publish the file")

    def initialize(self) -> Initialized:
        """See `Establishes.initialize`."""
        if self._place.settings["namespace"]:
            return Initialized(notes=marking.claim(self._place, self.client, self._address.folder))
        settled = home.settle(self.client, self._address.folder)
        self.client.root = Root(settled.settings["namespace"])
        url = settled.settings.get("url", "")
        folder = address_of(url).folder if url else self._address.folder
        marked = marking.claim(self._place, self.client, folder)
        return settled._replace(notes=(*settled.notes, *marked), private=not url)

    def close(self) -> None:
        """End all waiting, and close idle connections."""
        self._closing.set()
        self._writes.close()
        self.client.close()
