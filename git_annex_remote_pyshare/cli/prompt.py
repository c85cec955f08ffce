"""Questions to the user: a line, shown or not, yes or no. From a pipe, lines take their place."""

import sys

import click

from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import one_line


def ask(what: str) -> str:
    """One line, byte for byte but for its end: spaces at either end may belong to a password.

    Raises:
        BadSetting: The pipe has ended.
    """
    return str(click.prompt(one_line(what), err=True)) if is_terminal() else _next_line(what)


def ask_secret(what: str) -> str:
    """The same, not shown while it is typed."""
    return str(click.prompt(one_line(what), hide_input=True, err=True)) if is_terminal() else _next_line(what)


def confirm(question: str) -> bool:
    """Whether the user says yes; without a terminal the answer is no."""
    return is_terminal() and click.confirm(one_line(question), default=False, err=True)


def is_terminal() -> bool:
    """Whether a person can be asked."""
    return bool(sys.stdin) and sys.stdin.isatty()


def _next_line(what: str) -> str:
    line = sys.stdin.buffer.readline() if sys.stdin else b""  # a process can be started without any
    if not line:
        raise BadSetting(f"the pipe ended before this was given: {what.lower()}", remedy="See: pyshare login --help")
    return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")
