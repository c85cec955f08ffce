"""Serves git-annex on standard input and output until it is done with us."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from git_annex_remote_pyshare.annex.protocol.jobs import Jobs
from git_annex_remote_pyshare.annex.protocol.shutdown import Shutdown
from git_annex_remote_pyshare.annex.protocol.stdio import private_pipes, read_lines
from git_annex_remote_pyshare.annex.protocol.writer import Writer
from git_annex_remote_pyshare.errors import Cancelled

if TYPE_CHECKING:
    from git_annex_remote_pyshare.annex.protocol.master import MakeRemote

VERSION = "VERSION 2"
"""Keeps out releases before 10.20230329, which could send an EXPORT name to the wrong request."""


def serve(make_remote: "MakeRemote", *, stop: Callable[[], None]) -> NoReturn:
    """Handle git-annex's requests; to be called by the main thread, once; it does not return.

    The process ends within two seconds after the input ended or SIGTERM or SIGINT came, if necessary by force.

    Args:
        make_remote: Makes one job's remote; called when the job first needs it, so VERSION does not wait for it.
        stop: Called once at the end, so that requests that are being handled give up.
    """
    pipes = private_pipes()
    writer = Writer(pipes.outgoing)
    jobs = Jobs(writer, make_remote)
    ending = Shutdown(writer, jobs, stop)
    ending.run_at_signals()
    with suppress(Cancelled):
        writer.send(VERSION)
        for line in read_lines(pipes.incoming):
            jobs.deliver(line)
    ending.run()
    ending.leave()
