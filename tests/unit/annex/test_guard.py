"""An export keeps what people changed in the store since this clone listed it."""

from pathlib import Path
from threading import Event

import pytest
from support.recorded_import import TIED, Recording

from git_annex_remote_pyshare.annex.guard import ChangedByOthers, Guard
from git_annex_remote_pyshare.annex.importing import Importing
from git_annex_remote_pyshare.annex.tree import NotRenamed, Tree
from git_annex_remote_pyshare.backends.base import Content, StoreConfig
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import PyshareError, Unreachable
from git_annex_remote_pyshare.state.inventory import Inventory
from git_annex_remote_pyshare.testing.faults import Fail, Faults, LoseReply
from git_annex_remote_pyshare.testing.files import Desk, nobody
from git_annex_remote_pyshare.testing.memory import MemoryBackend
from git_annex_remote_pyshare.transfer import Progress, Sink

CONTENT = b"content"
KEY = "SHA256E-s7--ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73.txt"
OTHER = "SHA256E-s7--0000000000000000000000000000000000000000000000000000000000000000.txt"
OLD, TEMPORARY, NEW = "a/file.txt", f".git-annex-tmp-content-{KEY}", "b/file.txt"
LISTED = "a/listed.txt"
IN_GIT = "GIT--606dbc9bcc30f60b65413733e1c8a236c98c9ed9"
"""The key of the file that the recording puts into git itself."""


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """What git-annex records in the clone."""
    return Recording(tmp_path / "git")


@pytest.fixture
def faults() -> Faults:
    """The failures of the store."""
    return Faults()


@pytest.fixture
def store(tmp_path: Path, recording: Recording, faults: Faults) -> MemoryBackend:
    """A store with the file, as one clone sees it."""
    del recording
    git_dir = tmp_path / "git"
    place = StoreConfig("memory:", {}, LocalConfig(str(git_dir), "store"), is_tree=True)
    store = MemoryBackend(place, faults=faults)
    _put(store, tmp_path, OLD, CONTENT)
    return store


def _put(store: MemoryBackend, folder: Path, name: str, content: bytes) -> None:
    desk = folder / "desk"
    desk.mkdir(exist_ok=True)
    Desk(desk).put(store, name, content)


def _names(store: MemoryBackend) -> list[str]:
    return [entry.name for entry in store.list()]


def _list(store: MemoryBackend) -> None:
    """What an import in this clone does first."""
    Importing(store, Event()).list()


def _download(store: MemoryBackend, recording: Recording, key: str = KEY) -> None:
    """What it does then, and all that one does which fails."""
    found = store.content_of(OLD)
    assert found
    recording.downloaded(key, found.id, TIED)


def _import(store: MemoryBackend, recording: Recording) -> None:
    """A complete import."""
    _list(store)
    _download(store, recording)
    recording.committed({OLD: KEY})


def test_what_people_changed_since_the_list_is_neither_removed_nor_renamed_nor_overwritten(
    store: MemoryBackend, tmp_path: Path, recording: Recording
) -> None:
    _import(store, recording)
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


class Seconds(MemoryBackend):
    """A service that tells only seconds: an edit of the same size within the second has no other identifier."""

    is_young = True

    def content_of(self, name: str) -> Content | None:
        found = super().content_of(name)
        return found and found._replace(id=f"{found.size}-second{YOUNG if self.is_young else ''}")

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        super().get(name, Sink(sink.path), progress)


@pytest.mark.parametrize(("key", "ours"), [(KEY, CONTENT), ("", b"in git"), ("WORM-s7-m1--file.txt", CONTENT)])
def test_what_was_stored_in_a_second_that_is_over_is_known_by_its_content(
    store: MemoryBackend, tmp_path: Path, recording: Recording, key: str, ours: bytes
) -> None:
    seconds = Seconds(store.place)
    inventory = Inventory(store.place.clone.git_dir)
    guard = Guard(seconds, inventory)

    def is_known() -> bool:
        found = seconds.content_of(OLD)
        return found is not None and bool(guard.key_at(OLD, found))

    _list(seconds)
    recording.committed({OLD: key})
    _put(seconds, tmp_path, OLD, ours)
    inventory.replace(OLD, key or "GIT--unknown", guard.version_of(OLD, len(ours)))
    seconds.is_young = False

    _put(seconds, tmp_path, OLD, b"theirs!"[: len(ours)])
    assert not is_known()
    _put(seconds, tmp_path, OLD, ours)
    assert is_known() is not key.startswith("WORM")


