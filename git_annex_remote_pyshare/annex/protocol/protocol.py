"""Handles git-annex's requests: annexremote's class, with overrides for newer versions of git-annex."""

from collections.abc import Callable
from typing import Any

import annexremote

from git_annex_remote_pyshare.annex.protocol.lines import shown

EXTENSIONS = ("INFO", "ASYNC", "GETGITREMOTENAME", "UNAVAILABLERESPONSE")
"""The extensions that pyshare supports. A name that git-annex does not offer would make the remote unusable, so the
reply contains only common ones."""


class Protocol(annexremote.Protocol):  # type: ignore[misc]  # annexremote has no types
    """Passes the requests of one job to the job's own remote.

    Args:
        make_remote: Makes the remote at the first request that needs it, so that EXTENSIONS gets a reply at once.
        extensions: The extensions that both sides support; all jobs share the list, and EXTENSIONS fills it.
    """

    def __init__(self, make_remote: Callable[[], annexremote.SpecialRemote], extensions: list[str]) -> None:
        self._make_remote = make_remote
        self._remote: Any = None
        super().__init__(None)
        self._importing = ""
        self.extensions = extensions

    @property
    def remote(self) -> Any:
        """The remote of the job, created at first use."""
        if self._remote is None:
            self._remote = self._make_remote()
        return self._remote

    @remote.setter
    def remote(self, remote: Any) -> None:
        self._remote = remote

    def command(self, line: str) -> str | None:
        """Handle one line and return the reply; keeps trailing spaces, and uses a name for one request only."""
        word, _, parameter = line.partition(" ")
        method = self.lookupMethod(word) or self.do_UNKNOWN
        try:
            reply: str | None = method(parameter) if parameter else method()
        finally:
            if word not in {"EXPORT", "IMPORT"}:
                self.exporting = False
                self._importing = ""
        return reply

    def replied(self) -> None:
        """Let the remote do what git-annex need not wait for, if it has such work."""
        if work := getattr(self._remote, "replied", None):
            work()

    def check_key(self, key: str) -> None:
        """Do nothing, since the grammar checks keys: annexremote would refuse white space that a key may contain."""

    def do_EXTENSIONS(self, offered: str = "") -> str:  # noqa: N802  # annexremote finds handlers by name
        """Reply with the extensions that both sides support; annexremote's reply is always empty."""
        self.extensions[:] = [name for name in EXTENSIONS if name in offered.split(" ")]
        return " ".join(["EXTENSIONS", *self.extensions])

    def do_CHECKPRESENT(self, key: str) -> str:  # noqa: N802
        """Require True or False from the remote; annexremote would report None as absent."""
        return _presence(key, self.remote.checkpresent(key))

    def do_CHECKPRESENTEXPORT(self, key: str) -> str:  # noqa: N802
        """Do the same as CHECKPRESENT, for the name of the previous EXPORT line."""
        return _presence(key, self.remote.checkpresentexport(key, self._exported()))

    def do_RENAMEEXPORT(self, parameter: str) -> str:  # noqa: N802
        """Keep leading spaces of the new name, and the reason of a failure."""
        key, _, name = parameter.partition(" ")
        self.remote.renameexport(key, self._exported(), name)
        return f"RENAMEEXPORT-SUCCESS {key}"

    def do_IMPORTSUPPORTED(self) -> str:  # noqa: N802
        """Accept `importtree=yes` if the remote has the methods for it, which annexremote's classes do not know."""
        if not hasattr(self.remote, "importsupported"):
            raise annexremote.UnsupportedRequest
        return "IMPORTSUPPORTED-SUCCESS" if self.remote.importsupported() else "IMPORTSUPPORTED-FAILURE"

    def do_LISTIMPORTABLECONTENTS(self) -> str:  # noqa: N802
        """List all files; the remote sends the entries itself, in blocks, since there can be a great many."""
        self.remote.listimportablecontents()
        return "LISTIMPORTABLECONTENTS-SUCCESS"

    def do_IMPORT(self, name: str = "") -> None:  # noqa: N802
        """Keep the name for the next request."""
        self._importing = name

    def do_RETRIEVEIMPORT(self, file: str) -> str:  # noqa: N802
        """Download the version of the file that was listed."""
        self.remote.retrieveimport(self._imported(), file)
        return "RETRIEVEIMPORT-SUCCESS"

    def do_CHECKPRESENTIMPORT(self, key: str) -> str:  # noqa: N802
        """Do the same as CHECKPRESENT, for the name of the previous IMPORT line."""
        return _presence(key, self.remote.checkpresentimport(key, self._imported()))

    def do_LISTCONFIGS(self) -> str:  # noqa: N802
        """List the settings in the order of their declaration, each help text on one line."""
        entries = [f"CONFIG {name} {shown(text)}" for name, text in self.remote.listconfigs().items()]
        return "\n".join([*entries, "CONFIGEND"])

    def do_GETINFO(self) -> str:  # noqa: N802
        """List the fields in the remote's order, each value on one line."""
        entries = [f"INFOFIELD {shown(name)}\nINFOVALUE {shown(text)}" for name, text in self.remote.info.items()]
        return "\n".join([*entries, "INFOEND"])

    def do_GETAVAILABILITY(self) -> str:  # noqa: N802
        """Reply UNAVAILABLE only if git-annex supports it; else LOCAL, since only a local store can be unavailable."""
        availability = self.remote.getavailability()
        if availability == "unavailable" and "UNAVAILABLERESPONSE" not in self.extensions:
            availability = "local"
        return f"AVAILABILITY {availability.upper()}"

    def do_GETORDERED(self) -> str:  # noqa: N802
        """Tell a git-annex proxy that downloads write files from start to end, so that it can forward them early."""
        return "ORDERED"

    def do_ERROR(self, _message: str = "") -> None:  # noqa: N802
        """Do nothing: to end the process, git-annex closes its input; until then the other jobs continue."""

    def _exported(self) -> str:
        if not self.exporting:
            raise annexremote.ProtocolError("git-annex sent no EXPORT line before")
        return str(self.exporting)

    def _imported(self) -> str:
        if not self._importing:
            raise annexremote.ProtocolError("git-annex sent no IMPORT line before")
        return self._importing


def _presence(key: str, present: object) -> str:
    if not isinstance(present, bool):
        raise TypeError(f"presence is {present!r}")
    return f"CHECKPRESENT-{'SUCCESS' if present else 'FAILURE'} {key}"
