"""A progress bar for commands that ask a store for many things."""

import sys
from collections.abc import Iterator
from typing import TypeVar

import click

from git_annex_remote_pyshare.cli.output import is_quiet

Item = TypeVar("Item")


def with_bar(items: Iterator[Item], count: int, label: str) -> Iterator[Item]:
    """The items as they come, with a bar on the terminal; without one, nothing is shown."""
    if is_quiet() or not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, length=count, label=label, file=sys.stderr) as bar:
        yield from bar
