"""Prints what the commands say: every line is safe for a terminal, wherever its words come from.

Nothing else in `cli` prints (tests/unit/test_safe_output.py).
"""

import sys
from collections.abc import Iterator
from enum import Enum
from io import StringIO
from typing import TypeVar

import click

from git_annex_remote_pyshare.safe_text import printable


class Loudness(Enum):
    """How much the commands print."""

    QUIET = "quiet"
    """Errors, questions, and requested results."""
    NORMAL = "normal"


_loudness = Loudness.NORMAL


def set_loudness(loudness: Loudness) -> None:
    """Choose how much is printed from now on."""
    global _loudness  # noqa: PLW0603  # of the process, as standard output is
    _loudness = loudness


def is_quiet() -> bool:
    """Whether only errors and results are printed."""
    return _loudness is Loudness.QUIET


def say(text: str = "") -> None:
    """Print to standard output what a command did, or what to do next; nothing if quiet."""
    if not is_quiet():
        click.echo(_safe(text))


def show(text: str) -> None:
    """Print the result of a command to standard output: JSON, a list, a help page."""
    click.echo(_safe(text))


def warn(text: str) -> None:
    """Print notices and advice, which are not part of the result, to standard error; nothing if quiet."""
    if not is_quiet():
        click.echo(_safe(text), err=True)


def alert(text: str) -> None:
    """Print to standard error what the user must read: an error, or the next step of a login."""
    click.echo(_safe(text), err=True)


def heading(text: str) -> None:
    """Print a heading, which stands out on a terminal."""
    click.secho(_safe(text), bold=True)


def typed(command: str) -> None:
    """Print a command that a person in the demo types."""
    click.secho(f"  $ {_safe(command)}", fg="cyan")


def complain(error: click.ClickException) -> None:
    """Print a usage error of click to standard error, with the usage of the command."""
    shown = StringIO()
    error.show(shown)
    warn(shown.getvalue().removesuffix("\n"))


def _safe(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


def counted(number: int, noun: str) -> str:
    """A number of things: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


Item = TypeVar("Item")


def with_bar(items: Iterator[Item], count: int, label: str) -> Iterator[Item]:
    """Yield the items, with a progress bar if standard error is a terminal."""
    if is_quiet() or not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, length=count, label=label, file=sys.stderr) as bar:
        yield from bar
