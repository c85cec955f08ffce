"""What `pyshare accept` asks, and what a script answers instead of a person."""

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

import click

from git_annex_remote_pyshare.cli.accept.getting import Amount, top_names
from git_annex_remote_pyshare.cli.output import alert
from git_annex_remote_pyshare.safe_text import one_line

ALL, NOTHING = "all", "none"
"""Values of `--get` that are no paths."""
_SHOWN = 20
"""Most names that a question lists."""


class Answers(NamedTuple):
    """What the user typed with the command, so that it is not asked."""

    yes: bool
    """Whether to contact what the invitation names without asking."""
    wanted: tuple[str, ...]
    """`all`, `none`, or paths; empty if not typed."""
    addresses: frozenset[str]
    """Whole addresses of stores (`Place.address`) that the user named, and so trusts with what they push."""

    @property
    def is_asked(self) -> bool:
        """Whether there is a person at a terminal who has not said yes to everything."""
        return not self.yes and bool(sys.stdin) and sys.stdin.isatty()


class Choice(NamedTuple):
    """What to get, and whether the stores may be used at all."""

    paths: Sequence[str] | None
    """Files and folders; empty for all; None for nothing."""
    agrees: bool = True
    """Whether the user agrees to the hosts that the question names."""


def require_person(answers: Answers) -> None:
    """Refuse to go on where no one can be asked.

    Raises:
        click.UsageError: There is neither a terminal nor `--yes`.
    """
    if not answers.yes and not answers.is_asked:
        raise click.UsageError(
            "accept asks before it contacts a server, and there is no terminal. Add --yes if you agree,"
            " and --get all, --get none or --get PATH."
        )


def agrees(question: str, *, usually: bool) -> bool:
    """Whether the user at the terminal says yes.

    Args:
        question: The question; may contain text of strangers.
        usually: The answer of an empty line.
    """
    return click.confirm(one_line(question), default=usually, err=True)


def choice_of(wanted: tuple[str, ...]) -> Choice:
    """The choice that `--get` names; without it, all."""
    if wanted in {(), (ALL,)}:
        return Choice(())
    return Choice(None) if wanted == (NOTHING,) else Choice(wanted)


def ask_choice(amount: Amount, new: Sequence[str], for_pushes: Sequence[str]) -> Choice:
    """Ask what to get.

    Args:
        amount: All files that are not here.
        new: Addresses that the user has not agreed to before.
        for_pushes: Those of them to which later pushes will bring content if the user gets something.
    """
    offers = [f"1 everything ({amount.words})", "2 nothing yet", "3 choose"]
    if new:
        offers.append("4 do not use it at all")
    start = f"Get now, which uses {' and '.join(new)}" if new else "Get now"
    if for_pushes:
        there = f"to {' and '.join(for_pushes)}" if len(new) > 1 else "there"
        start += f", and let later pushes bring content {there}"
    numbers = click.Choice([offer[0] for offer in offers])
    question = one_line(f"{start}?   {'   '.join(offers)}   >")
    number = click.prompt(question, type=numbers, default="1", show_choices=False, prompt_suffix=" ", err=True)
    if number == "3":
        return Choice(_ask_paths())
    return {"1": Choice(()), "2": Choice(None)}.get(number, Choice(None, agrees=False))


def _ask_paths() -> Sequence[str]:
    names = top_names()
    for name in names[:_SHOWN]:
        alert(f"  {one_line(name)}")
    if len(names) > _SHOWN:
        alert(f"  and {len(names) - _SHOWN} more")
    line = str(click.prompt("Files and folders, with spaces between them", err=True))
    return [line] if os.path.lexists(line) else line.split()
