"""Sends requests to git-annex: annexremote's class, with small overrides that close its gaps."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

import annexremote

from git_annex_remote_pyshare.annex.protocol.lines import LONGEST, explanation, shown
from git_annex_remote_pyshare.annex.protocol.protocol import Protocol
from git_annex_remote_pyshare.annex.protocol.queue import Queue

MakeRemote = Callable[[annexremote.Master], annexremote.SpecialRemote]


class Master(annexremote.Master):  # type: ignore[misc]  # annexremote has no types
    """git-annex as one job's remote sees it.

    Args:
        transmit: Sends lines to git-annex.
        inbox: Where git-annex's answers come in.
        make_remote: Called once, at the first request that needs a remote.
        extensions: What both sides can use.
    """

    def __init__(
        self, transmit: Callable[..., None], inbox: Queue, make_remote: MakeRemote, extensions: list[str]
    ) -> None:
        super().__init__(output=None)
        self.input = inbox
        self.asking = False
        """Whether an answer of git-annex is awaited."""
        self._transmit = transmit
        self.protocol = Protocol(lambda: make_remote(self), extensions)

    def getconfigs(self, names: Iterable[str]) -> dict[str, str]:
        """Several settings for the price of one: all questions go out together, and git-annex answers them in order.

        Raises:
            ProtocolError: git-annex refuses to answer one of them.
            Cancelled: git-annex ended the conversation.
        """
        requests = {name: f"GETCONFIG {name}" for name in names}
        if not requests:
            return {}
        self.asking = True
        try:
            self._transmit(*requests.values())
            return self._answers(requests)
        finally:
            self.asking = False

    def _answers(self, requests: Mapping[str, str]) -> dict[str, str]:
        """The answers to questions that were asked together; after a refusal the other answers come all the same."""
        answers, refusals = {}, []
        for name, request in requests.items():
            try:
                (answers[name],) = self._answer(request, "VALUE", 1)
            except annexremote.ProtocolError as refusal:  # noqa: PERF203  # each answer has to be heard
                refusals.append(refusal)
        if refusals:
            raise refusals[0]
        return answers

    def _send(self, *words: object, **_print_options: object) -> None:
        """Send one line.

        Raises:
            ProtocolError: It would arrive as two lines, or git-annex does not listen now.
            Cancelled: git-annex no longer listens.
        """
        line = " ".join(map(str, words))
        if "\n" in line:
            # Not shown, since it may be a password.
            raise annexremote.ProtocolError(
                f"{line.partition(' ')[0]} cannot be sent, since a value contains a line break"
            )
        self._transmit(line)

    def _ask(self, request: str, reply_keyword: str, reply_count: int) -> list[str]:
        """Ask git-annex; spaces in its answer belong to it.

        Raises:
            ProtocolError: git-annex refuses to answer, or answers something else.
            Cancelled: git-annex ended the conversation.
        """
        self.asking = True
        try:
            self._send(request)
            return self._answer(request, reply_keyword, reply_count)
        finally:
            self.asking = False

    def _askvalues(self, request: str) -> list[str]:
        """Ask git-annex for a list, which ends with an empty value; raises as `_ask` does."""
        (value,) = self._ask(request, "VALUE", 1)
        values = []
        while value:
            values.append(value)
            (value,) = self._answer(request, "VALUE", 1)
        return values

    def _answer(self, request: str, keyword: str, count: int) -> list[str]:
        word, _, told = self.input.get().partition(" ")
        if word == "ERROR":
            raise annexremote.ProtocolError(f"git-annex does not answer {request}: {explanation(told)}")
        if word != keyword:
            raise annexremote.UnexpectedMessage(f"git-annex answered {request} by {word} instead of {keyword}")
        values = told.split(" ", count - 1)
        return values + [""] * (count - len(values))

    def setcreds(self, setting: str, user: str, password: str) -> None:
        """Have git-annex keep a login.

        Raises:
            ProtocolError: The user name has a space, which git-annex would take for its end.
        """
        if " " in user:
            raise annexremote.ProtocolError("git-annex cannot keep a user name with a space in it")
        super().setcreds(setting, user, password)

    def debug(self, *texts: object) -> None:
        """Show lines to a user who gave --debug; what comes between two requests is left out."""
        with suppress(annexremote.ProtocolError):
            for text in texts:
                self._send("DEBUG", shown(text)[:LONGEST])

    def info(self, message: object) -> None:
        """Show a line to the user; a git-annex that cannot do that gets it as DEBUG."""
        if "INFO" in self.protocol.extensions:
            self._send("INFO", shown(message)[:LONGEST])
        else:
            self.debug(message)

    def error(self, *texts: object) -> None:
        """End the request in hand; git-annex's ERROR would end all jobs, or leave them waiting for ever.

        Raises:
            RemoteError: Always.
        """
        raise annexremote.RemoteError(" ".join(map(str, texts)))
