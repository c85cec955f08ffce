"""Asks the questions of `pyshare init` at the terminal."""

from collections.abc import Mapping, Sequence
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

    def choose(self, question: str, choices: Sequence[Choice]) -> str:
        """The word of the line that the user chooses by its number or its word; Enter means the first one."""
        words = _show(question, choices)
        while (answer := self.ask_for("Number", "1")) not in words:
            alert(f"Type a number from 1 to {len(choices)}.")
        return words[answer]

    def choose_with_address(self, question: str, choices: Sequence[Choice]) -> tuple[str, str]:
        """As `choose`, but the user may type an address behind the number, or instead of it; returns word and address.

        The word is empty for an address alone, and the address for a number alone.
        """
        words = _show(question, choices)
        while True:
            answer = self.ask_for("Number, with or without an address", "1")
            number, _, address = answer.partition(" ")
            if number in words:
                return words[number], address.strip()
            if not answer.isdecimal():
                return "", answer
            alert(f"Type a number from 1 to {len(choices)}, or an address.")

    def agrees(self, question: str) -> bool:
        """Whether the user says yes; Enter means yes."""
        return click.confirm(one_line(question), default=True, err=True)


def _show(question: str, choices: Sequence[Choice]) -> Mapping[str, str]:
    """Show a menu; returns which word each answer means."""
    alert(question)
    for number, choice in enumerate(choices, 1):
        alert(f"  {number}  {one_line(choice.text)}")
    numbers = {str(number): choice.word for number, choice in enumerate(choices, 1)}
    return {**{choice.word: choice.word for choice in choices}, **numbers}
