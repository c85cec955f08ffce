"""What the tests of layers share: time that passes only when somebody waits, scripted faults, and files to transfer."""

from pathlib import Path
from threading import Event

import pytest

from git_annex_remote_pyshare.testing.faults import Faults
from git_annex_remote_pyshare.testing.files import Desk


class Waiting(Event):
    """The event `stopping`, and the clock that belongs to it.

    `wait` moves the clock on instead of taking time. With `stop_at` it is set at that time, in seconds.
    """

    def __init__(self, stop_at: float = float("inf")) -> None:
        super().__init__()
        self.now = 0.0
        self.waits: list[float] = []
        self._stop_at = stop_at

    def clock(self) -> float:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        self.now += timeout
        if self.now >= self._stop_at:
            self.set()
        return self.is_set()


@pytest.fixture
def time() -> Waiting:
    return Waiting()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
