"""Creates the bucket if it does not exist, and marks the store as that of one git-annex remote."""

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from threading import Lock
from typing import TypeVar

from git_annex_remote_pyshare.backends import ownership
from git_annex_remote_pyshare.backends.base import Initialized, StoreConfig
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.errors import Forbidden, NoSuchBucket
from git_annex_remote_pyshare.backends.s3.listing import MARKER
from git_annex_remote_pyshare.backends.s3.policy import policy_note
from git_annex_remote_pyshare.backends.s3.response import error_details
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import NotFound, PermissionDenied, PyshareError
from git_annex_remote_pyshare.transport.exchange import EXCERPT

_DEFAULT_REGION = "us-east-1"
"""The only region that a request must not name (API Reference, "CreateBucket", LocationConstraint)."""

_CONFLICT = 409
_MAX_MARKER_BYTES = 1024

Done = TypeVar("Done")


class Bucket:
    """The bucket of one store.

    Args:
        place: Says whether the user has accepted the settings; only then a bucket is created.
        client: Sends the requests.
    """

    def __init__(self, place: StoreConfig, client: Client) -> None:
        self._place = place
        self._client = client
        self._lock = Lock()
        self._is_created = False
        self._is_unmarked = False
        """Whether this process has created the bucket but not yet marked it."""

    def with_bucket(self, attempt: Callable[[], Done]) -> Done:
        """Call `attempt`; if it finds no bucket, create and mark the bucket, and call it again.

        The bucket is created once for all jobs, and only if the user has accepted the settings.
        """
        self._mark_if_new()
        try:
            return attempt()
        except NoSuchBucket:
            if not self._place.trusted():
                raise
        self._create_once()
        self._mark_if_new()
        return attempt()

    def initialize(self) -> Initialized:
        """See `CanInitialize.initialize`."""
        notes = self._notes()
        configured = self._client.address.server.region
        failure = None
        try:
            notes = (*self._claim(), *notes)
        except PyshareError as error:
            if not error.retryable:
                raise
            failure, notes = error, (ownership.unchecked(self._client.address.server.host, error), *notes)
        region = self._client.address.region
        found = {"region": region} if self._client.is_region_known and region != configured else {}
        return Initialized(found, notes, failure=failure)

    def _notes(self) -> tuple[str, ...]:
        """Notes on settings that do less than their names suggest."""
        settings, notes = self._place.settings, []
        if settings["public"] == "yes":
            notes.append(policy_note(self._client.address))
        if settings["versioning"] == "yes":
            notes.append(
                "versioning=yes changes nothing: the bucket decides whether it keeps versions, and of each object"
                " only the newest one counts"
            )
        return tuple(notes)

    def _create_once(self) -> None:
        with self._lock:
            if not self._is_created:
                self._create_bucket()
                self._is_created = True
                self._is_unmarked = not self._place.is_tree

    def _mark_if_new(self) -> None:
        with self._lock:
            if self._is_unmarked:
                with suppress(PermissionDenied):  # the bucket exists, and accepts objects
                    self._mark()
                self._is_unmarked = False

    @property
    def _uuid(self) -> str:
        """The remote's UUID: during `initialize` from git-annex, later from git config."""
        return self._place.uuid or self._place.clone.remote_uuid

    @property
    def _is_public(self) -> bool:
        """Whether the settings allow anyone to read, so that only storing needs a login."""
        settings = self._place.settings
        return settings["public"] == "yes" or settings["signature"] == "anonymous" or bool(settings["publicurl"])

    def _claim(self) -> tuple[str, ...]:
        """Mark the store as this remote's, and create the bucket if needed; returns notes for the user."""
        if self._client.login.for_request(writing=True) is None:
            return () if self._is_public else (ownership.without_login(self._place),)
        try:
            return self._find() if self._place.is_tree else self._mark()
        except NoSuchBucket:
            self._create_bucket()
        address = self._client.address
        if not self._place.is_tree:
            self._write_marker()
        where = f"region {address.region}" if address.is_amazon else address.server.origin
        return (f"made bucket {address.bucket} in {where}",)

    def _find(self) -> tuple[str, ...]:
        """Find the bucket of a tree, which has no marker: people read it; returns notes for the user."""
        request = Request("HEAD", self._client.address.bucket_path, "find the bucket")
        try:
            with self._client.send(request):
                pass
        except NotFound as error:
            raise NoSuchBucket(error.what) from error
        except Forbidden:  # the right s3:ListBucket, which storing does not need
            pass
        return ()

    def _mark(self) -> tuple[str, ...]:
        try:
            owner = self._read_marker()
        except NotFound:
            self._write_marker()
            return ()
        except Forbidden:
            return (
                (
                    f"{self._client.address.shown} cannot be marked as this remote's place:"
                    " this login has no right to read there"
                ),
            )
        if owner == self._uuid or not self._uuid:
            return ()
        shown = self._client.address.shown
        if not self._place.clone.get(options.TAKE_OVER):
            raise ownership.belongs_to(self._place, shown, owner)
        self._write_marker()
        return (ownership.taken_over(shown, owner),)

    def _read_marker(self) -> str:
        path = self._client.address.path_of(MARKER)
        with self._client.send(Request("GET", path, "read which remote owns the store")) as response:
            return response.read(_MAX_MARKER_BYTES).decode("utf-8", "replace").strip()

    def _write_marker(self) -> None:
        if not self._uuid:
            return
        body = self._uuid.encode()
        request = Request(
            "PUT",
            self._client.address.path_of(MARKER),
            "mark the store as this remote's",
            headers={"Content-Type": "text/plain"},
            body=body,
            payload=sha256(body).hexdigest(),
        )
        with self._client.send(request):
            pass

    def _create_bucket(self) -> None:
        address = self._client.address
        body = b""
        if address.is_amazon and address.region != _DEFAULT_REGION:
            body = (
                '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<LocationConstraint>{address.region}</LocationConstraint></CreateBucketConfiguration>"
            ).encode()
        request = Request(
            "PUT",
            address.bucket_path,
            f"make the bucket {address.bucket}",
            body=body,
            payload=sha256(body).hexdigest(),
            expected_statuses=(_CONFLICT,),
        )
        with self._client.send(request) as response:
            words = response.read(EXCERPT)
            if (
                response.status == _CONFLICT
                and error_details(response.headers, words).code != "BucketAlreadyOwnedByYou"
            ):
                raise self._client.failure(request, response, words)
