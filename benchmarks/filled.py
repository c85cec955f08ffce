"""`git annex copy --to` a store that has many objects already, beside git-annex's own remote.

    python benchmarks/filled.py                   S3 on Ceph, 40 ms, 10,000 objects, 300 files of 10 KiB, -J8
    python benchmarks/filled.py --server apache   the same with WebDAV

pyshare answers git-annex's question whether a file is there from a list of the store; the more it has, the more that
costs. Both remotes take turns in the same place, each with files of its own. Ours fills it for both.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ahead import compared
from compare import FILES, REQUESTS, at
from measure import watch
from remotes import Place, Remote, log_in
from results import Results
from run import SERVERS, say
from server import Server
from table import show
from workload import write_random
from workspace import Workspace, remove, temporary_workspace

FILLER = "filler"
SMALLEST = 100
"""Bytes of an object that is only there to be listed."""


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default="ceph", help="WebDAV's apache; S3's ceph or rclone")
    parser.add_argument("--rtt", type=int, default=40, metavar="MS", help="round trip to the server (40)")
    parser.add_argument("--objects", type=int, default=10_000, metavar="N", help="objects there at first (10000)")
    parser.add_argument("--files", type=int, default=300, metavar="N", help="files of 10 KiB (300)")
    parser.add_argument("--jobs", type=int, default=8, metavar="N", help="git-annex's -J (8)")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="repetitions; medians are shown (5)")
    options = parser.parse_args()
    results = Results()
    table, column = at(FILES, options.rtt), f"copy -J{options.jobs}"
    with temporary_workspace(None) as workspace:
        workspace.install()
        with SERVERS[options.server](workspace.subfolder("server"), options.rtt / 1000) as server:
            log_in(workspace, server)
            ours, _, builtin = compared(server.service)
            say(f"{options.objects} objects")
            with repository(workspace, server, (ours, builtin), options.objects) as made:
                for turn in range(options.repeat):
                    for remote in (ours, builtin):
                        say(f"turn {turn + 1}, {remote.title}")
                        folder = add(workspace, made, f"{turn}-{_name(remote)}", options.files, 10 << 10)
                        server.requests()
                        seconds = copy(workspace, made, remote, folder, options.jobs)
                        results.add(table, remote.title, column, options.files / seconds)
                        results.add(REQUESTS, remote.title, column, server.requests() / options.files)
    print(show(results, table, [(ours.title, builtin.title)]))
    print(show(results, REQUESTS))


@contextmanager
def repository(workspace: Workspace, server: Server, remotes: tuple[Remote, ...], objects: int) -> Iterator[Path]:
    """A repository with remotes in one place, which the first of them has filled."""
    place = Place(workspace.subfolder("place"), server.url, "place")
    server.make_place(place.name)
    made = workspace.subfolder("repository")
    try:
        workspace.run(("git", "init", "-q"), made)
        workspace.run(("git", "annex", "init", "-q"), made)
        for remote in reversed(
            remotes
        ):  # builtin S3 accepts no bucket that another remote has marked, and ours does so
            take_over = ("-c", f"remote.{_name(remote)}.pyshare-take-over=true")
            settings = ("encryption=none", *remote.settings(place))
            workspace.run(("git", *take_over, "annex", "initremote", _name(remote), *settings), made)
        copy(workspace, made, remotes[0], add(workspace, made, FILLER, objects, SMALLEST), jobs=8)
        yield made
    finally:
        remove(made)
        server.remove_place(place.name)


def add(workspace: Workspace, repository: Path, folder: str, files: int, size: int) -> str:
    """Add a folder of random files; returns its name."""
    (repository / folder).mkdir()
    for number in range(files):
        write_random(repository / folder / f"file{number:05}", size)
    workspace.run(("git", "annex", "add", "-q", folder), repository)
    workspace.run(("git", "commit", "-q", "-m", folder), repository)
    return folder


def copy(workspace: Workspace, repository: Path, remote: Remote, folder: str, jobs: int) -> float:
    """Store a folder; returns the seconds that it took.

    Raises:
        SystemExit: It failed, or not all files are there afterwards.
    """
    command = ("git", "annex", "copy", "--to", _name(remote), "-q", f"-J{jobs}", folder)
    watched = watch(command, repository, workspace.environment, remote.process)
    missing = workspace.run(("git", "annex", "find", "--not", "--in", _name(remote), folder), repository)
    if watched.returncode or missing:
        sys.exit(f"{' '.join(command)} failed\n{watched.output}{missing}")
    return watched.seconds


def _name(remote: Remote) -> str:
    """The remote's name in the repository."""
    return remote.title.split()[0].strip(",")


if __name__ == "__main__":
    main()