def test_a_version_that_another_name_has_too_may_be_of_either_key(store: MemoryBackend, recording: Recording) -> None:
    _import(store, recording)
    found = store.content_of(OLD)
    assert found
    inventory = Inventory(store.place.clone.git_dir)
    inventory.replace(NEW, OTHER, found.id)
    guard = Guard(store, inventory)
    assert guard.may_be(KEY, OLD, found)
    assert guard.may_be(OTHER, NEW, found)


def test_a_file_is_removed_by_either_of_two_keys_of_its_bytes(
    store: MemoryBackend, tmp_path: Path, recording: Recording
) -> None:
    _import(store, recording)
    Inventory(store.place.clone.git_dir, store.place.clone.remote_uuid, store.place.url).replace(
        OLD, KEY.removesuffix(".txt"), getattr(store.content_of(OLD), "id", "")
    )
    tree = Tree(store)
    assert tree.is_present(KEY, OLD)
    tree.remove(KEY, OLD)
    assert _names(store) == []


def test_a_document_without_an_identifier_is_never_taken_for_an_upload_that_was_begun(store: MemoryBackend) -> None:
    inventory = Inventory(store.place.clone.git_dir)
    inventory.add(OLD, KEY)
    guard = Guard(store, inventory)
    document = Content(OLD, len(CONTENT), "")
    assert not guard.key_at(OLD, document)
    assert not guard.has(KEY, OLD, document)
    assert not guard.may_be(KEY, OLD, document)


def test_a_rename_onto_a_file_of_other_people_fails_and_the_removal_that_follows_keeps_the_only_copy(
    store: MemoryBackend, tmp_path: Path, recording: Recording
) -> None:
    _import(store, recording)
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
    store: MemoryBackend, tmp_path: Path, recording: Recording
) -> None:
    _import(store, recording)
    tree = Tree(store)
    assert not tree.is_present(OTHER, LISTED)
    tree.check_store(OTHER, LISTED)
    _put(store, tmp_path, LISTED, b"ours")
    tree.stored(OTHER, LISTED)
    tree.rename(KEY, OLD, TEMPORARY)
    tree.rename(KEY, TEMPORARY, NEW)

    later = Tree(store)
    assert later.is_present(KEY, NEW)
    later.remove(KEY, NEW)
    later.remove(OTHER, LISTED)
    assert _names(store) == []


def test_what_this_clone_stored_may_be_replaced_although_the_reply_never_came(
    store: MemoryBackend, tmp_path: Path, recording: Recording, faults: Faults
) -> None:
    _import(store, recording)
    desk = tmp_path / "mine"
    desk.mkdir()
    faults.next("put", LoseReply())
    with pytest.raises(Unreachable):
        Tree(store).store(KEY, NEW, Desk(desk).source(CONTENT), nobody)

    later = Tree(store)
    assert later.is_present(KEY, NEW)
    assert not later.is_present(OTHER, NEW)
    later.remove(KEY, NEW)
    assert _names(store) == [OLD]


def test_an_edit_of_the_same_size_is_not_taken_for_what_a_rename_has_brought_there(
    store: MemoryBackend, tmp_path: Path, recording: Recording
) -> None:
    _import(store, recording)
    Tree(store).rename(KEY, OLD, TEMPORARY)
    Tree(store).rename(KEY, TEMPORARY, NEW)
    _put(store, tmp_path, NEW, b"theirs!")
    with pytest.raises(ChangedByOthers):
        Tree(store).rename(KEY, TEMPORARY, NEW)  # git-annex was killed before it got the reply
    with pytest.raises(ChangedByOthers):
        Tree(store).remove(KEY, NEW)
    assert _content(store, tmp_path, NEW) == b"theirs!"


