"""A person at a pseudo-terminal, who types one command and answers what it asks."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pexpect

from support.annex import Home

_PATIENCE = 60


class Said(NamedTuple):
    """What a command printed in the end, and its exit code."""

    text: str
    code: int
    prompts: int


def type_at_terminal(home: Home, command: Sequence[str], cwd: Path, answers: Sequence[tuple[str, str]] = ()) -> Said:
    """Type a command, and each answer when its question (a part of it) appears."""
    child = pexpect.spawn(
        command[0],
        list(command[1:]),
        cwd=str(cwd),
        env={**home.environment, "TERM": "dumb"},
        encoding="utf-8",
        timeout=_PATIENCE,
        dimensions=(50, 300),
    )
    seen = ""
    for question, answer in answers:
        child.expect_exact(question)
        seen += f"{child.before}{question}"
        child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    return Said(f"{seen}{child.before}", child.exitstatus if child.exitstatus is not None else -1, len(answers))
