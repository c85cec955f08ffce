"""What reading ahead and the listing for presence gain: pyshare with and without, beside git-annex's own remote.

    python benchmarks/ahead.py                      WebDAV, 40 ms, 300 files of 10 KiB
    python benchmarks/ahead.py --server rclone      the same with S3

Each turn gets with one job (DataLad's default) and with eight, and stores with eight. Read the ratios of one run.
"""

import argparse
import statistics
from collections import defaultdict

from remotes import OURS_S3, OURS_WEBDAV, S3, SERVICES, WEBDAV, Remote, log_in
from run import SERVERS, say
from workload import GET, STORE, cold, make_load
from workspace import temporary_workspace

OFF = (("pyshare-ahead", "0"),)


def compared(service: str) -> tuple[Remote, ...]:
    """The remotes of a service that take part; the one that the others are compared with is the last."""
    rows = {remote.title: remote for remote in SERVICES[service].remotes}
    ours, builtin = (rows[OURS_WEBDAV], rows[WEBDAV]) if service == "webdav" else (rows[OURS_S3], rows[S3])
    return ours, ours._replace(title=f"{ours.title}, pyshare-ahead=0", config=OFF), builtin


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default="apache", help="WebDAV's apache; S3's ceph or rclone")
    parser.add_argument("--rtt", type=int, default=40, metavar="MS", help="round trip to the server (40)")
    parser.add_argument("--files", type=int, default=300, metavar="N", help="files (300)")
    parser.add_argument("--size", type=int, default=10 << 10, metavar="BYTES", help="bytes of each (10240)")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions; medians are shown (3)")
    options = parser.parse_args()
    seconds: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    requests: dict[tuple[str, str], float] = {}
    with temporary_workspace(None) as workspace:
        workspace.install()
        load = make_load(workspace, "small", options.files, options.size)
        with SERVERS[options.server](workspace.subfolder("server"), options.rtt / 1000) as server:
            log_in(workspace, server)
            remotes = compared(server.service)
            for turn in range(options.repeat):
                for jobs, phases in ((1, {GET}), (8, {STORE, GET})):
                    say(f"turn {turn + 1}, -J{jobs}")
                    for remote in remotes:
                        with cold(workspace, server, remote, load, jobs) as cycle:
                            for measured in cycle.store_and_get(store_jobs=8):
                                if measured.phase in phases:
                                    key = (remote.title, f"{measured.phase} -J{jobs}")
                                    seconds[key].append(measured.watched.seconds)
                                    requests[key] = measured.requests / load.files
    show(options.files, remotes, seconds, requests)


def show(
    files: int,
    remotes: tuple[Remote, ...],
    seconds: dict[tuple[str, str], list[float]],
    requests: dict[tuple[str, str], float],
) -> None:
    """Print files a second, the multiple of the last remote's, and requests per file."""
    for phase in dict.fromkeys(phase for _, phase in seconds):
        print(f"\n{phase}")
        yardstick = statistics.median(seconds[remotes[-1].title, phase])
        for remote in remotes:
            key = (remote.title, phase)
            median = statistics.median(seconds[key])
            print(
                f"  {remote.title:35} {files / median:7.1f} files/s {yardstick / median:6.2f} times the builtin"
                f" {requests[key]:6.2f} requests a file"
            )


if __name__ == "__main__":
    main()
