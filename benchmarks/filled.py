"""`git annex copy --to` a store that has many objects already, beside git-annex's own remote.

    python benchmarks/filled.py                   S3 on Ceph, 40 ms, 10,000 objects, 300 files of 10 KiB, -J8
    python benchmarks/filled.py --server apache   the same with WebDAV

pyshare answers git-annex's question whether a file is there from a list of the store; the more it has, the more that
costs.
"""

import argparse
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from ahead import compared
from compare import FILES, REQUESTS, at
from dav import Dav, apache
from remotes import log_in
from results import Results
from run import say
from s3 import S3, ceph
from table import show
from workload import STORE, cold, make_load
from workspace import temporary_workspace

from git_annex_remote_pyshare.annex.layout import name_of

SERVERS: Mapping[str, Callable[[Path, float], AbstractContextManager[Dav | S3]]] = {"ceph": ceph, "apache": apache}
"""Those that can be filled without their clients."""

LAYOUTS = {"webdav": "shard", "s3": "flat"}
"""Ours on each service."""


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default="ceph", help="S3's ceph or WebDAV's apache")
    parser.add_argument("--rtt", type=int, default=40, metavar="MS", help="round trip to the server (40)")
    parser.add_argument("--objects", type=int, default=10_000, metavar="N", help="objects there at first (10000)")
    parser.add_argument("--files", type=int, default=300, metavar="N", help="files of 10 KiB (300)")
    parser.add_argument("--jobs", type=int, default=8, metavar="N", help="git-annex's -J (8)")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions; medians are shown (3)")
    options = parser.parse_args()
    results = Results()
    table = at(FILES, options.rtt)
    with temporary_workspace(None) as workspace:
        workspace.install()
        load = make_load(workspace, "small", options.files, 10 << 10)
        with SERVERS[options.server](workspace.subfolder("server"), options.rtt / 1000) as server:
            log_in(workspace, server)
            ours, _, builtin = compared(server.service)
            for turn in range(options.repeat):
                for remote in (ours, builtin):
                    say(f"turn {turn + 1}, {remote.title}")
                    with cold(workspace, server, remote, load, options.jobs, name="filled") as cycle:
                        server.fill("filled", names(server.service, options.objects))
                        stored = next(cycle.store_and_get())
                    results.add(table, remote.title, STORE, load.files / stored.watched.seconds)
                    results.add(REQUESTS, remote.title, STORE, stored.requests / load.files)
    print(show(results, table, [(ours.title, builtin.title)]))
    print(show(results, REQUESTS))


def names(service: str, objects: int) -> Iterator[str]:
    """Names that ours gives to the contents of files."""
    for number in range(objects):
        yield name_of(LAYOUTS[service], f"SHA256E-s1--{hashlib.sha256(str(number).encode()).hexdigest()}")


if __name__ == "__main__":
    main()
