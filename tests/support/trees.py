"""What a store holds that people read: every file by its name, seen without the program under test."""

import subprocess
import time
from subprocess import DEVNULL

from support.annex import Repository
from support.places import SharedPlace


def stored_tree(place: SharedPlace) -> dict[str, bytes]:
    """All files below the store's address, name → content; also those that should not be there."""
    return dict(place.stored())


def killed_export(repository: Repository, after: float) -> None:
    """Export the branch, and kill git-annex with all that it started.

    Args:
        repository: Its remote `store` is an export.
        after: Seconds until the kill.
    """
    with repository.killed("export", "main", "--to", "store", "-J4", stdout=DEVNULL, stderr=DEVNULL):
        time.sleep(after)


def our_processes(ancestor: int) -> list[int]:
    """The ids of our program's processes that a running git-annex has started."""
    lines = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    parents, ours = {}, []
    for line in lines.splitlines():
        pid, parent, program = line.split(maxsplit=2)
        parents[int(pid)] = int(parent)
        if "git-annex-remote-pyshare" in program:
            ours.append(int(pid))
    return [pid for pid in ours if ancestor in _ancestors(pid, parents)]


def _ancestors(pid: int, parents: dict[int, int]) -> list[int]:
    found = [pid]
    while parents.get(found[-1]):
        found.append(parents[found[-1]])
    return found
