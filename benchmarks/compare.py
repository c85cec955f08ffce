"""The comparison: every remote in turn does the same, and what is seen goes into the tables."""

from pathlib import Path
from typing import NamedTuple

from measure import MIB
from remotes import CURL, SCP, SERVICES, Remote
from results import Results
from server import Server
from startup import import_annexremote, start
from streams import copy, transfer
from workload import Load, Measured, cold
from workspace import Workspace

YARDSTICK = "import annexremote"
STARTS = 7
"""Starts of each program: the first fills caches and is not counted."""

FIRST_LINE = "first line"
PREPARED = "PREPARE-SUCCESS"
PRESENCE = "first presence"

START_MS = "start-up, ms"
START_TIMES = f'start-up, multiples of python -c "{YARDSTICK}"'
FILES = "files/s"
MB = "MB/s"
REQUESTS = "requests per file"
TREE = "memory of all processes (PSS), MiB"
TREE_RSS = "memory of all processes (sum of RSS), MiB"
PROCESS = "memory of the remote's largest process (RSS), MiB"
PROCESSES = "processes of the remote"
REMOTE_CPU = "CPU of the remote's processes, ms per file"
OTHER_CPU = "CPU of git-annex, curl or scp, ms per file"
REMOTE_CPU_BIG = "CPU of the remote's processes, s"
OTHER_CPU_BIG = "CPU of git-annex, curl or scp, s"


class Bench(NamedTuple):
    """What every measurement needs.

    Attributes:
        workspace: Where it runs.
        server: The server of all remotes that are not folders.
        rtt: Round trip to it in ms.
        remotes: Who takes part.
        results: Where the figures go.
    """

    workspace: Workspace
    server: Server
    rtt: int
    remotes: tuple[Remote, ...]
    results: Results

    def title(self, what: str) -> str:
        """Title of a table that depends on the round trip."""
        return at(what, self.rtt)


def at(what: str, rtt: int) -> str:
    """Title of a table: what it holds, and at which round trip in ms it was measured."""
    return f"{what}, {f'{rtt} ms round trip' if rtt else 'loopback'}"


def participants(service: str, only: list[str], rtt: int) -> tuple[Remote, ...]:
    """The remotes of a service whose title contains one of `only` (all if empty), and that the round trip concerns.

    Args:
        service: A name in SERVICES.
        only: Parts of titles.
        rtt: Round trip in ms.
    """
    return tuple(
        remote
        for remote in SERVICES[service].remotes
        if (remote.far or not rtt) and (not only or any(part in remote.title for part in only))
    )


def compare_starts(bench: Bench, load: Load, python: Path) -> None:
    """Start every program several times."""
    yardstick = [import_annexremote(bench.workspace, python) for _ in range(STARTS)][1:]
    for seconds in yardstick:
        bench.results.add(START_MS, YARDSTICK, FIRST_LINE, seconds * 1000)
    unit = bench.results.median(START_MS, YARDSTICK, FIRST_LINE) or 1
    for remote in bench.remotes:
        if remote.program:
            _start(bench, remote, load, unit)


def _start(bench: Bench, remote: Remote, load: Load, unit: float) -> None:
    with cold(bench.workspace, bench.server, remote, load, jobs=1) as cycle:
        for started in [start(bench.workspace, bench.server, remote, cycle) for _ in range(STARTS)][1:]:
            for column, seconds in zip((FIRST_LINE, PREPARED, PRESENCE), started, strict=True):
                bench.results.add(START_MS, remote.title, column, seconds * 1000)
                bench.results.add(START_TIMES, remote.title, column, seconds * 1000 / unit)


def compare_small(bench: Bench, load: Load, jobs: int) -> None:
    """Many small files: store, get, look, drop; and store once more, without git-annex's own look."""
    for remote in bench.remotes:
        with cold(bench.workspace, bench.server, remote, load, jobs) as cycle:
            for measured in cycle.everything():
                _record_small(bench, remote.title, measured, load, jobs)
        with cold(bench.workspace, bench.server, remote, load, jobs) as cycle:
            for measured in cycle.store_fast():
                _record_small(bench, remote.title, measured, load, jobs)


def compare_big(bench: Bench, load: Load) -> None:
    """One large file: store, get."""
    for remote in bench.remotes:
        with cold(bench.workspace, bench.server, remote, load, jobs=1) as cycle:
            for measured in cycle.store_and_get():
                _record_big(bench, remote.title, measured, load)


def compare_lines(bench: Bench, load: Load, jobs: int) -> None:
    """Curl's figures for many small files; scp sends them one after the other, which says nothing."""
    if SERVICES[bench.server.service].line != CURL:
        return
    for measured in transfer(bench.workspace, bench.server, load, jobs):
        _record_small(bench, CURL, measured, load, jobs)


def compare_line(bench: Bench, load: Load) -> None:
    """Curl's or scp's figures for one large file."""
    if SERVICES[bench.server.service].line == SCP:
        for measured in copy(bench.workspace, bench.server, load):
            _record_big(bench, SCP, measured, load)
        return
    for measured in transfer(bench.workspace, bench.server, load, streams=1):
        _record_big(bench, CURL, measured, load)


def _record_small(bench: Bench, row: str, measured: Measured, load: Load, jobs: int) -> None:
    column = f"{measured.phase} -J{jobs}"
    bench.results.add(bench.title(FILES), row, column, load.files / measured.watched.seconds)
    if measured.requests:
        bench.results.add(bench.title(REQUESTS), row, column, measured.requests / load.files)
    _record(bench, row, column, measured)
    for table, seconds in ((REMOTE_CPU, measured.watched.remote_cpu), (OTHER_CPU, measured.watched.other_cpu)):
        if seconds:
            bench.results.add(bench.title(table), row, column, seconds * 1000 / load.files)


def _record_big(bench: Bench, row: str, measured: Measured, load: Load) -> None:
    column = f"{measured.phase} {load.size / MIB:.0f} MiB"
    bench.results.add(bench.title(MB), row, column, load.size / 1e6 / measured.watched.seconds)
    _record(bench, row, column, measured)
    for table, seconds in ((REMOTE_CPU_BIG, measured.watched.remote_cpu), (OTHER_CPU_BIG, measured.watched.other_cpu)):
        if seconds:
            bench.results.add(bench.title(table), row, column, seconds)


def _record(bench: Bench, row: str, column: str, measured: Measured) -> None:
    watched = measured.watched
    for table, value in (
        (TREE, watched.tree / MIB),
        (TREE_RSS, watched.tree_rss / MIB),
        (PROCESS, watched.remote / MIB),
        (PROCESSES, watched.remotes),
    ):
        if value:
            bench.results.add(bench.title(table), row, column, value)