def test_the_removal_of_what_people_changed_again_is_refused_aloud_whatever_was_stored_there_before(
    store: MemoryBackend, recording: Recording, tmp_path: Path
) -> None:
    Tree(store).stored(OTHER, OLD)
    _import(store, recording)
    _put(store, tmp_path, OLD, b"theirs!")
    with pytest.raises(ChangedByOthers, match="was changed in the store"):
        Tree(store).remove(KEY, OLD)
    assert _names(store) == [OLD]


def test_the_guard_of_a_process_from_before_the_first_import_is_on_after_it(
    store: MemoryBackend, tmp_path: Path, recording: Recording
) -> None:
    tree = Tree(store)
    assert tree.is_present(KEY, OLD)
    _import(store, recording)
    _put(store, tmp_path, OLD, b"theirs!")
    with pytest.raises(ChangedByOthers):
        tree.remove(KEY, OLD)


def test_a_clone_that_has_never_imported_overwrites_as_git_annex_says(store: MemoryBackend, tmp_path: Path) -> None:
    _put(store, tmp_path, OLD, b"theirs!")
    tree = Tree(store)
    tree.check_store(OTHER, OLD)
    tree.remove(KEY, OLD)
    assert _names(store) == []


def test_what_an_import_that_failed_has_downloaded_is_kept(
    store: MemoryBackend, tmp_path: Path, recording: Recording
) -> None:
    _import(store, recording)
    _put(store, tmp_path, OLD, b"theirs!")
    _list(store)
    _download(store, recording, OTHER)
    tree = Tree(store)

    with pytest.raises(ChangedByOthers):
        tree.check_store(OTHER, OLD)
    with pytest.raises(ChangedByOthers):
        tree.remove(KEY, OLD)

    recording.committed({OLD: OTHER})
    tree.remove(OTHER, OLD)
    assert _names(store) == []


def test_what_a_first_import_that_failed_has_listed_is_kept(store: MemoryBackend) -> None:
    _list(store)
    with pytest.raises(ChangedByOthers):
        Tree(store).check_store(OTHER, OLD)


def test_a_version_that_git_has_under_another_name_only_is_kept(store: MemoryBackend, recording: Recording) -> None:
    _list(store)
    _download(store, recording)
    recording.committed({NEW: KEY})
    with pytest.raises(ChangedByOthers):
        Tree(store).check_store(OTHER, OLD)


def test_a_file_that_is_in_git_itself_is_known_by_its_blob(store: MemoryBackend, recording: Recording) -> None:
    recording.committed({OLD: ""})
    _list(store)
    with pytest.raises(ChangedByOthers):
        Tree(store).check_store(OTHER, OLD)
    _download(store, recording, IN_GIT)
    Tree(store).check_store(OTHER, OLD)


def test_a_removal_that_failed_can_be_repeated_after_git_annex_has_recorded_the_next_tree(
    store: MemoryBackend, recording: Recording, faults: Faults
) -> None:
    _import(store, recording)
    faults.next("delete", Fail(Unreachable("cut")))
    with pytest.raises(Unreachable):
        Tree(store).remove(KEY, OLD)
    recording.committed({NEW: OTHER})

    Tree(store).remove(KEY, OLD)

    assert _names(store) == []


def test_a_damaged_list_still_keeps_what_people_changed(
    store: MemoryBackend, tmp_path: Path, recording: Recording
) -> None:
    _import(store, recording)
    (listed,) = (tmp_path / "git/annex/pyshare/contents").iterdir()
    listed.write_bytes(b"damaged")
    _put(store, tmp_path, OLD, b"theirs!")
    with pytest.raises(ChangedByOthers):
        Tree(store).remove(KEY, OLD)


def test_what_an_export_stores_leaves_the_list_that_downloads_obey_as_it_was(
    store: MemoryBackend, tmp_path: Path, recording: Recording
) -> None:
    _import(store, recording)
    listed = store.content_of(OLD)
    tree = Tree(store)
    tree.check_store(OTHER, OLD)
    _put(store, tmp_path, OLD, b"ours, longer")
    tree.stored(OTHER, OLD)

    found = Importing(store, Event()).listed(OLD)

    assert found
    assert listed
    assert found.content == listed.id


def _content(store: MemoryBackend, folder: Path, name: str) -> bytes:
    new = folder / f"out {len(list(folder.iterdir()))}"
    new.mkdir()
    return Desk(new).get(store, name)
