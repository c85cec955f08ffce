"""`pyshare accept CODE|URL [DIR]`: clone a dataset that someone shares, and get its files."""

import shutil
from collections.abc import Mapping

import click

from git_annex_remote_pyshare.cli.accept.getting import login_command
from git_annex_remote_pyshare.cli.accept.places import git_host
from git_annex_remote_pyshare.cli.accept.programs import (
    forget_other_repositories,
    lasting_install,
    lend_identity,
    use_own_programs,
)
from git_annex_remote_pyshare.cli.accept.questions import Answers
from git_annex_remote_pyshare.cli.accept.session import Plan, Report, join, plan_of, repair
from git_annex_remote_pyshare.cli.accept.stores import Store, is_readable, is_verified
from git_annex_remote_pyshare.cli.ending import Exit
from git_annex_remote_pyshare.cli.invitation import read_invitation
from git_annex_remote_pyshare.cli.json_option import json_option, show_json
from git_annex_remote_pyshare.cli.output import State, alert, counted, say, say_check, show
from git_annex_remote_pyshare.cli.remotes import clone_here
from git_annex_remote_pyshare.safe_text import command, one_line


@click.command()
@click.argument("invitation", metavar="[CODE|URL]", default="")
@click.argument("folder", metavar="[DIR]", default="")
@click.option("--show", "only_show", is_flag=True, help="Only show what CODE or URL leads to; contact nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before the clone.")
@click.option("--get", "wanted", multiple=True, metavar="all|none|PATH", help="What to get; PATH can be repeated.")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="ADDRESS",
    help="The whole address, as it is shown, of a store that you trust with what you push; can be repeated.",
)
@json_option()
def accept(invitation: str, folder: str, *, only_show: bool, as_json: bool, **typed: object) -> int:
    """Clone the dataset that someone shares with you by CODE or URL, and get its files.

    \b
    Examples:
      pyshare accept https://github.com/alice/DataLad-101.git
      pyshare accept https://github.com/alice/DataLad-101.git --show
      pyshare accept https://github.com/alice/DataLad-101.git my-copy --yes --get none
      pyshare accept

    pyshare first shows which host it contacts and which folder it makes, and asks. It then shows where the data lies,
    and asks what to get. A store is verified, and gets what you push, only if you have agreed to its whole address: by
    getting something, by a yes, or by --host. Inside a clone, or for a folder that is a clone already, it repairs what
    a clone lacks and never clones again.

    The exit code is 0 if all that you want is here, 1 if something is missing, and 4 if a store wants a login.
    """
    answers = Answers(bool(typed["yes"]), _words(typed["wanted"]), frozenset(_words(typed["hosts"])))
    plan = plan_of(read_invitation(invitation), folder) if invitation else None
    if plan and only_show:
        _show_plan(plan, as_json=as_json)
        return 0
    forget_other_repositories()
    use_own_programs()
    identity = lend_identity()
    report = join(plan, answers) if plan else repair(answers)
    if report is None:
        alert("Nothing was contacted or made.")
        return Exit.FAILED
    endings = {**_endings(report), "To let git know who you are": identity}
    _show_report(report, endings) if as_json else _say_end(report, endings)
    if report.login:
        return Exit.LOGIN
    return Exit.FAILED if report.lacking or report.absent else Exit.DONE


def _words(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    invitation = plan.invitation
    if as_json:
        hosts = plan.place.hosts if plan.place else (git_host(invitation.url),)
        fields = {**invitation._asdict(), "access": invitation.access.value}
        show_json({**fields, "hosts": hosts, "dir": plan.folder})
        return
    if invitation.who:
        show(one_line(f"From someone who gives the name {invitation.who}:"))
    show(plan.words)
    show(one_line(f"Address: {invitation.url}"))
    show(one_line(f"Folder: {plan.folder}"))


def _show_report(report: Report, endings: Mapping[str, str]) -> None:
    clone = clone_here() if report.found.stores else None
    remotes = [
        {
            "name": store.name,
            "hosts": store.place.hosts,
            "address": one_line(store.place.address),
            "kind": store.place.kind,
            "access": store.place.access,
            "verified": clone is not None and is_verified(store, clone),
        }
        for store in report.used
    ]
    fields = {
        "name": report.name,
        "dir": report.folder,
        "files": report.all.files,
        "bytes": report.all.bytes,
        "remotes": remotes,
        "publish_first": report.first,
        "notes": [one_line(text) for text in (*report.found.left_alone, *report.notes)],
        "got": report.gotten,
        "missing": report.lacking,
        "login": report.login,
        "next": [line for line in endings.values() if line],
    }
    show_json(fields)


def _say_end(report: Report, endings: Mapping[str, str]) -> None:
    for text in (*report.found.left_alone, *report.notes):
        alert(one_line(text))
    if report.gotten:
        say_check(State.OK, f"{counted(report.gotten, 'file')}")
    if report.lacking:
        alert(f"{counted(report.lacking, 'file')} that you want {'is' if report.lacking == 1 else 'are'} not here.")
    if report.login:
        alert(f"The store wants a login. Type: {report.login}")
    for words, line in endings.items():
        if line:
            say(f"{words}: {line}")


def _endings(report: Report) -> dict[str, str]:
    """What for → what to type; empty where nothing has to be typed."""
    get = command("datalad", "get", ".") if shutil.which("datalad") else command("git", "annex", "get")
    steps = [] if report.folder == "." else [command("cd", report.folder)]
    if report.used and not all(_is_usable(store) for store in report.used):
        steps.append(command("pyshare", "accept"))  # which asks
    later = " && ".join([*steps, get])
    return {"Later": later, "To write as well": _to_write(report), "To install for good": lasting_install()}


def _is_usable(store: Store) -> bool:
    clone = clone_here()
    return is_readable(store, clone) or is_verified(store, clone)


def _to_write(report: Report) -> str:
    """The commands after which the user can store files, too; empty if they can already, or no one knows a way."""
    usual = (each for each in report.used if not each.is_address)
    store = min(usual, key=lambda each: (each.name not in report.first, each.place.is_link), default=None)
    if store is None:
        return ""
    commands: list[str] = []
    if store.place.is_link:
        owners = next((each for each in report.found.stores if each.uuid == store.store_uuid), None)
        if owners is None:
            return ""
        commands.append(command("git", "annex", "enableremote", owners.name))
        store = owners
    if not store.place.is_local:
        commands.insert(0, login_command(store.place))
    if store.name not in report.first:
        commands.append(command("pyshare", "accept"))
    return " && ".join(commands)
