"""What the commands print: every line of it is safe for a terminal, whoever chose the words in it."""

import click

from git_annex_remote_pyshare.safe_text import printable


def say(text: str = "") -> None:
    """Print the lines of a result to standard output."""
    click.echo(_safe(text))


def warn(text: str) -> None:
    """Print lines that are no part of the result to standard error: a failure, a question's background, news."""
    click.echo(_safe(text), err=True)


def _safe(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


def counted(number: int, noun: str) -> str:
    """A number of things: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
