"""Prints what the commands say: every line is safe for a terminal, wherever its words come from.

Nothing else in `cli` prints (tests/unit/test_safe_output.py). Colours appear only where they can be seen, and mean the
same as the words beside them. Rich is imported when a terminal gets a table or a progress bar.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TextIO

import click

from git_annex_remote_pyshare.safe_text import one_line, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


class Loudness(Enum):
    """How much the commands print."""

    QUIET = "quiet"
    """Errors, questions, and requested results."""
    NORMAL = "normal"


class Reader(Enum):
    """For whom standard output is."""

    PERSON = "person"
    PROGRAM = "program"
    """It gets the result as JSON; what is said besides goes to standard error."""


class State(Enum):
    """The result of a check; the values are those of `--json`."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


class Cell(NamedTuple):
    """A cell of a table whose colour shows a state."""

    text: str
    state: State


class _Look(NamedTuple):
    """How a state is shown."""

    sign: str
    plain: str
    """The sign where the encoding of the output has no other; two columns wide, so that texts stand in line."""
    colour: str


_LOOKS = {
    State.OK: _Look("✓", "ok", "green"),
    State.WARNING: _Look("!", "! ", "yellow"),
    State.PROBLEM: _Look("✗", "x ", "red"),
    State.UNKNOWN: _Look("?", "? ", "cyan"),
}
_SIGNS = "✓✗→"

DUMB = frozenset({"dumb", "unknown"})
"""Values of TERM for terminals that can only print lines."""

_NO_LIMIT = 10_000
"""Columns of an output that is no terminal: more than any line has."""
_USUAL = 80
"""Columns of a terminal that does not tell."""

_loudness = Loudness.NORMAL
_reader = Reader.PERSON
_live: "list[Live]" = []
"""What is shown in the last lines of the terminal now."""


def set_loudness(loudness: Loudness) -> None:
    """Choose how much is printed from now on."""
    global _loudness  # noqa: PLW0603  # of the process, as standard output is
    _loudness = loudness


def set_reader(reader: Reader) -> None:
    """Choose for whom standard output is from now on."""
    global _reader  # noqa: PLW0603  # as above
    _reader = reader


def is_for_programs() -> bool:
    """Whether standard output is for JSON alone, so that nothing else may be printed there."""
    return _reader is Reader.PROGRAM


def is_quiet() -> bool:
    """Whether only errors and results are printed."""
    return _loudness is Loudness.QUIET


def say(text: str = "") -> None:
    """Print what a command did, or what to do next; nothing if quiet. To standard output, unless that is for JSON."""
    if not is_quiet():
        _print(_safe(text), _for_people())


def say_state(state: State, text: str) -> None:
    """As `say`, in the colour of a state."""
    if not is_quiet():
        out = _for_people()
        _print(_styled(_safe(text), out, fg=_LOOKS[state].colour), out)


def show(text: str) -> None:
    """Print the result of a command to standard output: JSON, a list, a help page."""
    _print(_safe(text), sys.stdout)


def warn(text: str) -> None:
    """Print notices and advice, which are not part of the result, to standard error; nothing if quiet."""
    if not is_quiet():
        _print(_safe(text), sys.stderr)


def alert(text: str) -> None:
    """Print to standard error what the user must read: an error, or the next step of a login."""
    _print(_safe(text), sys.stderr)


def heading(text: str) -> None:
    """Print a heading, which stands out on a terminal."""
    _print(_styled(_safe(text), sys.stdout, bold=True), sys.stdout)


def typed(command: str) -> None:
    """Print a command that a person in the demo types."""
    _print(_styled(f"  $ {_safe(command)}", sys.stdout, fg="cyan"), sys.stdout)


def show_check(state: State, text: str, fix: str = "") -> None:
    """Print the result of a check to standard output: `✓ text`, or `✗ text → fix`.

    Args:
        state: Chooses sign and colour.
        text: What was found, on one line.
        fix: The command that mends it, quoted to be pasted; on a narrow terminal it has a line of its own.
    """
    _check(sys.stdout, state, text, fix)


def say_check(state: State, text: str, fix: str = "") -> None:
    """As `show_check`, for a step that a command has done, and by the rules of `say`."""
    if not is_quiet():
        _check(_for_people(), state, text, fix)


def _check(out: TextIO, state: State, text: str, fix: str) -> None:
    look = _LOOKS[state]
    sign, arrow = (look.sign, "→") if _can_show(_SIGNS, out) else (look.plain, "->")
    text, fix = one_line(text), printable(fix)
    is_wide = not fix or len(f"{sign} {text} {arrow} {fix}") <= width_of(out)
    found = f"{_styled(sign, out, fg=look.colour)} {text}"
    gap = " " if is_wide else "\n  "
    _print(f"{found}{gap}{arrow} {_styled(fix, out, bold=True)}" if fix else found, out)


