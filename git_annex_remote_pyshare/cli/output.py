"""What the commands print: every line of it is safe for a terminal, whoever chose the words in it.

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
    """Errors, what a command has to ask, and a result that was asked for."""
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
    """Print to standard output what a command did, or how to go on; nothing if quiet."""
    if not is_quiet():
        click.echo(_safe(text))


def show(text: str) -> None:
    """Print to standard output what the command was typed for: JSON, a list, a help page."""
    click.echo(_safe(text))


def warn(text: str) -> None:
    """Print to standard error what is no part of the result: news and advice; nothing if quiet."""
    if not is_quiet():
        click.echo(_safe(text), err=True)


def alert(text: str) -> None:
    """Print to standard error what the user must read: an error, or what a login waits for."""
    click.echo(_safe(text), err=True)


def heading(text: str) -> None:
    """Print a heading, which stands out on a terminal."""
    click.secho(_safe(text), bold=True)


def typed(command: str) -> None:
    """Print a command that somebody at a terminal types."""
    click.secho(f"  $ {_safe(command)}", fg="cyan")


def complain(error: click.ClickException) -> None:
    """Print to standard error what click has against a word, which it quotes, and how the command is used."""
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
    """The items as they come, with a bar on the terminal; without one, nothing is shown."""
    if is_quiet() or not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, length=count, label=label, file=sys.stderr) as bar:
        yield from bar
