"""Folders that other people fill: how long an import takes, and how much memory, beside git-annex's own `directory`.

    python benchmarks/imports.py                    10,000 files of 1 KiB in folders of 100, nothing between

Each turn imports three times: all files are new, none has changed, one in a hundred has other content. Read the ratios
of one run.
"""

import argparse
import statistics
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from measure import watch
from remotes import DIRECTORY, OURS_FOLDER, SERVICES, Place, Remote
from run import say
from workload import NAME, write_random
from workspace import Workspace, remove, temporary_workspace

NEW, SAME, CHANGED = "new", "the same", "one in a hundred changed"
FOLDER = 100
"""Files of each folder."""


class Imported(NamedTuple):
    """One import of all files."""

    seconds: float
    memory: float
    """MiB of the remote's own process at its largest (RSS); 0 for git-annex's own remote."""


def files_below(place: Path, count: int) -> list[Path]:
    """Where the files of the folder are."""
    return [place / f"{number // FOLDER:04}" / f"file{number:06}" for number in range(count)]


def imports(workspace: Workspace, remote: Remote, count: int, size: int) -> Iterator[tuple[str, Imported]]:
    """Import a folder that is filled anew, then as it is, then with changes.

    Args:
        workspace: Where.
        remote: Whose turn it is.
        count: How many files there are.
        size: Bytes of each.
    """
    place = Place(workspace.subfolder("filled"), "", "filled")
    repository = workspace.subfolder("repository")
    files = files_below(place.path, count)
    try:
        for file in files:
            file.parent.mkdir(exist_ok=True)
            write_random(file, size)
        workspace.run(("git", "init", "-q", "-b", "main"), repository)
        workspace.run(("git", "annex", "init", "-q"), repository)
        settings = ("encryption=none", "importtree=yes", *remote.settings(place))
        workspace.run(("git", "annex", "initremote", NAME, *settings), repository)
        command = ("git", "annex", "import", "main", "--from", NAME, "-q")
        for change in (NEW, SAME, CHANGED):
            if change == CHANGED:
                for file in files[::100]:
                    write_random(file, size + 1)
            watched = watch(command, repository, workspace.environment, remote.process)
            if watched.returncode:
                raise SystemExit(f"{remote.title}: {watched.output}")
            yield change, Imported(watched.seconds, watched.remote / (1 << 20))
    finally:
        remove(repository)
        remove(place.path)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000, metavar="N", help="files (10000)")
    parser.add_argument("--size", type=int, default=1 << 10, metavar="BYTES", help="bytes of each (1024)")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions; medians are shown (3)")
    options = parser.parse_args()
    found: defaultdict[tuple[str, str], list[Imported]] = defaultdict(list)
    with temporary_workspace(None) as workspace:
        workspace.install()
        rows = {remote.title: remote for remote in SERVICES["webdav"].remotes}
        for turn in range(options.repeat):
            for title in (OURS_FOLDER, DIRECTORY):
                say(f"turn {turn + 1}, {title}")
                for change, imported in imports(workspace, rows[title], options.files, options.size):
                    found[change, title].append(imported)
    for (change, title), every in found.items():
        seconds = statistics.median(each.seconds for each in every)
        memory = max(each.memory for each in every)
        print(f"{change:25} {title:20} {seconds:8.1f} s {options.files / seconds:8.0f} files/s {memory:6.1f} MiB")


if __name__ == "__main__":
    main()
