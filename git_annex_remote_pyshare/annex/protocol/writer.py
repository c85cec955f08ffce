"""Writes whole lines to git-annex, from any thread."""

from threading import Lock
from typing import BinaryIO

from git_annex_remote_pyshare.annex.protocol.lines import encoded
from git_annex_remote_pyshare.errors import Cancelled


class Writer:
    """Sends lines, and never mixes the lines of two threads.

    Args:
        outgoing: The unbuffered output to git-annex.
    """

    def __init__(self, outgoing: BinaryIO) -> None:
        self._outgoing = outgoing
        self._lock = Lock()

    def send(self, *lines: str) -> None:
        """Send lines as one block, with no other lines in between.

        Raises:
            Cancelled: git-annex has closed its pipe.
        """
        rest = memoryview(encoded("\n".join(lines) + "\n"))
        with self._lock:
            try:
                while rest:
                    rest = rest[self._outgoing.write(rest) :]
            except OSError as error:
                raise Cancelled("git-annex no longer listens") from error

    def fall_silent(self, timeout: float) -> None:
        """Stop all writing, so that the process can end without an incomplete line.

        Args:
            timeout: Seconds to wait for a write in progress, since git-annex may no longer read.
        """
        self._lock.acquire(timeout=timeout)
