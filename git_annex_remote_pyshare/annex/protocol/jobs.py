"""Runs all jobs, each in its own thread, and distributes the lines from git-annex by job number."""

from threading import Thread
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.annex.protocol.writer import Writer

if TYPE_CHECKING:
    from git_annex_remote_pyshare.annex.protocol.job import Job
    from git_annex_remote_pyshare.annex.protocol.master import MakeRemote


class Jobs:
    """Starts the thread of each job at the job's first line. Without ASYNC there is one job, without a number.

    Args:
        writer: Writes the lines of all jobs.
        make_remote: Makes a job's remote; called when the job first needs it.
    """

    def __init__(self, writer: Writer, make_remote: "MakeRemote") -> None:
        self._writer = writer
        self._make_remote = make_remote
        self._extensions: list[str] = []
        self._numbered = False
        self._jobs: dict[str, Job] = {}
        self._threads: list[Thread] = []

    def deliver(self, line: str) -> None:
        """Pass a line from git-annex to its job."""
        word, _, offered = line.partition(" ")
        if word == "EXTENSIONS" and not self._jobs:
            # Handled in the reader's thread, since it decides how to read the next line.
            self._writer.send(self._new_job("").master.protocol.do_EXTENSIONS(offered))
            self._numbered = "ASYNC" in self._extensions
        elif self._numbered:
            self._deliver_numbered(line)
        else:
            self._job("").inbox.put(line)

    def close(self) -> None:
        """Tell every job that there are no more lines."""
        for job in self._jobs.values():
            job.inbox.close()

    def join(self) -> None:
        """Wait until every job has ended its request."""
        for thread in self._threads:
            thread.join()

    def _deliver_numbered(self, line: str) -> None:
        mark, _, rest = line.partition(" ")
        number, _, message = rest.partition(" ")
        if mark == "J" and number.isdecimal():
            self._job(f"J {number} ").inbox.put(message)
        elif mark == "ERROR":
            self._refuse(line)
        # No job can reply to any other line, and a reply without a number would end all jobs.

    def _job(self, tag: str) -> "Job":
        if tag not in self._jobs:
            job = self._new_job(tag)
            # A daemon thread, since a remote that hangs must not keep the process alive.
            thread = Thread(target=job.listen, name=f"job {tag}".strip(), daemon=True)
            thread.start()  # before it is listed: a signal may come here, and `join` needs started threads
            self._jobs[tag] = job
            self._threads.append(thread)
        return self._jobs[tag]

    def _new_job(self, tag: str) -> "Job":
        # Imported here, since it imports annexremote, and VERSION must not wait for that.
        from git_annex_remote_pyshare.annex.protocol.job import Job  # noqa: PLC0415

        return Job(tag, self._writer, self._make_remote, self._extensions)

    def _refuse(self, error: str) -> None:
        # git-annex sends ERROR without a job number, in place of a reply. So it is for the jobs that wait for one.
        for job in self._jobs.values():
            if job.master.asking:
                job.inbox.put(error)
