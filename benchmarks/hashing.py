"""Where `annex-verify=false` pays: gets with git-annex hashing while a file grows, and with hashing afterwards only.

    python benchmarks/hashing.py                    WebDAV on loopback, one job, files of 10 KiB to 64 MiB

git-annex checks the content in both cases. The gain is the median time with `annex-verify=true`, in multiples of that
with `annex-verify=false`; the turns alternate.
"""

import argparse
import statistics

from remotes import OURS_WEBDAV, SERVICES, log_in
from run import SERVERS, say
from workload import GET, cold, make_load
from workspace import temporary_workspace

LOADS = ((300, 10 << 10), (200, 128 << 10), (100, 1 << 20), (30, 8 << 20), (6, 64 << 20))
"""Number of files, and bytes of each."""

OPTION = "annex-verify"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rtt", type=int, default=0, metavar="MS", help="round trip to the server (0)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="git-annex's -J (1)")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="repetitions; medians are shown (5)")
    options = parser.parse_args()
    (ours,) = (remote for remote in SERVICES["webdav"].remotes if remote.title == OURS_WEBDAV)
    with temporary_workspace(None) as workspace:
        workspace.install()
        with SERVERS["apache"](workspace.subfolder("server"), options.rtt / 1000) as server:
            log_in(workspace, server)
            for files, size in LOADS:
                load = make_load(workspace, f"of {size}", files, size)
                seconds: dict[str, list[float]] = {"true": [], "false": []}
                for turn in range(options.repeat):
                    say(f"{files} of {size}, turn {turn + 1}")
                    for value, found in seconds.items():
                        remote = ours._replace(config=((OPTION, value),))
                        with cold(workspace, server, remote, load, options.jobs) as cycle:
                            measured = cycle.store_and_get(store_jobs=8)
                            found += [each.watched.seconds for each in measured if each.phase == GET]
                usual, later = (statistics.median(found) for found in seconds.values())
                print(f"{files:4} of {size:9} bytes: {usual:6.2f} s, {later:6.2f} s, gain {usual / later:5.2f}")


if __name__ == "__main__":
    main()
