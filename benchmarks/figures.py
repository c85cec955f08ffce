"""The figures and pictures of docs/develop/speed.md: measure them, or draw them again from what was measured.

    python benchmarks/figures.py measure     a quarter of an hour on a quiet machine; keeps every measurement, and draws
    python benchmarks/figures.py draw        the page and its pictures, from the file of measurements

WebDAV is the tests' Apache, S3 their Ceph, Dropbox their fake. See benchmarks/README.md for what the figures mean.
"""

import argparse
import signal
import sys
import time
from pathlib import Path

from connections import measure_connections
from distances import measure_distances
from lines import MIB, Line
from results import Results
from run import describe, numbers, say
from support import generated_pages, speed_page  # lines knows where the tests are
from workload import make_load
from workspace import PROJECT, Workspace, temporary_workspace

RTT_MS, MBITS = 80, 20
"""The line of the large file: round trip, and bandwidth of each connection."""


def parse(arguments: list[str]) -> argparse.Namespace:
    """What is to be done."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("draw", help="draw again what was measured")
    measuring = verbs.add_parser("measure", help="measure, and draw")
    measuring.add_argument("--files", type=int, default=80, metavar="N", help="small files, of 10 KiB (80)")
    measuring.add_argument(
        "--rtt", type=numbers, default=[0, 5, 20, 40, 80], metavar="MS,…", help="round trips to them"
    )
    measuring.add_argument("--size", type=int, default=96, metavar="MIB", help="size of the large file (96)")
    measuring.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions of the small files (3)")
    measuring.add_argument("--repeat-large", type=int, default=1, metavar="N", help="the same of the large file (1)")
    return parser.parse_args(arguments)


def main() -> None:
    """Do what the verb says."""
    options = parse(sys.argv[1:])
    if options.verb == "measure":
        # Being told to end is no reason to leave servers and files behind.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
        measure(options)
    for page in speed_page.GENERATED:
        generated_pages.write(page)
        say(f"drawn: {page.relative_to(PROJECT)}")


def measure(options: argparse.Namespace) -> None:
    """Measure, and write the file of measurements."""
    results = Results()
    with temporary_workspace(None) as workspace:
        about = _about(workspace, options)
        say("install")
        workspace.install()
        small = make_load(workspace, "small", options.files, 10 << 10)
        measure_distances(workspace, small, options.rtt, options.repeat, results)
        large = make_load(workspace, "large", 1, options.size * MIB)
        line = Line("slow", RTT_MS / 1000, MBITS * 1e6 / 8, upload_rate=float("inf"))
        measure_connections(workspace, large, line, options.repeat_large, results)
    results.save(speed_page.MEASUREMENTS, about)


def _about(workspace: Workspace, options: argparse.Namespace) -> dict[str, object]:
    """What a reader of the page has to know; the machine's load is that before the measurement."""
    return {
        **describe(workspace, options),
        "date": time.strftime("%d %B %Y", time.gmtime()).lstrip("0"),
        "pyshare": workspace.run(("git", "describe", "--always", "--dirty"), Path(PROJECT)).strip(),
        "curl": workspace.run(("curl", "--version")).split()[1],
        "files": options.files,
        "MiB": options.size,
        "repetitions": options.repeat,
        "repetitions of the large file": options.repeat_large,
        "line": f"a round trip of {RTT_MS} ms, and {MBITS} Mbit/s for each connection",
    }


if __name__ == "__main__":
    main()
