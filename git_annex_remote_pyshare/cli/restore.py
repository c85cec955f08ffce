"""`pyshare restore NAME [PATHS]`: bring back archived objects, many at once, and show how far they are."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from shlex import quote
from typing import NamedTuple, get_args

import click

from git_annex_remote_pyshare.backends.base import Readiness, Restores, ability
from git_annex_remote_pyshare.cli.bar import with_bar
from git_annex_remote_pyshare.cli.files import File, files_in
from git_annex_remote_pyshare.cli.here import Remote, opened, remote_named, require_verified
from git_annex_remote_pyshare.cli.objects import objects_of
from git_annex_remote_pyshare.errors import BadSetting, PyshareError
from git_annex_remote_pyshare.safe_text import one_line

_AT_ONCE = 8
"""Requests at the same time."""


FAILED = "failed"


class Found(NamedTuple):
    """How far a file is."""

    file: File
    state: str
    """A Readiness, or FAILED."""
    why: str = ""
    """Of a failure."""


@click.command()
@click.argument("name")
@click.argument("paths", nargs=-1)
@click.option("--status", is_flag=True, help="Only show how far they are; ask for nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each file.")
def restore(name: str, paths: tuple[str, ...], *, status: bool, as_json: bool) -> int:
    """Ask the store of the remote NAME to bring PATHS (or everything) back from its archive.

    \b
    Examples, inside of a dataset's clone:
      pyshare restore glacier results/
      pyshare restore glacier results/ --status
      git annex get results/ --from glacier

    Bringing back takes minutes to days and may cost money. The exit code is 1 when some could not be asked for.
    """
    remote = remote_named(name)
    if not status:
        require_verified(remote)
    files = files_in(name, paths)
    with opened(remote.place) as store:
        restores = ability(store, Restores)
        if restores is None:
            raise BadSetting(f"{remote.place.url} has no archive", remedy=f"Type: git annex get --from {quote(name)}")
        asked = _asked(remote, files, restores.readiness if status else restores.restore)
        found = list(with_bar(asked, len(files), "Asking"))
    _show(found, as_json=as_json)
    return int(any(one.state == FAILED for one in found))


def _asked(remote: Remote, files: list[File], ask: Callable[[str], Readiness]) -> Iterator[Found]:
    """How far each file is after the store was asked, in the files' order."""

    def one(file: File) -> Found:
        try:
            states = {ask(thing.name) for thing in objects_of(remote, file.key)}
        except PyshareError as error:
            return Found(file, FAILED, str(error))
        # A file is as far as the least of its chunks.
        return Found(file, next(state for state in ("archived", "restoring", "ready") if state in states))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(one, files)


def _show(found: list[Found], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            click.echo(json.dumps({"file": one.file.path, "key": one.file.key, "state": one.state, "error": one.why}))
        return
    for one in found:
        if one.why:
            click.echo(one_line(f"{one.file.path}: {one.why}"), err=True)
    counted = Counter(one.state for one in found)
    click.echo(
        ", ".join(f"{counted[state]} {state}" for state in (*get_args(Readiness), FAILED) if counted[state])
        or "No file of these is in the store."
    )
