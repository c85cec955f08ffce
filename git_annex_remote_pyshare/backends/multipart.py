"""Defines the ability to store a large object in parts (see base.py).

An upload begins, its parts are sent in any order and several at once, and then it is finished; readers do not see it
before that. The resume layer plans the parts, keeps a journal of those that were sent, resumes the upload in a later
process, and calls each method through the layers that retry and limit requests. So each method here sends its request
once, raises any error, and may be called again after any failure.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload
from git_annex_remote_pyshare.transfer import Progress, Source

__all__ = ["SupportsMultipart", "Unfinished"]


class Unfinished(NamedTuple):
    """An upload on the server that was never finished."""

    name: str
    """Name of the object; empty if the server does not report it."""
    id: str
    """Identifier of the upload, for `abort`."""
    begun: float | None = None
    """Start of the upload in seconds since 1970; None if the server does not report it."""
    size: int | None = None
    """Bytes that the server keeps for it; None if the server does not report it."""


@runtime_checkable
class SupportsMultipart(Protocol):
    """Ability: store an object in parts, and resume an interrupted upload."""

    def part_limits(self, size: int) -> Limits | None:
        """How to split an object of `size` bytes; None to store it in one piece with `put`.

        Return None for a small object, or if the server does not support parts. May send one request. Called again
        after an upload is lost, so a backend can return better limits after a refusal.

        Raises:
            QuotaExceeded: The store does not accept an object of that size.
        """

    def begin(self, name: str, plan: Plan) -> str:
        """Begin an upload, and return its `id` for the other methods, from the server or the backend."""

    def send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        """Send one part, replacing what the server may already have of it; return when the server has it.

        The digest in the result is that of the bytes that were sent, confirmed by the server if possible. `progress` is
        called with the number of bytes done, counted from the start of the part.

        Raises:
            CorruptUpload: The server received other data than was sent, so the part is sent once more.
            UploadLost: The server no longer has the upload.
            SourceChanged: The file has changed.
        """

    def fingerprint(self, source: Source, part: Part) -> str:
        """The `Sent.digest` of these bytes of the local file; reads them, and sends no request.

        Raises:
            SourceChanged: The file is now too short.
        """

    def sent(self, upload: Upload, known: Mapping[int, Sent]) -> Mapping[int, Sent] | None:
        """The parts of an upload that the server has, part number → part; None if it no longer has the upload.

        Args:
            upload: Begun by this or an earlier process.
            known: The parts in the journal. The server takes precedence; a digest or token that it does not report is
                taken from here, and a part without either is left out.
        """

    def finish(self, upload: Upload, sent: Mapping[int, Sent], source: Source, progress: Progress) -> Receipt:
        """Create the object from its parts, all in `sent`, and replace an existing one.

        Also called for an upload that may already be finished, since a response can be lost: if the server no longer
        has the upload, but has exactly this object, that is a success.

        Args:
            upload: The upload to finish.
            sent: Part number → part.
            source: The local file, to compare with and to add digests to (`Source.learn`).
            progress: Called regularly with the size of the object while the server works; an exception from it ends the
                wait.

        Raises:
            UploadLost: The server has neither the upload nor the object.
        """

    def abort(self, name: str, id: str) -> None:  # noqa: A002  # the name in Upload
        """Delete the upload from the server; succeeds if there is no such upload."""

    def unfinished(self) -> Iterator[Unfinished]:
        """All unfinished uploads to this store that the server can list, also those of other clones or programs."""
