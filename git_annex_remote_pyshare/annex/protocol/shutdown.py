"""Ends the process after the end of input or a signal, without a traceback, in less than two seconds."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread, Timer
from typing import NoReturn

from git_annex_remote_pyshare.annex.protocol.jobs import Jobs
from git_annex_remote_pyshare.annex.protocol.writer import Writer

SHUTDOWN_TIMEOUT = 1.5
"""Seconds that jobs have for ending their requests."""


class Shutdown:
    """Ends all jobs once, at the first request: by the reader at the end of input, or a signal.

    Args:
        writer: Falls silent at the end, so that no half line is left.
        jobs: What is to end.
        stop: Called once, so that requests that are being handled give up.
    """

    def __init__(self, writer: Writer, jobs: Jobs, stop: Callable[[], None]) -> None:
        self._writer = writer
        self._jobs = jobs
        self._stop = stop
        self._turn = Lock()
        self._over = False

    def run(self) -> None:
        """Wait until every job has ended its request; after SHUTDOWN_TIMEOUT the process ends, whatever still hangs."""
        with self._turn:
            if not self._over:
                self._over = True
                self._end_jobs()

    def leave(self) -> NoReturn:
        """End the process now: git-annex waits for that, and Python takes its time to tear down all modules."""
        self._writer.fall_silent(timeout=0.2)
        os._exit(0)

    def run_at_signals(self) -> None:
        """Have SIGTERM (from git-annex) and SIGINT (Ctrl-C) end the process.

        A handler in Python would run in the main thread, which waits for git-annex's next line: a signal that came
        just before that wait would be lost in it. So the signal's number goes through a pipe to a thread.
        """
        noticed, notice = os.pipe()
        if hasattr(os, "set_blocking"):  # on Windows since Python 3.12, and not asked for there
            os.set_blocking(notice, False)
        signal.set_wakeup_fd(notice, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: None)
        Thread(target=self._await_signal, args=[noticed], name="signals", daemon=True).start()

    def _await_signal(self, noticed: int) -> None:
        os.read(noticed, 1)
        self.run()
        self.leave()

    def _end_jobs(self) -> None:
        timer = Timer(SHUTDOWN_TIMEOUT, self.leave)
        timer.daemon = True
        timer.start()
        self._jobs.close()
        with suppress(Exception):  # there is no one left to report to, and the jobs must still be waited for
            self._stop()
        self._jobs.join()
