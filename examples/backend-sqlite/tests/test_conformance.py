"""The suite of pyshare over this backend."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyshare_sqlite.backend import SQLiteBackend

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.testing.conformance import Conformance


class TestSQLite(Conformance):
    """Every store is a new file."""

    @pytest.fixture
    def reach(self, tmp_path: Path) -> Callable[[], Backend]:
        """One more client of the store."""
        url = f"sqlite:{tmp_path}/store.db"
        login = Credential("alice", "hunter2", "environment")
        place = StoreConfig(url, {"url": url, "table": "objects"}, LocalConfig(), lambda: login, trusted=lambda: True)
        SQLiteBackend(place).initialize()
        return lambda: SQLiteBackend(place)
