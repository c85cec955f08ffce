"""The SFTP backend: implements the contract's verbs and abilities by requests on one connection of all jobs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import (
    Backend,
    Content,
    Entry,
    Initialized,
    Quota,
    Receipt,
    Stat,
    StoreConfig,
)
from git_annex_remote_pyshare.backends.sftp import contents, tree
from git_annex_remote_pyshare.backends.sftp.client import Client
from git_annex_remote_pyshare.backends.sftp.conditions import require
from git_annex_remote_pyshare.backends.sftp.download import Downloads
from git_annex_remote_pyshare.backends.sftp.marker import Marker
from git_annex_remote_pyshare.backends.sftp.packets import Attributes
from git_annex_remote_pyshare.backends.sftp.upload import Uploads
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.errors import ContentChanged, NotFound, Unreachable
from git_annex_remote_pyshare.transfer import Condition, Progress, Sink, Source

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.multipart import Unfinished
    from git_annex_remote_pyshare.backends.sftp.parts import Parts
    from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload


class SFTPBackend(Backend):
    """A folder on an SFTP server.

    Besides the verbs: CanInitialize, HasQuota, ListsContents, Locates, Moves, RemovesFolders,
    RemovesVersions, SupportsMultipart, WritesConditionally.

    Args:
        place: Its URL is the folder's.
        client: Sends the requests; None for one over the ssh of this machine.
    """

    def __init__(self, place: StoreConfig, client: Client | None = None) -> None:
        super().__init__(place)
        self.client = client or Client(place)
        self._marker = Marker(self.client)
        self._uploads = Uploads(self.client, self._marker)
        self._downloads = Downloads(self.client, self._marker)
        self._ahead = 0.0
        """Seconds that the server's clock is ahead of ours, since the last listing."""

    def stat(self, name: str) -> Stat | None:
        found = self._look("look for the file", name)
        return None if found is None else Stat(found.size)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        self._downloads.get(name, sink, progress)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        return self._uploads.put(name, source, progress)

    def delete(self, name: str) -> None:
        with self.client.doing("remove the file", name) as connection:
            self._marker.require(connection)
            tree.remove(connection, self.client.path_of(name))

    def delete_if(self, name: str, condition: Condition) -> None:
        """See `WritesConditionally.delete_if`: a look directly before."""
        with self.client.doing("remove the file", name) as connection:
            self._marker.require(connection)
            require(self.client, connection, name, condition)
            tree.remove(connection, self.client.path_of(name))

    def move(self, source: str, target: str) -> None:
        self.move_if(source, target, None, None)

    def move_if(self, source: str, target: str, moved: Condition | None, replaced: Condition | None) -> None:
        """See `WritesConditionally.move_if`: a look at each name directly before."""
        with self.client.doing("rename the file", source) as connection:
            tree.move(self.client, connection, self._marker, source, target, (moved, replaced))

    def unconditional(self) -> str:
        """SFTP compares nothing at all (draft-ietf-secsh-filexfer-02)."""
        return "replacing, renaming or removing a file"

    def remove_folder(self, name: str) -> None:
        with self.client.doing("remove the folder", name) as connection:
            self._marker.require(connection)
            tree.remove_folder(connection, self.client.path_of(name))

    def list(self, folder: str = "") -> Iterator[Entry]:
        with self.client.doing("list the files", folder) as connection:
            self._marker.require(connection)
            yield from contents.entries(self.client, connection, folder)
            # A disk that was unmounted meanwhile looks like a folder without files.
            self._marker.require(connection)

    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        """See `ListsContents.list_contents`: one folder. A folder that is gone may have been renamed: list again."""
        with self.client.doing("list the files", cursor) as connection:
            self._marker.prove(connection)
            if not cursor:
                self._marker.require(connection)
                self._ahead = contents.clock(self.client, connection)
            below = contents.of_folder(self.client, connection, cursor, self._ahead, add)
            if below is None:
                raise Unreachable(
                    f"a folder on {self.client.address.host} was renamed or removed while it was being listed",
                    remedy="Import again.",
                    retryable=False,
                )
            return below

    def content_of(self, name: str) -> Content | None:
        found = self._look("look for the file", name)
        return None if found is None else contents.version(name, found, self._ahead)

    def remove_version(self, name: str, content: str) -> None:
        """See `RemovesVersions.remove_version`. Nothing compares at the removal itself, a moment after the look.

        Another version of the same size and second is taken for the same: SFTP tells no more.
        """
        with self.client.doing("remove the file", name) as connection:
            self._marker.require(connection)
            path = self.client.path_of(name)
            found = connection.found(connection.look(path))
            if found is None or not found.is_file:
                raise NotFound(f"the file is not on {self.client.address.host}")
            if content.removesuffix(YOUNG) not in contents.ids_of(name, found):
                raise ContentChanged(f"the file on {self.client.address.host} has changed")
            if not tree.remove(connection, path):
                raise NotFound(f"the file is not on {self.client.address.host}")

    def initialize(self) -> Initialized:
        """Make the folder, and mark it as this remote's own."""
        from git_annex_remote_pyshare.backends.sftp.initialize import initialize  # noqa: PLC0415  # once per remote

        return initialize(self.client, self._marker, self._uploads)

    def quota(self) -> Quota:
        """Of the file system of the store, which need not be what this user may use."""
        with self.client.doing("read the free space") as connection:
            space = connection.space(self.client.address.path)
        return Quota(*space) if space else Quota(None, None)

    def locate(self, name: str) -> str:
        """The object's URL, which programs such as sftp and curl can use."""
        return self.client.address.url_of(self.client.path_of(name))

    def part_limits(self, _size: int) -> "Limits | None":
        return self._parts.limits()

    def begin(self, name: str, _plan: "Plan") -> str:
        return self._parts.begin(name)

    def send(self, upload: "Upload", part: "Part", source: Source, progress: Progress) -> "Sent":
        return self._parts.send(upload, part, source, progress)

    def fingerprint(self, source: Source, part: "Part") -> str:
        from git_annex_remote_pyshare.backends.sftp.parts import fingerprint  # noqa: PLC0415  # as below

        return fingerprint(source, part)

    def sent(self, upload: "Upload", known: "Mapping[int, Sent]") -> "Mapping[int, Sent] | None":
        return self._parts.sent(upload, known)

    def finish(self, upload: "Upload", sent: "Mapping[int, Sent]", source: Source, progress: Progress) -> Receipt:
        return self._parts.finish(upload, sent, source, progress)

    def abort(self, name: str, id: str) -> None:  # noqa: A002  # as in the contract
        self._parts.abort(name, id)

    def unfinished(self) -> "Iterator[Unfinished]":
        return self._parts.unfinished()

    @cached_property
    def _parts(self) -> "Parts":
        from git_annex_remote_pyshare.backends.sftp.parts import Parts  # noqa: PLC0415  # large objects only

        return Parts(self.client, self._marker, self._uploads)

    def close(self) -> None:
        self.client.close()

    def _look(self, what: str, name: str) -> Attributes | None:
        """The attributes of a file, or None: then the store is there, and lacks it. One round trip."""
        with self.client.doing(what, name) as connection:
            self._marker.prove(connection)
            looking = connection.look(self.client.path_of(name))
            asked = self._marker.ask(connection)
            found = connection.found(looking)
            if found and found.is_file:
                return found
            self._marker.require(connection, asked)
        return None
