"""Running a command and watching it: seconds, memory and CPU of its process tree, from Linux's /proc.

Memory is the sum of the proportional set sizes (PSS) of all processes, which counts a page that several of them
share once; their resident set sizes (RSS) are summed as well, since other tools show those. Where there is no
/proc, only seconds are measured.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

INTERVAL = 0.05
"""Seconds between two looks."""

SEARCHING = 0.05
"""The greatest share of a processor that the search for processes and their memory may take: what is watched needs the
processors itself, unless it waits for the network, and the comparison must be even."""

MIB = 1 << 20
PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Watched(NamedTuple):
    """What was seen of a command.

    Attributes:
        seconds: From its start to its end.
        returncode: Its exit code.
        output: What it wrote, to stdout and stderr.
        tree: Greatest sum of PSS of it and its descendants, in bytes.
        tree_rss: The same of RSS.
        remote: Greatest RSS of a single process of the remote, in bytes.
        remotes: Processes of the remote, counted over the whole time.
        remote_cpu: CPU seconds of those processes.
        other_cpu: CPU seconds of all others, most of it git-annex.
    """

    seconds: float
    returncode: int
    output: str
    tree: int
    tree_rss: int
    remote: int
    remotes: int
    remote_cpu: float
    other_cpu: float


def watch(command: Sequence[str], cwd: Path, environment: Mapping[str, str], remote: str) -> Watched:
    """Run a command to its end, and watch it.

    Args:
        command: What to run.
        cwd: Where.
        environment: Its whole environment.
        remote: A pattern for the command lines of the remote's processes; empty where there is none.
    """
    begin = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    tree = Tree(process.pid, remote)
    ended = Event()
    watcher = Thread(target=tree.watch, args=(ended,))
    watcher.start()
    try:
        output, _ = process.communicate()
        seconds = time.perf_counter() - begin
    finally:
        if process.poll() is None:  # we are being ended ourselves
            process.terminate()
        ended.set()
        watcher.join()
    return tree.summary(seconds, process.returncode, output)


class Tree:
    """A process and its descendants, seen again and again.

    Args:
        root: Process id of the first.
        remote: A pattern for the command lines of the remote's processes; empty where there is none.
    """

    def __init__(self, root: int, remote: str) -> None:
        self._root = root
        self._remote = remote
        self._remotes: set[int] = set()
        self._alive: list[int] = []
        self._cpu: dict[int, float] = {}
        self._pss = self._rss = self._remote_rss = 0

    def watch(self, ended: Event) -> None:
        """Look until told to stop."""
        next_search = 0.0
        while PROC.exists() and not ended.wait(INTERVAL):
            begin = time.perf_counter()
            if begin < next_search:
                self._look_at_known()
            else:
                self._search()
                next_search = begin + (time.perf_counter() - begin) / SEARCHING

    def summary(self, seconds: float, returncode: int, output: str) -> Watched:
        """What was seen, with what the caller knows."""
        remote_cpu = sum(self._cpu[pid] for pid in self._remotes)
        return Watched(
            seconds=seconds,
            returncode=returncode,
            output=output,
            tree=self._pss,
            tree_rss=self._rss,
            remote=self._remote_rss,
            remotes=len(self._remotes),
            remote_cpu=remote_cpu,
            other_cpu=sum(self._cpu.values()) - remote_cpu,
        )

    def _look_at_known(self) -> None:
        for pid in self._alive:
            if seen := _seen(pid):
                self._cpu[pid] = seen.cpu

    def _search(self) -> None:
        """Find new descendants, and see how much memory all of them have."""
        pss = rss = 0
        family = list(_descendants(self._root))
        self._alive = [seen.pid for seen in family]
        for seen in family:
            self._cpu[seen.pid] = seen.cpu
            pss += _pss(seen.pid)
            rss += seen.rss
            if self._is_remote(seen.pid):
                self._remote_rss = max(self._remote_rss, seen.rss)
        self._pss, self._rss = max(self._pss, pss), max(self._rss, rss)

    def _is_remote(self, pid: int) -> bool:
        # A process that has not yet become the remote's program is looked at again.
        if pid not in self._remotes and self._remote and re.search(self._remote, _command_line(pid)):
            self._remotes.add(pid)
        return pid in self._remotes


class Seen(NamedTuple):
    """A process at one moment: CPU in seconds, memory in bytes."""

    pid: int
    parent: int
    cpu: float
    rss: int


def _descendants(root: int) -> Iterator[Seen]:
    """The process and all that it started, directly or not."""
    everybody = list(_processes())
    family = {root}
    # A child mostly has the higher number, but numbers start again from 1 at some time.
    while more := {seen.pid for seen in everybody if seen.parent in family} - family:
        family |= more
    return (seen for seen in everybody if seen.pid in family)


def _processes() -> Iterator[Seen]:
    for name in os.listdir(PROC):
        if name.isdigit() and (seen := _seen(int(name))):
            yield seen


def _seen(pid: int) -> Seen | None:
    """A process; None when it has ended meanwhile."""
    text = _read(f"{pid}/stat")
    if not text:
        return None
    # See proc_pid_stat(5): the name, in parentheses, may hold blanks; ppid is 4, utime 14, stime 15, rss 24.
    fields = text.rpartition(")")[2].split()
    cpu = (int(fields[11]) + int(fields[12])) / TICKS
    return Seen(pid, int(fields[1]), cpu, int(fields[21]) * PAGE)


def _pss(pid: int) -> int:
    for line in _read(f"{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _command_line(pid: int) -> str:
    return _read(f"{pid}/cmdline").replace("\0", " ")


def _read(name: str) -> str:
    """A file of /proc; empty when the process has ended meanwhile."""
    try:
        return (PROC / name).read_text(errors="replace")
    except OSError:
        return ""
