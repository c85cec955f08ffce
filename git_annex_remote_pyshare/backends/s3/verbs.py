"""The contract's verbs as requests, and what they share: the connections, and all that was learned of the server."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from git_annex_remote_pyshare.backends.base import Entry, Receipt, Stat, StoreConfig
from git_annex_remote_pyshare.backends.multipart import Unfinished
from git_annex_remote_pyshare.backends.recent import Recent
from git_annex_remote_pyshare.backends.s3 import policy
from git_annex_remote_pyshare.backends.s3.archive import Archive
from git_annex_remote_pyshare.backends.s3.bucket import Bucket
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.download import Downloads
from git_annex_remote_pyshare.backends.s3.listing import entries
from git_annex_remote_pyshare.backends.s3.multipart_uploads import Parts
from git_annex_remote_pyshare.backends.s3.unfinished import uploads
from git_annex_remote_pyshare.backends.s3.upload import Uploads
from git_annex_remote_pyshare.backends.s3.url import Address
from git_annex_remote_pyshare.errors import NotFound
from git_annex_remote_pyshare.part_plan import Sent, Upload
from git_annex_remote_pyshare.transfer import Progress, Sink, Source
from git_annex_remote_pyshare.transport.preconnect import Preconnector


class Verbs:
    """One store from its first request on.

    Args:
        place: Where the store is.
        address: The same, understood.
        ahead: Has the connections that were opened while nobody could send.
    """

    def __init__(self, place: StoreConfig, address: Address, ahead: Preconnector) -> None:
        self.client = Client(place, address, ahead)
        self.bucket = Bucket(place, self.client)
        self.archive = Archive(self.client, place.clone)
        self.remarks: list[str] = []
        """What the user has not been told yet."""
        self.parts = Parts(place, self.client, self.bucket, self.remarks)
        self._keeps_versions = False
        self._recent = Recent()
        self._downloads = Downloads(self.client, self.archive, self._recent)
        self._uploads = Uploads(place, self.client, self.bucket)

    def stat(self, name: str) -> Stat | None:
        """See `Backend.stat`."""
        return self._downloads.stat(name)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        """See `Backend.get`."""
        self._downloads.retrieve(name, sink, progress)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        """See `Backend.put`."""
        receipt = self._uploads.store(name, source, progress)
        self._recent.stored(name)
        return receipt

    def finish(self, upload: Upload, sent: Mapping[int, Sent], source: Source, progress: Progress) -> Receipt:
        """See `SupportsMultipart.finish`."""
        receipt = self.parts.finish(upload, sent, source, progress)
        self._recent.stored(upload.name)
        return receipt

    def unfinished(self) -> Iterator[Unfinished]:
        """See `SupportsMultipart.unfinished`."""
        return uploads(self.client)

    def delete(self, name: str) -> None:
        """See `Backend.delete`. In a bucket that keeps versions it hides the object, which then counts as removed."""
        self._recent.removed(name)
        request = Request("DELETE", self.client.address.path_of(name), "remove the file")
        with suppress(NotFound), self.client.ask(request) as answer:
            if answer.headers.get("x-amz-delete-marker") == "true" and not self._keeps_versions:
                self._keeps_versions = True
                self.remarks.append(
                    f"{self.client.address.shown} keeps old versions: a removed file is only hidden, and takes space"
                    " until a rule of the bucket ends its noncurrent versions"
                )

    def open_to_all(self) -> None:
        """See `Opens.open_to_all`."""
        policy.open_to_all(self.client)

    def close_to_all(self) -> None:
        """See `Opens.close_to_all`."""
        policy.close_to_all(self.client)

    def list(self, folder: str) -> Iterator[Entry]:
        """See `Backend.list`."""
        return entries(self.client, folder)

    def close(self) -> None:
        """Close all idle connections."""
        self.client.close()
