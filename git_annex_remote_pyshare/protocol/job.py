"""One job: annexremote's Master for one remote on its own thread, which thinks that it is alone."""

import traceback
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any

import annexremote

from git_annex_remote_pyshare.errors import PyshareError, Stopped
from git_annex_remote_pyshare.protocol.grammar import RULES, UNSUPPORTED, Block, Rule, Silent
from git_annex_remote_pyshare.protocol.inbox import Inbox
from git_annex_remote_pyshare.protocol.lines import LONGEST, described, explanation, shown, words
from git_annex_remote_pyshare.protocol.protocol import Protocol
from git_annex_remote_pyshare.protocol.writer import Writer

MakeRemote = Callable[[annexremote.Master], annexremote.SpecialRemote]


class Job(annexremote.Master):  # type: ignore[misc]  # annexremote has no types
    """Handles one request after the other; whatever a remote does, each ends in exactly one well-formed reply.

    Args:
        tag: What every line of this job begins with: `J 3 `, or nothing when there is only one job.
        writer: Shared by all jobs.
        make_remote: Called once, at the first request that needs a remote.
        extensions: Shared by all jobs.
    """

    def __init__(self, tag: str, writer: Writer, make_remote: MakeRemote, extensions: list[str]) -> None:
        super().__init__(output=None)
        self.input = Inbox()
        self.asking = False
        """Whether an answer of git-annex is awaited."""
        self._tag = tag
        self._writer = writer
        self._request_open = False
        self._sending = Lock()
        self.protocol = Protocol(lambda: make_remote(self), extensions)

    def Listen(self, _input: object = None) -> None:  # noqa: N802  # annexremote's name
        """Handle requests until the input ends."""
        with suppress(Stopped):
            while True:
                self.handle(self.input.get())

    def handle(self, line: str) -> None:
        """Handle one request and send its reply.

        Raises:
            Stopped: git-annex no longer listens.
        """
        word, _, parameter = line.partition(" ")
        rule = RULES.get(word)
        repeated = rule.shape(parameter) if rule else None
        if rule is None or repeated is None:
            self.protocol.exporting = False
            self._writer.send(self._tag + UNSUPPORTED)
            return
        self._request_open = True
        reply = self._reply(rule, repeated, line)
        with self._sending:
            self._request_open = False
            if reply:
                self._writer.send(*(self._tag + part for part in reply))

    def _reply(self, rule: Rule | Block | Silent, repeated: str, line: str) -> list[str]:
        # Even SystemExit ends only its request: a job that falls silent makes git-annex wait for ever.
        try:
            reply = self.protocol.command(line)
            accepted = rule.accepted(repeated, reply if isinstance(reply, str) else "")
            return accepted if accepted is not None else self._failed(rule, repeated, _malformed(reply))
        except annexremote.UnsupportedRequest:
            why = "this remote does not support the request"
            return [UNSUPPORTED] if rule.optional else self._failed(rule, repeated, why)
        except (PyshareError, annexremote.RemoteError) as error:
            return self._failed(rule, repeated, words(error))
        except BaseException as error:  # noqa: BLE001
            for entry in traceback.format_exception(error):
                self.debug(*entry.splitlines())
            return self._failed(rule, repeated, described(error))

    def _failed(self, rule: Rule | Block | Silent, repeated: str, why: str) -> list[str]:
        if not rule.explains:
            self.debug(why)  # the reply has no place for it
        return rule.failed(repeated, why)

    def _send(self, *words: object, **_print_options: object) -> None:
        """Send one line of our own.

        Raises:
            ProtocolError: It would arrive as something else: as two lines, or in the middle of nowhere.
            Stopped: git-annex no longer listens.
        """
        line = " ".join(map(str, words))
        if "\n" in line:
            # Not shown, since it may be a password.
            raise annexremote.ProtocolError(
                f"{line.partition(' ')[0]} cannot be sent, since a value has a line break in it"
            )
        with self._sending:
            if not self._request_open:
                raise annexremote.ProtocolError(f"{line.partition(' ')[0]} came after the end of its request")
            self._writer.send(self._tag + line)

    def _ask(self, request: str, reply_keyword: str, reply_count: int) -> list[str]:
        """Ask git-annex; blanks in its answer belong to it.

        Raises:
            ProtocolError: git-annex refuses to answer, or answers something else.
            Stopped: git-annex ended the conversation.
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
            ProtocolError: The user name has a blank, which git-annex would take for its end.
        """
        if " " in user:
            raise annexremote.ProtocolError("git-annex cannot keep a user name that has a blank in it")
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


def _malformed(reply: Any) -> str:
    return explanation(f"the remote gave a wrong answer: {reply!r}")
