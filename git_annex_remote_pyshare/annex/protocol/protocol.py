"""Handles git-annex's requests: annexremote's class, with small overrides for newer versions of git-annex."""

from collections.abc import Callable
from typing import Any

import annexremote

from git_annex_remote_pyshare.annex.protocol.lines import shown

EXTENSIONS = ("INFO", "ASYNC", "GETGITREMOTENAME", "UNAVAILABLERESPONSE")
"""What we can use. A name that git-annex did not offer would make the remote unusable, so only common ones are
answered."""


class Protocol(annexremote.Protocol):  # type: ignore[misc]  # annexremote has no types
    """The requests of one job, each handed to the job's own remote.

    Args:
        make_remote: Makes the remote when the first request needs it: EXTENSIONS must be answered at once.
        extensions: What both sides can use; all jobs share the list, which EXTENSIONS fills.
    """

    def __init__(self, make_remote: Callable[[], annexremote.SpecialRemote], extensions: list[str]) -> None:
        self._make_remote = make_remote
        self._remote: Any = None
        super().__init__(None)
        self.extensions = extensions

    @property
    def remote(self) -> Any:
        """The job's remote."""
        if self._remote is None:
            self._remote = self._make_remote()
        return self._remote

    @remote.setter
    def remote(self, remote: Any) -> None:
        self._remote = remote

    def command(self, line: str) -> str | None:
        """Handle one line; spaces at its end belong to it, and an EXPORT name serves the next request only."""
        word, _, parameter = line.partition(" ")
        method = self.lookupMethod(word) or self.do_UNKNOWN
        try:
            reply: str | None = method(parameter) if parameter else method()
        finally:
            if word != "EXPORT":
                self.exporting = False
        return reply

    def check_key(self, key: str) -> None:
        """The grammar has done it: what Python takes for white space may well be part of a key's extension."""

    def do_EXTENSIONS(self, offered: str = "") -> str:  # noqa: N802  # annexremote finds handlers by name
        """Answer with what both can use; the library's answer is always empty."""
        self.extensions[:] = [name for name in EXTENSIONS if name in offered.split(" ")]
        return " ".join(["EXTENSIONS", *self.extensions])

    def do_CHECKPRESENT(self, key: str) -> str:  # noqa: N802
        """Absent is only what the remote clearly says; the library takes None for it."""
        return _presence(key, self.remote.checkpresent(key))

    def do_CHECKPRESENTEXPORT(self, key: str) -> str:  # noqa: N802
        """As CHECKPRESENT, for the name of the EXPORT line before."""
        return _presence(key, self.remote.checkpresentexport(key, self._exported()))

    def do_RENAMEEXPORT(self, parameter: str) -> str:  # noqa: N802
        """The new name keeps its leading spaces, and a failure's reason is not swallowed."""
        key, _, name = parameter.partition(" ")
        self.remote.renameexport(key, self._exported(), name)
        return f"RENAMEEXPORT-SUCCESS {key}"

    def do_LISTCONFIGS(self) -> str:  # noqa: N802
        """Settings in the order of their declaration, each help on one line."""
        entries = [f"CONFIG {name} {shown(text)}" for name, text in self.remote.listconfigs().items()]
        return "\n".join([*entries, "CONFIGEND"])

    def do_GETINFO(self) -> str:  # noqa: N802
        """Fields in the remote's order, each value on one line."""
        entries = [f"INFOFIELD {shown(name)}\nINFOVALUE {shown(text)}" for name, text in self.remote.info.items()]
        return "\n".join([*entries, "INFOEND"])

    def do_GETAVAILABILITY(self) -> str:  # noqa: N802
        """A third answer, `unavailable`, where git-annex knows it; only a local store is ever unavailable."""
        answer = self.remote.getavailability()
        if answer == "unavailable" and "UNAVAILABLERESPONSE" not in self.extensions:
            answer = "local"
        return f"AVAILABILITY {answer.upper()}"

    def do_GETORDERED(self) -> str:  # noqa: N802
        """Files are written front to back, so a git-annex proxy may send them on while they grow."""
        return "ORDERED"

    def do_ERROR(self, _message: str = "") -> None:  # noqa: N802
        """git-annex closes our input when it wants us to end; until then the other jobs go on."""

    def _exported(self) -> str:
        if not self.exporting:
            raise annexremote.ProtocolError("git-annex sent no EXPORT line before")
        return str(self.exporting)


def _presence(key: str, present: object) -> str:
    if not isinstance(present, bool):
        raise TypeError(f"presence is {present!r}")
    return f"CHECKPRESENT-{'SUCCESS' if present else 'FAILURE'} {key}"
