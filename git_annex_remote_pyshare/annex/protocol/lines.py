"""Turns any text into one line to send: git-annex would take a second line as the reply to its next request.

git-annex prints texts unchanged, so this also removes terminal control characters (`safe_text`).
"""

import re
from collections.abc import Iterator

from git_annex_remote_pyshare.errors import unexpected
from git_annex_remote_pyshare.safe_text import one_line, printable

LONGEST = 2000
"""Longest explanation, in characters; more would fill the user's screen and git-annex's JSON."""

_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Matches surrogates that do not represent a byte."""

UNEXPLAINED = "no reason was given"
"""Replaces an empty explanation, for which git-annex shows nothing."""


def explanation(text: str) -> str:
    """The text of an error as one line of at most LONGEST characters, never empty."""
    words = one_line(text)
    if len(words) > LONGEST:
        words = words[: LONGEST - 1] + "…"
    return words or UNEXPLAINED


def shown(text: object) -> str:
    """A value to show, e.g. a path, as one line: spaces stay, and line breaks become spaces."""
    return printable(str(text).replace("\r\n", " "))


def words(error: BaseException) -> str:
    """The text of an exception; empty if the exception's own `__str__` fails."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # a faulty exception must not hide the failure itself
        return ""


def described(error: BaseException) -> str:
    """An unexpected exception as one line that makes sense alone; never contains a login (`errors.unexpected`)."""
    return explanation(unexpected(error))


def traced(error: BaseException) -> Iterator[str]:
    """The lines of an unexpected exception's traceback, with its causes first and without logins."""
    from traceback import format_tb  # noqa: PLC0415  # only a bug needs it

    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.insert(0, cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    for one in chain:
        yield "Traceback (most recent call last):"
        for entry in format_tb(one.__traceback__):
            yield from entry.splitlines()
        yield from unexpected(one).splitlines()


def encoded(line: str) -> bytes:
    r"""The line in UTF-8: surrogate escapes become the bytes they represent, other surrogates become `\uXXXX`."""
    try:
        return line.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a UTF-16 pair, from some server's JSON
        # A key in the same line must not change, so only surrogates without a byte are replaced.
        return _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", line).encode("utf-8", "surrogateescape")
