"""`pyshare verify NAME`: compare a store with git-annex's records, and repair it."""

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import click

from git_annex_remote_pyshare.annex.keys import expected_size, is_checked
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.cli.check import (
    COMPLETE,
    DAMAGED,
    MISSING,
    STATES,
    UNCHECKED,
    UNKNOWN,
    Listing,
    Verdict,
    by_content,
    by_size,
    verdicts,
)
from git_annex_remote_pyshare.cli.completion import remote_names
from git_annex_remote_pyshare.cli.contents import (
    File,
    behind,
    contents_in,
    copies_of,
    files_in,
    files_not_in,
    layout_of,
    present_here,
    refuse_encrypted,
    top,
)
from git_annex_remote_pyshare.cli.ending import Exit
from git_annex_remote_pyshare.cli.json_option import json_option
from git_annex_remote_pyshare.cli.output import State, alert, counted, say_state, show, warn
from git_annex_remote_pyshare.cli.progress import bytes_bar, with_bar
from git_annex_remote_pyshare.cli.remotes import Remote, opened, remote_named, require_verified
from git_annex_remote_pyshare.config.git_config import git_command, git_environment
from git_annex_remote_pyshare.config.settings import LAYOUTS
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line, printable

_SAMPLE = 100
"""Number of files to look at to recognise another layout."""

_PATHS_SHOWN = 10
"""Most paths in a command to paste."""


class _Task(NamedTuple):
    """The arguments of the command."""

    remote: Remote
    paths: tuple[str, ...]
    download: bool
    repair: bool

    @property
    def name(self) -> str:
        return self.remote.place.clone.remote


class _Result(NamedTuple):
    """The result of the command."""

    verdicts: list[Verdict]
    foreign: Sequence[str] = ()
    """Objects that belong to no content in git-annex's records."""
    layout: str = ""
    """The layout of the foreign objects, if all files are missing."""
    repaired: int = 0
    """Files that were stored again."""
    lacking: Sequence[File] = ()
    """Files that could not be stored again, since this clone does not have them."""


@click.command()
@click.argument("name", shell_complete=remote_names)
@click.argument("paths", nargs=-1)
@click.option("--download", is_flag=True, help="Download everything and compare the checksums of git-annex's keys.")
@click.option("--repair", is_flag=True, help="Store again what is missing or damaged, where this clone has it.")
@json_option("Print a JSON object for each file that is not complete, and a summary; one a line.")
def verify(name: str, paths: tuple[str, ...], *, download: bool, repair: bool, as_json: bool) -> int:
    """Check that the store of the remote NAME really has what git-annex believes that it has.

    \b
    Examples, inside a dataset's clone:
      pyshare verify for-friends
      pyshare verify for-friends data/ --download
      pyshare verify for-friends --repair

    Sizes are compared, and checksums where the store has one that the key has, too. Without PATHS the store is listed
    once, which also finds objects that belong to no file. The exit code is 0 only if everything could be compared and
    is complete, 1 if something is missing or damaged, and 2 if the rest could not be compared or there is nothing to
    check.
    """
    task = _Task(remote_named(name), paths, download, repair)
    refuse_encrypted(task.remote, f"Type: {command('git', 'annex', 'fsck', '--from', name, *behind(paths))}")
    if repair:
        require_verified(task.remote)
    chosen = files_in(name, paths) if paths else contents_in(name)
    result = _checked(task, chosen)
    if repair:
        result = _repaired(task, result)
    (_print_json if as_json else _print)(task, result, files_not_in(name, paths))
    return _exit_of({verdict.state for verdict in result.verdicts})


def _exit_of(states: set[str]) -> Exit:
    if states & {MISSING, DAMAGED}:
        return Exit.FAILED
    return Exit.DONE if states == {COMPLETE} else Exit.UNABLE


def _checked(task: _Task, chosen: list[File]) -> _Result:
    remote, layout = task.remote, layout_of(task.remote)
    with opened(remote.place) as store:
        if task.paths or task.download:
            return _Result(_verdicts(task, store, chosen))
        listing = Listing(store)
    found = list(with_bar(verdicts(remote, chosen, layout, by_size(listing.stat)), len(chosen), "Verifying"))
    foreign = listing.foreign(remote, chosen, layout)
    is_all_missing = bool(found) and all(verdict.state == MISSING for verdict in found)
    return _Result(found, foreign, _other_layout(remote, chosen, set(foreign)) if is_all_missing else "")


