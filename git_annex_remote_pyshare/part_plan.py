"""Plans the parts of a large object: equal parts of a size that the store accepts and that grows with the object.

Imported late: only the store of a large object needs it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from git_annex_remote_pyshare.errors import QuotaExceeded
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import in_words

_MIB = 1 << 20

_AIM = 32
"""Number of parts to aim for while their size is within `_SMALLEST` and `_LARGEST`: a network failure then costs
only a small part of the object."""

_SMALLEST = 8 * _MIB
_LARGEST = 32 * _MIB
"""Preferred sizes of a part, in bytes. Smaller parts need too many requests; larger ones gain nothing when several are
sent at once, and lose more when the connection fails."""


class Part(NamedTuple):
    """One part of an object."""

    number: int
    """The first part is 1."""
    start: int
    """Offset of the part in the object, in bytes."""
    size: int
    """Bytes."""


class Sent(NamedTuple):
    """A part that the server has. The journal keeps both fields until the upload ends, so neither is a secret."""

    digest: str
    """What the backend's `fingerprint` returns for the bytes that the server has."""
    token: str = ""
    """What else the backend needs to finish the upload, such as the server's ETag of the part."""


class Plan(NamedTuple):
    """How one object is split: each part has `part_size` bytes, and only the last may have fewer.

    An empty object has one empty part.
    """

    size: int
    """Bytes of the object."""
    part_size: int
    """Bytes."""

    @property
    def last(self) -> int:
        """Number of the last part, which is also the number of parts."""
        return max(1, -(-self.size // self.part_size))

    def part(self, number: int) -> Part:
        """The part with this number, from 1 to `last`."""
        start = (number - 1) * self.part_size
        return Part(number, start, min(self.part_size, self.size - start))

    def parts(self) -> Iterator[Part]:
        """All parts in order."""
        return map(self.part, range(1, self.last + 1))


class Limits(NamedTuple):
    """What parts a store accepts."""

    smallest: int
    """Smallest size of a part in bytes; the last part may be smaller."""
    largest: int
    """Largest size of a part in bytes."""
    most: int
    """Most parts that an object may have."""
    step: int = _MIB
    """The size of each part except the last must be a multiple of this many bytes."""
    last_alone: bool = False
    """Whether the last part may be sent only after the store has all others."""


class Upload(NamedTuple):
    """A multipart upload that was started on the server."""

    name: str
    """Name of the object."""
    id: str
    """Identifier of the upload, from the server or the backend."""
    plan: Plan


def plan(size: int, limits: Limits, wanted: int = 0, remote: str = "") -> Plan:
    """Split an object of `size` bytes into parts.

    Args:
        size: Size of the object in bytes.
        limits: What the store accepts.
        wanted: Size of a part in bytes, if the limits allow it; 0 to let pyshare choose.
        remote: Name of the remote in this clone, for the command in the error.

    Raises:
        QuotaExceeded: The object is too large for the store, even in the largest parts.
    """
    largest = limits.largest // limits.step * limits.step
    if size > largest * limits.most:
        raise QuotaExceeded(
            f"the file has {in_words(size)}, and the store takes at most {in_words(largest * limits.most)}",
            remedy=f"Let git-annex send smaller pieces: git annex enableremote {command(remote or 'NAME')} chunk=1GiB",
        )
    good = min(max(size // _AIM, _SMALLEST), _LARGEST)
    needed = max(min(wanted or good, largest), limits.smallest, -(-size // limits.most))
    return Plan(size, -(-needed // limits.step) * limits.step)


def is_within(plan: Plan, limits: Limits) -> bool:
    """Whether a plan, perhaps from an earlier process, meets these limits."""
    fits = limits.smallest <= plan.part_size <= limits.largest and plan.part_size % limits.step == 0
    return fits and plan.last <= limits.most
