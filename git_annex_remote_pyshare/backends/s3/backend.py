"""The S3 backend: its operations and abilities, each implemented by a module beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from git_annex_remote_pyshare.backends.base import (
    NO_TERMS,
    Backend,
    Content,
    Entry,
    Initialized,
    Readiness,
    Receipt,
    Share,
    Stat,
    StoreConfig,
    Terms,
)
from git_annex_remote_pyshare.backends.multipart import Unfinished
from git_annex_remote_pyshare.backends.recent import Recent
from git_annex_remote_pyshare.backends.s3 import policy
from git_annex_remote_pyshare.backends.s3.archive import Archive
from git_annex_remote_pyshare.backends.s3.bucket import Bucket
from git_annex_remote_pyshare.backends.s3.checksums import fingerprint
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.conditions import REMOVING, Conditions, headers_of
from git_annex_remote_pyshare.backends.s3.download import Downloads
from git_annex_remote_pyshare.backends.s3.listing import MARKER, contents, entries
from git_annex_remote_pyshare.backends.s3.moving import Moves
from git_annex_remote_pyshare.backends.s3.multipart_listing import uploads
from git_annex_remote_pyshare.backends.s3.multipart_uploads import Parts
from git_annex_remote_pyshare.backends.s3.upload import Uploads
from git_annex_remote_pyshare.backends.s3.url import address_of, quoted_key
from git_annex_remote_pyshare.errors import BadSetting, ContentChanged, NotFound
from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload
from git_annex_remote_pyshare.transfer import ByteRange, Condition, Progress, Sink, Source
from git_annex_remote_pyshare.transport.content_range import is_strong
from git_annex_remote_pyshare.transport.preconnect import Preconnector

_CHANGED, _CONFLICT = 412, 409
_REFUSED = (400, _CONFLICT, _CHANGED, 501)
"""Statuses of a conditional removal: bad or unknown header, two removals at once, another version."""


class S3Backend(Backend):
    """A bucket, or a folder in one.

    Abilities: CanInitialize, HasNotices, ListsContents, Moves, Opens, Publishes, ReadsRanges, Restores, Shares,
    SupportsMultipart, WritesConditionally. All jobs share the connections and what the client has learned about the
    server.

    Args:
        place: Its settings give the bucket and the server.
        preconnector: Holds connections that were opened before the first request.

    Raises:
        BadSetting: A setting, or an option in the clone's git config, is invalid.
    """

    def __init__(self, place: StoreConfig, preconnector: Preconnector | None = None) -> None:
        super().__init__(place)
        self._address = address_of(place.settings)
        self.client = Client(place, self._address, preconnector)
        self._notices: list[str] = []
        self._bucket = Bucket(place, self.client)
        self._archive = Archive(self.client, place.clone)
        self._conditions = Conditions(self.client)
        self._parts = Parts(place, self.client, self._bucket, self._notices, self._conditions)
        self._keeps_versions = False
        self._recent = Recent()
        self._downloads = Downloads(self.client, self._archive, self._recent)
        self._uploads = Uploads(place, self.client, self._bucket, self._conditions)
        self._moves = Moves(place, self.client, self._conditions)

    def stat(self, name: str) -> Stat | None:
        return self._downloads.stat(name)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        self._downloads.get(name, sink, progress)

    def is_exact(self, version: str) -> bool:
        """Whether it is an ETag; each version has its own."""
        return is_strong(version)

    def read_range(self, name: str, part: ByteRange, progress: Progress) -> bytearray:
        """See `ReadsRanges.read_range`."""
        return self._downloads.read_range(name, part, progress)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        receipt = self._uploads.put(name, source, progress)
        self._recent.stored(name)
        return receipt

    def delete(self, name: str) -> None:
        """See `Backend.delete`. In a versioned bucket the object is only hidden, which counts as removed."""
        self._delete(name, {})

    def delete_if(self, name: str, condition: Condition) -> None:
        """See `WritesConditionally.delete_if`."""
        self._conditions.send(REMOVING, headers_of(condition), lambda headers: self._delete(name, headers))

    def unconditional(self) -> str:
        return self._conditions.unconditional()

    def _delete(self, name: str, headers: Mapping[str, str]) -> None:
        self._recent.removed(name)
        request = Request("DELETE", self.client.address.path_of(name), "remove the file", headers=headers)
        with suppress(NotFound), self.client.send(request) as response:
            if response.headers.get("x-amz-delete-marker") == "true" and not self._keeps_versions:
                self._keeps_versions = True
                self._notices.append(
                    f"{self.client.address.shown} keeps old versions: a removed file is only hidden, and takes space"
                    " until a lifecycle rule of the bucket removes its noncurrent versions"
                )

    def move(self, source: str, target: str) -> None:
        """See `Moves.move`: a copy at the server, and a removal."""
        self.move_if(source, target, None, None)

    def move_if(self, source: str, target: str, moved: Condition | None, replaced: Condition | None) -> None:
        """See `WritesConditionally.move_if`."""
        self._moves.move(source, target, moved, replaced)
        self._recent.removed(source)
        self._recent.stored(target)

    def list(self, folder: str = "") -> Iterator[Entry]:
        return entries(self.client, folder, marker="" if self.place.is_tree else MARKER)

    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        """See `ListsContents.list_contents`: one page."""
        return contents(self.client, cursor, add, marker="" if self.place.is_tree else MARKER)

    def content_of(self, name: str) -> Content | None:
        return self._downloads.content_of(name)

    def remove_version(self, name: str, content: str) -> None:
        """See `RemovesVersions.remove_version`: HEAD, and DELETE with If-Match, which few servers know."""
        path = self.client.address.path_of(name)
        found = self.content_of(name)
        if found is None:
            raise NotFound(f"{self.client.address.shown} has no such file")
        if found.id != content:
            raise ContentChanged(f"a file in {self.client.address.shown} has changed")
        headers = {"If-Match": f'"{content.partition("-")[2]}"'}
        request = Request("DELETE", path, "remove the file", headers=headers, expected_statuses=_REFUSED)
        with self.client.send(request) as response:
            status = response.status
        if status in {_CHANGED, _CONFLICT}:
            raise ContentChanged(f"a file in {self.client.address.shown} has changed")
        if status in _REFUSED:  # the server knows no conditions for a removal
            self.delete(name)
        self._recent.removed(name)

    def close(self) -> None:
        self.client.close()

    def initialize(self) -> Initialized:
        """Create the bucket, and mark the store as this remote's, as git-annex's own S3 remote does."""
        return self._bucket.initialize()

    def is_publishing(self) -> bool:
        """Whether the settings give a public URL."""
        return bool(self._address.published)

    def publish(self, name: str) -> str:
        """The object's permanent URL."""
        return self._address.public_url(name)

    def has_published(self, name: str, url: str) -> bool:
        """Whether it is the object's URL now, or was one with earlier settings."""
        if url and url == self._address.public_url(name):
            return True
        host, _, path = url.partition("://")[2].partition("/")
        bucket, key = quoted_key(self._address.bucket.encode()), quoted_key(self._address.key_of(name))
        # A copy on another server may be in a bucket of the same or a similar name; its URL is not ours.
        is_here = host.endswith(self._address.server.partition or self._address.server.host)
        return is_here and (path == f"{bucket}/{key}" or (path == key and host.startswith(f"{bucket}.")))

    def share(self, terms: Terms = NO_TERMS) -> Share | None:
        """The url= for other users, if the settings say that the bucket is public; otherwise None.

        Raises:
            BadSetting: Terms are given, but a bucket has no links.
        """
        if any(terms):
            raise BadSetting(
                f"{self._address.shown} has no links that could expire or have a password",
                remedy="Leave --expires and --password out.",
            )
        settings = self.place.settings
        return Share(self.place.url) if settings["public"] == "yes" or settings["publicurl"] else None

    def revoke(self) -> Sequence[str]:
        """Raise BadSetting: a bucket has no links."""
        raise BadSetting(
            f"{self._address.shown} has no links that could be revoked",
            remedy="If the bucket is public, add --public to close it.",
        )

    def open_to_all(self) -> Mapping[str, str]:
        """Allow anyone to read the store, by the bucket's policy."""
        policy.open_to_all(self.client)
        return {"public": "yes"}

    def close_to_all(self) -> Mapping[str, str]:
        """Remove that permission from the bucket's policy."""
        policy.close_to_all(self.client)
        return {"public": "no"}

    def readiness(self, name: str) -> Readiness:
        """Whether the object is archived, being restored or ready."""
        return self._archive.readiness(name)

    def restore(self, name: str) -> Readiness:
        """Request a restore of the object from its archive."""
        return self._archive.restore(name)

    def notice(self) -> str:
        """A notice for the user, each once; for example that a removed object is only hidden."""
        return self._notices.pop() if self._notices else ""

    def part_limits(self, size: int) -> Limits | None:
        return self._parts.limits(size)

    def begin(self, name: str, _plan: Plan) -> str:
        return self._parts.begin(name)

    def send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        return self._parts.send(upload, part, source, progress)

    def fingerprint(self, source: Source, part: Part) -> str:
        return fingerprint(source, part)

    def sent(self, upload: Upload, known: Mapping[int, Sent]) -> Mapping[int, Sent] | None:
        return self._parts.sent(upload, known)

    def finish(self, upload: Upload, sent: Mapping[int, Sent], source: Source, progress: Progress) -> Receipt:
        receipt = self._parts.finish(upload, sent, source, progress)
        self._recent.stored(upload.name)
        return receipt

    def abort(self, name: str, id: str) -> None:  # noqa: A002  # as in the contract
        self._parts.abort(name, id)

    def unfinished(self) -> Iterator[Unfinished]:
        return uploads(self.client)