def _verdicts(task: _Task, store: Backend, chosen: list[File]) -> list[Verdict]:
    """Verdicts from one request for each object."""
    layout = layout_of(task.remote)
    if not task.download:
        return list(with_bar(verdicts(task.remote, chosen, layout, by_size(store.stat)), len(chosen), "Verifying"))
    total = sum(expected_size(file.key) or 0 for file in chosen)
    with tempfile.TemporaryDirectory(prefix="pyshare-verify-") as folder, bytes_bar(total, "Downloading") as count:
        return list(verdicts(task.remote, chosen, layout, by_content(store, Path(folder), count)))


def _other_layout(remote: Remote, chosen: list[File], foreign: set[str]) -> str:
    """The layout of the objects, if it is another one; empty if pyshare does not know it."""
    kind = registry.spec_of(remote.place.url).name
    # annex-webdav and annex-directory name alike; the one for this kind of store comes first.
    for layout in sorted(LAYOUTS, key=lambda layout: not layout.endswith(f"-{kind}")):
        for file in chosen[:_SAMPLE]:
            with suppress(PyshareError):
                firsts = (thing for things in copies_of(remote, file.key, layout) for thing in islice(things, 1))
                if any(thing.name in foreign for thing in firsts):
                    return layout
    return ""


def _repaired(task: _Task, result: _Result) -> _Result:
    """The result after what is missing or damaged was stored again."""
    bad = [verdict for verdict in result.verdicts if verdict.state in {MISSING, DAMAGED}]
    if not bad or result.layout:
        return result
    stored = store_again(task.name, bad)
    with opened(task.remote.place) as store:
        after = _verdicts(task, store, stored)
    anew = {verdict.file: verdict for verdict in after}
    is_good = sum(verdict.state in {COMPLETE, UNCHECKED} for verdict in after)
    verdicts_now = [anew.get(verdict.file, verdict) for verdict in result.verdicts]
    lacking = [verdict.file for verdict in bad if verdict.file not in anew]
    return result._replace(verdicts=verdicts_now, repaired=is_good, lacking=lacking)


def _print_json(task: _Task, result: _Result, absent: int) -> None:
    for verdict in result.verdicts:
        if verdict.state != COMPLETE:
            fields = {"file": verdict.file.path, "key": verdict.file.key, "state": verdict.state, "why": verdict.why}
            show(json.dumps(fields))
    for name in result.foreign:
        show(
            json.dumps({"object": name, "state": "foreign", "why": "it belongs to no file that git-annex knows there"})
        )
    tally = Counter(verdict.state for verdict in result.verdicts)
    summary = {
        "remote": task.name,
        "compared": "checksums" if task.download else "sizes",
        **{state: tally[state] for state in STATES},
        "foreign": len(result.foreign),
        "repaired": result.repaired,
        "not_in_remote": absent,
        "looks_like_layout": result.layout,
    }
    show(json.dumps(summary))


def _print(task: _Task, result: _Result, absent: int) -> None:
    for verdict in result.verdicts:
        if verdict.state not in {COMPLETE, UNCHECKED}:
            alert(one_line(f"{verdict.file.shown}: {verdict.state}{': ' if verdict.why else ''}{verdict.why}"))
    for name in result.foreign:
        alert(one_line(f"{name}: not ours: it belongs to no file that git-annex knows there"))
    for state, line in _summary(task, result):
        say_state(state, line)
    if absent:
        which = command("git", "annex", "find", "--not", "--in", task.name, *behind(task.paths or top()))
        of = "these" if task.paths else "this dataset"
        warn(f"{counted(absent, 'file')} of {of} {_are(absent)} not in {task.name}: {which}")
    _advise(task, result)


def _summary(task: _Task, result: _Result) -> Iterator[tuple[State, str]]:
    """The lines of a result, and what each means."""
    tally = Counter(verdict.state for verdict in result.verdicts)
    how = "checksums compared" if task.download else "sizes compared"
    if result.repaired:
        yield State.OK, f"{counted(result.repaired, 'file')} {_are(result.repaired)} stored again"
    if not result.verdicts:
        yield State.UNKNOWN, f"nothing to check: git-annex knows no file in {task.name}"
    for state, meaning, words in (
        (COMPLETE, State.OK, f"complete ({how})"),
        (UNCHECKED, State.UNKNOWN, f"unchecked: there, but with nothing to compare ({_kinds(result)})"),
        (MISSING, State.PROBLEM, "missing"),
        (DAMAGED, State.PROBLEM, "damaged"),
        (UNKNOWN, State.UNKNOWN, "unknown: the store could not be asked"),
    ):
        if tally[state]:
            yield meaning, f"{counted(tally[state], 'file')} {_are(tally[state])} {words}"
    if result.foreign:
        yield State.WARNING, f"{counted(len(result.foreign), 'object')} {_are(len(result.foreign))} not ours"


