"""A store in parts for tests: small objects that count as large, a clone with a journal, and a server that can kill."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock

import pytest

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.part_plan import Limits, Part, Sent, Upload
from git_annex_remote_pyshare.store import resume
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.faults import Fault
from git_annex_remote_pyshare.testing.files import body_of
from git_annex_remote_pyshare.testing.memory import place
from git_annex_remote_pyshare.testing.parts import PartsBackend
from git_annex_remote_pyshare.transfer import Progress, Source
from support.waiting import Waiting

SMALL = 1000
"""Bytes up to which an object goes in one piece here."""

LIMITS = Limits(smallest=100, largest=1000, most=100, step=100)
BODY = body_of(9500)
PARTS = 10


class Killed(BaseException):
    """The process is dead: no code catches this, and nothing happens after it."""


class InClone(LocalConfig):
    """A clone whose git config is what the test says."""

    def __init__(self, git_dir: str, options: Mapping[str, str]) -> None:
        super().__init__(git_dir, "friends")
        self._options = options

    def option(self, name: str) -> str:
        return self._options.get(name.removeprefix("pyshare-"), "")


class Mortal(PartsBackend):
    """Kills whoever uses it at a moment that the test chooses: each call has one before it is done and one after."""

    def __init__(self, limits: Limits | None, where: StoreConfig) -> None:
        super().__init__(limits, where, digests=("sha256",))
        self.moments_left: float = float("inf")
        self.at_once = 0
        self.most_at_once = 0
        self._counting = Lock()

    def live(self, moments: float = float("inf")) -> None:
        """The next process, which has so many moments."""
        self.moments_left = moments

    @contextmanager
    def _met(self, verb: str) -> Iterator[Fault | None]:
        self._moment()
        with super()._met(verb) as fault:
            yield fault
            self._moment()

    def send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        with self._counting:
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            return super().send(upload, part, source, progress)
        finally:
            with self._counting:
                self.at_once -= 1

    def numbers(self) -> list[int]:
        """Of the parts that came, each time that one came."""
        return sorted(number for _, number in self.accepted)

    def leftovers(self) -> list[str]:
        """Names of the unfinished uploads."""
        return [upload.name for upload in self.unfinished()]

    def _moment(self) -> None:
        with self._counting:
            self.moments_left -= 1
            if self.moments_left < 0:
                raise Killed


class Clinic:
    """One clone and one server, and as many processes after each other as a test wants."""

    def __init__(self, git_dir: Path, *, limits: Limits | None = LIMITS, **options: str) -> None:
        (git_dir / "annex").mkdir(parents=True, exist_ok=True)
        self.git_dir = git_dir
        self.time = Waiting()
        where = place("memory:")._replace(clone=InClone(str(git_dir), options))
        self.server = Mortal(limits, where)

    def process(self, stopping: Event | None = None) -> Backend:
        """A new process of the same clone."""
        return wrap(self.server, stopping or self.time, clock=self.time.clock)

    def journal(self) -> list[Path]:
        """The files of the journal."""
        return sorted((self.git_dir / "annex" / "pyshare" / "uploads").glob("*"))


@pytest.fixture
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects of more than SMALL bytes go in parts."""
    monkeypatch.setattr(resume, "WHOLE", SMALL)


@pytest.fixture
def clinic(tmp_path: Path, small_is_large: None) -> Clinic:
    return Clinic(tmp_path / "git")
