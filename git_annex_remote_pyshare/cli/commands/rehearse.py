"""`pyshare rehearse NAME`: be a stranger who clones the dataset and reads its store."""

import json

import click

from git_annex_remote_pyshare.cli.invitation import read_invitation
from git_annex_remote_pyshare.cli.output import alert, say, show
from git_annex_remote_pyshare.cli.rehearsal import Check, Rehearsal, State, rehearse
from git_annex_remote_pyshare.cli.remotes import remote_named
from git_annex_remote_pyshare.cli.share.reach import rehearse_remote
from git_annex_remote_pyshare.errors import PyshareError

_MARKS = {State.OK: "✓", State.PROBLEM: "✗", State.LOGIN: "!", State.UNKNOWN: "?"}

_COULD_NOT_LOOK = 2


@click.command("rehearse")
@click.argument("name", metavar="NAME|CODE|URL")
@click.option("--files", type=click.IntRange(1, 1000), default=1, help="Read that many of the smallest files.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for programs.")
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
    try:
        rehearsal = (
            _of_address(name, files) if ":" in name or "/" in name else rehearse_remote(remote_named(name), files)
        )
    except PyshareError as error:
        alert(f"pyshare: {error}")
        return _COULD_NOT_LOOK
    if as_json:
        show(json.dumps(rehearsal.fields, indent=2))
    else:
        say(f"As a stranger, from {rehearsal.address}:")
        for check in rehearsal.checks:
            show(f"  {line_of(check)}")
    return rehearsal.exit_code


def line_of(check: Check) -> str:
    """A check in one line: its mark, what happened, and what mends it."""
    return f"{_MARKS[check.state]} {check.text}{f' → {check.fix}' if check.fix else ''}"


def _of_address(text: str, files: int) -> Rehearsal:
    invitation = read_invitation(text)
    return rehearse(invitation.url, files=files)
