"""A person at a terminal: types answers to the questions of a program, and counts them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pexpect

from support.annex import Home

_PATIENCE = 60.0


class AtTerminal:
    """A program that runs in a pseudo-terminal.

    Args:
        running: The program.
    """

    def __init__(self, running: "pexpect.spawn[str]") -> None:
        self._running = running
        self.prompts = 0
        """Questions that were answered."""
        self.shown = ""
        """What the terminal has shown so far."""

    def answer(self, question: str, line: str = "") -> None:
        """Wait for a question, by a part of its text, and type a line: empty is Enter alone."""
        self._expect(question)
        self._running.sendline(line)
        self.prompts += 1

    def waits_for(self, text: str) -> None:
        """Wait until the terminal shows a text."""
        self._expect(text)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._running.sendintr()

    def end(self) -> int:
        """Wait for the end; the exit code."""
        self._running.expect(pexpect.EOF)
        self.shown += str(self._running.before).replace("\r\n", "\n")
        self._running.close()
        return int(self._running.exitstatus if self._running.exitstatus is not None else -1)

    def _expect(self, text: str) -> None:
        found = self._running.expect_exact([text, pexpect.EOF, pexpect.TIMEOUT])
        self.shown += str(self._running.before).replace("\r\n", "\n")
        assert found == 0, f"the terminal never showed {text!r}, but:\n{self.shown}"
        self.shown += text


@contextmanager
def typing(home: Home, words: Sequence[str], cwd: Path) -> Iterator[AtTerminal]:
    """A person types a command, and then what it asks for; it ends with the block."""
    running = pexpect.spawn(
        words[0],
        list(words[1:]),
        cwd=str(cwd),
        env={**home.environment, "NO_COLOR": "1"},
        encoding="utf-8",
        timeout=_PATIENCE,
        dimensions=(40, 400),
    )
    try:
        yield AtTerminal(running)
    finally:
        running.close(force=True)


class Said(NamedTuple):
    """What a command printed in the end, and its exit code."""

    text: str
    code: int
    prompts: int


def type_at_terminal(home: Home, command: Sequence[str], cwd: Path, answers: Sequence[tuple[str, str]] = ()) -> Said:
    """Type a command, and each answer when its question (a part of it) appears."""
    with typing(home, command, cwd) as terminal:
        for question, answer in answers:
            terminal.answer(question, answer)
        code = terminal.end()
    return Said(terminal.shown, code, terminal.prompts)
