"""The promises of a tree: no failed or unknown rename leads to a removal, and no old content counts as new."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from git_annex_remote_pyshare.annex.tree import NotRenamed, Tree
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import Busy, FolderInTheWay, NotFound, PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.state import killed
from git_annex_remote_pyshare.state.renames import Rename, Renames
from git_annex_remote_pyshare.testing.faults import Fail, Faults, LoseReply
from git_annex_remote_pyshare.testing.files import Desk, nobody
from git_annex_remote_pyshare.testing.memory import MemoryBackend
from git_annex_remote_pyshare.transfer import Source

CONTENT = b"content"
KEY = "SHA256E-s7--ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73.txt"
OTHER = "SHA256E-s7--0000000000000000000000000000000000000000000000000000000000000000.txt"
OLD, TEMPORARY, NEW = "a/file.txt", f".git-annex-tmp-content-{KEY}", "b/file.txt"
NOT_THERE = b""


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def store(tmp_path: Path, faults: Faults) -> MemoryBackend:
    """A store with the file, as one clone sees it."""
    git_dir = tmp_path / "git"
    git_dir.mkdir()
    store = MemoryBackend(StoreConfig("memory:", {}, LocalConfig(str(git_dir), "store"), is_tree=True), faults=faults)
    _put(store, tmp_path, OLD, CONTENT)
    return store


def _put(store: MemoryBackend, folder: Path, name: str, content: bytes) -> None:
    desk = folder / "desk"
    desk.mkdir(exist_ok=True)
    Desk(desk).put(store, name, content)


def _names(store: MemoryBackend) -> list[str]:
    return [entry.name for entry in store.list()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store that is a folder, with one folder in it that is empty, one that is not, and one file."""
    root = tmp_path / "folder"
    for name in ("empty", "full"):
        (root / name).mkdir(parents=True)
    (root / "full" / "theirs").write_bytes(b"theirs")
    (root / "file").write_bytes(CONTENT)
    return root


@pytest.fixture
def tree_of_folder(store: MemoryBackend, folder: Path) -> Tree:
    return Tree(DirectoryBackend(store.place._replace(url=str(folder), trusted=lambda: True)))


def test_an_empty_folder_gives_way_to_a_file(tree_of_folder: Tree, folder: Path) -> None:
    tree_of_folder.rename(KEY, "file", "empty")
    (folder / "empty too").mkdir()
    tree_of_folder.store(KEY, "empty too", Source(str(folder / "empty")), nobody)
    assert (folder / "empty").read_bytes() == (folder / "empty too").read_bytes() == CONTENT


def test_a_folder_with_files_stays_where_a_file_should_be(tree_of_folder: Tree, folder: Path) -> None:
    with pytest.raises(FolderInTheWay):
        tree_of_folder.rename(KEY, "file", "full")
    with pytest.raises(FolderInTheWay):
        tree_of_folder.store(KEY, "full", Source(str(folder / "file")), nobody)
    assert (folder / "full" / "theirs").read_bytes() == b"theirs"
    assert (folder / "file").read_bytes() == CONTENT


def test_a_rename_that_was_confirmed_lets_the_old_name_be_removed(store: MemoryBackend) -> None:
    tree = Tree(store)
    tree.rename(KEY, OLD, TEMPORARY)
    tree.remove(KEY, OLD)
    assert _names(store) == [TEMPORARY]


def test_a_repeated_rename_succeeds_where_the_first_one_did_it(store: MemoryBackend) -> None:
    tree = Tree(store)
    tree.rename(KEY, OLD, TEMPORARY)
    tree.rename(KEY, OLD, TEMPORARY)
    assert _names(store) == [TEMPORARY]


def test_a_rename_whose_reply_was_lost_succeeds(store: MemoryBackend, faults: Faults) -> None:
    faults.next("move", LoseReply())
    Tree(store).rename(KEY, OLD, TEMPORARY)
    assert _names(store) == [TEMPORARY]


