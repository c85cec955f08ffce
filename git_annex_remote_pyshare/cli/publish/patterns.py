"""Matches the names of files with globs, by the rules of a .gitignore file (git documentation, "gitignore")."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from git_annex_remote_pyshare.safe_text import printable

_SPECIAL = frozenset("*?[]\\")


class Patterns:
    """Globs of files to leave out.

    A glob without `/` matches a file or folder of that name anywhere; one with `/` at its beginning or inside matches
    from the top. `*`, `?` and `[…]` do not match `/`, `**` matches any number of folders, and a `/` at the end matches
    only folders. A folder that matches is left out with all that is in it. Letters match in their own case only.
    Unlike in a .gitignore file, `!` and `#` at the beginning mean themselves.

    Args:
        globs: The globs; an empty one matches nothing.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        self.globs = tuple(filter(None, globs))

    def excludes(self, path: str) -> bool:
        """Whether the file at this path, or a folder that it is in, matches."""
        return bool(self.globs) and self._expression.match(path) is not None

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{_expression(glob)})" for glob in self.globs), re.DOTALL)


def literal(path: str) -> str:
    """A glob for this path, which can be typed: in place of a character that cannot be seen it takes any other one."""
    return "/" + "".join(map(_literal, path))


def _literal(character: str) -> str:
    if printable(character) != character:
        return "?"
    return f"\\{character}" if character in _SPECIAL else character


def _expression(glob: str) -> str:
    """A regular expression that matches the beginning of each path that the glob excludes."""
    body = glob.rstrip("/")
    is_anchored = "/" in body
    end = "(?=/)" if glob.endswith("/") else r"(?=/|\Z)"
    segments = body.removeprefix("/").split("/")
    return ("" if is_anchored else "(?:.*/)?") + "".join(_segments(segments)) + end


def _segments(segments: list[str]) -> Iterator[str]:
    for number, segment in enumerate(segments):
        is_last = number == len(segments) - 1
        if segment != "**":
            yield "".join(_characters(segment)) + ("" if is_last else "/")
        else:
            yield ".+" if is_last else "(?:.*/)?"


def _characters(segment: str) -> Iterator[str]:
    """Each part of a segment as a regular expression."""
    position = 0
    while position < len(segment):
        character = segment[position]
        found = _SET.match(segment, position)
        if found:
            yield _set(found)
            position = found.end()
            continue
        position += 1
        if character == "*":
            yield "[^/]*"
        elif character == "?":
            yield "[^/]"
        elif character == "\\" and position < len(segment):
            yield re.escape(segment[position])
            position += 1
        else:
            yield re.escape(character)


_SET = re.compile(r"\[([!^]?)((?:\]|\\.|[^\]\\])(?:\\.|[^\]\\])*)\]", re.DOTALL)
"""A `]` that comes first is a member."""

_MEMBER = re.compile(r"\\?(.)", re.DOTALL)


def _set(found: re.Match[str]) -> str:
    """A set of characters; one that Python cannot read, such as `[z-a]`, matches nothing, as in git."""
    members = "".join("-" if member[0] == "-" else re.escape(member[1]) for member in _MEMBER.finditer(found[2]))
    expression = f"(?!/)[{'^' if found[1] else ''}{members}]"
    try:
        re.compile(expression)
    except re.error:
        return "(?!)"
    return expression
