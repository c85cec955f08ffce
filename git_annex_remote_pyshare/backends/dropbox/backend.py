"""The Dropbox backend: each operation of the contract as one call of the API."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends import ownership
from git_annex_remote_pyshare.backends.base import (
    NO_TERMS,
    Backend,
    Content,
    Entry,
    Initialized,
    Quota,
    Receipt,
    Share,
    Stat,
    StoreConfig,
    Terms,
)
from git_annex_remote_pyshare.backends.dropbox import download, initialize, listing, quota, shared_link
from git_annex_remote_pyshare.backends.dropbox.auth import PathRoot
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.backends.dropbox.download import NOTHING, Presence
from git_annex_remote_pyshare.backends.dropbox.name_case import TreeNames, composed
from git_annex_remote_pyshare.backends.dropbox.upload import MAX_REQUEST, Uploads
from git_annex_remote_pyshare.backends.dropbox.url import address_of
from git_annex_remote_pyshare.backends.dropbox.writes import Writes
from git_annex_remote_pyshare.errors import Busy, ContentChanged, NotFound, PermissionDenied, Unreachable
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import ByteRange, Condition, Progress, Sink, Source
from git_annex_remote_pyshare.transport.preconnect import Preconnector

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.dropbox.parts import Parts
    from git_annex_remote_pyshare.backends.dropbox.tree import Moves
    from git_annex_remote_pyshare.backends.multipart import Unfinished
    from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload

_GONE = ("path_lookup/not_found", "path_lookup/not_file")
_CHANGED = "path_write/conflict"


class DropboxBackend(Backend):
    """A folder in a user's own Dropbox, in a shared folder or in a team's space.

    Besides the contract's operations: CanInitialize, HasQuota, ListsContents, Moves, Publishes, ReadsRanges,
    RemovesFolders, Shares, SupportsMultipart, WritesConditionally. All jobs share the connections, the login, and the
    commits under way.

    Args:
        place: Its URL is the folder's.
        preconnector: Not needed: the API's hosts are others than the URL's.

    Raises:
        PermissionDenied: The settings do not say whose Dropbox the folder is in, and the user has not accepted them.
    """

    def __init__(self, place: StoreConfig, preconnector: Preconnector | None = None) -> None:
        del preconnector
        super().__init__(place)
        self._check_whose()
        self._address = address_of(place.url)
        self.client = Client(place, self._address.shown)
        self._closing = Event()
        self._presence = Presence(self.client, self._closing)
        self._writes = Writes(self.client)
        self._uploads = Uploads(self.client, self._writes, is_tree=place.is_tree)
        if place.is_tree:
            self.client.name_case = TreeNames(self._address.folder)

    def stat(self, name: str) -> Stat | None:
        return self._presence.stat(self._path(name), "look for the file")

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        download.get(self.client, self._download(name), sink, progress)

    def is_exact(self, version: str) -> bool:
        """Whether it is a revision."""
        return download.is_exact(version)

    def read_range(self, name: str, part: ByteRange, progress: Progress) -> bytearray:
        """See `ReadsRanges.read_range`."""
        return download.read_range(self.client, self._download(name), part, progress)

    def _download(self, name: str) -> Call:
        return Call("files/download", {"path": self._path(name)}, "read the file")

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        path = self._path(name)
        if source.size > MAX_REQUEST:
            receipt = self._parts.put(name, source, progress)
        else:
            receipt = self._uploads.put(path, source, progress, "store the file")
        self._presence.stored(path)
        return receipt

    def delete(self, name: str) -> None:
        """See `Backend.delete`. A removal locks the namespace like a commit, so it waits for its turn."""
        path = self._path(name)
        if self.place.is_tree:
            self._moves.delete(path, "remove the file")
        elif arg := self._removable(path, "remove the file"):
            with self._writes.turn():
                self.client.rpc(Call("files/delete_v2", arg, "remove the file", _GONE, ("metadata",)))
        self._presence.removed(path)

    def _removable(self, path: str, what: str) -> Mapping[str, str]:
        """Argument of the removal; empty if the path has another key's file, or a folder of another layout."""
        if not self.client.name_case.matters:
            return {"path": path}
        found = self.client.rpc(Call("files/get_metadata", {"path": path}, what, NOTHING, (".tag",))).result
        is_ours = found.get(".tag") == "file" and self.client.name_case.fits(found, path)
        return {"path": path, "parent_rev": str(found["rev"])} if is_ours else {}

    def move(self, source: str, target: str) -> None:
        """See `Moves.move`: one request, and a look at the spelling of the first files of a folder."""
        self._moves.move(self._path(source), self._path(target))

    def remove_folder(self, name: str) -> None:
        """See `RemovesFolders.remove_folder`."""
        self._moves.remove_folder(self._path(name))

    def _path(self, name: str) -> str:
        """The path of the object of that name; raises BadName if Dropbox cannot store it under this very name."""
        return self._address.path_of(composed(name) if self.place.is_tree else name)

    def list(self, folder: str = "") -> Iterator[Entry]:
        return listing.listed(self.client, self._address, folder)

    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        """See `ListsContents.list_contents`: one page."""
        return listing.contents(self.client, self._address, cursor, add)

    def content_of(self, name: str) -> Content | None:
        arg = {"path": self._path(name)}
        found = self.client.rpc(Call("files/get_metadata", arg, "look for the file", NOTHING, (".tag",))).result
        if found.get(".tag") != "file":
            return None
        if self.place.is_tree and self.client.name_case.fits(found, arg["path"]):
            self._moves.known.seen(arg["path"], found)
        return listing.content_of(self.client, name, found)._replace(version=str(found.get("rev", "")))

    def delete_if(self, name: str, condition: Condition) -> None:
        """See `WritesConditionally.delete_if`: Dropbox compares the revision."""
        path = self._path(name)
        self._moves.delete_if(path, condition)
        self._presence.removed(path)

    def move_if(self, source: str, target: str, _moved: Condition | None, replaced: Condition | None) -> None:
        """See `WritesConditionally.move_if`. An edit of the file that is renamed goes with it."""
        self._moves.move(self._path(source), self._path(target), replaced)

    def unconditional(self) -> str:
        return ""

    def remove_version(self, name: str, content: str) -> None:
        """See `RemovesVersions.remove_version`: Dropbox compares the revision."""
        path, what = self._path(name), "remove the file"
        found = self.client.rpc(Call("files/get_metadata", {"path": path}, what, NOTHING, (".tag",))).result
        if found.get(".tag") != "file" or not self.client.name_case.fits(found, path):
            raise NotFound(f"{self.client.doing(what)}: Dropbox has no file there")
        if listing.content_of(self.client, name, found).id != content:
            raise ContentChanged(f"{self.client.doing(what)}: it has changed")
        arg = {"path": path, "parent_rev": str(found["rev"])}
        with self._writes.turn():
            reply = self.client.rpc(Call("files/delete_v2", arg, what, (*_GONE, _CHANGED), ("metadata",)))
        if reply.tag.startswith(_CHANGED):
            raise ContentChanged(f"{self.client.doing(what)}: it has changed")
        self._presence.removed(path)
        if reply.tag:
            raise NotFound(f"{self.client.doing(what)}: Dropbox has no file there")

    def close(self) -> None:
        """End all waiting, and close idle connections."""
        self._closing.set()
        self._writes.close()
        self.client.close()

    def quota(self) -> Quota:
        """Used and free space of the Dropbox."""
        return quota.quota(self.client)

    def share(self, terms: Terms = NO_TERMS) -> Share:
        """A link to the store's folder; any user with a Dropbox login can read the store through it."""
        return shared_link.share(self.client, self._address, terms)

    def revoke(self) -> Sequence[str]:
        """Withdraw the links to the store's folder."""
        return shared_link.revoke(self.client, self._address)

    def is_publishing(self) -> bool:
        """True with `share=files` in settings that the user has accepted: it makes files public."""
        return self.place.settings["share"] == "files" and self.place.trusted()

    def publish(self, name: str) -> str:
        """A public link that downloads the object."""
        return shared_link.publish(self.client, self._path(name), "publish the file")

    def has_published(self, name: str, url: str) -> bool:
        """Whether the link leads to a file of this name."""
        return shared_link.may_lead_to(name, url)

    def initialize(self) -> Initialized:
        """Find out whose Dropbox it is, record that in the settings, and mark the folder as this remote's own."""
        try:
            if self.place.credential():
                return self._settled()
        except (Unreachable, Busy) as error:
            return self._unsettled(ownership.unchecked("Dropbox", error))._replace(failure=error)
        return self._unsettled(ownership.without_login(self.place))

    def _settled(self) -> Initialized:
        """Settings and notes, with a login."""
        if self.place.settings["namespace"]:
            return Initialized(notes=initialize.claim(self.place, self.client, self._address.folder))
        self.client.root = PathRoot("")  # an earlier attempt that broke off may have set it
        settled = initialize.settle(self.client, self._address.folder)
        self.client.root = PathRoot(settled.settings["namespace"])
        url = settled.settings.get("url", "")
        folder = address_of(url).folder if url else self._address.folder
        marked = initialize.claim(self.place, self.client, folder)
        return settled._replace(notes=(*settled.notes, *marked), private=not url)

    def _unsettled(self, why: str) -> Initialized:
        """Notes without a login or a response: `why`, and what to type later if the namespace is unknown."""
        if self.place.settings["namespace"]:
            return Initialized(notes=(why,))
        later = f"Then, so that no other account's folder is taken for it, type: {self._enable()}"
        return Initialized(notes=(why, later), private=True)

    def _enable(self) -> str:
        return command("git", "annex", "enableremote", self.place.clone.remote or "NAME")

    def _check_whose(self) -> None:
        """Refuse another user's remote without a namespace: its folder is not in this user's Dropbox."""
        if not self.place.settings["namespace"] and not self.place.trusted():
            raise PermissionDenied(
                f"the settings do not say whose Dropbox {self.place.url} is in: its owner made it without a login",
                remedy=f"Ask its owner to log in and to type, in the clone where the remote was made: {self._enable()}",
            )

    def part_limits(self, size: int) -> "Limits | None":
        return self._parts.limits(size)

    def begin(self, name: str, plan: "Plan") -> str:
        return self._parts.begin(name, plan)

    def send(self, upload: "Upload", part: "Part", source: Source, progress: Progress) -> "Sent":
        return self._parts.send(upload, part, source, progress)

    def fingerprint(self, source: Source, part: "Part") -> str:
        return self._parts.fingerprint(source, part)

    def sent(self, _upload: "Upload", known: "Mapping[int, Sent]") -> "Mapping[int, Sent]":
        """Parts as recorded here: Dropbox cannot list them, but refuses the next part of an upload that is gone."""
        return known

    def finish(self, upload: "Upload", sent: "Mapping[int, Sent]", source: Source, progress: Progress) -> Receipt:
        receipt = self._parts.finish(upload, sent, source, progress)
        self._presence.stored(self._path(upload.name))
        return receipt

    def abort(self, _name: str, id: str) -> None:  # noqa: A002  # as in the contract
        """Nothing to do: Dropbox drops an upload session seven days after its start."""

    def unfinished(self) -> "Iterator[Unfinished]":
        """None, since Dropbox does not list them."""
        return iter(())

    @cached_property
    def _moves(self) -> "Moves":
        from git_annex_remote_pyshare.backends.dropbox.tree import Moves  # noqa: PLC0415  # only for trees

        return Moves(self.client, self._writes, self._presence, self._closing)

    @cached_property
    def _parts(self) -> "Parts":
        """Uploads in parts; imported late, since only large objects need them."""
        from git_annex_remote_pyshare.backends.dropbox.parts import Parts  # noqa: PLC0415  # see above

        return Parts(self.place, self.client, self._address, self._writes)
