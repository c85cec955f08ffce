"""Small files, nearer and farther away: what everybody stores and gets in a second."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from dav import apache
from remotes import CURL, OURS_S3, OURS_WEBDAV, RCLONE, S3, SERVICES, WEBDAV, log_in
from results import Results
from run import say
from s3 import ceph
from server import Server, reached
from streams import transfer
from support.speed_page import GET_ONE, GET_SEVERAL, JOBS, STORE_SEVERAL  # dav knows where the tests are
from workload import Load, cold
from workspace import Workspace

COMPARED: Mapping[str, Sequence[str]] = {
    # Rclone's configuration is that of the last login, so the service that it is measured on is the last.
    "s3": (OURS_S3, S3),
    "webdav": (OURS_WEBDAV, WEBDAV, RCLONE),
}
"""Who is compared on which service."""


def measure_distances(workspace: Workspace, load: Load, rtts: Sequence[int], repeat: int, results: Results) -> None:
    """Everybody's turn at each round trip, in milliseconds; repetitions take turns."""
    with apache(workspace.subfolder("served"), 0) as dav, ceph(workspace.folder, 0) as s3:
        servers = {"webdav": dav, "s3": s3}
        for turn in range(repeat):
            for rtt in rtts:
                with contextlib.ExitStack() as lines:
                    for service in COMPARED:
                        lines.enter_context(_farther(workspace, servers[service], rtt))
                    _compare(workspace, servers, load, f"{rtt} ms, turn {turn + 1} of {repeat}", results, str(rtt))


@contextlib.contextmanager
def _farther(workspace: Workspace, server: Server, rtt: int) -> Iterator[None]:
    """The server behind a line, and everybody's login there."""
    near = server.url
    try:
        with reached(near, rtt / 1000) as server.url:
            log_in(workspace, server)
            yield
    finally:
        server.url = near


def _compare(
    workspace: Workspace, servers: Mapping[str, Server], load: Load, step: str, results: Results, column: str
) -> None:
    def add(row: str, seconds: Sequence[float]) -> None:
        for table, taken in zip((STORE_SEVERAL, GET_ONE, GET_SEVERAL), seconds, strict=True):
            results.add(table, row, column, round(load.files / taken, 3))

    for service, titles in COMPARED.items():
        for remote in SERVICES[service].remotes:
            if remote.title in titles:
                say(f"{load.files} small files, {step}, {remote.title}")
                with cold(workspace, servers[service], remote, load, 1) as cycle:
                    measured = (*cycle.store_and_get(store_jobs=JOBS), cycle.get_again(JOBS))
                    add(remote.title, [one.watched.seconds for one in measured])
    say(f"{load.files} small files, {step}, {CURL}")
    stored, got_by_several, got_by_one = transfer(workspace, servers["webdav"], load, JOBS, 1)
    add(CURL, [one.watched.seconds for one in (stored, got_by_one, got_by_several)])