@pytest.mark.parametrize("error", [Busy("later"), PermissionDenied("no"), Unreachable("gone")])
def test_after_a_failed_rename_the_removal_is_refused_once(
    store: MemoryBackend, faults: Faults, error: PyshareError
) -> None:
    tree = Tree(store)
    faults.next("move", Fail(error))
    with pytest.raises(type(error)):
        tree.rename(KEY, OLD, TEMPORARY)

    with pytest.raises(NotRenamed, match=r"a/file\.txt was not renamed, so it is kept"):
        tree.remove(KEY, OLD)
    assert _names(store) == [OLD]

    tree.remove(KEY, OLD)  # the user's own removal, by a later export
    assert _names(store) == []


def test_a_process_that_was_killed_while_it_renamed_leaves_word_to_the_next(store: MemoryBackend) -> None:
    _rename_and_die(store, store.move)
    with pytest.raises(NotRenamed, match=r"\.git-annex-tmp-content-SHA256E"):
        Tree(store).remove(KEY, OLD)
    assert _names(store) == [TEMPORARY]


def test_a_process_that_was_killed_before_it_renamed_leaves_word_to_the_next(store: MemoryBackend) -> None:
    _rename_and_die(store, lambda _source, _target: None)
    with pytest.raises(NotRenamed, match=r"a/file\.txt"):
        Tree(store).remove(KEY, OLD)
    assert _names(store) == [OLD]


@pytest.mark.parametrize("content", [b"other, and longer", b"CONTENT"])
def test_a_removal_that_is_repeated_leaves_what_was_stored_under_the_name_since(
    store: MemoryBackend, tmp_path: Path, content: bytes
) -> None:
    new = f"SHA256E-s{len(content)}--{sha256(content).hexdigest()}.txt"
    (tmp_path / "local").write_bytes(content)
    first = Tree(store)
    first.remove(KEY, OLD)
    first.store(new, OLD, Source(str(tmp_path / "local")), nobody)
    again = Tree(store)
    again.remove(KEY, OLD)
    assert again.is_present(new, OLD)
    again.remove(new, OLD)
    assert _names(store) == []


def test_a_removal_is_obeyed_where_another_clone_has_stored_the_old_content_again(
    store: MemoryBackend, tmp_path: Path
) -> None:
    tree = Tree(store)
    tree.stored(OTHER, OLD)
    _put(store, tmp_path, OLD, CONTENT)
    tree.remove(KEY, OLD)
    assert _names(store) == []


def test_a_removal_is_obeyed_where_there_is_neither_the_old_content_nor_what_this_clone_has_stored_since(
    store: MemoryBackend, tmp_path: Path
) -> None:
    Tree(store).stored(OTHER, OLD)
    _put(store, tmp_path, OLD, b"of neither size")
    Tree(store).remove(KEY, OLD)
    assert _names(store) == []


def test_what_a_lost_reply_may_have_stored_is_not_taken_for_what_was_there_before(
    store: MemoryBackend, tmp_path: Path, faults: Faults
) -> None:
    tree = Tree(store)
    tree.stored(KEY, OLD, size=len(CONTENT))
    tree.remove(KEY, OLD)
    (tmp_path / "local").write_bytes(b"ABCDEFG")
    faults.always("put", LoseReply())
    with pytest.raises(PyshareError):
        tree.store(OTHER, OLD, Source(str(tmp_path / "local")), nobody)
    assert not Tree(store).is_present(KEY, OLD)


def test_where_nobody_can_look_nothing_is_removed(store: MemoryBackend, faults: Faults) -> None:
    tree = Tree(store)
    faults.always("move", Fail(Unreachable("gone")))
    faults.always("stat", Fail(Unreachable("gone")))
    with pytest.raises(Unreachable):
        tree.rename(KEY, OLD, TEMPORARY)
    with pytest.raises(Unreachable):
        tree.remove(KEY, OLD)
    faults.clear()
    with pytest.raises(NotRenamed):
        tree.remove(KEY, OLD)
    assert _names(store) == [OLD]


def test_where_both_names_are_gone_the_rename_fails_and_the_removal_succeeds(store: MemoryBackend) -> None:
    tree = Tree(store)
    store.delete(OLD)
    with pytest.raises(NotFound):
        tree.rename(KEY, OLD, TEMPORARY)
    tree.remove(KEY, OLD)


