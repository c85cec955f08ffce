"""The contract of stores that take a large object in parts: an ability (see base.py), which only large objects need.

An upload in parts begins, its parts are sent in any order and several at once, and then it is finished; until then
readers see nothing of it. The resume layer does all that: it cuts, keeps what was sent in a journal, goes on with it
in a later process, and calls each method through the layers that retry and limit. So a method here does its request
once, raises what came of it, and may be called again after any failure.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload
from git_annex_remote_pyshare.transfer import Progress, Source

__all__ = ["SupportsMultipart", "Unfinished"]


class Unfinished(NamedTuple):
    """An upload that the server keeps although nobody has finished it."""

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
    """Ability: take an object in parts, and go on with an upload that was cut."""

    def part_limits(self, size: int) -> Limits | None:
        """How an object of `size` bytes may be cut; None when it is to go in one piece, by `put`.

        That is so for a small one, and where the server takes no parts. May ask the server, once. Asked again when an
        upload was lost, so a backend may have learnt better limits from a refusal.

        Raises:
            Full: The store takes no object of that size.
        """

    def begin(self, name: str, plan: Plan) -> str:
        """Begin an upload; the server's or our own name for it, which is the `id` of all that follows."""

    def send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        """Send one part, over what the server may have of it already; returns when the server has it.

        The result's digest is that of the bytes that were really sent, and that the server has confirmed as far as
        it can. `progress` is told how many bytes of the part are done, counted from the part's own beginning.

        Raises:
            Damaged: The server got something else than was sent, so the part goes out once more.
            UploadLost: The server does not know the upload any more.
            SourceChanged: The file is not any more what it was.
        """

    def fingerprint(self, source: Source, part: Part) -> str:
        """What `Sent.digest` is when the server has these bytes of the local file; reads them, asks nobody.

        Raises:
            SourceChanged: The file has not so many bytes any more.
        """

    def sent(self, upload: Upload, known: Mapping[int, Sent]) -> Mapping[int, Sent] | None:
        """What the server has of an upload, part number → part; None when it does not know the upload any more.

        Args:
            upload: Begun by this or an earlier process.
            known: What the journal says. The server's word counts more; where it does not tell digest or token of a
                part that it has, they are from here, and a part of which neither tells is left out.
        """

    def finish(self, upload: Upload, sent: Mapping[int, Sent], source: Source, progress: Progress) -> Receipt:
        """Make the object of its parts, in the place of one that is there; all of them are in `sent`.

        Also called for an upload that may be finished already, since an answer can be lost: when the server does not
        know it any more, but has the very object, that is a success.

        Args:
            upload: Which one.
            sent: Part number → part.
            source: What was sent, to compare with and to teach (`Source.learn`).
            progress: To be told the object's size now and then while the server works; what it raises ends the wait.

        Raises:
            UploadLost: The server knows neither the upload nor the object.
        """

    def abort(self, name: str, id: str) -> None:  # noqa: A002  # what it is called in an Upload
        """Have the server throw away what it got. Success when there is no such upload."""

    def unfinished(self) -> Iterator[Unfinished]:
        """The uploads into this store that the server can list, those of other clones and programs too."""
