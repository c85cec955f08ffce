"""Queues the lines that git-annex sends to one job."""

from queue import SimpleQueue

from git_annex_remote_pyshare.errors import Cancelled


class Queue:
    """Filled by the reader's thread, emptied by the job's."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[str | None] = SimpleQueue()

    def put(self, line: str) -> None:
        """Add a line."""
        self._lines.put(line)

    def close(self) -> None:
        """No further line will come."""
        self._lines.put(None)

    def get(self) -> str:
        """The next line; waits for it.

        Raises:
            Cancelled: There is none, and none will come.
        """
        line = self._lines.get()
        if line is None:
            self._lines.put(None)  # the request in hand and the job's loop must both learn of it
            raise Cancelled("git-annex ended the conversation")
        return line