def test_a_file_of_another_size_is_not_the_content(store: MemoryBackend, tmp_path: Path) -> None:
    tree = Tree(store)
    assert tree.is_present(KEY, OLD)
    _put(store, tmp_path, OLD, b"shorter")
    _put(store, tmp_path, OLD, b"short")
    assert not tree.is_present(KEY, OLD)
    assert not tree.is_present(KEY, NEW)


def test_what_was_not_removed_does_not_count_as_the_new_content(
    store: MemoryBackend, faults: Faults, tmp_path: Path
) -> None:
    tree = Tree(store)
    faults.next("delete", Fail(Busy("later")))
    with pytest.raises(Busy):
        tree.remove(KEY, OLD)

    assert not tree.is_present(OTHER, OLD)
    assert tree.is_present(KEY, OLD)

    _put(store, tmp_path, OLD, b"the new")
    tree.stored(OTHER, OLD)
    assert tree.is_present(OTHER, OLD)


def test_a_name_that_no_store_can_hold_is_absent_and_already_removed(store: MemoryBackend) -> None:
    tree = Tree(store)
    assert not tree.is_present(KEY, "a/../b")
    tree.remove(KEY, "a/../b")
    assert _names(store) == [OLD]


class _KilledError(BaseException):
    """The process is gone."""


def _rename_and_die(store: MemoryBackend, done: Callable[[str, str], None]) -> None:
    """A process that dies after the rename was sent, and before git-annex is told."""

    class Dying(MemoryBackend):
        def move(self, source: str, target: str) -> None:
            done(source, target)
            raise _KilledError

    with pytest.raises(_KilledError):
        Tree(Dying(store.place)).rename(KEY, OLD, TEMPORARY)


def test_what_a_failed_rename_has_left_is_brought_to_where_it_is_looked_for(
    store: MemoryBackend, faults: Faults
) -> None:
    faults.next("move", Fail(Busy("later")))
    with pytest.raises(Busy):
        Tree(store).rename(KEY, OLD, TEMPORARY)
    with pytest.raises(NotRenamed):
        Tree(store).remove(KEY, OLD)

    assert not Tree(store).is_present(OTHER, NEW)
    assert Tree(store).is_present(KEY, NEW)
    assert _names(store) == [NEW]
    assert not Tree(store).is_present(KEY, "another name")

    tree = Tree(store)  # of a git-annex that noticed the failure, and repeats the rename
    tree.rename(KEY, OLD, TEMPORARY)
    tree.rename(KEY, TEMPORARY, NEW)
    assert _names(store) == [NEW]
    tree.remove(KEY, NEW)
    assert _names(store) == []


