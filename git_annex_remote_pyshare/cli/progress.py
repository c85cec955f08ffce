"""Shows on a terminal how much of a long task is done, how fast it is, and how long it will take; elsewhere nothing."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from git_annex_remote_pyshare.cli.output import DUMB, beside, is_quiet, is_terminal, width_of
from git_annex_remote_pyshare.transfer import in_words

if TYPE_CHECKING:
    from rich.progress import Task

_BAR_FROM = 60
"""Columns of a terminal that has space for a bar beside the numbers."""

Item = TypeVar("Item")


def with_bar(items: Iterator[Item], count: int, label: str) -> Iterator[Item]:
    """Yield the items, and show on standard error how many have come.

    Args:
        items: What is counted.
        count: Their number.
        label: What happens to them, e.g. `Verifying`.
    """
    with _shown(label, count, _items) as advance:
        for item in items:
            yield item
            advance(1)


@contextmanager
def bytes_bar(total: int, label: str) -> Iterator[Callable[[int], None]]:
    """Show on standard error how many bytes have come, during the block.

    Args:
        total: Number of all bytes.
        label: What happens to them, e.g. `Downloading`.

    Yields:
        To be called with the number of bytes that have come since the last call, from any thread.
    """
    with _shown(label, total, _bytes) as advance:
        yield advance


def _items(task: "Task") -> str:
    speed = f" · {task.speed:.3g}/s" if task.speed else ""
    return f"{task.completed:.0f}/{task.total or 0:.0f}{speed}"


def _bytes(task: "Task") -> str:
    speed = f" · {in_words(int(task.speed))}/s" if task.speed else ""
    return f"{in_words(int(task.completed))} of {in_words(int(task.total or 0))}{speed}"


@contextmanager
def _shown(label: str, total: int, numbers: "Callable[[Task], str]") -> Iterator[Callable[[int], None]]:
    """Show a progress with these numbers; yields the function that advances it."""
    if is_quiet() or not is_terminal(sys.stderr) or os.environ.get("TERM") in DUMB:
        yield lambda _count: None
        return
    from rich.console import Console  # noqa: PLC0415  # costs milliseconds, which only a terminal pays
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    class Numbers(ProgressColumn):
        def render(self, task: "Task") -> Text:
            return Text(numbers(task))

    width = width_of(sys.stderr)
    bar = [BarColumn(bar_width=None)] if width >= _BAR_FROM else []
    columns = (TextColumn("{task.description}", markup=False), *bar, Numbers(), TimeRemainingColumn(compact=True))
    # What else is printed meanwhile goes through `output`, which takes the progress away first.
    console = Console(file=sys.stderr, width=width, markup=False, highlight=False, emoji=False)
    progress = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    task = progress.add_task(label, total=total)
    with beside(progress):
        yield lambda count: progress.advance(task, count)
