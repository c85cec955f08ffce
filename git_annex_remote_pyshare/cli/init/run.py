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
                share_before_push(step[2], _run_one, public="--public" in step)
            else:
                _run_one(step)
        except PyshareError as error:
            # A link's password or end, which a server may require, has no option here.
            first = f"{command(*step)} && " if step[:2] == ("pyshare", "share") else ""
            error.remedy = f"{error.remedy} When that is mended, type: {first}{again}".lstrip()
            raise
        if step[0] == "pyshare":
            say_check(State.OK, command(*step))


def _run_one(step: Step) -> None:
    """Run one command, and show that it worked and what else it tells.

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
    say_check(State.OK, command(*step))