def test_a_removal_is_refused_by_the_process_that_follows_a_killed_one(
    store: MemoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    Tree(store).close()
    monkeypatch.setattr(killed, "try_lock", lambda _descriptor: True)  # the mark of the first one is free
    first, second = Tree(store), Tree(store)
    with pytest.raises(NotRenamed):
        second.remove(KEY, OLD)
    assert _names(store) == [OLD]
    for each in (first, second):
        each.close()

    Tree(store).remove(KEY, OLD)
    assert _names(store) == []


def test_a_removal_after_a_kill_that_cannot_look_leaves_the_file_protected(
    store: MemoryBackend, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(killed, "try_lock", lambda _descriptor: True)
    first, second = Tree(store), Tree(store)
    faults.next("stat", Fail(Busy("later")))
    with pytest.raises(Busy):
        second.remove(KEY, OLD)
    with pytest.raises(NotRenamed):
        Tree(store).check_store(OTHER, OLD)
    assert first.is_present(KEY, OLD)


def _fail_to_rename(tree: Tree, faults: Faults) -> None:
    """A rename that fails once, and the removal that git-annex sends then."""
    faults.next("move", Fail(Busy("later")))
    with pytest.raises(Busy):
        tree.rename(KEY, OLD, TEMPORARY)
    with pytest.raises(NotRenamed):
        tree.remove(KEY, OLD)


LONGER = "SHA256E-s12--1111111111111111111111111111111111111111111111111111111111111111.txt"


@pytest.mark.parametrize("new", [OTHER, LONGER], ids=["same size", "another size"])
@pytest.mark.parametrize("is_restarted", [False, True], ids=["one process", "the next process"])
def test_nothing_is_stored_over_what_a_failed_rename_has_left(
    store: MemoryBackend, faults: Faults, new: str, *, is_restarted: bool
) -> None:
    tree = Tree(store)
    _fail_to_rename(tree, faults)
    tree = Tree(store) if is_restarted else tree

    assert not tree.is_present(new, OLD)
    with pytest.raises(NotRenamed, match=r"a/file\.txt still has other content"):
        tree.check_store(new, OLD)
    with pytest.raises(NotRenamed, match="other content"):
        tree.remove(new, OLD)

    tree.rename(KEY, OLD, TEMPORARY)  # by the export that is typed next
    tree.check_store(new, OLD)
    assert _names(store) == [TEMPORARY]


@pytest.mark.parametrize("is_restarted", [False, True], ids=["one process", "the next process"])
def test_no_other_file_is_renamed_to_where_a_failed_rename_has_left_one(
    store: MemoryBackend, faults: Faults, tmp_path: Path, *, is_restarted: bool
) -> None:
    _put(store, tmp_path, NEW, b"CONTENT")
    tree = Tree(store)
    _fail_to_rename(tree, faults)
    tree = Tree(store) if is_restarted else tree

    with pytest.raises(NotRenamed):
        tree.rename(OTHER, NEW, OLD)
    with pytest.raises(NotRenamed):
        tree.remove(OTHER, NEW)
    with pytest.raises(NotRenamed):  # the name has no file of this key
        tree.rename(OTHER, OLD, "another name")
    assert _names(store) == [OLD, NEW]

    tree.rename(KEY, OLD, TEMPORARY)
    tree.rename(OTHER, NEW, OLD)
    assert _names(store) == [TEMPORARY, OLD]


def test_while_a_rename_is_under_way_or_nobody_can_look_its_old_name_is_not_free(
    store: MemoryBackend, faults: Faults
) -> None:
    _rename_and_die(store, lambda _source, _target: None)
    tree = Tree(store)
    assert not tree.is_present(OTHER, OLD)
    faults.always("stat", Fail(Unreachable("gone")))
    with pytest.raises(Unreachable):
        tree.check_store(OTHER, OLD)


def test_a_name_is_free_again_once_the_kept_file_was_replaced_by_hand(
    store: MemoryBackend, faults: Faults, tmp_path: Path
) -> None:
    tree = Tree(store)
    _fail_to_rename(tree, faults)
    _put(store, tmp_path, OLD, b"a longer new")
    tree.check_store(OTHER, OLD)
    assert tree.is_present(LONGER, OLD)


def test_a_removal_that_is_obeyed_frees_the_name(store: MemoryBackend, faults: Faults, tmp_path: Path) -> None:
    tree = Tree(store)
    _fail_to_rename(tree, faults)
    tree.remove(KEY, OLD)
    _put(store, tmp_path, OLD, b"the new")
    assert Tree(store).is_present(OTHER, OLD)


def test_a_file_that_belongs_where_it_was_left_is_not_brought_away(store: MemoryBackend, faults: Faults) -> None:
    _fail_to_rename(Tree(store), faults)
    tree = Tree(store)
    assert tree.is_present(KEY, OLD)
    assert not tree.is_present(KEY, NEW)
    assert _names(store) == [OLD]


def test_the_next_process_knows_too_what_was_not_removed(store: MemoryBackend, faults: Faults, tmp_path: Path) -> None:
    faults.next("delete", Fail(Busy("later")))
    with pytest.raises(Busy):
        Tree(store).remove(KEY, OLD)

    assert not Tree(store).is_present(OTHER, OLD)
    assert Tree(store).is_present(KEY, OLD)

    tree = Tree(store)
    tree.check_store(OTHER, OLD)  # it is to be replaced
    _put(store, tmp_path, OLD, b"the new")
    tree.stored(OTHER, OLD)
    assert Tree(store).is_present(OTHER, OLD)


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
def test_a_rename_that_a_kill_has_cut_off_is_finished_when_its_file_is_looked_for(
    store: MemoryBackend, *, is_done: bool
) -> None:
    _rename_and_die(store, store.move if is_done else lambda _source, _target: None)

    tree = Tree(store)  # git-annex has given up the rename and the removal, and asks only for the new name
    assert not tree.is_present(OTHER, NEW)
    assert tree.is_present(KEY, NEW)
    assert _names(store) == [NEW]
    assert not Tree(store).is_present(KEY, "another name")

    tree = Tree(store)
    tree.rename(KEY, OLD, TEMPORARY)  # by an export that repeats it
    tree.rename(KEY, TEMPORARY, NEW)
    assert _names(store) == [NEW]


def test_a_file_under_its_name_between_is_found_after_a_kill_although_no_rename_of_it_was_read(
    store: MemoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.move(OLD, TEMPORARY)
    assert not Tree(store).is_present(KEY, NEW)  # no process of this remote was killed
    monkeypatch.setattr(killed, "try_lock", lambda _descriptor: True)
    assert Tree(store).is_present(KEY, NEW)
    assert _names(store) == [NEW]


def test_what_is_stored_where_a_rename_was_cut_off_is_never_taken_for_what_was_there(
    store: MemoryBackend, tmp_path: Path
) -> None:
    _rename_and_die(store, lambda _source, _target: None)
    store.delete(OLD)
    tree = Tree(store)
    tree.check_store(OTHER, OLD)
    _put(store, tmp_path, OLD, b"THE NEW")
    tree.stored(OTHER, OLD)

    for each in (tree, Tree(store)):
        assert not each.is_present(KEY, NEW)
        assert each.is_present(OTHER, OLD)
    assert _names(store) == [OLD]


def test_what_is_stored_where_a_file_was_kept_and_then_removed_by_hand_is_not_taken_for_it(
    store: MemoryBackend, faults: Faults, tmp_path: Path
) -> None:
    tree = Tree(store)
    _fail_to_rename(tree, faults)
    store.delete(OLD)
    tree.check_store(OTHER, OLD)
    _put(store, tmp_path, OLD, b"THE NEW")
    tree.stored(OTHER, OLD)
    assert not tree.is_present(KEY, NEW)
    assert not Tree(store).is_present(KEY, NEW)
    assert _names(store) == [OLD]


def test_a_file_that_was_kept_where_it_belongs_is_replaced_as_any_other(
    store: MemoryBackend, faults: Faults, tmp_path: Path
) -> None:
    _fail_to_rename(Tree(store), faults)
    assert Tree(store).is_present(KEY, OLD)  # git-annex has repeated nothing, and looks for it there
    _put(store, tmp_path, OLD, b"theirs!")  # another clone
    theirs = f"SHA256E-s7--{sha256(b'theirs!').hexdigest()}.txt"
    Tree(store).check_store(theirs, OLD)
    assert Tree(store).is_present(theirs, OLD)
    assert not Tree(store).is_present(KEY, OLD)


def test_a_kill_in_the_removal_that_follows_a_failed_rename_leaves_the_file_protected(
    store: MemoryBackend, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(store, tmp_path, NEW, b"CONTENT")
    tree = Tree(store)
    faults.next("move", Fail(Busy("later")))
    with pytest.raises(Busy):
        tree.rename(KEY, OLD, TEMPORARY)

    def die(*_args: object) -> None:
        raise _KilledError

    with monkeypatch.context() as dying:
        dying.setattr(tree, "_keep", die)
        with pytest.raises(_KilledError):
            tree.remove(KEY, OLD)

    with pytest.raises(NotRenamed):  # the same export goes on, with the next process
        Tree(store).rename(OTHER, NEW, OLD)
    assert _names(store) == [OLD, NEW]


SECOND = "SHA256E-s9--1111111111111111111111111111111111111111111111111111111111111111.txt"
SECOND_TEMPORARY = f".git-annex-tmp-content-{SECOND}"


@pytest.fixture
def two(store: MemoryBackend, tmp_path: Path) -> MemoryBackend:
    """A store with a second file, which is longer."""
    _put(store, tmp_path, NEW, b"content 2")
    return store


def _contents(store: MemoryBackend) -> dict[str, int]:
    return {entry.name: entry.size for entry in store.list() if entry.size is not None}


def _replace_by_rename(tree: Tree) -> None:
    """What git-annex asks for if a file is removed and another one gets its name."""
    tree.remove(SECOND, NEW)
    tree.rename(KEY, OLD, TEMPORARY)
    tree.rename(KEY, TEMPORARY, NEW)


def _swap(tree: Tree) -> None:
    """What git-annex asks for if two files swap their names."""
    tree.rename(SECOND, NEW, SECOND_TEMPORARY)
    tree.rename(KEY, OLD, TEMPORARY)
    tree.rename(SECOND, SECOND_TEMPORARY, OLD)
    tree.rename(KEY, TEMPORARY, NEW)


def test_a_git_annex_that_forgot_a_removal_does_not_remove_what_has_the_name_now(two: MemoryBackend) -> None:
    tree = Tree(two)
    _replace_by_rename(tree)
    tree.close()
    again = Tree(two)
    with pytest.raises(NotRenamed, match=r"b/file\.txt still has other content"):
        again.remove(SECOND, NEW)
    again.rename(KEY, OLD, TEMPORARY)
    again.rename(KEY, TEMPORARY, NEW)
    assert _contents(two) == {NEW: 7}


def test_a_git_annex_that_forgot_a_swap_repeats_it_and_each_file_keeps_its_content(two: MemoryBackend) -> None:
    for _ in range(2):
        tree = Tree(two)
        _swap(tree)
        tree.close()
        assert _contents(two) == {OLD: 9, NEW: 7}


def test_what_got_a_freed_name_is_removed_when_git_annex_knows_it_there(two: MemoryBackend) -> None:
    _replace_by_rename(Tree(two))
    Tree(two).remove(KEY, NEW)
    assert _contents(two) == {}
    tree = Tree(two)
    assert tree.check_store(OTHER, NEW) is None


def test_a_killed_rename_protects_its_new_name_too(two: MemoryBackend) -> None:
    tree = Tree(two)
    tree.remove(SECOND, NEW)
    tree.rename(KEY, OLD, TEMPORARY)
    two.move(TEMPORARY, NEW)  # sent, and then the process died
    Renames(two.place.clone.git_dir, two.place.clone.remote_uuid).begin(Rename(KEY, TEMPORARY, NEW))
    again = Tree(two)
    with pytest.raises(NotRenamed):
        again.rename(SECOND, NEW, "c/file.txt")
    with pytest.raises(NotRenamed):
        again.remove(SECOND, NEW)
    assert again.is_present(KEY, NEW)
    assert _contents(two) == {NEW: 7}


def test_a_process_that_was_killed_while_it_removed_leaves_word_that_the_old_content_may_be_there(
    store: MemoryBackend,
) -> None:
    class Dying(MemoryBackend):
        def delete(self, name: str) -> None:
            raise _KilledError

    with pytest.raises(_KilledError):
        Tree(Dying(store.place)).remove(KEY, OLD)

    again = Tree(store)
    assert not again.is_present(OTHER, OLD)
    again.remove(KEY, OLD)
    assert _names(store) == []


def test_after_a_kill_no_copy_is_renamed_over_another_one(store: MemoryBackend, tmp_path: Path) -> None:
    _put(store, tmp_path, NEW, b"CONTENT")  # a duplicate, which people have changed
    _put(store, tmp_path, TEMPORARY, CONTENT)
    tree = Tree(store)
    tree._presence.follows_a_killed_one = True
    with pytest.raises(NotRenamed):
        tree.rename(KEY, NEW, TEMPORARY)
    assert _names(store) == sorted([OLD, NEW, TEMPORARY])


def test_a_file_that_was_left_at_its_temporary_name_is_brought_to_its_new_name(
    store: MemoryBackend,
) -> None:
    first = Tree(store)
    first.rename(KEY, OLD, TEMPORARY)
    first.close()
    assert Tree(store).is_present(KEY, NEW)
    assert _names(store) == [NEW]
