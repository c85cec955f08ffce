"""The terminal as the logins of the backends use it: questions, words, the browser and the page it comes back to."""

from contextlib import AbstractContextManager

from git_annex_remote_pyshare.backends.login import Loopback
from git_annex_remote_pyshare.cli import output, prompt


class CommandLine:
    """A Terminal (see `backends.login`): standard input, output and error."""

    def say(self, text: str = "") -> None:
        """Print lines of the result to standard output."""
        output.say(text)

    def warn(self, text: str) -> None:
        """Print lines that are no part of the result to standard error."""
        output.alert(text)

    def ask(self, what: str) -> str:
        """One line, shown while it is typed."""
        return prompt.ask(what)

    def ask_secret(self, what: str) -> str:
        """One line, not shown."""
        return prompt.ask_secret(what)

    def confirm(self, question: str) -> bool:
        """Whether the user says yes."""
        return prompt.confirm(question)

    def is_interactive(self) -> bool:
        """Whether standard input is a terminal."""
        return prompt.is_terminal()

    def browser_at(self, link: str) -> AbstractContextManager[bool]:
        """Open the link in the user's browser, for the time of the block."""
        from git_annex_remote_pyshare.cli.browser import browser_at  # noqa: PLC0415  # not every login needs one

        return browser_at(link)

    def loopback(self, again: str, instead: str) -> AbstractContextManager[Loopback]:
        """The page to which the browser comes back."""
        from git_annex_remote_pyshare.cli.loopback import Loopback as Server  # noqa: PLC0415  # as above

        return Server(again, instead)
