"""Defines the base class of the conformance tests: clients of the store under test, and local files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.testing.files import Desk
from git_annex_remote_pyshare.transfer import BLOCK

LARGE = 3 * BLOCK + 7
"""Bytes of an object that comes in several pieces and is written in place."""

KEY = "a/SHA256E-s11--09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b.txt"


class Suite:
    """Fixtures; the last subclass gives `reach`."""

    @pytest.fixture
    def reach(self) -> Callable[[], Backend]:
        """Makes one more client of the same store, which is made ready and empty at the beginning of each test."""
        pytest.fail(f"{type(self).__name__} must have a fixture `reach` that makes a client of its store")

    @pytest.fixture
    def store(self, reach: Callable[[], Backend]) -> Iterator[Backend]:
        """The client under test."""
        store = reach()
        yield store
        store.close()

    @pytest.fixture
    def elsewhere(self, reach: Callable[[], Backend]) -> Iterator[Backend]:
        """Another user's client of the same store."""
        store = reach()
        yield store
        store.close()

    @pytest.fixture
    def desk(self, tmp_path: Path) -> Desk:
        """Local files of the test."""
        folder = tmp_path / "desk"
        folder.mkdir()
        return Desk(folder)
