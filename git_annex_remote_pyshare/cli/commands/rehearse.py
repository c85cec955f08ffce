"""`pyshare rehearse NAME`: be a stranger who clones the dataset and reads its store."""

import os
from collections.abc import Mapping

import click

from git_annex_remote_pyshare.cli import output
from git_annex_remote_pyshare.cli.completion import remote_names
from git_annex_remote_pyshare.cli.invitation import read_invitation
from git_annex_remote_pyshare.cli.json_option import json_option, show_json
from git_annex_remote_pyshare.cli.rehearsal import Rehearsal, State, rehearse
from git_annex_remote_pyshare.cli.remotes import remote_named
from git_annex_remote_pyshare.cli.share.reach import rehearse_remote

SHOWN: Mapping[State, output.State] = {
    State.OK: output.State.OK,
    State.PROBLEM: output.State.PROBLEM,
    State.LOGIN: output.State.WARNING,
    State.UNKNOWN: output.State.UNKNOWN,
}
"""How the states of a rehearsal look; a login that friends need is no fault of the dataset."""


@click.command("rehearse")
@click.argument("name", metavar="NAME|CODE|URL", shell_complete=remote_names)
@click.option("--files", type=click.IntRange(1, 1000), default=1, help="Read that many of the smallest files.")
@json_option()
def rehearse_command(name: str, *, files: int, as_json: bool) -> int:
    """Try as a stranger whether friends get the dataset: clone it, read the smallest file of the store, compare it.

    NAME is a remote of the dataset around you; or give an invitation, or an address to clone from.

    \b
    Examples:
      pyshare rehearse cloud
      pyshare rehearse cloud --files 5 --json
      pyshare rehearse https://github.com/alice/DataLad-101.git

    The stranger has an empty HOME: no keyring, no login in the environment, no git config of yours. Everything is
    removed at the end. The exit code is 0 if friends get the data, 1 if they do not, 4 if they need a login, and 2 if
    it could not be tried.
    """
    rehearsal = _of_address(name, files) if _is_address(name) else rehearse_remote(remote_named(name), files)
    if as_json:
        show_json(rehearsal.fields)
        return rehearsal.exit_code
    output.say(f"As a stranger, from {rehearsal.address}:")
    for check in rehearsal.checks:
        output.show_check(SHOWN[check.state], check.text, check.fix)
    return rehearsal.exit_code


def _is_address(text: str) -> bool:
    """Whether it is no name of a remote: those have no colon."""
    return ":" in text or os.path.isabs(text)


def _of_address(text: str, files: int) -> Rehearsal:
    invitation = read_invitation(text)
    return rehearse(invitation.url, files=files)
