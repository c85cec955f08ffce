"""The job: store files, get them back, drop them, each time with a cold repository and a cold remote."""

import contextlib
import random
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from measure import Watched, watch
from remotes import Place, Remote
from server import Server
from workspace import Workspace, remove

STORE = "store"
FAST = "store --fast"
GET = "get"
PRESENT = "presence"
DROP = "drop"
NAME = "store"
"""The remote's name in every repository."""

BLOCK = 1 << 20


class Load(NamedTuple):
    """Files to be stored, in a repository that is copied for each cycle."""

    repository: Path
    files: int
    size: int


class Measured(NamedTuple):
    """One phase of a cycle, and how many requests the server answered meanwhile."""

    phase: str
    watched: Watched
    requests: int


def make_load(workspace: Workspace, name: str, files: int, size: int) -> Load:
    """Make a repository of random files.

    Args:
        workspace: Where.
        name: Name of its folder.
        files: How many.
        size: Bytes of each.
    """
    repository = workspace.subfolder(name)
    workspace.run(("git", "init", "-q"), repository)
    workspace.run(("git", "annex", "init", "-q"), repository)
    for number in range(files):
        write_random(repository / f"file{number:04}", size)
    workspace.run(("git", "annex", "add", "-q", "."), repository)
    workspace.run(("git", "commit", "-q", "-m", "files"), repository)
    return Load(repository, files, size)


def write_random(path: Path, size: int) -> None:
    """Write a file of `size` bytes that no server can compress."""
    with path.open("wb") as file:
        for left in range(size, 0, -BLOCK):
            file.write(random.randbytes(min(left, BLOCK)))


class Cycle:
    """One remote's turn: an empty place on the server, and a repository that has not met it.

    Args:
        workspace: Where.
        server: Counts requests.
        remote: Whose turn it is.
        load: What is stored.
        jobs: The number behind git-annex's -J.
    """

    def __init__(self, workspace: Workspace, server: Server, remote: Remote, load: Load, jobs: int) -> None:
        self._workspace = workspace
        self._server = server
        self._remote = remote
        self._load = load
        self._jobs = jobs
        self.repository = workspace.folder / "repository"

    def begin(self, place: Place) -> None:
        """Make the repository, and in it the remote."""
        shutil.copytree(self._load.repository, self.repository, symlinks=True)
        settings = self._remote.settings(place)
        self._workspace.run(("git", "annex", "initremote", NAME, "encryption=none", *settings), self.repository)
        for option, value in self._remote.config:
            self._workspace.run(("git", "config", f"remote.{NAME}.{option}", value), self.repository)

    def everything(self) -> Iterator[Measured]:
        """Store, with git-annex's look whether each file is there already; then get, look whether it is there, drop."""
        yield from self.store_and_get()
        yield self._phase(PRESENT, ("fsck", "--fast", "--from", NAME), present=self._load.files)
        yield self._phase(DROP, ("drop", "--from", NAME), present=0)

    def store_and_get(self, store_jobs: int = 0) -> Iterator[Measured]:
        """Store, with as many jobs as said if any are, and get."""
        yield self._phase(STORE, ("copy", "--to", NAME), present=self._load.files, jobs=store_jobs)
        yield self.get_again()

    def get_again(self, jobs: int = 0) -> Measured:
        """Drop what is here, and get it, with as many jobs as said if any are."""
        self._workspace.run(("git", "annex", "drop", "--force", "-q"), self.repository)
        measured = self._phase(GET, ("get", "--from", NAME), present=self._load.files, jobs=jobs)
        self._expect("here", self._load.files)
        return measured

    def store_fast(self) -> Iterator[Measured]:
        """Store without that look, since the location log knows nothing of the remote."""
        yield self._phase(FAST, ("copy", "--fast", "--to", NAME), present=self._load.files)

    def _phase(self, phase: str, arguments: Sequence[str], present: int, jobs: int = 0) -> Measured:
        self._server.requests()
        command = ("git", "annex", *arguments, "-q", f"-J{jobs or self._jobs}")
        watched = watch(command, self.repository, self._workspace.environment, self._remote.process)
        if watched.returncode:
            sys.exit(f"{self._remote.title}: {' '.join(command)} failed\n{watched.output}")
        measured = Measured(phase, watched, self._server.requests())
        self._expect(NAME, present)
        return measured

    def _expect(self, where: str, count: int) -> None:
        """A remote that loses files must not win.

        Raises:
            SystemExit: Git-annex knows of another number of files there.
        """
        found = self._workspace.run(("git", "annex", "find", "--in", where), self.repository).count("\n")
        if found != count:
            sys.exit(f"{self._remote.title}: {found} files instead of {count} are in {where}")


@contextlib.contextmanager
def cold(
    workspace: Workspace, server: Server, remote: Remote, load: Load, jobs: int, name: str = "place"
) -> Iterator[Cycle]:
    """A cycle that is about to begin; nothing of it is left afterwards.

    Args:
        workspace: See `Cycle`.
        server: See there.
        remote: See there.
        load: See there.
        jobs: See there.
        name: Of the place; another one for each cycle where several share a server at the same time.
    """
    place = Place(workspace.subfolder(name), server.url, name)
    server.make_place(name)
    cycle = Cycle(workspace, server, remote, load, jobs)
    try:
        cycle.begin(place)
        yield cycle
    finally:
        remove(cycle.repository)
        remove(place.path)
        server.remove_place(name)
