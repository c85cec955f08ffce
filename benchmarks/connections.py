"""One large file on a slow line, got over more and more connections, beside those who use one only.

The rate of each connection is that of the line, so the machine is idle while few of them are open. Several remotes
thus get their file side by side, as many as have so many connections together as the last has by itself.
"""

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from lines import Line
from ranges import SERVED
from remotes import CURL, S3, SERVICES, WEBDAV, Remote
from results import Results
from run import say
from server import Server
from streams import transfer
from support.speed_page import CONNECTIONS, LARGE, chunked  # ranges knows where the tests are
from workload import NAME, Cycle, Load, cold
from workspace import Workspace

AT_ONCE = max(CONNECTIONS)
"""Connections that all remotes together have at the same time."""

CHUNK = "chunk=8MiB"


class Taker(NamedTuple):
    """Gets the file over as many connections as it is told.

    Attributes:
        title: What the tables call it.
        connections: The numbers that it knows.
        get: Gets it once; seconds.
    """

    title: str
    connections: Sequence[int]
    get: Callable[[int], float]


def measure_connections(workspace: Workspace, load: Load, line: Line, repeat: int, results: Results) -> None:
    """Store the file once for everybody, then get it with each number of connections; repetitions take turns."""
    with contextlib.ExitStack() as stack:
        say("large file, storing")
        takers = _takers(workspace, load, line, stack)
        for turn in range(repeat):
            for count in CONNECTIONS:
                say(f"large file, {count} connections, turn {turn + 1} of {repeat}")
                _get_over([taker for taker in takers if count in taker.connections], count, load, results)


def _get_over(takers: Sequence[Taker], connections: int, load: Load, results: Results) -> None:
    def get(taker: Taker) -> float:
        return taker.get(connections)

    with ThreadPoolExecutor(AT_ONCE // connections) as pool:
        for taker, seconds in zip(takers, pool.map(get, takers), strict=True):
            results.add(LARGE, taker.title, str(connections), round(load.size / 1e6 / seconds, 3))


def _takers(workspace: Workspace, load: Load, line: Line, stack: contextlib.ExitStack) -> list[Taker]:
    servers = {service: stack.enter_context(reached(workspace, line)) for service, (reached, _) in SERVED.items()}
    takers: list[Taker] = []

    def stored(service: str, remote: Remote) -> tuple[Workspace, Cycle]:
        """The file is there, by the remote; a home and a repository of its own."""
        name = f"place{len(takers)}"
        own = _beside(workspace, name)
        cycle = stack.enter_context(cold(own, servers[service], remote, load, 1, name))
        list(cycle.store_fast())
        return own, cycle

    for service, (_, ours) in SERVED.items():
        takers.append(Taker(ours.title, CONNECTIONS, partial(_get_by_ranges, *stored(service, ours))))
    builtin = {remote.title: remote for service in SERVICES.values() for remote in service.remotes}
    for service, title in (("S3", S3), ("WebDAV", WEBDAV)):
        remote = _in_chunks(SERVED[service][1])
        takers.append(Taker(remote.title, CONNECTIONS, partial(_get_by_chunks, *stored(service, remote))))
        takers.append(Taker(title, (1,), partial(_get, *stored(service, builtin[title]))))
    curl = partial(_get_by_curl, _beside(workspace, CURL), servers["WebDAV"], load)
    return [*takers, Taker(CURL, (1,), curl)]


def _in_chunks(remote: Remote) -> Remote:
    return remote._replace(title=chunked(remote.title), settings=lambda place: (*remote.settings(place), CHUNK))


def _get_by_curl(workspace: Workspace, server: Server, load: Load, _connections: int) -> float:
    _, got = transfer(workspace, server, load, 1)
    return got.watched.seconds


def _get(_workspace: Workspace, cycle: Cycle, _connections: int) -> float:
    return cycle.get_again().watched.seconds


def _get_by_ranges(workspace: Workspace, cycle: Cycle, connections: int) -> float:
    workspace.run(("git", "config", f"remote.{NAME}.pyshare-parts", str(connections)), cycle.repository)
    return cycle.get_again().watched.seconds


def _get_by_chunks(workspace: Workspace, cycle: Cycle, connections: int) -> float:
    """One connection is for the chunk that git-annex waits for, the others are for those ahead."""
    workspace.run(("git", "config", f"remote.{NAME}.pyshare-ahead", str(connections - 1)), cycle.repository)
    return cycle.get_again().watched.seconds


def _beside(workspace: Workspace, name: str) -> Workspace:
    """A workspace in a workspace: its own home and repository, and the same programs and logins."""
    own = Workspace(workspace.subfolder(name))
    own.environment = {**workspace.environment, "HOME": str(own.home)}
    return own
