"""Queues the lines that git-annex sends to one job."""

from queue import SimpleQueue

from git_annex_remote_pyshare.errors import Cancelled


class Queue:
    """A queue of lines: the reader's thread fills it, and the job's thread empties it."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[str | None] = SimpleQueue()

    def put(self, line: str) -> None:
        """Add a line."""
        self._lines.put(line)

    def close(self) -> None:
        """Mark the end of the lines."""
        self._lines.put(None)

    def get(self) -> str:
        """Wait for the next line and return it.

        Raises:
            Cancelled: The queue is closed and has no more lines.
        """
        line = self._lines.get()
        if line is None:
            self._lines.put(None)  # for the next call: the current request and the job's loop must both see the end
            raise Cancelled("git-annex ended the conversation")
        return line
