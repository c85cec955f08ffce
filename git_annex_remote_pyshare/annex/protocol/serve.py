"""Serves git-annex until it closes its pipes, which no other code in the process can read or write."""

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
"""Keeps out releases before 10.20230329, which could send an EXPORT name to the wrong request."""


class Pipes(NamedTuple):
    """Input from and output to git-annex, as bytes; no locale and no newline translation applies."""

    incoming: BinaryIO
    outgoing: BinaryIO
    """Unbuffered, so that one write is one call of the system."""


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


def private_pipes() -> Pipes:
    """Take standard input and output away from all other code in this process and in its children.

    Code that reads standard input then finds it empty, and anything that a library prints goes to standard error, which
    git-annex shows to the user as it is.
    """
    # Both live as long as the process; a duplicate is not inherited by children.
    pipes = Pipes(open(os.dup(0), "rb"), open(os.dup(1), "wb", buffering=0))  # noqa: SIM115
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return pipes


def read_lines(incoming: BinaryIO) -> Iterator[str]:
    r"""Lines until the input ends, each without its `\n` and otherwise untouched.

    Bytes that are not UTF-8 become surrogate escapes. A last line that was cut off is no line.
    """
    for raw in incoming:
        if raw.endswith(b"\n"):
            yield raw[:-1].decode("utf-8", "surrogateescape")
