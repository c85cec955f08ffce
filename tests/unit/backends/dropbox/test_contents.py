"""Versions in Dropbox: the content hash, a listing that is forgotten, and documents that cannot be downloaded."""

from pathlib import Path

import pytest
from support.dropboxkit import Owner, quiet
from support.fakes.dropbox.script import Rule, refuses
from support.fakes.dropbox.tree import content_hash

from git_annex_remote_pyshare.backends.base import Backend, Content, ListsContents
from git_annex_remote_pyshare.errors import ContentChanged, PyshareError
from git_annex_remote_pyshare.transfer import ExactSink

pytest_plugins = ["support.dropbox_stores"]


def _part(box: Backend, cursor: str = "") -> tuple[list[Content], list[str]]:
    found: list[Content] = []
    more = box.call(ListsContents, lambda able: able.list_contents(cursor, found.append))
    return found, list(more)


def test_the_content_hash_identifies_and_a_document_has_none(owner: Owner, box: Backend) -> None:
    owner.service.put(owner.home, "/annex/a/Paper.txt", b"words")
    owner.service.put_document(owner.home, "/annex/a/minutes.gdoc")
    found, more = _part(box)
    expected = {Content("a/Paper.txt", 5, content_hash(b"words")), Content("a/minutes.gdoc", 0, "")}
    assert set(found) == expected
    assert more == []


def test_a_listing_that_dropbox_forgets_begins_again(owner: Owner, box: Backend) -> None:
    owner.service.put(owner.home, "/annex/a", b"words")
    owner.service.play(Rule("files/list_folder/continue", refuses("reset")))
    assert _part(box, "cursor") == ([], [""])


def test_a_folder_that_is_not_there_is_no_empty_list(box: Backend) -> None:
    with pytest.raises(PyshareError):
        _part(box)


def test_another_version_is_not_delivered(owner: Owner, box: Backend, tmp_path: Path) -> None:
    owner.service.put(owner.home, "/annex/a", b"content B")
    with pytest.raises(ContentChanged):
        box.get("a", ExactSink(str(tmp_path / "file"), content_hash(b"content A")), quiet)
    assert not (tmp_path / "file").exists()
