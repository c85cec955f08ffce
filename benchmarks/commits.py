"""Dropbox: how fast stores are that share their commits, beside a commit for each file; and how fast we start there.

    python benchmarks/commits.py --repeat 3

The service cannot run here: the tests' fake answers for it, after as long as a call and a commit may take. Dropbox
lets one commit into an account at a time, so these figures say what becomes of that, and nothing of bandwidth.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from compare import START_MS, START_TIMES, Bench, compare_starts
from remotes import Place, Remote
from results import Results
from server import Server
from table import show
from workload import DROP, Load, cold, make_load
from workspace import Workspace, temporary_workspace

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
import trustme
from support.dropboxkit import credential
from support.fakes.dropbox.fake import Authority, RunningDropbox, served  # the tests are no package
from support.fakes.dropbox.service import FakeDropbox

ALONE = "a commit for each file"
SEPARATE = "the same, a program for each job"
SPEED, CALLS = "files/s", "calls per file"
SHARED = "pyshare, Dropbox"

VARIANTS = {
    ALONE: """
from git_annex_remote_pyshare.backends.dropbox import batcher as commits
commits.MAX_BATCH = 1
""",
    SEPARATE: """
from git_annex_remote_pyshare.annex.protocol import protocol
protocol.EXTENSIONS = ("INFO", "GETGITREMOTENAME")
""",
}
"""What makes another program of ours: a commit has no companions; or git-annex starts a program for each job, as it
does with most others, and none knows of the others' commits."""


class Box(Server):
    """The fake as a server: its calls are counted by itself.

    Args:
        running: The fake.
    """

    service = "dropbox"

    def __init__(self, running: RunningDropbox) -> None:
        self._fake = running.service
        login = credential(self._fake, self._fake.person("Alice"))
        super().__init__("dropbox:", "alice", login.secret, Path())

    def requests(self) -> int:
        """Calls since this was last asked."""
        count = len(self._fake.seen)
        self._fake.forget()
        return count

    def make_place(self, name: str) -> None:
        """Dropbox makes folders by itself."""

    def remove_place(self, name: str) -> None:
        """Forget what was stored."""
        del name
        for person in self._fake.people:
            person.home.entries.clear()


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=8, metavar="N", help="git-annex's -J (8)")
    parser.add_argument("--files", type=int, default=300, metavar="N", help="files of 10 KiB (300)")
    parser.add_argument("--call", type=int, default=60, metavar="MS", help="how long a call takes (60)")
    parser.add_argument("--commit", type=int, default=100, metavar="MS", help="how long a commit takes besides (100)")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="repetitions; medians are shown (1)")
    options = parser.parse_args()
    results, service = Results(), FakeDropbox()
    with temporary_workspace(None) as workspace, reached(workspace, service) as box:
        python = workspace.install()
        ours = [remote_of(SHARED, "pyshare"), *install_variants(python)]
        load = make_load(workspace, "small", options.files, 10 << 10)
        compare_starts(Bench(workspace, box, 0, (ours[0],), results), load, python)
        service.latency, service.lock_seconds = options.call / 1000, options.commit / 1000
        for _ in range(options.repeat):
            for remote in ours:
                compare(workspace, box, remote, load, options.jobs, results)
    title = f"{options.files} files, -J{options.jobs}, {options.call} ms per call, {options.commit} ms per commit"
    print(show(results, START_MS), show(results, START_TIMES), title, sep="\n\n")
    print(show(results, SPEED, [(SHARED, other) for other in VARIANTS]), show(results, CALLS), sep="\n\n")


@contextlib.contextmanager
def reached(workspace: Workspace, service: FakeDropbox) -> Iterator[Box]:
    """The fake, running, and what it takes to reach it in the workspace's environment."""
    ca, file = trustme.CA(), workspace.folder / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    with served(service, Authority(ca, file)) as running:
        box = Box(running)
        login = {"DROPBOX_REFRESH_TOKEN": next(iter(service.refreshes)), "DROPBOX_APP_KEY": service.app.key}
        workspace.environment.update({**running.environment, **login})
        yield box


def install_variants(python: Path) -> Iterator[Remote]:
    """Put the variants of our program where git-annex finds them."""
    for number, (title, change) in enumerate(VARIANTS.items()):
        program = python.parent / f"git-annex-remote-variant{number}"
        program.write_text(f"#!{python}\n{change}\nfrom git_annex_remote_pyshare.__main__ import main\nmain()\n")
        program.chmod(0o755)
        yield remote_of(title, f"variant{number}")


def compare(workspace: Workspace, box: Box, remote: Remote, load: Load, jobs: int, results: Results) -> None:
    """Store, get and drop all files once."""
    with cold(workspace, box, remote, load, jobs) as cycle:
        for measured in cycle.everything():
            if measured.phase != DROP:
                results.add(SPEED, remote.title, measured.phase, load.files / measured.watched.seconds)
            results.add(CALLS, remote.title, measured.phase, measured.requests / load.files)


def remote_of(title: str, program: str) -> Remote:
    """A remote whose program is named so, in a folder of the Dropbox."""

    def settings(place: Place) -> Sequence[str]:
        return ("type=external", f"externaltype={program}", f"url=dropbox:/{place.name}")

    name = f"git-annex-remote-{program}"
    return Remote(title, settings, process=name, program=(name,))


if __name__ == "__main__":
    main()
