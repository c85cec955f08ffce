"""SFTP over a real ssh on a line that is cut, stands still or garbles bytes: what the layered store reports is true."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.annex import Home
from support.breaking_line import BreakingLine, breaking
from support.marks import LONG
from support.partskit import InClone
from support.sshd import SSHD, with_ssh
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.base import Backend, Stat
from git_annex_remote_pyshare.backends.sftp.backend import SFTPBackend
from git_annex_remote_pyshare.backends.sftp.client import Client
from git_annex_remote_pyshare.errors import NotFound, PyshareError
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk, body_of
from git_annex_remote_pyshare.testing.memory import place

MIB = 1 << 20
JOBS = 8
HEADS = 200_000
"""Bytes that logins and packets of a transfer have besides the content."""

KINDS = ("cut", "cut", "garble", "garble", "stall")
AFTER = (0, 1, 300, 3000, 40_000, 400_000)
BODIES = [body_of(size, b"%d" % size) for size in (0, 1, 5000, 70_000, 900_000)]


@pytest.fixture
def line(sshd: SSHD, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BreakingLine]:
    """The way of this user's ssh to the host `lab`."""
    with breaking(sshd.port) as made:
        person = with_ssh(Home(tmp_path / "home"), sshd._replace(port=made.port))
        sshd.admits(person.key)
        person.knows_the_host()
        for name in ("PATH", "XDG_RUNTIME_DIR"):
            monkeypatch.setenv(name, person.home.environment[name])
        yield made
    person.close()


class Lab:
    """A store at the other end of the line, of whose clone one process runs at a time. Waiting takes no time.

    Args:
        folder: Has the clone and the store.
        patience: Seconds after which a silent server is given up.
    """

    def __init__(self, folder: Path, patience: float = 3) -> None:
        self.share = folder / "share"
        git_dir = folder / "git"
        git_dir.mkdir()
        options = {"part-size": "1MiB", "parts": "1"}
        where = place(f"sftp://lab{self.share}")._replace(trusted=lambda: True, clone=InClone(str(git_dir), options))
        hasty = where._replace(clone=InClone(str(git_dir), {**options, "timeout": str(patience)}))
        self._places = (where, hasty)
        maker = SFTPBackend(where)
        maker.initialize()
        maker.close()
        self.store = self.another_process()

    def another_process(self) -> Backend:
        """The next process of the same clone."""
        where, hasty = self._places
        time = Waiting()
        self.store = wrap(SFTPBackend(where, Client(hasty)), time, clock=time.clock)
        return self.store

    def held(self, name: str) -> bytes | None:
        """What a reader of the folder sees."""
        try:
            return (self.share / name).read_bytes()
        except FileNotFoundError:
            return None


@pytest.fixture
def lab(line: BreakingLine, tmp_path: Path) -> Iterator[Lab]:
    assert line
    made = Lab(tmp_path)
    yield made
    made.store.close()


class Job:
    """Stores, gets and drops one object again and again; each time, the line may break.

    Args:
        lab: Has the store.
        line: Leads to it.
        desk: Has the files.
        number: Of the job.
        share: How many of a hundred requests the line breaks in.
    """

    def __init__(self, lab: Lab, line: BreakingLine, desk: Desk, number: int, share: float) -> None:
        self._lab = lab
        self._line = line
        self._desk = desk
        self._name = f"{number % 3}/{number}"
        self._draw = random.Random(number)
        self._share = share
        self._may_hold: set[bytes | None] = {None}
        self.failed = 0

    def work(self, rounds: int) -> None:
        for _ in range(rounds):
            if self._draw.random() * 100 < self._share:
                self._line.breaks(self._draw.choice(KINDS), self._draw.choice(("up", "down")), self._draw.choice(AFTER))
            verb = self._draw.choice((self._put, self._put, self._get, self._stat, self._delete))
            try:
                verb()
            except NotFound:
                self._may_hold &= {None}
                assert self._may_hold, "an object that was stored is not there"
            except PyshareError:
                # Other jobs let the line break again and again, until there is no attempt left.
                self.failed += 1
            self._may_hold &= {self._lab.held(self._name)}
            assert self._may_hold

    def _put(self) -> None:
        body = self._draw.choice(BODIES)
        self._may_hold |= {body, None}
        self._desk.put(self._lab.store, self._name, body)
        self._may_hold = {body}

    def _get(self) -> None:
        self._may_hold &= {self._desk.get(self._lab.store, self._name)}
        assert self._may_hold

    def _stat(self) -> None:
        found = self._lab.store.stat(self._name)
        [held] = self._may_hold
        assert found == (None if held is None else Stat(len(held)))

    def _delete(self) -> None:
        self._may_hold |= {None}
        self._lab.store.delete(self._name)
        self._may_hold = {None}


@pytest.mark.parametrize(
    ("share", "rounds"),
    [(5, 8), pytest.param(5, 400, marks=[*LONG, pytest.mark.timeout(3600)])],
)
def test_whatever_happens_to_the_line_all_jobs_report_what_is_true(
    lab: Lab, line: BreakingLine, tmp_path: Path, share: float, rounds: int
) -> None:
    desks = [tmp_path / f"desk{number}" for number in range(JOBS)]
    for desk in desks:
        desk.mkdir()
    jobs = [Job(lab, line, Desk(desk), number, share) for number, desk in enumerate(desks)]
    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(lambda job: job.work(rounds), jobs))
    assert line.broken > JOBS * rounds * share / 300
    assert sum(job.failed for job in jobs) <= JOBS * rounds * share / 100


@pytest.mark.parametrize("kind", ["cut", "garble"])
def test_a_large_upload_and_download_go_on_where_the_line_broke(
    lab: Lab, line: BreakingLine, desk: Desk, kind: str
) -> None:
    body = body_of(9 * MIB + 5)
    begun = line.sent
    line.breaks(kind, "up", 6 * MIB)
    desk.put(lab.store, "large", body)
    assert line.sent - begun <= len(body) + 3 * MIB + HEADS

    begun = line.received
    line.breaks(kind, "down", 6 * MIB)
    assert desk.get(lab.another_process(), "large") == body
    assert line.received - begun <= len(body) + 5 * MIB + HEADS
    assert line.broken == 2
    assert lab.held("large") == body
