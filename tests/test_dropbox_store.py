"""Storing into Dropbox: which requests, and what is there afterwards."""

from pathlib import Path

import pytest
from dropboxkit import NAME, Alice, fetched, quiet, source

from git_annex_remote_pyshare.backends.base import Backend, Stat

pytest_plugins = ["dropbox_stores"]


def test_a_small_object_is_stored_read_and_removed_by_one_call_each(
    alice: Alice, store: Backend, tmp_path: Path
) -> None:
    receipt = store.put(NAME, source(tmp_path), quiet)
    assert receipt.size == 7
    assert store.stat(NAME) == Stat(7)
    assert fetched(store, NAME, tmp_path / "back") == b"content"
    store.delete(NAME)
    assert alice.routes() == ["files/upload", "files/get_metadata", "files/download", "files/delete_v2"]
    assert store.stat("a/other") is None
