"""Defines the ability to take a large object in parts (see base.py).

An upload begins, its parts are sent in any order and several at once, and then it is finished; until then readers do
not see it. The resume layer does all that: it plans the parts, keeps a journal of those that were sent, resumes the
upload in a later process, and calls each method through the layers that retry and limit. So a method here sends its
request once, raises its error, and may be called again after any failure.
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
    """The object's; empty where the server does not tell."""
    id: str
    """What `abort` wants."""
    begun: float | None = None
    """Seconds since 1970, where the server tells."""
    size: int | None = None
    """Bytes that it keeps, where the server tells."""


@runtime_checkable
class SupportsMultipart(Protocol):
    """Ability: take an object in parts, and resume an interrupted upload."""

    def part_limits(self, size: int) -> Limits | None:
        """How an object of `size` bytes may be cut; None when it is to go in one piece, by `put`.

        That is so for a small one, and where the server takes no parts. May ask the server, once. Asked again when an
        upload was lost, so a backend may have learnt better limits from a refusal.

        Raises:
            QuotaExceeded: The store takes no object of that size.
        """

    def begin(self, name: str, plan: Plan) -> str:
        """Begin an upload; the server's or our own name for it, which is the `id` of all that follows."""

    def send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        """Send one part, over what the server may have of it already; returns when the server has it.

        The result's digest is that of the bytes that were really sent, confirmed by the server if it can. `progress`
        gets the bytes of the part that are done, counted from the beginning of the part.

        Raises:
            CorruptUpload: The server got something else than was sent, so the part is sent once more.
            UploadLost: The server does not know the upload any more.
            SourceChanged: The file is not any more what it was.
        """

    def fingerprint(self, source: Source, part: Part) -> str:
        """What `Sent.digest` is when the server has these bytes of the local file; reads them, sends no request.

        Raises:
            SourceChanged: The file has not so many bytes any more.
        """

    def sent(self, upload: Upload, known: Mapping[int, Sent]) -> Mapping[int, Sent] | None:
        """What the server has of an upload, part number → part; None when it does not know the upload any more.

        Args:
            upload: Begun by this or an earlier process.
            known: What the journal says. The server takes precedence; a digest or token that it does not report is
                taken from here, and a part without either is left out.
        """

    def finish(self, upload: Upload, sent: Mapping[int, Sent], source: Source, progress: Progress) -> Receipt:
        """Make the object of its parts, in the place of one that is there; all of them are in `sent`.

        Also called for an upload that may be finished already, since a response can be lost: if the server no longer
        knows the upload, but has exactly this object, that is a success.

        Args:
            upload: Which one.
            sent: Part number → part.
            source: What was sent, to compare with and to teach (`Source.learn`).
            progress: To be told the object's size now and then while the server works; what it raises ends the wait.

        Raises:
            UploadLost: The server knows neither the upload nor the object.
        """

    def abort(self, name: str, id: str) -> None:  # noqa: A002  # what it is called in an Upload
        """Let the server delete the upload. Success if there is no such upload."""

    def unfinished(self) -> Iterator[Unfinished]:
        """The uploads into this store that the server can list, those of other clones and programs too."""
