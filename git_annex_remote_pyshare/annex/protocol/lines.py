"""Makes one line of any text that is sent: git-annex would take a second line for the reply to its next request.

git-annex prints texts unchanged, so terminal control characters are removed as well (`safe_text`).
"""

import re
from collections.abc import Iterator

from git_annex_remote_pyshare.errors import unexpected
from git_annex_remote_pyshare.safe_text import one_line, printable

LONGEST = 2000
"""Characters of an explanation; more would fill the user's screen and git-annex's JSON."""

_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Surrogates that stand for no byte."""

UNEXPLAINED = "no reason was given"
"""git-annex shows an empty explanation as nothing at all."""


def explanation(text: str) -> str:
    """An error's words: one line, of bounded length, never empty."""
    words = one_line(text)
    if len(words) > LONGEST:
        words = words[: LONGEST - 1] + "…"
    return words or UNEXPLAINED


def shown(text: object) -> str:
    """A value to be shown, e.g. a path: its spaces are kept, and line breaks become spaces."""
    return printable(str(text).replace("\r\n", " "))


def words(error: BaseException) -> str:
    """What an exception says, even if it fails at saying it."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # it must not hide the failure that it stands for
        return ""


def described(error: BaseException) -> str:
    """What an unexpected exception says, for a reader who has only this line; never a login (`errors.unexpected`)."""
    return explanation(unexpected(error))


def traced(error: BaseException) -> Iterator[str]:
    """Where an unexpected exception came from, line by line, with its causes first and no login in it."""
    from traceback import format_tb  # noqa: PLC0415  # only a mistake of ours needs it

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
    """The line's bytes: surrogate escapes become the bytes they stand for, other surrogates an escape sequence."""
    try:
        return line.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a UTF-16 pair, from some server's JSON
        # A key in the same line must stay as it is, so only what has no bytes is replaced.
        return _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", line).encode("utf-8", "surrogateescape")
