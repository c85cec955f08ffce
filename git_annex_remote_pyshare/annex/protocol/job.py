"""Runs one job: a remote in its own thread that sends exactly one well-formed reply to each request."""

from contextlib import suppress
from threading import Lock
from typing import Any

import annexremote

from git_annex_remote_pyshare import log
from git_annex_remote_pyshare.annex.protocol.grammar import RULES, UNSUPPORTED, Block, Rule, Silent
from git_annex_remote_pyshare.annex.protocol.lines import described, explanation, traced, words
from git_annex_remote_pyshare.annex.protocol.master import MakeRemote, Master
from git_annex_remote_pyshare.annex.protocol.queue import Queue
from git_annex_remote_pyshare.annex.protocol.writer import Writer
from git_annex_remote_pyshare.errors import Cancelled, PyshareError


class Job:
    """Handles the requests of one job in order, with a remote of its own that needs no locks against other jobs.

    Args:
        tag: The prefix of each line of this job: `J 3 `, or empty if there is only one job.
        writer: Writes the lines of all jobs.
        make_remote: Makes the remote; called once, at the first request that needs it.
        extensions: The extensions that both sides support; all jobs share the list.
    """

    def __init__(self, tag: str, writer: Writer, make_remote: MakeRemote, extensions: list[str]) -> None:
        self.inbox = Queue()
        self.master = Master(self._send, self.inbox, make_remote, extensions)
        self._tag = tag
        self._writer = writer
        self._request_open = False
        self._sending = Lock()

    def listen(self) -> None:
        """Handle requests until the input ends."""
        with suppress(Cancelled), log.to_git_annex(self._debug):
            while True:
                self.handle(self.inbox.get())

    def handle(self, line: str) -> None:
        """Handle one request and send its reply.

        Raises:
            Cancelled: git-annex has closed its pipe.
        """
        word, _, parameter = line.partition(" ")
        rule = RULES.get(word)
        repeated = rule.shape(parameter) if rule else None
        if rule is None or repeated is None:
            self.master.protocol.exporting = False
            self._writer.send(self._tag + UNSUPPORTED)
            return
        self._request_open = True
        reply = self._reply(rule, repeated, line)
        with self._sending:
            self._request_open = False
            if reply:
                self._writer.send(*(self._tag + part for part in reply))
        with suppress(Exception):  # git-annex has its reply, and the next request tells what is wrong
            self.master.protocol.replied()

    def _reply(self, rule: Rule | Block | Silent, repeated: str, line: str) -> list[str]:
        # Even SystemExit ends only its request: if a job sends no reply, git-annex waits forever.
        try:
            reply = self.master.protocol.command(line)
            accepted = rule.accepted(repeated, reply if isinstance(reply, str) else "")
            return accepted if accepted is not None else self._failed(rule, repeated, _malformed(reply))
        except annexremote.UnsupportedRequest:
            why = "this remote does not support the request"
            return [UNSUPPORTED] if rule.optional else self._failed(rule, repeated, why)
        except PyshareError as error:
            if error.trace:
                self.master.debug(error.trace)
            return self._failed(rule, repeated, words(error))
        except annexremote.RemoteError as error:
            return self._failed(rule, repeated, words(error))
        except BaseException as error:  # noqa: BLE001
            self.master.debug(*traced(error))
            return self._failed(rule, repeated, described(error))

    def _failed(self, rule: Rule | Block | Silent, repeated: str, why: str) -> list[str]:
        if not rule.explains:
            self.master.debug(why)  # the reply has no field for it
        return rule.failed(repeated, why)

    def _debug(self, line: str) -> bool:
        """Send a line of the log; return whether git-annex reads it."""
        try:
            self._send(f"DEBUG {line}")
        except (annexremote.ProtocolError, Cancelled):
            return False
        return True

    def _send(self, *lines: str) -> None:
        """Send messages of the remote, which must precede the reply: git-annex reads none after it."""
        with self._sending:
            if not self._request_open:
                raise annexremote.ProtocolError(f"{lines[0].partition(' ')[0]} came after the end of its request")
            self._writer.send(*(self._tag + line for line in lines))


def _malformed(reply: Any) -> str:
    return explanation(f"the remote gave a wrong answer: {reply!r}")
