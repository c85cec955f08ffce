"""Defines the result of one check of `pyshare doctor`, for all sections."""

from typing import Literal, NamedTuple

State = Literal["ok", "warning", "problem", "unknown"]

OK: State = "ok"
WARNING: State = "warning"
"""It works, but worse than it could, or not for friends."""
PROBLEM: State = "problem"
"""It does not work."""
UNKNOWN: State = "unknown"
"""It could not be looked at."""


class Check(NamedTuple):
    """One line of the report; the fields are the keys of its JSON."""

    section: str
    """`machine`, `dataset`, `login`, `server` or `friends`."""
    check: str
    """A word for programs that read the report."""
    state: State
    text: str
    """What was found, for people; may contain words of a dataset or a server."""
    fix: str = ""
    """The command that mends it, quoted for a shell; empty if there is none."""
