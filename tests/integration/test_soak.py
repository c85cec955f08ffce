"""Thousands of files through one process: its memory, and that of the programs that it started, stays as it was."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from support.marks import LONG
from support.sftpkit import StandIn, place_at

from git_annex_remote_pyshare.backends.base import Backend, CanInitialize, StoreConfig, ability
from git_annex_remote_pyshare.backends.registry import make
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody

if TYPE_CHECKING:
    from support.rclone_remotes import Remotes

pytestmark = [*LONG, pytest.mark.timeout(1800)]

MIB = 1 << 20
JOBS = 8
WARM, MORE = 6000, 5000
"""Files until all that is kept is there, and after that. rclone's memory grows up to about five thousand."""


@pytest.fixture
def sftp_store(ssh: StandIn, tmp_path: Path) -> StoreConfig:
    assert ssh
    return place_at(tmp_path / "share")


@pytest.fixture
def rclone_store(rclone_remotes: "Remotes") -> StoreConfig:
    return rclone_remotes.new_folder("disk")


@pytest.fixture(params=["sftp", "rclone"])
def store(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The layered store, empty."""
    backend = make(request.getfixturevalue(f"{request.param}_store"))
    if maker := ability(backend, CanInitialize):
        maker.initialize()
    layered = wrap(backend, Event())
    yield layered
    layered.close()


def family() -> list[int]:
    """This process and all that it started, directly or not."""
    found, more = {os.getpid()}, {os.getpid()}
    while more:
        above = more
        more = {child for pid in above for child in _children(pid)} - found
        found |= more
    return sorted(found)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.glob("*/children") for child in task.read_text().split()]


def memory() -> int:
    """Bytes that the family holds by itself or shares with others."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in family())
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_memory_and_open_files_stay_flat_over_thousands_of_files(store: Backend, desk: Desk) -> None:
    bodies = [body_of(size, b"%d" % size) for size in (1, 5000, 300_000)]
    sources = [desk.source(body) for body in bodies]

    def cycle(number: int) -> None:
        name = f"{number % 16:x}/{number}"
        store.put(name, sources[number % 3], nobody)
        assert store.stat(name) is not None
        sink = desk.sink()
        store.get(name, sink, nobody)
        assert content(sink) == bodies[number % 3]
        os.unlink(sink.path)
        store.delete(name)
        assert store.stat(name) is None

    with ThreadPoolExecutor(JOBS) as jobs:
        list(jobs.map(cycle, range(WARM)))
        before, opened = memory(), len(os.listdir("/proc/self/fd"))
        list(jobs.map(cycle, range(WARM, WARM + MORE)))
    assert memory() - before < 16 * MIB
    assert len(os.listdir("/proc/self/fd")) <= opened + JOBS
    assert not list(store.list())
