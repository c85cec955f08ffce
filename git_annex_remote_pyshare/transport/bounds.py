"""Limits what a server can send: numbers, times, and listings."""

from git_annex_remote_pyshare.errors import NotAStore

_DIGITS = 19
"""Digits of the largest number of bytes: 2^63 - 1."""

MOST = 5_000_000
"""Most objects of one listing."""

_SPARE = 100_000
"""Requests that a listing may take without an object."""

_EACH = 10
"""Further requests for each object: layouts of other programs have three folders for each."""

DEEPEST = 64
"""Deepest nesting of folders; no layout has more than five."""


def number(text: str | None) -> int | None:
    """The number in a server's text, if it is one: ASCII digits, and not too many of them.

    `str.isdigit` is true for "²" as well, and `int` refuses that, and thousands of digits.
    """
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS else None


def moment(date: str | None) -> float | None:
    """Seconds since 1970 of an HTTP date (RFC 9110 §5.6.7), if it is one."""
    if not date:
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  # few responses need it

    try:
        return parsedate_to_datetime(date.strip()).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


class Listing:
    """Counts the requests and results of a listing, so that it ends whatever the server sends.

    Args:
        doing: The start of the error text: "cannot list the store on https://…".
        most: How many things the server may name.
    """

    def __init__(self, doing: str, most: int = MOST) -> None:
        self._doing = doing
        self._most = most
        self._named = 0
        self._objects = 0
        self._requests = 0

    def count_name(self) -> None:
        """Count one thing that the server names: an object, a folder, or a foreign file.

        Raises:
            NotAStore: There are too many.
        """
        self._named += 1
        if self._named > self._most:
            raise self._endless(f"the server names more than {self._most} things")

    def count_object(self) -> None:
        """Count one object among them."""
        self._objects += 1

    def count_request(self, depth: int = 0) -> None:
        """Count one request for a page or a folder, also one that is only planned.

        Args:
            depth: Number of folders above that one.

        Raises:
            NotAStore: There are too many requests for the objects that they listed, or folders are nested too deep.
        """
        self._requests += 1
        if depth > DEEPEST:
            raise self._endless(f"its folders are nested more than {DEEPEST} deep")
        if self._requests > _SPARE + _EACH * self._objects:
            raise self._endless(f"{self._requests} responses contained only {self._objects} objects")

    def _endless(self, why: str) -> NotAStore:
        return NotAStore(
            f"{self._doing}: {why}", remedy="Check single files instead: pyshare verify NAME FILE, or git annex fsck."
        )
