"""Compare our remotes with git-annex's own and with rclone's, on one server, in one run.

    python benchmarks/run.py                        on loopback, a quarter of an hour
    python benchmarks/run.py --rtt 40 --jobs 8      over a line of 40 ms
    python benchmarks/run.py --server ceph          with S3 in place of WebDAV
    python benchmarks/run.py --server sftp          with SFTP

See benchmarks/README.md for what the figures mean.
"""

import argparse
import os
import platform
import re
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from compare import (
    FILES,
    MB,
    Bench,
    at,
    compare_big,
    compare_line,
    compare_lines,
    compare_small,
    compare_starts,
    participants,
)
from dav import apache
from goals import show_goals
from remotes import (
    CURL,
    DIRECTORY,
    OURS_FOLDER,
    OURS_RCLONE,
    OURS_S3,
    OURS_SFTP,
    OURS_WEBDAV,
    RCLONE,
    S3,
    SCP,
    WEBDAV,
    log_in,
)
from results import Results
from s3 import ceph, rclone
from sftp import openssh
from table import show
from workload import Load, make_load
from workspace import Workspace, temporary_workspace

SERVERS = {"apache": apache, "ceph": ceph, "rclone": rclone, "sftp": openssh}
RATIOS = (
    (OURS_FOLDER, DIRECTORY),
    *((OURS_WEBDAV, other) for other in (WEBDAV, RCLONE, CURL)),
    *((OURS_S3, other) for other in (S3, RCLONE, CURL)),
    *((OURS_SFTP, other) for other in (RCLONE, SCP)),
    (OURS_RCLONE, RCLONE),
)
BEGAN = time.monotonic()
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def size(text: str) -> int:
    """Bytes of `1GiB`, `64M`, `10k` or `0`.

    Raises:
        ArgumentTypeError: It is none of those.
    """
    match = re.fullmatch(r"(\d+)\s*([kmg]?)(?:i?b)?", text, re.IGNORECASE)
    if not match:
        raise argparse.ArgumentTypeError(f"{text} is not a size like 64MiB")
    return int(match[1]) * UNITS[match[2].lower()]


def numbers(text: str) -> list[int]:
    """The numbers of `1,8`."""
    return [int(part) for part in text.split(",")]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What is to be measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default="apache", help="of WebDAV, S3 (ceph, rclone) or SFTP")
    parser.add_argument("--rtt", type=numbers, default=[0], metavar="MS,…", help="round trips to the server (0)")
    parser.add_argument("--jobs", type=numbers, default=[1, 8], metavar="N,…", help="git-annex's -J (1,8)")
    parser.add_argument("--files", type=int, default=300, metavar="N", help="small files (300); 0 for none")
    parser.add_argument("--size", type=size, default=10 << 10, metavar="SIZE", help="bytes of each (10KiB)")
    parser.add_argument("--big", type=size, default=1 << 30, metavar="SIZE", help="the large file (1GiB); 0 for none")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="repetitions; medians are shown (1)")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only remotes named so")
    parser.add_argument("--no-start-up", dest="start_up", action="store_false", help="leave start-up out")
    parser.add_argument("--dir", metavar="FOLDER", help="make the temporary folder there (memory, if it has workspace)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single measurement there")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure, and print the tables."""
    options = parse(sys.argv[1:])
    # Being told to end is no reason to leave a server and gigabytes behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    results = Results()
    with temporary_workspace(options.dir) as workspace:
        say("install")
        python = workspace.install()
        loads = [make_load(workspace, "small", options.files or 1, options.size)]
        if options.big:
            loads.append(make_load(workspace, "big", 1, options.big))
        for rtt in options.rtt:
            measure(workspace, python, loads, options, rtt, results)
        about = describe(workspace, options)
    report(results, about)
    if options.json:
        results.save(options.json, about)


def measure(
    workspace: Workspace, python: Path, loads: Sequence[Load], options: argparse.Namespace, rtt: int, results: Results
) -> None:
    """Everything at one round trip; repetitions take turns, so that a busy minute hits all alike."""
    small, *big = loads
    with SERVERS[options.server](workspace.subfolder(f"server-{rtt}"), rtt / 1000) as server:
        log_in(workspace, server)
        bench = Bench(workspace, server, rtt, participants(server.service, options.only, rtt), results)
        if options.start_up and not rtt:
            say("start-up")
            compare_starts(bench, small, python)
        for turn in range(options.repeat):
            for jobs in options.jobs if options.files else ():
                say(f"{at('small files', rtt)}, -J{jobs}, turn {turn + 1}")
                compare_small(bench, small, jobs)
                compare_lines(bench, small, jobs)
            for load in big:
                say(f"{at('large file', rtt)}, turn {turn + 1}")
                compare_big(bench, load)
                compare_line(bench, load)


def describe(workspace: Workspace, options: argparse.Namespace) -> dict[str, object]:
    """What a reader of the figures has to know."""
    return {
        "options": {name: str(value) for name, value in vars(options).items()},
        "machine": f"{os.cpu_count()} CPUs, {platform.platform()}, Python {platform.python_version()}",
        "git-annex": workspace.run(("git", "annex", "version", "--raw")),
        "rclone": workspace.run(("rclone", "version")).splitlines()[0],
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "",
    }


def report(results: Results, about: dict[str, object]) -> None:
    """Print the tables and the goals."""
    print("\n".join(f"{name}: {value}" for name, value in about.items()))
    for table in results.tables:
        print(f"\n{show(results, table, RATIOS if table.startswith((FILES, MB)) else ())}")
    print(f"\n{show_goals(results)}")


def say(what: str) -> None:
    """Tell on stderr how far we are, after how many seconds; the tables alone go to stdout."""
    print(f"[{time.monotonic() - BEGAN:4.0f} s: {what}]", file=sys.stderr)


if __name__ == "__main__":
    main()
