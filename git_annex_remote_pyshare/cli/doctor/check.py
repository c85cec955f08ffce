"""Defines the result of one check of `pyshare doctor`, for all sections."""

from typing import NamedTuple

from git_annex_remote_pyshare.cli.output import State

OK = State.OK
WARNING = State.WARNING
"""It works, but worse than it could, or not for friends."""
PROBLEM = State.PROBLEM
"""It does not work."""
UNKNOWN = State.UNKNOWN
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

    @property
    def fields(self) -> dict[str, str]:
        """For JSON."""
        return {**self._asdict(), "state": self.state.value}
