"""The end of the process: by the end of input or a signal, without a traceback, in less than two seconds."""

import os
import signal
from threading import Timer
from types import FrameType

from git_annex_remote_pyshare.protocol.writer import Writer

GRACE = 1.5
"""Seconds that jobs have for ending their requests."""


class Ended(BaseException):
    """A signal asks us to end; raised in the main thread, whatever it is waiting for."""


class Signals:
    """Turns the first SIGTERM or SIGINT into `Ended`; git-annex sends the one, Ctrl-C the other to all of us."""

    def __init__(self) -> None:
        self._armed = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._raise)

    def disarm(self) -> None:
        """From now on the signals do nothing: we are ending already."""
        self._armed = False

    def _raise(self, _number: int, _frame: FrameType | None) -> None:
        if self._armed:
            self._armed = False
            raise Ended


def end_after_grace(writer: Writer) -> None:
    """See to it that the process ends, even if a job, a library's thread or the interpreter's exit hangs."""
    timer = Timer(GRACE, _end_now, [writer])
    timer.daemon = True
    timer.start()


def _end_now(writer: Writer) -> None:
    writer.fall_silent(timeout=0.2)
    os._exit(0)
