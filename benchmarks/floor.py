"""How fast git-annex lets an external remote be: a `get` of small files by one that only links them.

    python benchmarks/floor.py --repeat 5
    python benchmarks/floor.py --repeat 5 --server ceph --rtt 40 --jobs 8

Beside it: git-annex's own remote and ours, on one server, which the linking one pretends to be as far away from.
See README.md for what makes the difference.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from compare import FILES, at
from remotes import RCLONE, SERVICES, Place, Remote, log_in
from results import Results
from run import SERVERS, numbers
from server import Server
from table import show
from workload import GET, NAME, Load, cold, make_load
from workspace import Workspace, temporary_workspace

LINKING = "external that only links"


class Way(NamedTuple):
    """How git-annex is to check what it gets.

    Attributes:
        title: What the table calls it.
        settings: What `git annex initremote` is given for it.
        verify: The value of git config `remote.<name>.annex-verify`.
    """

    title: str
    settings: tuple[str, ...] = ()
    verify: str = "true"


WAYS = (Way(""), Way(", chunk=50MiB", ("chunk=50MiB",)), Way(", annex-verify=false", verify="false"))


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=numbers, default=[1, 8], metavar="N,…", help="git-annex's -J (1,8)")
    parser.add_argument("--files", type=int, default=300, metavar="N", help="files of 10 KiB (300)")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="repetitions; medians are shown (1)")
    parser.add_argument("--server", choices=SERVERS, default="apache", help="WebDAV's apache; S3's ceph or rclone")
    parser.add_argument("--rtt", type=int, default=0, metavar="MS", help="round trip to the server (0)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    results = Results()
    with temporary_workspace(None) as workspace:
        workspace.install()
        install_linking(workspace)
        load = make_load(workspace, "small", options.files, 10 << 10)
        with SERVERS[options.server](workspace.subfolder("server"), options.rtt / 1000) as server:
            log_in(workspace, server)
            ours, builtin = participants(server.service)
            racers = (ours, builtin, Remote(LINKING, partial(_linking, options.rtt / 1000)))
            for _ in range(options.repeat):
                compare(workspace, server, load, options, racers, results)
    ratios = [(f"{row}{way.title}", builtin.title) for row in (LINKING, ours.title) for way in WAYS]
    print(show(results, at(FILES, options.rtt), ratios))


def install_linking(workspace: Workspace) -> None:
    """Put the program of the linking remote where git-annex finds it."""
    program = workspace.subfolder("linking") / "git-annex-remote-linking"
    # -SEI: no site-packages and no environment, for the shortest start that Python has.
    program.write_text(f"#!{sys.executable} -SEI\n" + Path(__file__).with_name("linking.py").read_text())
    program.chmod(0o755)
    workspace.environment["PATH"] = f"{program.parent}:{workspace.environment['PATH']}"


def participants(service: str) -> tuple[Remote, ...]:
    """Ours for a service, and git-annex's own."""
    return tuple(remote for remote in SERVICES[service].remotes if remote.far and remote.title != RCLONE)


def compare(
    workspace: Workspace,
    server: Server,
    load: Load,
    options: argparse.Namespace,
    racers: Sequence[Remote],
    results: Results,
) -> None:
    """Every remote in every way, once with each number of jobs."""
    for number in options.jobs:
        for remote in racers:
            for way in WAYS:
                files_per_s = load.files / get(workspace, server, _in(way, remote), load, number, way.verify)
                results.add(at(FILES, options.rtt), f"{remote.title}{way.title}", f"{GET} -J{number}", files_per_s)


def get(workspace: Workspace, server: Server, remote: Remote, load: Load, jobs: int, verify: str) -> float:
    """Seconds that a cold `git annex get` of all files takes."""
    with cold(workspace, server, remote, load, jobs) as cycle:
        workspace.run(("git", "config", f"remote.{NAME}.annex-verify", verify), cycle.repository)
        return next(measured.watched.seconds for measured in cycle.store_and_get() if measured.phase == GET)


def _linking(delay: float, place: Place) -> Sequence[str]:
    return ("type=external", "externaltype=linking", f"folder={place.path}", f"delay={delay}")


def _in(way: Way, remote: Remote) -> Remote:
    return remote._replace(settings=lambda place: (*remote.settings(place), *way.settings))


if __name__ == "__main__":
    main()
