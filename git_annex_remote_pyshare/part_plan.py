"""Plans the parts of a large object: equal ones, of a size that the store accepts and that grows with the object.

Imported late: only the store of a large object needs it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from git_annex_remote_pyshare.errors import QuotaExceeded
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import in_words

_MIB = 1 << 20

_AIM = 32
"""Parts that an object is cut into while their size may be chosen freely: so a network failure costs little of it."""

_SMALLEST = 8 * _MIB
_LARGEST = 32 * _MIB
"""Bytes between which the size of a part is chosen freely. Smaller ones cost too many requests; larger ones gain
nothing when several go out at once, and lose more when the line breaks."""


class Part(NamedTuple):
    """One part of an object."""

    number: int
    """Parts count from 1."""
    start: int
    """Where in the object it begins, in bytes."""
    size: int
    """Bytes."""


class Sent(NamedTuple):
    """A part that the server has. Both are kept in a file until the object is whole, so they hold no secret."""

    digest: str
    """What the backend's `fingerprint` gives for the bytes that the server has."""
    token: str = ""
    """What else the backend wants to have of the part when it finishes the upload, such as the server's ETag."""


class Plan(NamedTuple):
    """How one object is cut: all parts have `part_size` bytes, but the last one may have fewer.

    An empty object is one empty part.
    """

    size: int
    """Bytes of the object."""
    part_size: int
    """Bytes."""

    @property
    def last(self) -> int:
        """Number of the last part, which is how many there are."""
        return max(1, -(-self.size // self.part_size))

    def part(self, number: int) -> Part:
        """One of them, from 1 to `last`."""
        start = (number - 1) * self.part_size
        return Part(number, start, min(self.part_size, self.size - start))

    def parts(self) -> Iterator[Part]:
        """All of them in order."""
        return map(self.part, range(1, self.last + 1))


class Limits(NamedTuple):
    """What a store takes."""

    smallest: int
    """Bytes that every part must have but the last."""
    largest: int
    """Bytes that a part may have."""
    most: int
    """Parts that an object may have."""
    step: int = _MIB
    """All parts but the last have a multiple of so many bytes."""
    last_alone: bool = False
    """Whether the last part may come only when the store has all others."""


class Upload(NamedTuple):
    """An upload that has begun on the server."""

    name: str
    """The object's."""
    id: str
    """The server's or the backend's name for the upload."""
    plan: Plan


def plan(size: int, limits: Limits, wanted: int = 0, remote: str = "") -> Plan:
    """Cut an object of `size` bytes.

    Args:
        size: Bytes.
        limits: What the store takes.
        wanted: Bytes that a part should have where the limits allow it; 0 for a good choice.
        remote: The remote's name in this clone, for the command in the error.

    Raises:
        QuotaExceeded: The store does not take so much, even in its largest parts.
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
    """Whether a store with these limits takes an object that is cut so, as an earlier process may have cut it."""
    fits = limits.smallest <= plan.part_size <= limits.largest and plan.part_size % limits.step == 0
    return fits and plan.last <= limits.most
