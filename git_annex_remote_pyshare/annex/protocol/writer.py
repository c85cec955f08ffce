"""Writes lines to git-annex: whole lines, one write each, from any thread."""

from threading import Lock
from typing import BinaryIO

from git_annex_remote_pyshare.annex.protocol.lines import encoded
from git_annex_remote_pyshare.errors import Cancelled


class Writer:
    """Sends lines, never mixing those of two threads.

    Args:
        outgoing: Where to; unbuffered.
    """

    def __init__(self, outgoing: BinaryIO) -> None:
        self._outgoing = outgoing
        self._lock = Lock()

    def send(self, *lines: str) -> None:
        """Send lines that belong together.

        Raises:
            Cancelled: git-annex no longer listens.
        """
        rest = memoryview(encoded("\n".join(lines) + "\n"))
        with self._lock:
            try:
                while rest:
                    rest = rest[self._outgoing.write(rest) :]
            except OSError as error:
                raise Cancelled("git-annex no longer listens") from error

    def fall_silent(self, timeout: float) -> None:
        """Stop all writing, so that the process can end without leaving half a line.

        Args:
            timeout: Seconds to wait for a line that is being written; git-annex may have stopped reading it.
        """
        self._lock.acquire(timeout=timeout)
