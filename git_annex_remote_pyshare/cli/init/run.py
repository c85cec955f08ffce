"""Runs the commands of a plan, one after the other, with a check mark for each."""

import subprocess

from git_annex_remote_pyshare.cli.output import State, alert, say, say_check
from git_annex_remote_pyshare.cli.share.before_push import share_before_push
from git_annex_remote_pyshare.cli.steps import Step, found
from git_annex_remote_pyshare.config.git_config import git_environment
from git_annex_remote_pyshare.errors import CommandFailed, PyshareError
from git_annex_remote_pyshare.safe_text import command

_CHATTER = ("initremote ", "enableremote ", "configremote ", "init ", "(", "ok", "create(ok)", "action summary")
"""What the lines begin with that git-annex and DataLad print about their own work, and not about a problem."""


def run(steps: list[Step], again: str) -> None:
    """Run the commands in the working directory.

    Args:
        steps: The commands; `pyshare share` runs in this process.
        again: The command that continues after a failure.

    Raises:
        PyshareError: One of them failed; those after it have not run.
    """
    for step in steps:
        try:
            if step[:2] == ("pyshare", "share"):
                share_before_push(step[2], public="--public" in step, run=run_one)
            else:
                run_one(step)
        except PyshareError as error:
            more = f"When that is mended, type: {again}"
            raise type(error)(error.what, remedy=f"{error.remedy} {more}" if error.remedy else more) from error
        say_check(State.OK, command(*step))


def run_one(step: Step) -> None:
    """Run one command, and show what it prints if that tells more than that it worked.

    Raises:
        CommandFailed: It failed.
    """
    done = subprocess.run(
        found(step),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    lines = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
    if done.returncode:
        for line in lines:
            alert(f"  {line}")
        raise CommandFailed(f"{command(*step)} failed, see above")
    for line in lines:
        if not line.startswith(_CHATTER):
            say(f"  {line.strip()}")
