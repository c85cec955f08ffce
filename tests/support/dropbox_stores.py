"""Fixtures: Alice's store in the fake Dropbox. Apart from their words, since a plugin cannot be imported before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.base import Backend
from support.dropboxkit import Owner
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox

pytest_plugins = ["support.dropbox_places"]


@pytest.fixture
def owner(
    dropbox_here: RunningDropbox, dropbox_alice: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Owner]:
    """Alice with her store, on a machine where nothing of Dropbox is kept yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Owner(dropbox_here, dropbox_alice)
    yield made
    made.close()


@pytest.fixture
def box(owner: Owner) -> Backend:
    return owner.store()
