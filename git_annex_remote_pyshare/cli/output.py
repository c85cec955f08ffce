"""What the commands print: every line of it is safe for a terminal, whoever chose the words in it.

Nothing else in `cli` prints (tests/unit/test_safe_output.py).
"""

from io import StringIO

import click

from git_annex_remote_pyshare.safe_text import printable


def say(text: str = "") -> None:
    """Print the lines of a result to standard output."""
    click.echo(_safe(text))


def warn(text: str) -> None:
    """Print lines that are no part of the result to standard error: a failure, a question's background, news."""
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
