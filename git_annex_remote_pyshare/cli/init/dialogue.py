"""Asks the questions of `pyshare init` at the terminal."""

from collections.abc import Sequence
from typing import NamedTuple

import click

from git_annex_remote_pyshare.cli.output import alert
from git_annex_remote_pyshare.cli.terminal import CommandLine
from git_annex_remote_pyshare.safe_text import one_line


class Choice(NamedTuple):
    """One line of a menu."""

    word: str
    """What stands for it in an option."""
    text: str


class Dialogue(CommandLine):
    """The terminal of `pyshare init`, for its own questions and for logins.

    Args:
        is_open: Whether questions are asked; otherwise each one has its default.
    """

    def __init__(self, *, is_open: bool) -> None:
        self.is_open = is_open

    def say(self, text: str = "") -> None:
        """Leave out what a login says at its end, e.g. which address to give to git-annex: `pyshare init` does that."""

    def ask_for(self, question: str, default: str = "") -> str:
        """A line; an empty one means the default.

        Without a default, the question is repeated until there is an answer.
        """
        return str(click.prompt(one_line(question), default=default or None, err=True)).strip()

    def choose(self, question: str, choices: Sequence[Choice], other: str = "") -> str:
        """The word of the chosen line: by its number or its word. Enter takes the first one.

        Args:
            question: The menu's heading.
            choices: The lines.
            other: What else the user may type instead of a number; that is then returned as it is. Empty for nothing.
        """
        alert(question)
        for number, choice in enumerate(choices, 1):
            alert(f"  {number}  {one_line(choice.text)}")
        by_answer = {str(number): choice.word for number, choice in enumerate(choices, 1)}
        by_answer |= {choice.word: choice.word for choice in choices}
        while True:
            answer = self.ask_for(f"Number{f', or {other}' if other else ''}", "1")
            if answer in by_answer:
                return by_answer[answer]
            if other and not answer.isdecimal():
                return answer
            alert(f"Type a number from 1 to {len(choices)}{f', or {other}' if other else ''}.")

    def agrees(self, question: str) -> bool:
        """Whether the user says yes; Enter means yes."""
        return click.confirm(one_line(question), default=True, err=True)
