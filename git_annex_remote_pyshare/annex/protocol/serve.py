"""Serves git-annex until it closes its pipes, and keeps other code in the process from using these pipes."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, NoReturn

from git_annex_remote_pyshare.annex.protocol.jobs import Jobs
from git_annex_remote_pyshare.annex.protocol.shutdown import Shutdown
from git_annex_remote_pyshare.annex.protocol.writer import Writer
from git_annex_remote_pyshare.errors import Cancelled

if TYPE_CHECKING:
    from git_annex_remote_pyshare.annex.protocol.master import MakeRemote

VERSION = "VERSION 2"
"""Excludes git-annex before 10.20230329, which could use an EXPORT name for the wrong request."""


class Pipes(NamedTuple):
    """The input from and output to git-annex, in bytes: independent of the locale, and without newline translation."""

    incoming: BinaryIO
    outgoing: BinaryIO
    """Unbuffered, so that each write is one system call."""


def serve(make_remote: "MakeRemote", *, stop: Callable[[], None]) -> NoReturn:
    """Handle git-annex's requests and then end the process. Call this once, from the main thread.

    The process ends within two seconds after the end of input, SIGTERM or SIGINT, even if a request hangs.

    Args:
        make_remote: Makes a job's remote; called when the job first needs it, so VERSION does not wait for it.
        stop: Stops the requests in progress; called once, at the end.
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


def private_pipes() -> Pipes:
    """Keep standard input and output for git-annex, away from other code in this process and its children.

    For other code, standard input is then empty, and standard output goes to standard error, which git-annex shows to
    the user unchanged.
    """
    # Both stay open until the process ends; child processes do not inherit a duplicate.
    pipes = Pipes(open(os.dup(0), "rb"), open(os.dup(1), "wb", buffering=0))  # noqa: SIM115
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return pipes


def read_lines(incoming: BinaryIO) -> Iterator[str]:
    r"""Yield the lines of the input, each without its `\n` and otherwise unchanged.

    Bytes that are not UTF-8 become surrogate escapes. An incomplete last line is dropped.
    """
    for raw in incoming:
        if raw.endswith(b"\n"):
            yield raw[:-1].decode("utf-8", "surrogateescape")
