"""Trees by real names: how fast files get there, change, are renamed and deleted, beside git-annex's own exports.

    python benchmarks/exports.py                      WebDAV, 40 ms, 200 files of 10 KiB, eight jobs
    python benchmarks/exports.py --server ceph        the same with S3

Each turn exports four trees one after the other: all files are new, all have other content, all lie in a folder of
another name, none is left. Read the ratios of one run.
"""

import argparse
import shutil
import statistics
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from measure import watch
from remotes import OURS_S3, OURS_WEBDAV, S3, SERVICES, WEBDAV, Place, Remote, log_in
from run import SERVERS, say
from server import Server
from workload import NAME, write_random
from workspace import Workspace, remove, temporary_workspace

FOLDER = "folder"
NEW, CHANGED, RENAMED, DELETED = "new", "changed", "renamed", "deleted"


class Exported(NamedTuple):
    """One export of a tree."""

    change: str
    seconds: float
    requests: int
    failed: bool


def make_trees(workspace: Workspace, files: int, size: int) -> None:
    """Make a repository whose branches are the trees.

    Args:
        workspace: Where; the repository is its folder `trees`.
        files: How many there are.
        size: Bytes of each.
    """
    repository = workspace.subfolder("trees")

    def commit(branch: str) -> None:
        workspace.run(("git", "annex", "add", "-q", "."), repository)
        workspace.run(("git", "commit", "-q", "--allow-empty", "-m", branch), repository)
        workspace.run(("git", "branch", branch), repository)

    workspace.run(("git", "init", "-q"), repository)
    workspace.run(("git", "annex", "init", "-q"), repository)
    for branch in (NEW, CHANGED):
        (repository / FOLDER).mkdir(exist_ok=True)
        for number in range(files):
            path = repository / FOLDER / f"file{number:04}"
            path.unlink(missing_ok=True)
            write_random(path, size)
        commit(branch)
    workspace.run(("git", "mv", FOLDER, "another"), repository)
    commit(RENAMED)
    workspace.run(("git", "rm", "-q", "-r", "another"), repository)
    commit(DELETED)


def exports(workspace: Workspace, server: Server, remote: Remote, jobs: int) -> Iterator[Exported]:
    """Export each tree to an empty place; after a failure, which is shown, another export stores what is missing.

    Args:
        workspace: Where.
        server: Counts requests.
        remote: Whose turn it is.
        jobs: The number behind git-annex's -J.
    """
    name = "place"
    place = Place(workspace.subfolder(name), server.url, name)
    server.make_place(name)
    repository = workspace.folder / "repository"
    shutil.copytree(workspace.folder / "trees", repository, symlinks=True)
    try:
        settings = ("encryption=none", "exporttree=yes", *remote.settings(place))
        workspace.run(("git", "annex", "initremote", NAME, *settings), repository)
        for change in (NEW, CHANGED, RENAMED, DELETED):
            server.requests()
            command = ("git", "annex", "export", change, "--to", NAME, "-q", f"-J{jobs}")
            watched = watch(command, repository, workspace.environment, remote.process)
            yield Exported(change, watched.seconds, server.requests(), failed=watched.returncode != 0)
            if watched.returncode:
                workspace.run((*command[:-1], "-J1"), repository)
    finally:
        remove(repository)
        remove(place.path)
        server.remove_place(name)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default="apache", help="WebDAV's apache; S3's ceph or rclone")
    parser.add_argument("--rtt", type=int, default=40, metavar="MS", help="round trip to the server (40)")
    parser.add_argument("--files", type=int, default=200, metavar="N", help="files (200)")
    parser.add_argument("--size", type=int, default=10 << 10, metavar="BYTES", help="bytes of each (10240)")
    parser.add_argument("--jobs", type=int, default=8, metavar="N", help="git-annex's -J (8)")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions; medians are shown (3)")
    options = parser.parse_args()
    found: defaultdict[tuple[str, str], list[Exported]] = defaultdict(list)
    with temporary_workspace(None) as workspace:
        workspace.install()
        make_trees(workspace, options.files, options.size)
        with SERVERS[options.server](workspace.subfolder("server"), options.rtt / 1000) as server:
            log_in(workspace, server)
            rows = {remote.title: remote for remote in SERVICES[server.service].remotes}
            pair = (OURS_WEBDAV, WEBDAV) if server.service == "webdav" else (OURS_S3, S3)
            for turn in range(options.repeat):
                for title in pair:
                    say(f"turn {turn + 1}, {title}")
                    for exported in exports(workspace, server, rows[title], options.jobs):
                        found[exported.change, title].append(exported)
    show(found, options.files)


def show(found: dict[tuple[str, str], list[Exported]], files: int) -> None:
    """Print files a second and requests per file, medians, and whether files were missing afterwards.

    Args:
        found: Change and title of the remote → its exports.
        files: The number in each of them.
    """
    for (change, title), every in found.items():
        seconds = statistics.median(each.seconds for each in every)
        requests = statistics.median(each.requests for each in every) / files
        failed = f", failed in {count} of {len(every)} runs" if (count := sum(each.failed for each in every)) else ""
        print(f"{change:10} {title:20} {files / seconds:7.1f} files/s {requests:6.2f} requests a file{failed}")


if __name__ == "__main__":
    main()
