"""`pyshare invite NAME`: print what a friend types to get the dataset, after trying it as a stranger."""

from typing import NamedTuple

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import NO_TERMS, Opens, Shares, ability
from git_annex_remote_pyshare.cli.commands.rehearse import SHOWN
from git_annex_remote_pyshare.cli.completion import remote_names
from git_annex_remote_pyshare.cli.dataset import Dataset
from git_annex_remote_pyshare.cli.foreign_address import require_safe_address
from git_annex_remote_pyshare.cli.invitation import Access, Invitation, is_folder_name
from git_annex_remote_pyshare.cli.json_option import json_option, show_json
from git_annex_remote_pyshare.cli.output import say, say_check, show, warn
from git_annex_remote_pyshare.cli.qr import qr_code, require_qr
from git_annex_remote_pyshare.cli.rehearsal import Rehearsal, State, Store, rehearse
from git_annex_remote_pyshare.cli.remotes import Remote, opened, remote_named, require_verified
from git_annex_remote_pyshare.cli.share.publish import steps
from git_annex_remote_pyshare.cli.share.reach import Reach, address_of, fixes_of, reach_of, require_published
from git_annex_remote_pyshare.cli.steps import run_steps
from git_annex_remote_pyshare.cli.terminal import CommandLine
from git_annex_remote_pyshare.config.annex_url import SCHEME
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command, one_line

_PACKAGE = "git-annex-remote-pyshare[friend]"
"""Brings git-annex and datalad along, so that a friend's machine needs only git, and uv or pipx."""


class _Message(NamedTuple):
    """What the owner sends."""

    target: str
    """What `pyshare accept` takes: a code, or an address to clone from."""
    heading: str
    """One sentence that says who can read the data."""
    has_password: bool

    @property
    def commands(self) -> list[str]:
        """What a friend types: with uv, with pipx, or where pyshare is installed."""
        accept = ("pyshare", "accept", self.target)
        return [
            command("uvx", "--from", _PACKAGE, *accept),
            command("pipx", "run", "--spec", _PACKAGE, *accept),
            command(*accept),
        ]

    @property
    def lines(self) -> list[str]:
        """The commands with a word on each."""
        uvx, pipx, installed = self.commands
        return [f"  {uvx}", f"  (with pipx: {pipx})", f"  (with pyshare, git-annex and datalad: {installed})"]


@click.command()
@click.argument("name", shell_complete=remote_names)
@click.option(
    "--link",
    is_flag=True,
    help="If there is no link that anyone can read by, make one and push the history, without asking.",
)
@click.option("--file", type=click.Path(dir_okay=False), help="Write what you send into a new file, too.")
@click.option("--qr", is_flag=True, help="Show the friend's command as a QR code, too.")
@click.option("--no-rehearsal", is_flag=True, help="Do not try the invitation as a stranger.")
@json_option()
def invite(name: str, *, link: bool, file: str | None, qr: bool, no_rehearsal: bool, as_json: bool) -> int:
    """Print what a friend types to get this dataset with the content of the remote NAME.

    \b
    Examples, inside a dataset's clone:
      pyshare invite cloud
      pyshare invite cloud --qr
      pyshare invite cloud --file invitation.txt
      pyshare invite cloud --json --no-rehearsal

    pyshare first clones the dataset as a stranger and reads the smallest file; what is missing is said with the
    command that mends it. The exit code is 0 if friends get the data, if need be with a login of their own, and 1 if
    they do not. An invitation contains no password.
    """
    if qr:
        require_qr()
    remote = remote_named(name)
    dataset = require_published(remote)
    reach = _with_link(remote, dataset, link=link)
    remote = remote_named(name)  # as the link has changed it
    address = address_of(remote, dataset, reach.store)
    _require_sendable(address, name)
    rehearsal = None if no_rehearsal else _rehearsed(address, remote, reach, dataset)
    message = _message(address, remote, reach, rehearsal)
    if file:
        _write(file, message)
    if as_json:
        fields = {"target": message.target, "commands": message.commands}
        show_json({**fields, "rehearsal": rehearsal.fields if rehearsal else None})
    else:
        _show(message, rehearsal)
    if qr:
        (warn if as_json else show)(f"\n{qr_code(message.commands[0])}")
    return 0 if rehearsal is None or rehearsal.state is State.LOGIN else rehearsal.exit_code


