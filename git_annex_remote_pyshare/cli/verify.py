"""`pyshare verify NAME`: hold what a store says that it has against what git-annex knows, without downloading."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shlex import quote
from typing import NamedTuple

import click

from git_annex_remote_pyshare.backends.base import Backend, Stat
from git_annex_remote_pyshare.cli.bar import with_bar
from git_annex_remote_pyshare.cli.files import File, files_in, keys_in
from git_annex_remote_pyshare.cli.here import Remote, opened, remote_named
from git_annex_remote_pyshare.cli.objects import Object, objects_of, refuse_encrypted
from git_annex_remote_pyshare.errors import Corrupt, NotFound, PyshareError
from git_annex_remote_pyshare.keys import digests, expected_size
from git_annex_remote_pyshare.transfer import Sink, Source, local_path

_AT_ONCE = 8
"""Requests at the same time."""

Look = Callable[[Object], None]
"""Holds one object against its key; raises NotFound, Corrupt, or any other PyshareError when that is in doubt."""


class Verdict(NamedTuple):
    """What came of one file, or of an object that belongs to none."""

    file: File
    state: str
    """ "whole", "missing", "damaged", "unknown" or "foreign"."""
    why: str = ""


_BAD = ("missing", "damaged", "unknown")


@click.command()
@click.argument("name")
@click.argument("paths", nargs=-1)
@click.option("--download", is_flag=True, help="Read everything back and hash it.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each file that is not whole.")
def verify(name: str, paths: tuple[str, ...], *, download: bool, as_json: bool) -> int:
    """Check that the store of the remote NAME really has, in full, what git-annex believes that it has.

    \b
    Examples, inside of a dataset's clone:
      pyshare verify for-friends
      pyshare verify for-friends data/ --download

    Sizes are compared, and hashes where the store tells one that the key has, too. Without PATHS the store is listed
    once, and objects are found that belong to no key of the remote. The exit code is 1 when something is missing,
    damaged or could not be looked at.
    """
    remote = remote_named(name)
    refuse_encrypted(remote)
    with opened(remote.place) as store, tempfile.TemporaryDirectory(prefix="pyshare-verify-") as folder:
        files = files_in(name, paths) if paths else keys_in(name)
        listed = None if paths or download else {entry.name: Stat(entry.size, entry.digests) for entry in store.list()}
        look = _reading_back(store, Path(folder)) if download else _comparing(store, listed)
        verdicts = list(with_bar(_judged(remote, files, look), len(files), "Verifying"))
        verdicts += _foreign(remote, files, listed or {})
    _show(name, verdicts, as_json=as_json)
    return int(any(verdict.state in _BAD for verdict in verdicts))


def _comparing(store: Backend, listed: Mapping[str, Stat] | None) -> Look:
    """Asks the store's listing, or the store for each object."""

    def look(thing: Object) -> None:
        stat = store.stat(thing.name) if listed is None else listed.get(thing.name)
        if stat is None:
            raise NotFound(f"{thing.name} is not there")
        expected = expected_size(thing.key)
        if expected is not None and stat.size not in {None, expected}:
            raise Corrupt(f"{thing.name} has {stat.size} bytes instead of {expected}")
        for algorithm, digest in digests(thing.key).items():
            if stat.digests.get(algorithm, digest) != digest:
                raise Corrupt(f"{thing.name} has another {algorithm}")

    return look


def _reading_back(store: Backend, folder: Path) -> Look:
    """Retrieves each object and hashes it."""

    def look(thing: Object) -> None:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            sink = Sink(local_path(str(Path(own) / "object")))
            store.get(thing.name, sink, lambda _: None)
            expected = expected_size(thing.key)
            if expected not in {None, sink.size}:
                raise Corrupt(f"{thing.name} has {sink.size} bytes instead of {expected}")
            source = Source(sink.path)
            for algorithm, digest in digests(thing.key).items():
                if source.digest(algorithm) != digest:
                    raise Corrupt(f"{thing.name} has another {algorithm}")

    return look


def _judged(remote: Remote, files: list[File], look: Look) -> Iterator[Verdict]:
    def judge(file: File) -> Verdict:
        try:
            for thing in objects_of(remote, file.key):
                look(thing)
        except NotFound as error:
            return Verdict(file, "missing", error.what)
        except Corrupt as error:
            return Verdict(file, "damaged", error.what)
        except PyshareError as error:
            return Verdict(file, "unknown", str(error))
        return Verdict(file, "whole")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(judge, files)


def _foreign(remote: Remote, files: list[File], listed: Mapping[str, Stat]) -> list[Verdict]:
    """Objects that belong to no key that git-annex has there."""
    known = {thing.name for file in files for thing in objects_of(remote, file.key)} if listed else set()
    return [Verdict(File("", name), "foreign", f"{name} belongs to no key") for name in sorted(set(listed) - known)]


def _show(name: str, verdicts: list[Verdict], *, as_json: bool) -> None:
    for verdict in verdicts:
        if as_json and verdict.state != "whole":
            told = {"file": verdict.file.path, "key": verdict.file.key, "state": verdict.state, "why": verdict.why}
            click.echo(json.dumps(told))
        elif verdict.why:
            click.echo(f"{verdict.file.path or verdict.file.key}: {verdict.state}: {verdict.why}", err=True)
    if as_json:
        return
    counted = Counter(verdict.state for verdict in verdicts)
    click.echo(", ".join(f"{counted[state]} {state}" for state in ("whole", *_BAD, "foreign") if counted[state]))
    if counted["missing"] or counted["damaged"]:
        again = f"git annex fsck --fast --from {quote(name)} && git annex copy --to {quote(name)}"
        click.echo(f"Where you have the content, this stores it again: {again}", err=True)
