"""The commands of other programs that pyshare runs for the user: shown first, then run one after the other."""

import os
import subprocess
from collections.abc import Sequence

from git_annex_remote_pyshare.cli.output import is_for_programs, say, show
from git_annex_remote_pyshare.config.git_config import git_environment, program
from git_annex_remote_pyshare.errors import CommandFailed
from git_annex_remote_pyshare.safe_text import command

Step = Sequence[str]
"""A command and its arguments."""

_STANDARD_ERROR = 2
"""The file descriptor."""


def show_steps(steps: Sequence[Step]) -> None:
    """Print the commands, each quoted to paste into a shell."""
    for step in steps:
        show(f"  {command(*step)}")


def run_steps(steps: Sequence[Step]) -> None:
    """Run the commands in the working directory, each shown before it starts; their output goes to the terminal.

    With `--json` it goes to standard error.

    Raises:
        CommandFailed: One of them failed; those after it have not run.
    """
    output = _STANDARD_ERROR if is_for_programs() else None
    for step in steps:
        say(f"$ {command(*step)}")
        done = subprocess.run(found(step), env=git_environment(), stdin=subprocess.DEVNULL, stdout=output, check=False)
        if done.returncode:
            raise CommandFailed(f"{step[0]} failed, see above", remedy=f"When that is mended, type: {command(*step)}")


def found(step: Step) -> Sequence[str]:
    """The command with its program from PATH, never one from the dataset's folder.

    Raises:
        FileNotFoundError: Windows has no such program in PATH.
    """
    if os.path.isabs(step[0]):
        return step
    return program(os.environ.get("PATH", ""), step[0]), *step[1:]
