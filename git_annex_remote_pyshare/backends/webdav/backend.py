"""The WebDAV backend: each verb as one request, plus the few that a server makes necessary."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

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
from git_annex_remote_pyshare.backends.multipart import Unfinished
from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.backends.webdav import (
    capabilities,
    conditions,
    contents,
    download,
    in_the_way,
    other_users,
    propfind,
    public_link,
    tree,
)
from git_annex_remote_pyshare.backends.webdav.client import Client
from git_annex_remote_pyshare.backends.webdav.download import Downloads
from git_annex_remote_pyshare.backends.webdav.folders import Folders
from git_annex_remote_pyshare.backends.webdav.temporary import is_temporary
from git_annex_remote_pyshare.backends.webdav.upload import Uploads
from git_annex_remote_pyshare.backends.webdav.url import address_of, in_path
from git_annex_remote_pyshare.errors import BadSetting, FolderInTheWay, PermissionDenied
from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload
from git_annex_remote_pyshare.transfer import ByteRange, Condition, Progress, Sink, Source
from git_annex_remote_pyshare.transport.bounds import Listing
from git_annex_remote_pyshare.transport.content_range import is_strong
from git_annex_remote_pyshare.transport.preconnect import Preconnector

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.webdav.chunking import Chunking

_LOOK = "look for the file"
_REMOVE = "remove the file"


class WebDAVBackend(Backend):
    """A folder on a WebDAV server, or a public link to one.

    Besides the verbs: CanInitialize, HasQuota, HidesNames, ListsContents, Moves, NamesProduct, ReadsRanges,
    RemovesFolders, Shares, SupportsMultipart, WritesConditionally. All jobs share the connections and the features
    detected so far.

    Args:
        place: Its URL is the folder's.
        preconnector: Holds connections opened before the first request.

    Raises:
        BadSetting: An option in the clone's git config is invalid.
    """

    def __init__(self, place: StoreConfig, preconnector: Preconnector | None = None) -> None:
        super().__init__(place)
        self._address = address_of(place.url)
        self.client = Client(place, self._address, preconnector or Preconnector())
        self.folders = Folders(self.client)
        self._uploads = Uploads(place, self.client, self.folders)
        self._downloads = Downloads(self.client)
        self._lock = Lock()
        self._is_ready = False
        self._refusal: PermissionDenied | None = None
        """Why no request can succeed: the login belongs to another user than the files."""

    def stat(self, name: str) -> Stat | None:
        """See `Backend.stat`. In a tree the size decides what is there; Apache leaves out that of an empty file."""
        self._ensure_ready()
        found = download.stat(self.client, in_path(name), _LOOK)
        if found is not None and found.size is None and self.place.is_tree:
            resource = propfind.stat(self.client, in_path(name), _LOOK)
            return None if resource is None or resource.is_folder else Stat(resource.size)
        return found

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        self._ensure_ready()
        self._downloads.get(name, sink, progress)

    def is_exact(self, version: str) -> bool:
        """Whether it is a strong entity tag."""
        return is_strong(version)

    def read_range(self, name: str, part: ByteRange, progress: Progress) -> bytearray:
        """See `ReadsRanges.read_range`."""
        self._ensure_ready()
        return self._downloads.read_range(name, part, progress)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        self._ensure_ready()
        return self._uploads.put(name, source, progress)

    def delete(self, name: str) -> None:
        """See `Backend.delete`. A 207 lists what was not removed, so it is a failure (RFC 4918 §9.6.1).

        A tree may have a folder there by now: it is kept, as none of ours.
        """
        self._ensure_ready()
        if self.place.is_tree:
            with suppress(FolderInTheWay):
                in_the_way.delete_file(self.client, in_path(name), _REMOVE)
        else:
            in_the_way.delete(self.client, in_path(name), _REMOVE)

    def move(self, source: str, target: str) -> None:
        """See `Moves.move`: one MOVE, and one MKCOL for a folder that this process does not know."""
        self.move_if(source, target, None, None)

    def move_if(self, source: str, target: str, moved: Condition | None, replaced: Condition | None) -> None:
        """See `WritesConditionally.move_if`. What is renamed takes an edit with it, where the server does not look."""
        self._ensure_ready()
        tree.move(self.client, self.folders, source, target, moved, replaced)

    def delete_if(self, name: str, condition: Condition) -> None:
        """See `WritesConditionally.delete_if`: one request if the server compares versions, else a look before."""
        self._ensure_ready()
        tree.delete_if(self.client, name, condition)

    def unconditional(self) -> str:
        return "" if conditions.are_compared(self.client) else "replacing or removing a file"

    def remove_folder(self, name: str) -> None:
        """See `RemovesFolders.remove_folder`. Looks first: every server's DELETE removes what is in the folder, too."""
        self._ensure_ready()
        tree.remove_folder(self.client, self.folders, name)

    def list(self, folder: str = "") -> Iterator[Entry]:
        """See `Backend.list`. Sends one request per folder (Depth 1), since many servers refuse infinity."""
        self._ensure_ready()
        listing = Listing(str(self.client.doing(f"list {folder or 'the store'}")))
        waiting = [(folder, 0)]
        while waiting:
            above, depth = waiting.pop()
            for resource in propfind.children(self.client, f"{in_path(above)}/" if above else ""):
                name = f"{above}/{resource.path}" if above else resource.path
                listing.count_name()
                if resource.is_folder:
                    listing.count_request(depth + 1)
                    waiting.append((name, depth + 1))
                elif name != MARK and not is_temporary(name):
                    listing.count_object()
                    yield Entry(name, resource.size)

    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        """See `ListsContents.list_contents`: one folder, by one PROPFIND."""
        self._ensure_ready()
        return contents.listed(self.client, cursor, add)

    def content_of(self, name: str) -> Content | None:
        self._ensure_ready()
        return contents.content_of(self.client, name)

    def hidden(self, names: Iterable[str]) -> Sequence[str]:
        """See `HidesNames.hidden`."""
        return [name for name in names if "/." in f"/{name}"] if self.client.hides_dots else ()

    def remove_version(self, name: str, content: str) -> None:
        """See `RemovesVersions.remove_version`."""
        from git_annex_remote_pyshare.backends.webdav import versions  # noqa: PLC0415  # only for a push of the history

        self._ensure_ready()
        versions.remove_version(self.client, name, content)

    def close(self) -> None:
        self.client.close()

    def initialize(self) -> Initialized:
        """Check the address once, and mark the place as this remote's own."""
        from git_annex_remote_pyshare.backends.webdav.initialize import initialize  # noqa: PLC0415  # once per remote

        return initialize(self.place, self._address, self.client, self.folders)

    def quota(self) -> Quota:
        """What the server reports (RFC 4331)."""
        self._ensure_ready()
        resource = propfind.measure(self.client, "read the free space")
        return (
            Quota(None, None) if resource is None or resource.used is None else Quota(resource.used, resource.available)
        )

    def product(self) -> str:
        """The name and version of a Nextcloud or ownCloud; other servers have no address that tells them."""
        if not self._address.cloudy:
            return ""
        self._ensure_ready()
        below = (self._address.server or self._address.base.partition("/remote.php/")[0]).removeprefix(
            self._address.origin
        )
        return capabilities.product(self.client, below)

    def share(self, terms: Terms = NO_TERMS) -> Share | None:
        """A public link, on Nextcloud and ownCloud. If the store itself is one, only its owner can change it."""
        if not self._address.public:
            self._ensure_ready()
            return public_link.share(self.client, terms)
        if any(terms):
            raise self._is_a_link()
        return Share(self.place.url)

    def revoke(self) -> Sequence[str]:
        """Withdraw the public links, on Nextcloud and ownCloud."""
        if self._address.public:
            raise self._is_a_link()
        self._ensure_ready()
        return public_link.revoke(self.client)

    def _is_a_link(self) -> BadSetting:
        return BadSetting(
            f"{self.place.url} is itself a public link, which only its owner can change",
            remedy="Type the command with the name of the remote that the link was made from.",
        )

    def part_limits(self, size: int) -> Limits | None:
        """None for small objects, public links and all servers but Nextcloud and ownCloud 10."""
        return self._chunking.limits(size)

    def begin(self, name: str, plan: Plan) -> str:
        return self._chunking.begin(name, plan)

    def send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        return self._chunking.send(upload, part, source, progress)

    def fingerprint(self, source: Source, part: Part) -> str:
        return self._chunking.fingerprint(source, part)

    def sent(self, upload: Upload, known: Mapping[int, Sent]) -> Mapping[int, Sent] | None:
        return self._chunking.sent(upload, known)

    def finish(self, upload: Upload, _sent: Mapping[int, Sent], source: Source, progress: Progress) -> Receipt:
        return self._chunking.finish(upload, source, progress)

    def abort(self, name: str, id: str) -> None:  # noqa: A002  # as in the contract
        self._chunking.abort(name, id)

    def unfinished(self) -> Iterator[Unfinished]:
        return self._chunking.unfinished()

    @property
    def _chunking(self) -> "Chunking":
        """Chunked uploads, created once for all jobs."""
        self._ensure_ready()
        with self._lock:
            return self._made_chunking

    @cached_property
    def _made_chunking(self) -> "Chunking":
        from git_annex_remote_pyshare.backends.webdav.chunking import Chunking  # noqa: PLC0415  # large objects only

        return Chunking(self.client, self.folders)

    def _ensure_ready(self) -> None:
        """Find the public link's address, or the files' owner, once; retried by the next call if it fails.

        Raises:
            PyshareError: The link does not exist, the login is refused, or the files are another user's.
        """
        if self._is_ready:
            return
        with self._lock:
            if self._is_ready:
                return
            if self._address.older:
                public_link.find_address(self.client)
            else:
                self._refusal = self._refusal or other_users.refusal(self.client, self.place)
            if self._refusal:
                raise self._refusal
            self._is_ready = True
