"""Settings that change between what the user saw and what git-annex would accept."""

from pathlib import Path

import pytest
from support.annex import Home, Repository

from git_annex_remote_pyshare.cli.accept.stores import is_verified, stores_in, verify
from git_annex_remote_pyshare.cli.remotes import clone_here


def test_a_store_whose_settings_changed_after_they_were_shown_stays_unverified(
    repository: Repository, bob: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, later = str(tmp_path / "shown"), str(tmp_path / "later")
    repository.initremote(shown, {"autoenable": "true"})
    clone, _ = repository.cloned(bob)
    monkeypatch.chdir(clone.folder)
    for name in ("PATH", "HOME"):
        monkeypatch.setenv(name, bob.environment[name])
    [store] = stores_in(clone_here()).stores
    assert store.place.hosts == (shown,)
    repository.annex("enableremote", "store", f"url={later}")
    clone.git("fetch", "-q")
    clone.annex("merge", "-q")

    assert not verify(store, clone_here())
    assert not is_verified(store, clone_here())
    [changed] = stores_in(clone_here()).stores
    assert changed.place.address == later
    assert verify(changed, clone_here())
