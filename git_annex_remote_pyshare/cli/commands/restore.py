"""`pyshare restore NAME [PATHS]`: restore archived objects, many at once, and show their state."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, get_args

import click

from git_annex_remote_pyshare.backends.base import Backend, Readiness, Restores
from git_annex_remote_pyshare.cli.completion import remote_names
from git_annex_remote_pyshare.cli.contents import File, behind, copies_of, files_in, layout_of, refuse_encrypted
from git_annex_remote_pyshare.cli.ending import Exit
from git_annex_remote_pyshare.cli.json_option import json_option
from git_annex_remote_pyshare.cli.output import State, alert, counted, say, say_next, say_state, show
from git_annex_remote_pyshare.cli.progress import with_bar
from git_annex_remote_pyshare.cli.remotes import Remote, opened, remote_named, require_verified
from git_annex_remote_pyshare.errors import BadSetting, NotFound, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line

_AT_ONCE = 8
"""Concurrent requests."""


FAILED = "failed"


class Found(NamedTuple):
    """The state of a file."""

    file: File
    state: str
    """A Readiness, or FAILED."""
    why: str = ""
    """The error, if it failed."""


@click.command()
@click.argument("name", shell_complete=remote_names)
@click.argument("paths", nargs=-1)
@click.option("--status", is_flag=True, help="Only show how far they are; ask for nothing.")
@json_option("Print a JSON object for each file, one a line.")
def restore(name: str, paths: tuple[str, ...], *, status: bool, as_json: bool) -> int:
    """Ask the store of the remote NAME to bring PATHS (or everything) back from its archive.

    \b
    Examples, inside a dataset's clone:
      pyshare restore glacier results/
      pyshare restore glacier results/ --status
      git annex get results/ --from glacier

    Bringing back takes minutes to days and may cost money. The exit code is 1 if a file could not be asked for, and 2
    if there is none.
    """
    remote = remote_named(name)
    get = command("git", "annex", "get", "--from", name, *behind(paths))
    refuse_encrypted(remote, f"Type: {get} (which asks for each file that is archived)")
    with opened(remote.place) as store:
        if not store.has(Restores):
            raise BadSetting(f"{remote.place.url} has no archive", remedy=f"Type: {get}")
        if not status:
            require_verified(remote)
        files = files_in(name, paths)
        asked = _asked(remote, files, _readiness(store) if status else _restored(store))
        found = list(with_bar(asked, len(files), "Asking"))
    _show(name, paths, found, as_json=as_json)
    if not found:
        return Exit.UNABLE
    return Exit.FAILED if any(one.state == FAILED for one in found) else Exit.DONE


def _readiness(store: Backend) -> Callable[[str], Readiness]:
    """A function that gets the state of an object."""
    return lambda name: store.call(Restores, lambda able: able.readiness(name))


def _restored(store: Backend) -> Callable[[str], Readiness]:
    """A function that requests an object from the archive."""
    return lambda name: store.call(Restores, lambda able: able.restore(name))


def _asked(remote: Remote, files: list[File], ask: Callable[[str], Readiness]) -> Iterator[Found]:
    """The state of each file after the request, in order."""
    layout = layout_of(remote)

    def one(file: File) -> Found:
        missing = ""
        try:
            for things in copies_of(remote, file.key, layout):
                state, why = _state((thing.name for thing in things), ask)
                if state != FAILED:
                    return Found(file, state)
                missing = missing or why
        except PyshareError as error:
            return Found(file, FAILED, str(error))
        return Found(file, FAILED, missing)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(one, files)


def _state(names: Iterable[str], ask: Callable[[str], Readiness]) -> tuple[str, str]:
    """The state of a copy, which is that of its slowest object; or FAILED, and why."""
    try:
        states = {ask(name) for name in names}
    except NotFound as error:
        return FAILED, str(error)
    return next(state for state in ("archived", "restoring", "ready") if state in states), ""


def _show(name: str, paths: tuple[str, ...], found: list[Found], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            show(json.dumps({"file": one.file.path, "key": one.file.key, "state": one.state, "error": one.why}))
        return
    for one in found:
        if one.why:
            alert(one_line(f"{one.file.shown}: {one.why}"))
    tally = Counter(one.state for one in found)
    states = [f"{counted(tally[state], 'file')} {state}" for state in (*get_args(Readiness), FAILED) if tally[state]]
    if not states:
        say(f"nothing to restore: git-annex knows no file of these in {name}")
        return
    say_state(State.PROBLEM if tally[FAILED] else State.OK, ", ".join(states))
    if tally["ready"]:
        say_next(command("git", "annex", "get", "--from", name, *behind(paths)))
    elif len(found) > tally[FAILED]:
        say_next(command("pyshare", "restore", name, "--status", *behind(paths)))
