"""One large file on a slow line: got over several connections at once beside a single one, from S3, WebDAV and Dropbox.

    python benchmarks/ranges.py                         # 80 ms and 20 Mbit/s for each connection, and loopback
    python benchmarks/ranges.py --only S3 --repeat 5

On the line each connection has a bandwidth of its own (relay.py), as on long lines where losses hold each one down.
S3 is the tests' Ceph, WebDAV their Apache, and Dropbox their fake, which is slow on loopback by itself.
"""

import argparse
import contextlib
import math
from collections.abc import Iterator, Mapping

from commits import SHARED, remote_of
from dav import apache
from lines import Line, Reached, box, bucket
from remotes import OURS_WEBDAV, SERVICES, Remote, log_in
from results import Results
from server import Server
from server import reached as line_to
from table import show
from workload import NAME, Load, cold, make_load
from workspace import Workspace, temporary_workspace

MIB = 1 << 20
TITLE = "MiB/s, getting one file"
REQUESTS = "requests"
ONE, SEVERAL = "one connection", "several"
WAYS: Mapping[str, str] = {ONE: "1", SEVERAL: "4"}
"""Each way, and its git config `remote.<name>.pyshare-parts`; 4 is the default."""


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=96, metavar="MIB", help="size of the file (96)")
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
        for line in (slow, Line("loopback", 0, math.inf)):
            for service in services:
                compare(workspace, load, line, service, options.repeat, results)
    ratios = [(_row(service, SEVERAL), _row(service, ONE)) for service in services]
    print(show(results, TITLE, ratios), show(results, REQUESTS), sep="\n\n")


def compare(workspace: Workspace, load: Load, line: Line, service: str, repeat: int, results: Results) -> None:
    """Store the file once, and get it in each way."""
    reached, remote = SERVED[service]
    with reached(workspace, line) as server, cold(workspace, server, remote, load, 1) as cycle:
        list(cycle.store_fast())
        for way, parts in (*WAYS.items(),) * repeat:
            workspace.run(("git", "config", f"remote.{NAME}.pyshare-parts", parts), cycle.repository)
            measured = cycle.get_again()
            results.add(TITLE, _row(service, way), line.title, load.size / MIB / measured.watched.seconds)
            results.add(REQUESTS, _row(service, way), line.title, measured.requests)


@contextlib.contextmanager
def folder(workspace: Workspace, line: Line) -> Iterator[Server]:
    """Apache behind the line."""
    served = workspace.subfolder(f"server {line.rtt}")
    with apache(served, 0) as server, line_to(server.url, line.rtt, line.rate, line.upload_rate) as url:
        server.url = url
        log_in(workspace, server)
        yield server


def _row(service: str, way: str) -> str:
    return f"{service}, {way}"


SERVED: Mapping[str, tuple[Reached, Remote]] = {
    "S3": (bucket, SERVICES["s3"].remotes[0]),
    "WebDAV": (folder, next(remote for remote in SERVICES["webdav"].remotes if remote.title == OURS_WEBDAV)),
    "Dropbox": (box, remote_of(SHARED, "pyshare")),
}


if __name__ == "__main__":
    main()