def say_next(*commands: str, where: str = "") -> None:
    """Print the last lines of a command: what to type next; by the rules of `say`.

    Args:
        *commands: Command lines, quoted to be pasted; for none, nothing is printed.
        where: The place to type them if it is another one, e.g. `in your dataset's folder`.
    """
    if is_quiet() or not commands:
        return
    out = _for_people()
    safe = [_styled(printable(line), out, bold=True) for line in commands]
    lead = f"Next, {where}, type:" if where else "Next, type:"
    _print(f"{lead} {safe[0]}" if len(safe) == 1 else "\n  ".join([lead, *safe]), out)


def show_table(headers: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> None:
    """Print a table to standard output; nothing if it has no rows.

    Where a terminal is too narrow for it, each row becomes a paragraph, so that addresses can still be copied. Where
    the output is no terminal, it is one line for each row without headers, as other programs expect it.

    Args:
        headers: One for each column.
        rows: As many cells in each as there are headers.
    """
    if not rows:
        return
    out = sys.stdout
    cells = [[_cell(cell) for cell in row] for row in rows]
    lines, width = _grid(headers, cells, out)
    if width > width_of(out):
        for row in cells:
            _print(_paragraph(headers, row, out), out)
        return
    _print(lines, out)


def _cell(cell: str | Cell) -> "Text":
    """Its text, which is never read as markup."""
    from rich.text import Text  # noqa: PLC0415  # costs milliseconds, which only a table pays

    if isinstance(cell, Cell):
        return Text(one_line(cell.text), _LOOKS[cell.state].colour)
    return Text(one_line(cell))


def _grid(headers: Sequence[str], rows: "Sequence[Sequence[Text]]", out: TextIO) -> tuple[str, int]:
    """The table as lines, with all that their cells hold, and its width in columns."""
    from rich.table import Table  # noqa: PLC0415  # as above

    table = Table(*headers, box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=is_terminal(out))
    for row in rows:
        table.add_row(*row)
    console = _console(out)
    width = console.measure(table).maximum
    console.width = width
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n")), width


def _paragraph(headers: Sequence[str], row: "Sequence[Text]", out: TextIO) -> str:
    """A row of a table as lines: the first cell, then `header: cell`."""
    console = _console(out)
    with console.capture() as captured:
        console.print(row[0], style="bold", soft_wrap=True)
        for header, cell in zip(headers[1:], row[1:], strict=True):
            if cell:
                console.print(f"  {header.lower()}: ", cell, sep="", soft_wrap=True)
    return captured.get().rstrip("\n")


def _console(out: TextIO) -> "Console":
    """A console that takes no text for markup, and whose width no cell has to be cut for."""
    from rich.console import Console  # noqa: PLC0415  # as above

    return Console(
        file=out,
        width=_NO_LIMIT,
        color_system="standard" if _has_colours(out) else None,
        force_terminal=_has_colours(out),
        markup=False,
        highlight=False,
        emoji=False,
    )


def complain(error: click.ClickException) -> None:
    """Print a usage error of click to standard error, with the usage of the command."""
    shown = StringIO()
    error.show(shown)
    warn(shown.getvalue().removesuffix("\n"))


def counted(number: int, noun: str) -> str:
    """A number of things: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Live(Protocol):
    """A display that has the last lines of the terminal, as a progress bar has."""

    def start(self) -> None:
        """Show it."""

    def stop(self) -> None:
        """Take it away."""


@contextmanager
def beside(display: Live) -> Iterator[None]:
    """Show a display for the time of the block; it steps aside while something else is printed."""
    _live.append(display)
    display.start()
    try:
        yield
    finally:
        display.stop()
        _live.remove(display)


def _print(text: str, out: TextIO) -> None:
    for display in _live:
        display.stop()
    # A file name may have letters that the encoding of the output lacks.
    encoding = getattr(out, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), file=out, color=_has_colours(out))
    for display in _live:
        display.start()


def _for_people() -> TextIO:
    return sys.stderr if is_for_programs() else sys.stdout


def _safe(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


def _styled(text: str, out: TextIO, **style: Any) -> str:
    return click.style(text, **style) if text and _has_colours(out) else text


def _has_colours(out: TextIO) -> bool:
    """Whether escape sequences for colours are wanted there.

    Source: https://no-color.org and https://force-color.org; NO_COLOR wins.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") in DUMB:
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_terminal(out)


def _can_show(text: str, out: TextIO) -> bool:
    try:
        text.encode(getattr(out, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_terminal(out: TextIO | None) -> bool:
    """Whether a stream prints to a terminal; a program that was started with a closed output has None."""
    return out is not None and out.isatty()


def width_of(out: TextIO) -> int:
    """Columns of the terminal to which a stream prints; many if it prints to none."""
    if not is_terminal(out):
        return _NO_LIMIT
    if (told := os.environ.get("COLUMNS", "")).isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(out.fileno()).columns or _USUAL
    except (OSError, ValueError):
        return _USUAL
