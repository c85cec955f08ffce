"""An export keeps what people changed in the store since this clone listed it."""

from pathlib import Path
from threading import Event

import pytest

from git_annex_remote_pyshare.annex.guard import ChangedByOthers
from git_annex_remote_pyshare.annex.importing import Importing
from git_annex_remote_pyshare.annex.tree import NotRenamed, Tree
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.testing.files import Desk
from git_annex_remote_pyshare.testing.memory import MemoryBackend

CONTENT = b"content"
KEY = "SHA256E-s7--ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73.txt"
OTHER = "SHA256E-s7--0000000000000000000000000000000000000000000000000000000000000000.txt"
OLD, TEMPORARY, NEW = "a/file.txt", f".git-annex-tmp-content-{KEY}", "b/file.txt"
LISTED = "a/listed.txt"


@pytest.fixture
def store(tmp_path: Path) -> MemoryBackend:
    """A store with the file, as one clone sees it."""
    git_dir = tmp_path / "git"
    git_dir.mkdir()
    store = MemoryBackend(StoreConfig("memory:", {}, LocalConfig(str(git_dir), "store"), is_tree=True))
    _put(store, tmp_path, OLD, CONTENT)
    return store


def _put(store: MemoryBackend, folder: Path, name: str, content: bytes) -> None:
    desk = folder / "desk"
    desk.mkdir(exist_ok=True)
    Desk(desk).put(store, name, content)


def _names(store: MemoryBackend) -> list[str]:
    return [entry.name for entry in store.list()]


def _import(store: MemoryBackend) -> None:
    """What an import in this clone does first."""
    Importing(store, Event()).list()


def test_what_people_changed_since_the_list_is_neither_removed_nor_renamed_nor_overwritten(
    store: MemoryBackend, tmp_path: Path
) -> None:
    _import(store)
    _put(store, tmp_path, OLD, b"theirs!")
    _put(store, tmp_path, NEW, b"theirs, new")
    tree = Tree(store)

    assert not tree.is_present(KEY, OLD)
    with pytest.raises(ChangedByOthers):
        tree.remove(KEY, OLD)
    with pytest.raises(ChangedByOthers):
        tree.rename(KEY, OLD, TEMPORARY)
    with pytest.raises(PyshareError):
        tree.remove(KEY, OLD)
    for name in (OLD, NEW):
        with pytest.raises(ChangedByOthers):
            tree.check_store(OTHER, name)

    assert _content(store, tmp_path, OLD) == b"theirs!"
    assert _content(store, tmp_path, NEW) == b"theirs, new"


def test_a_rename_onto_a_file_of_other_people_fails_and_the_removal_that_follows_keeps_the_only_copy(
    store: MemoryBackend, tmp_path: Path
) -> None:
    _import(store)
    tree = Tree(store)
    tree.rename(KEY, OLD, TEMPORARY)
    _put(store, tmp_path, NEW, b"theirs, new")

    with pytest.raises(ChangedByOthers):
        tree.rename(KEY, TEMPORARY, NEW)
    with pytest.raises(NotRenamed):
        tree.remove(KEY, TEMPORARY)

    assert _content(store, tmp_path, TEMPORARY) == CONTENT
    assert _content(store, tmp_path, NEW) == b"theirs, new"


def test_what_this_clone_stored_and_renamed_itself_is_no_change_of_other_people(
    store: MemoryBackend, tmp_path: Path
) -> None:
    _import(store)
    tree = Tree(store)
    assert not tree.is_present(OTHER, LISTED)
    tree.check_store(OTHER, LISTED)
    _put(store, tmp_path, LISTED, b"ours")
    tree.stored(LISTED)
    tree.rename(KEY, OLD, TEMPORARY)
    tree.rename(KEY, TEMPORARY, NEW)

    later = Tree(store)
    assert later.is_present(KEY, NEW)
    later.remove(KEY, NEW)
    later.remove(OTHER, LISTED)
    assert _names(store) == []


def test_a_clone_that_has_never_imported_overwrites_as_git_annex_says(store: MemoryBackend, tmp_path: Path) -> None:
    _put(store, tmp_path, OLD, b"theirs!")
    tree = Tree(store)
    tree.check_store(OTHER, OLD)
    tree.remove(KEY, OLD)
    assert _names(store) == []


def _content(store: MemoryBackend, folder: Path, name: str) -> bytes:
    new = folder / f"out {len(list(folder.iterdir()))}"
    new.mkdir()
    return Desk(new).get(store, name)
