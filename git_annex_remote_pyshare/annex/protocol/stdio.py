"""The pipes to git-annex, kept for ourselves: nothing that prints or reads by accident can reach them."""

import os
import sys
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple


class Pipes(NamedTuple):
    """What git-annex says and what it hears, as bytes; no locale and no newline translation comes between."""

    incoming: BinaryIO
    outgoing: BinaryIO
    """Unbuffered, so that one write is one call of the system."""


def private_pipes() -> Pipes:
    """Take standard input and output away from everybody else in this process and in its children.

    Code that reads standard input then finds it empty, and whatever a library prints goes to standard error, which
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
