"""`pyshare doctor [NAME]`: what works on this machine, in this dataset and at its stores, and what mends the rest."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

import click

from git_annex_remote_pyshare import log
from git_annex_remote_pyshare.cli.completion import remote_names
from git_annex_remote_pyshare.cli.doctor import dataset, friends, login, machine, server, speed
from git_annex_remote_pyshare.cli.doctor.bundle import require_new, write
from git_annex_remote_pyshare.cli.doctor.check import OK, PROBLEM, UNKNOWN, WARNING, Check
from git_annex_remote_pyshare.cli.ending import Exit
from git_annex_remote_pyshare.cli.json_option import json_option, show_json
from git_annex_remote_pyshare.cli.output import counted, heading, is_quiet, say, say_next, show_check
from git_annex_remote_pyshare.cli.remotes import Remote, clone_here, remote_named
from git_annex_remote_pyshare.config.git_config import LocalConfig, git_dir_here
from git_annex_remote_pyshare.config.remotes import names, waiting
from git_annex_remote_pyshare.errors import BadSetting, PyshareError


class _Here(NamedTuple):
    """Where the command runs."""

    clone: LocalConfig | None
    """None outside of a dataset."""
    remotes: list[Remote]
    """The enabled pyshare remotes to look at."""
    others: list[str]
    """Names of those that are not enabled."""
    broken: list[Check]
    """Remotes whose settings cannot be used."""


@click.command()
@click.argument("name", default="", shell_complete=remote_names)
@click.option("--friends", "as_friend", is_flag=True, help="Also look at what a friend would get.")
@json_option("Print JSON for programs: one object with all checks.")
@click.option("-v", "--verbose", is_flag=True, help="Show each HTTP request, without passwords and tokens.")
@click.option("--bundle", default="", metavar="FILE", help="Write a zip FILE for a bug report, without secrets.")
@click.pass_context
def doctor(context: click.Context, name: str, *, as_friend: bool, as_json: bool, verbose: bool, bundle: str) -> int:
    """Look at this machine, the dataset, its login and its server, and say which command mends what is wrong.

    \b
    Examples:
      pyshare doctor
      pyshare doctor for-friends
      pyshare doctor for-friends --friends
      pyshare doctor --bundle report.zip

    Without NAME all pyshare remotes of the dataset are looked at, and outside of a dataset only the machine. At the
    server, one small object of its own is stored, read, renamed and removed; nothing is sent to a remote that you have
    not verified, and nothing is changed in the dataset. The exit code is 0 if nothing is wrong, 1 if something is (✗),
    and 2 if something could not be looked at (?).
    """
    if verbose:
        context.with_resource(log.to_stderr())
    if bundle:
        require_new(bundle)
    here = _here(name)
    found: list[Check] = []
    with log.recorded() as record:
        for check in _all(here, record, as_friend=as_friend):
            if not as_json:
                _print(check, found)
            found.append(check)
    if as_json:
        show_json({"checks": [check.fields for check in found]})
    if bundle:
        write(bundle, found, here.remotes, here.clone or LocalConfig(), record.lines)
        say(f"Written: {bundle}. Look into it before you send it.")
    _sum_up(found)
    return _exit_code(found)


def _here(name: str) -> _Here:
    """The clone and its remotes; raises BadSetting if NAME is none of them."""
    if not shutil.which("git") or not git_dir_here():
        if name:
            raise BadSetting("this folder is in no git repository", remedy="Type it inside of the dataset's clone.")
        return _Here(None, [], [], [])
    clone = clone_here()
    others = list(waiting(clone))
    if name:
        return _Here(clone, [], [name], []) if name in others else _Here(clone, [remote_named(name)], [], [])
    remotes, broken = [], []
    for each in names(clone):
        try:
            remotes.append(remote_named(each))
        except PyshareError as error:  # noqa: PERF203  # a dataset has few remotes
            broken.append(Check(dataset.SECTION, "settings", PROBLEM, f"{each}: {error}"))
    return _Here(clone, remotes, others, broken)


def _all(here: _Here, record: log.Recorded, *, as_friend: bool) -> Iterator[Check]:
    """All checks, section by section."""
    yield from machine.checks()
    if here.clone is None:
        return
    if not (here.remotes or here.others or here.broken):
        yield dataset.no_remote()
    yield from here.broken
    yield from map(dataset.not_enabled, here.others)
    yield from _each(here.remotes, dataset.checks_of)
    yield from dataset.checks(here.clone, here.remotes)
    yield from speed.checks(here.clone, here.remotes)
    trusted = [remote for remote in here.remotes if remote.place.trusted()]
    yield from _each(trusted, login.checks_of)
    yield from _each(here.remotes, lambda remote: server.checks_of(remote, record))
    if as_friend:
        yield from _each(here.remotes, friends.checks_of)


def _each(remotes: Iterable[Remote], checks_of: Callable[[Remote], Iterator[Check]]) -> Iterator[Check]:
    """The checks of each remote; one that is interrupted still ends in order."""
    for remote in remotes:
        with closing(checks_of(remote)) as checks:  # type: ignore[type-var]  # each is a generator
            yield from checks


def _print(check: Check, before: list[Check]) -> None:
    """Print a line, below its section's title; if quiet, only what is wrong."""
    if is_quiet() and check.state == OK:
        return
    if not is_quiet() and (not before or before[-1].section != check.section):
        heading(check.section.capitalize())
    show_check(check.state, check.text, check.fix)


def _sum_up(found: list[Check]) -> None:
    """Print how much is wrong, and the command with which to begin."""
    kinds = {PROBLEM: "problem", WARNING: "hint", UNKNOWN: "open question"}
    counts = [(sum(check.state is state for check in found), word) for state, word in kinds.items()]
    wrong = ", ".join(counted(count, word) for count, word in counts if count)
    say(f"{wrong}." if wrong else "Nothing is wrong.")
    fixes = [check.fix for state in kinds for check in found if check.state is state and check.fix]
    say_next(*fixes[:1])


def _exit_code(found: list[Check]) -> Exit:
    states = {check.state for check in found}
    if PROBLEM in states:
        return Exit.FAILED
    return Exit.UNABLE if UNKNOWN in states else Exit.DONE
