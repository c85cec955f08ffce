"""Ends the process after the end of input or a signal, in less than two seconds and without a traceback."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread, Timer
from typing import NoReturn

from git_annex_remote_pyshare.annex.protocol.jobs import Jobs
from git_annex_remote_pyshare.annex.protocol.writer import Writer

SHUTDOWN_TIMEOUT = 1.5
"""Seconds that jobs have to end their requests."""


class Shutdown:
    """Ends all jobs once, at the end of input or at a signal, whichever comes first.

    Args:
        writer: Stopped last, so that it leaves no incomplete line.
        jobs: The jobs to end.
        stop: Stops the requests in progress; called once.
    """

    def __init__(self, writer: Writer, jobs: Jobs, stop: Callable[[], None]) -> None:
        self._writer = writer
        self._jobs = jobs
        self._stop = stop
        self._turn = Lock()
        self._over = False

    def run(self) -> None:
        """Wait until every job has ended its request; after SHUTDOWN_TIMEOUT seconds, end the process anyway."""
        with self._turn:
            if not self._over:
                self._over = True
                self._end_jobs()

    def leave(self) -> NoReturn:
        """End the process at once: git-annex waits for it, and Python's normal exit is slow."""
        self._writer.fall_silent(timeout=0.2)
        os._exit(0)

    def run_at_signals(self) -> None:
        """Let SIGTERM (from git-annex) and SIGINT (Ctrl-C) end the process.

        A Python handler runs in the main thread, which waits for the next line from git-annex, so a signal just before
        that wait would have no effect. So Python writes the signal's number to a pipe that another thread reads.
        """
        noticed, notice = os.pipe()
        if hasattr(os, "set_blocking"):  # missing on Windows before Python 3.12, where it is not required
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
        with suppress(Exception):  # git-annex reads no more reports, and `join` must still run
            self._stop()
        self._jobs.join()
