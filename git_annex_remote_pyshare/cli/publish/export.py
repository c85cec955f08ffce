"""Lets git-annex export a tree, and collects what it says."""

import json
import subprocess
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from git_annex_remote_pyshare.cli.output import warn
from git_annex_remote_pyshare.cli.progress import with_bar
from git_annex_remote_pyshare.config.git_config import git_command, git_environment

_MOST_SAID = 8192
"""Bytes of what git-annex says besides its reports that are kept: a server can make it say any amount."""


class Failure(NamedTuple):
    """Something that git-annex did not do."""

    file: str
    """The file's path; what was tried if git-annex does not name the file."""
    why: str


class Outcome(NamedTuple):
    """How an export went."""

    failures: list[Failure]
    said: str
    """What git-annex printed to standard error."""
    code: int
    """Its exit code."""


def export(tree: str, remote: str, steps: int) -> Outcome:
    """Export a tree, with a progress bar on a terminal.

    Args:
        tree: The name of the tree's object.
        remote: Name of the remote.
        steps: How many reports are expected, for the bar.
    """
    with TemporaryFile() as said:
        with subprocess.Popen(
            # The name in one word with its option, since it may begin with a dash.
            git_command("annex", "export", tree, f"--to={remote}", "--json", "--json-error-messages"),
            env=git_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
        ) as running:
            failures = list(_failures(running.stdout, steps))
        said.seek(0)
        text = said.read(_MOST_SAID).decode("utf-8", "surrogateescape").strip()
    return Outcome(failures, text, running.returncode)


def _failures(reports: "IO[bytes] | None", steps: int) -> Iterator[Failure]:
    for row in with_bar(map(json.loads, reports or ()), max(steps, 1), "Publishing"):
        if info := row.get("info"):
            warn(str(info))
        elif not row.get("success", True):
            why = " ".join([*row.get("error-messages", ()), *filter(None, [row.get("note", "")])])
            yield Failure(row.get("file") or row.get("command", ""), why or "git-annex does not say why")