def _advise(task: _Task, result: _Result) -> None:
    """What to type next."""
    if result.layout:
        again = command("git", "annex", "enableremote", task.name, f"layout={result.layout}")
        warn(f"The names there look like layout={result.layout}. If the data is this dataset's, type: {again}")
        return
    bad = [verdict.file for verdict in result.verdicts if verdict.state in {MISSING, DAMAGED}]
    again = command("pyshare", "verify", task.name, *_options_for(task, bad))
    if result.lacking:
        few = _few([file.path for file in result.lacking], ())
        get = command("git", "annex", "get", *(behind(few) or ("--all",)))
        warn(f"This clone lacks {counted(len(result.lacking), 'file')}. If another remote has them: {get} && {again}")
    elif bad and not task.repair:
        warn(f"Where this clone has the content, this stores it again: {again}")
    if any(verdict.state == UNCHECKED and is_checked(verdict.file.key) for verdict in result.verdicts):
        fsck = command("git", "annex", "fsck", "--from", task.name, *behind(task.paths))
        warn(f"git-annex knows more checksums. Type: {fsck}")


def _options_for(task: _Task, bad: Sequence[File]) -> tuple[str, ...]:
    """The arguments after `pyshare verify NAME` to repair some files, without another download of the others."""
    if not task.download:
        return ("--repair", *behind(task.paths))
    return ("--download", "--repair", *behind(_few([file.path for file in bad], task.paths)))


def _few(paths: Sequence[str], otherwise: Sequence[str]) -> Sequence[str]:
    """The paths if all are known, printable, and few enough for a command to paste."""
    can_be_shown = all(path and printable(path) == path for path in paths)
    return paths if can_be_shown and len(paths) <= _PATHS_SHOWN else otherwise


def _kinds(result: _Result) -> str:
    """The types of the keys that could not be compared."""
    keys = {verdict.file.key.partition("-")[0] for verdict in result.verdicts if verdict.state == UNCHECKED}
    return f"{'key' if len(keys) == 1 else 'keys'} of type {', '.join(sorted(keys))}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def store_again(remote: str, bad: list[Verdict]) -> list[File]:
    """Store the contents of files in a remote once more, where this clone has them.

    Args:
        remote: Its name.
        bad: The missing or damaged files.

    Returns:
        The files whose content this clone has; git-annex may have failed to store some of them.
    """
    here = present_here([verdict.file.key for verdict in bad])
    wanted = {verdict.file.key: verdict for verdict in bad if verdict.file.key in here}
    for key, verdict in wanted.items():
        if verdict.state == DAMAGED:
            # fsck drops the damaged object, and fails as it should: copy skips an object of the right size.
            _annex("fsck", "--quiet", "--from", remote, f"--key={key}")
    names = {key: verdict.file.shown for key, verdict in wanted.items()}
    for _ in with_bar(_copied(remote, names), len(names), "Storing"):
        pass
    return [verdict.file for verdict in bad if verdict.file.key in here]


def _copied(remote: str, names: Mapping[str, str]) -> Iterator[str]:
    """Copy keys and yield each when git-annex reports it; print failures.

    Args:
        remote: Name of the remote.
        names: Key → name in messages.
    """
    words = ("annex", "copy", "--batch-keys", "--to", remote, "--json", "--json-error-messages")
    with TemporaryFile() as keys:
        keys.write("".join(f"{key}\n" for key in names).encode("utf-8", "surrogateescape"))
        keys.seek(0)
        with subprocess.Popen(
            git_command(*words), env=git_environment(), stdin=keys, stdout=subprocess.PIPE
        ) as copying:
            for line in copying.stdout or ():
                report = json.loads(line)
                if not report["success"]:
                    why = " ".join(report.get("error-messages", ()))
                    alert(one_line(f"{names.get(report['key'], report['key'])}: cannot be stored: {why}"))
                yield report["key"]


def _annex(*words: str) -> None:
    subprocess.run(
        git_command("annex", *words), env=git_environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
