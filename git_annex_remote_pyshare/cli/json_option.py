"""The option `--json`, which each command has that reports something.

`app.run` looks for it before the words are parsed, so that wrong words are answered in JSON, too, and lets `output`
keep standard output free for the object (see `output.Reader`). docs/reference/json/ has a schema for each command.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

from git_annex_remote_pyshare.cli.output import show

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(what: str = "Print a JSON object for programs.") -> Callable[[Command], Command]:
    """The option for a command, which takes it as the argument `as_json`.

    Args:
        what: Its help.
    """
    return click.option("--json", "as_json", is_flag=True, help=what)


def show_json(fields: object) -> None:
    """Print an object as JSON, on several lines."""
    show(json.dumps(fields, indent=2))
