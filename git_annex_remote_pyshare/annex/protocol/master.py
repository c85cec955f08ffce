"""Sends requests to git-annex: annexremote's class, with overrides that close its gaps."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

import annexremote

from git_annex_remote_pyshare.annex.protocol.lines import LONGEST, explanation, shown
from git_annex_remote_pyshare.annex.protocol.protocol import Protocol
from git_annex_remote_pyshare.annex.protocol.queue import Queue

MakeRemote = Callable[[annexremote.Master], annexremote.SpecialRemote]


class Master(annexremote.Master):  # type: ignore[misc]  # annexremote has no types
    """Connects the remote of one job to git-annex.

    Args:
        transmit: Sends lines to git-annex.
        inbox: The queue of the lines that git-annex sends to the job.
        make_remote: Makes the remote; called once, at the first request that needs it.
        extensions: The extensions that both sides support.
    """

    def __init__(
        self, transmit: Callable[..., None], inbox: Queue, make_remote: MakeRemote, extensions: list[str]
    ) -> None:
        super().__init__(output=None)
        self.input = inbox
        self.asking = False
        """Whether the job waits for a reply of git-annex."""
        self._transmit = transmit
        self.protocol = Protocol(lambda: make_remote(self), extensions)

    def getconfigs(self, names: Iterable[str]) -> dict[str, str]:
        """Get several settings in one round trip (name → value); git-annex replies in the same order.

        Raises:
            ProtocolError: git-annex refuses one of the requests.
            Cancelled: git-annex has closed its pipe.
        """
        requests = {name: f"GETCONFIG {name}" for name in names}
        if not requests:
            return {}
        self.asking = True
        try:
            self._transmit(*requests.values())
            return self._read_replies(requests)
        finally:
            self.asking = False

    def _read_replies(self, requests: Mapping[str, str]) -> dict[str, str]:
        """Read the replies to requests that were sent together; git-annex sends the others even if it refuses one."""
        replies, refusals = {}, []
        for name, request in requests.items():
            try:
                (replies[name],) = self._read_reply(request, "VALUE", 1)
            except annexremote.ProtocolError as refusal:  # noqa: PERF203  # every reply must be read
                refusals.append(refusal)
        if refusals:
            raise refusals[0]
        return replies

    def _send(self, *words: object, **_print_options: object) -> None:
        """Send one line.

        Raises:
            ProtocolError: The text contains a line break, or the job's request has ended.
            Cancelled: git-annex has closed its pipe.
        """
        line = " ".join(map(str, words))
        if "\n" in line:
            # The error does not show the value, which may be a password.
            raise annexremote.ProtocolError(
                f"{line.partition(' ')[0]} cannot be sent, since a value contains a line break"
            )
        self._transmit(line)

    def _ask(self, request: str, reply_keyword: str, reply_count: int) -> list[str]:
        """Send a request to git-annex and return the values of its reply; keeps spaces at the reply's end.

        Raises:
            ProtocolError: git-annex refuses, or sends something else.
            Cancelled: git-annex has closed its pipe.
        """
        self.asking = True
        try:
            self._send(request)
            return self._read_reply(request, reply_keyword, reply_count)
        finally:
            self.asking = False

    def _askvalues(self, request: str) -> list[str]:
        """Ask git-annex for a list, which ends with an empty value; raises the errors of `_ask`."""
        (value,) = self._ask(request, "VALUE", 1)
        values = []
        while value:
            values.append(value)
            (value,) = self._read_reply(request, "VALUE", 1)
        return values

    def _read_reply(self, request: str, keyword: str, count: int) -> list[str]:
        word, _, told = self.input.get().partition(" ")
        if word == "ERROR":
            raise annexremote.ProtocolError(f"git-annex does not answer {request}: {explanation(told)}")
        if word != keyword:
            raise annexremote.UnexpectedMessage(f"git-annex answered {request} by {word} instead of {keyword}")
        values = told.split(" ", count - 1)
        return values + [""] * (count - len(values))

    def setcreds(self, setting: str, user: str, password: str) -> None:
        """Let git-annex keep a login.

        Raises:
            ProtocolError: The user name contains a space; git-annex would cut the name there.
        """
        if " " in user:
            raise annexremote.ProtocolError("git-annex cannot keep a user name with a space in it")
        super().setcreds(setting, user, password)

    def debug(self, *texts: object) -> None:
        """Show lines if the user runs git-annex with `--debug`; drops them between two requests."""
        with suppress(annexremote.ProtocolError):
            for text in texts:
                self._send("DEBUG", shown(text)[:LONGEST])

    def info(self, message: object) -> None:
        """Show a line to the user; if git-annex does not support INFO, send it as DEBUG."""
        if "INFO" in self.protocol.extensions:
            self._send("INFO", shown(message)[:LONGEST])
        else:
            self.debug(message)

    def importable(self, contents: Iterable[tuple[str, int, str]]) -> None:
        """List files of an import: name, size in bytes, content identifier.

        They go out as one block, so call this for some of many files at a time.

        Raises:
            ProtocolError: The request has ended.
            Cancelled: git-annex has closed its pipe.
        """
        lines = [
            line
            for name, size, content in contents
            for line in (f"IMPORTABLECONTENT {size} {name}", f"IMPORTABLECONTENTIDENTIFIER {content}")
        ]
        if lines:
            self._transmit(*lines)

    def error(self, *texts: object) -> None:
        """Fail the current request; the protocol's ERROR would end all jobs, or make them wait forever.

        Raises:
            RemoteError: Always.
        """
        raise annexremote.RemoteError(" ".join(map(str, texts)))
