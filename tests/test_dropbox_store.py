"""Storing into Dropbox: which requests, and what is there afterwards."""

from pathlib import Path

from dropboxkit import NAME, Owner, fetched, quiet, source

from git_annex_remote_pyshare.backends.base import Backend, Stat

pytest_plugins = ["dropbox_stores"]


def test_a_small_object_is_stored_read_and_removed_by_one_call_each(owner: Owner, box: Backend, tmp_path: Path) -> None:
    receipt = box.put(NAME, source(tmp_path), quiet)
    assert receipt.size == 7
    assert box.stat(NAME) == Stat(7)
    assert fetched(box, NAME, tmp_path / "back") == b"content"
    box.delete(NAME)
    assert owner.routes() == ["files/upload", "files/get_metadata", "files/download", "files/delete_v2"]
    assert box.stat("a/other") is None
