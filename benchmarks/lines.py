"""Large files on slow lines: several parts at once beside a single stream, to S3 and to Dropbox.

    python benchmarks/lines.py                          # 80 ms and 20 Mbit/s for each connection, and loopback
    python benchmarks/lines.py --only S3 --size 1024

On the line each connection has a bandwidth of its own (relay.py), as on long lines where losses hold each one down.
S3 is the tests' Ceph, Dropbox the tests' fake, which is slow on loopback by itself: it is Python, and speaks TLS.
"""

import argparse
import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple

from commits import SHARED, remote_of
from commits import reached as box_reached
from remotes import SERVICES, Remote, log_in
from results import Results
from s3 import ceph
from server import Server
from server import reached as line_to
from support.fakes.dropbox.service import FakeDropbox  # commits knows where the tests are
from table import show
from workload import NAME, Load, cold, make_load
from workspace import Workspace, temporary_workspace

MIB = 1 << 20
TITLE = "MiB/s, storing one file"
WAYS: Mapping[str, str] = {"one stream": "1", "parts": ""}
"""Each way, and its git config `remote.<name>.pyshare-parts`; empty for what everybody has."""


class Line(NamedTuple):
    """A way to a server."""

    title: str
    rtt: float
    """Seconds."""
    rate: float
    """Bytes per second of each connection to the client."""
    upload_rate: float | None = None
    """The same to the server; as much as `rate` if it is None."""


Reached = Callable[[Workspace, Line], AbstractContextManager[Server]]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=256, metavar="MIB", help="size of the file (256)")
    parser.add_argument("--rtt", type=float, default=80, metavar="MS", help="round trip of the line (80)")
    parser.add_argument("--rate", type=float, default=20, metavar="MBIT", help="Mbit/s of each connection (20)")
    parser.add_argument("--only", choices=SERVED, help="measure one service only")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="repetitions; medians are shown (1)")
    options = parser.parse_args()
    slow = Line(f"{options.rtt:g} ms, {options.rate:g} Mbit/s", options.rtt / 1000, options.rate * 1e6 / 8)
    services = [options.only] if options.only else list(SERVED)
    results = Results()
    with temporary_workspace(None) as workspace:
        workspace.install()
        load = make_load(workspace, "large", 1, options.size * MIB)
        for line in (slow, Line("loopback", 0, math.inf)) * options.repeat:
            for service in services:
                compare(workspace, load, line, service, results)
    print(show(results, TITLE, [(_row(service, "parts"), _row(service, "one stream")) for service in services]))


def compare(workspace: Workspace, load: Load, line: Line, service: str, results: Results) -> None:
    """Store the file in each way."""
    reached, remote = SERVED[service]
    with reached(workspace, line) as server:
        for way, parts in WAYS.items():
            speed = load.size / MIB / seconds(workspace, server, remote, load, parts)
            results.add(TITLE, _row(service, way), line.title, speed)


def seconds(workspace: Workspace, server: Server, remote: Remote, load: Load, parts: str) -> float:
    """How long a cold `git annex copy` takes with that number of parts at once."""
    with cold(workspace, server, remote, load, 1) as cycle:
        if parts:
            workspace.run(("git", "config", f"remote.{NAME}.pyshare-parts", parts), cycle.repository)
        [stored] = cycle.store_fast()
        return stored.watched.seconds


@contextlib.contextmanager
def bucket(workspace: Workspace, line: Line) -> Iterator[Server]:
    """Ceph behind the line."""
    with ceph(workspace.folder, 0) as server, line_to(server.url, line.rtt, line.rate, line.upload_rate) as server.url:
        log_in(workspace, server)
        yield server


@contextlib.contextmanager
def box(workspace: Workspace, line: Line) -> Iterator[Server]:
    """The fake Dropbox behind the line."""
    with (
        box_reached(workspace, FakeDropbox()) as server,
        line_to(workspace.environment["HTTPS_PROXY"], line.rtt, line.rate, line.upload_rate) as url,
    ):
        workspace.environment.update(dict.fromkeys(("HTTPS_PROXY", "https_proxy"), url))
        yield server


def _row(service: str, way: str) -> str:
    return f"{service}, {way}"


SERVED: Mapping[str, tuple[Reached, Remote]] = {
    "S3": (bucket, SERVICES["s3"].remotes[0]),
    "Dropbox": (box, remote_of(SHARED, "pyshare")),
}


if __name__ == "__main__":
    main()