def _with_link(remote: Remote, dataset: Dataset, *, link: bool) -> Reach:
    """How friends reach the store, after a link was made if the owner wants one."""
    reach, name = reach_of(remote), remote.place.clone.remote
    if reach.access is not Access.ACCOUNT or reach.store != name:
        return reach
    backend = registry.make(remote.place)
    if ability(backend, Opens) or not ability(backend, Shares):
        return reach
    host = _service(remote)
    needed = f"Friends need a login at {host} for this."
    question = f"{needed} Make a link that anyone who has it can read by, and push the history to {dataset.remote}?"
    if not (link or CommandLine().confirm(question)):
        return reach
    require_verified(remote)
    with opened(remote.place) as store:
        made = store.call(Shares, lambda able: able.share(NO_TERMS))
    if made is None:
        warn(f"{host} has no links, so friends need a login of their own there.")
        return reach
    run_steps(steps(remote, made))
    return reach_of(remote_named(name))


def _require_sendable(address: str, name: str) -> None:
    """Raise BadSetting for an address that no friend's pyshare takes."""
    try:
        require_safe_address(address)
    except BadSetting as error:
        raise BadSetting(
            f"friends cannot accept an invitation to {address}: {error.what}",
            remedy=f"For other commands to send, type: {command('pyshare', 'share', name)}",
        ) from None


def _rehearsed(address: str, remote: Remote, reach: Reach, dataset: Dataset) -> Rehearsal:
    warn("Trying it as a stranger …")
    return rehearse(address, Store(remote.uuid, reach.store), fixes=fixes_of(remote, dataset))


def _message(address: str, remote: Remote, reach: Reach, rehearsal: Rehearsal | None) -> _Message:
    access = _seen(address, reach, rehearsal)
    who = {
        Access.OPEN: "anyone who has it can read the data",
        Access.PASSWORD: "anyone who has it and the link's password can read the data",
        Access.ACCOUNT: f"friends need a login of their own at {_service(remote)}",
        Access.SAME_DISK: f"friends need the same folder, {reach.url}",
    }[access]
    if not address.startswith(SCHEME) and State.LOGIN in _states(rehearsal, "clone"):
        who = f"friends need access to {address}"
    if rehearsal and {check.check for check in rehearsal.checks if check.state is State.PROBLEM} - {"files"}:
        heading = "Do not send this yet, see below:"
    else:
        heading = f"Send this ({who}):"
    target = address if not address.startswith(SCHEME) else _invitation(address, remote, reach, access).code()
    return _Message(target, heading, access is Access.PASSWORD)


def _service(remote: Remote) -> str:
    """Where friends log in: the name of a service that has one login for all, or else a host."""
    spec = registry.spec_of(remote.place.url)
    is_one = spec.login is not None and spec.login.url
    return spec.title if is_one else registry.account_of(remote.place.settings).host


def _seen(address: str, reach: Reach, rehearsal: Rehearsal | None) -> Access:
    """What friends need, after a stranger has tried."""
    states = _states(rehearsal, "read")
    if address.startswith(SCHEME):  # cloning reads the store, too
        states |= _states(rehearsal, "clone") - {State.OK}
    if State.LOGIN in states:
        return Access.PASSWORD if reach.is_link else Access.ACCOUNT
    return Access.OPEN if State.OK in states and reach.access is Access.ACCOUNT else reach.access


def _states(rehearsal: Rehearsal | None, name: str) -> set[State]:
    return {check.state for check in rehearsal.checks if check.check == name} if rehearsal else set()


def _invitation(address: str, remote: Remote, reach: Reach, access: Access) -> Invitation:
    clone = remote.place.clone
    folder = Dataset.folder_of(clone)
    who = one_line(clone.config.get("user.name", ""))[:100].strip()
    return Invitation(folder if is_folder_name(folder) else "dataset", address, who, reach.store, access)


def _write(file: str, message: _Message) -> None:
    try:
        with open(file, "x", encoding="utf-8") as written:
            written.write("\n".join([message.heading, *message.lines, ""]))
    except FileExistsError:
        raise BadSetting(f"{file} exists already", remedy="Give another name after --file.") from None


def _show(message: _Message, rehearsal: Rehearsal | None) -> None:
    say(message.heading)
    for line in message.lines:
        show(line)
    if message.has_password:
        say("Send the link's password separately.")
    if rehearsal is None:
        say("If the link has a password, send that separately.")
        return
    say("Rehearsed as a stranger just now:")
    for check in rehearsal.checks:
        say_check(SHOWN[check.state], check.text, check.fix)
