"""The terminal as the logins of the backends use it: questions, texts, the browser and the page it comes back to."""

import sys
from contextlib import AbstractContextManager

import click

from git_annex_remote_pyshare.backends.login import Loopback
from git_annex_remote_pyshare.cli import output
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import one_line


class CommandLine:
    """A Terminal (see `backends.login`): standard input, output and error. From a pipe, lines are the answers."""

    def say(self, text: str = "") -> None:
        """Print lines of the result to standard output."""
        output.say(text)

    def warn(self, text: str) -> None:
        """Print lines that are no part of the result to standard error."""
        output.alert(text)

    def ask(self, what: str) -> str:
        """One line, shown while it is typed, byte for byte: spaces at either end may belong to a password.

        Raises:
            BadSetting: The pipe has ended.
        """
        return str(click.prompt(one_line(what), err=True)) if self.is_interactive() else _next_line(what)

    def ask_secret(self, what: str) -> str:
        """The same, not shown while it is typed."""
        if not self.is_interactive():
            return _next_line(what)
        return str(click.prompt(one_line(what), hide_input=True, err=True))

    def confirm(self, question: str) -> bool:
        """Whether the user says yes; without a terminal the answer is no."""
        return self.is_interactive() and click.confirm(one_line(question), default=False, err=True)

    def is_interactive(self) -> bool:
        """Whether standard input is a terminal."""
        return bool(sys.stdin) and sys.stdin.isatty()

    def browser_at(self, link: str) -> AbstractContextManager[bool]:
        """Open the link in the user's browser, for the time of the block."""
        from git_annex_remote_pyshare.cli.browser import browser_at  # noqa: PLC0415  # not every login needs one

        return browser_at(link)

    def loopback(self, again: str, instead: str) -> AbstractContextManager[Loopback]:
        """The page to which the browser comes back."""
        from git_annex_remote_pyshare.cli.loopback import Loopback as Server  # noqa: PLC0415  # as above

        return Server(again, instead)


def _next_line(what: str) -> str:
    line = sys.stdin.buffer.readline() if sys.stdin else b""  # a process can be started without any
    if not line:
        raise BadSetting(f"the pipe ended before this was given: {what.lower()}", remedy="See: pyshare login --help")
    return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")
