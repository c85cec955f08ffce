"""Renames, removals and names of a tree in Dropbox, which takes upper and lower case for the same."""

from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize

import pytest
from support.dropboxkit import Owner, place_for, quiet, source
from support.fakes.dropbox.script import LOST, Play, Rule, rate_limited, refuses
from support.fakes.dropbox.tree import File
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.base import Backend, Moves, RemovesFolders, Stat
from git_annex_remote_pyshare.backends.dropbox.backend import DropboxBackend
from git_annex_remote_pyshare.errors import BadName, FolderInTheWay, NotFound
from git_annex_remote_pyshare.store.open import wrap

pytest_plugins = ["support.dropbox_stores"]

OLD, NEW = "a/old.txt", "b/new.txt"
MOVE, DELETE, LOOK, LIST = "files/move_v2", "files/delete_v2", "files/get_metadata", "files/list_folder"


@pytest.fixture
def tree(owner: Owner) -> Iterator[DropboxBackend]:
    """An empty tree."""
    made = DropboxBackend(place_for(owner.login)._replace(is_tree=True))
    made.client.access.tokens.access()
    yield made
    made.close()


def names(owner: Owner) -> set[str]:
    """The spelling of all files below the store's folder."""
    files = (entry for entry in owner.home.entries.values() if isinstance(entry, File))
    return {entry.path.removeprefix("/annex/") for entry in files}


def test_a_new_file_is_one_request(owner: Owner, tree: DropboxBackend, tmp_path: Path) -> None:
    tree.put(OLD, source(tmp_path), quiet)
    assert owner.routes() == ["files/upload"]


def test_many_renames_are_one_request_each_and_a_look_at_their_folder(
    owner: Owner, tree: DropboxBackend, tmp_path: Path
) -> None:
    for number in range(5):
        tree.put(f"a/{number}", source(tmp_path), quiet)
    owner.service.forget()
    for number in range(5):
        tree.move(f"a/{number}", f"tmp-{number}")
    for number in range(5):
        tree.move(f"tmp-{number}", f"b/{number}")
    assert owner.routes() == [LOOK, MOVE, LIST, *[MOVE] * 9]

    owner.service.forget()
    for number in range(5):
        tree.delete(f"b/{number}")
    assert owner.routes() == [DELETE] * 5
    assert names(owner) == set()


@pytest.mark.parametrize("content", [b"content", b"another"], ids=["the same content", "another content"])
@pytest.mark.parametrize(("first", "second"), [("a/X", "a/x"), ("A/x", "a/x")], ids=["file", "folder"])
def test_of_two_names_that_differ_in_case_the_second_is_refused_and_the_first_is_left_alone(
    owner: Owner, tree: DropboxBackend, tmp_path: Path, first: str, second: str, content: bytes
) -> None:
    tree.put(first, source(tmp_path), quiet)
    with pytest.raises(BadName, match=f"Dropbox has {first} there"):
        tree.put(second, source(tmp_path, content, "second"), quiet)

    assert (tree.stat(first), tree.stat(second)) == (Stat(7), None)
    tree.delete(second)
    with pytest.raises(NotFound):
        tree.move(second, NEW)
    tree.put(OLD.replace("a/", "other/"), source(tmp_path), quiet)
    with pytest.raises(BadName, match=f"Dropbox has {first} there"):
        tree.move("other/old.txt", second)
    assert names(owner) == {first, "other/old.txt"}
    assert owner.content(first) == b"content"


def test_a_folder_whose_name_has_other_case_is_not_used(owner: Owner, tree: DropboxBackend, tmp_path: Path) -> None:
    tree.put("Docs/theirs", source(tmp_path), quiet)
    with pytest.raises(BadName, match="Dropbox has Docs/mine there"):
        tree.put("docs/mine", source(tmp_path), quiet)
    tree.put("mine", source(tmp_path), quiet)
    with pytest.raises(BadName, match="Dropbox has Docs/mine there"):
        tree.move("mine", "docs/mine")
    assert names(owner) == {"Docs/theirs", "mine"}


def test_the_store_s_own_folder_may_have_other_case(owner: Owner, tmp_path: Path) -> None:
    owner.service.put(owner.home, "/Annex/theirs", b"theirs")
    tree = DropboxBackend(place_for(owner.login)._replace(is_tree=True))
    tree.put(OLD, source(tmp_path), quiet)
    tree.move(OLD, NEW)
    assert tree.stat(NEW) == Stat(7)
    tree.close()


def test_a_rename_that_changes_the_case_only_gives_the_new_spelling(
    owner: Owner, tree: DropboxBackend, tmp_path: Path
) -> None:
    tree.put("a/Case", source(tmp_path), quiet)
    tree.move("a/Case", "a/case")
    assert names(owner) == {"a/case"}


def test_a_rename_that_changes_the_case_only_goes_on_where_it_broke_off(
    owner: Owner, tree: DropboxBackend, tmp_path: Path
) -> None:
    tree.put("a/Case", source(tmp_path), quiet)
    owner.service.play(Rule(MOVE, rate_limited(1), after=2))
    _layered(tree).call(Moves, lambda able: able.move("a/Case", "a/case"))
    assert names(owner) == {"a/case"}


def test_a_file_in_the_way_is_removed_and_a_folder_is_not(owner: Owner, tree: DropboxBackend, tmp_path: Path) -> None:
    tree.put(OLD, source(tmp_path), quiet)
    owner.service.put(owner.home, f"/annex/{NEW}", b"in the way")
    tree.move(OLD, NEW)
    assert (names(owner), owner.content(NEW)) == ({NEW}, b"content")

    owner.service.put(owner.home, f"/annex/{OLD}/inner", b"theirs")
    with pytest.raises(FolderInTheWay, match="a folder has that name"):
        tree.move(NEW, OLD)
    assert names(owner) == {NEW, f"{OLD}/inner"}


@pytest.mark.parametrize(
    "play",
    [refuses("too_many_write_operations"), rate_limited(1), refuses("from_lookup", "not_found"), Play(reset=True)],
    ids=["another program writes", "429", "not found yet", "reset"],
)
def test_a_rename_that_fails_for_a_while_is_repeated(
    owner: Owner, tree: DropboxBackend, tmp_path: Path, play: Play
) -> None:
    tree.put(OLD, source(tmp_path), quiet)
    owner.service.play(Rule(MOVE, play))
    _layered(tree).call(Moves, lambda able: able.move(OLD, NEW))
    assert names(owner) == {NEW}


def test_a_rename_whose_reply_was_lost_is_not_done_twice(owner: Owner, tree: DropboxBackend, tmp_path: Path) -> None:
    tree.put(OLD, source(tmp_path), quiet)
    owner.service.play(Rule(MOVE, LOST))
    with pytest.raises(NotFound):  # whoever asked looks at the new name
        _layered(tree).call(Moves, lambda able: able.move(OLD, NEW))
    assert names(owner) == {NEW}


def test_a_file_that_others_change_before_its_removal_is_looked_at_again(
    owner: Owner, tree: DropboxBackend, tmp_path: Path
) -> None:
    tree.put(OLD, source(tmp_path), quiet)
    assert tree._moves.known.find(f"/annex/{OLD}", "look")
    owner.service.put(owner.home, f"/annex/{OLD}", b"changed")
    tree.delete(OLD)
    assert names(owner) == set()


def test_an_upload_whose_reply_was_lost_is_stored_once(owner: Owner, tree: DropboxBackend, tmp_path: Path) -> None:
    owner.service.play(Rule("files/upload", LOST))
    _layered(tree).put(OLD, source(tmp_path), quiet)
    assert (names(owner), owner.content(OLD)) == ({OLD}, b"content")


@pytest.mark.parametrize(
    "name",
    [normalize("NFD", "é/x"), "back\\slash", "blank ", "x/.DS_Store", "x/" + "é" * 256, "\udcff", "a/../b"],
    ids=["NFD", "backslash", "blank", "reserved", "long", "not UTF-8", "dots"],
)
def test_a_name_that_dropbox_cannot_hold_is_refused_without_a_request(
    owner: Owner, tree: DropboxBackend, tmp_path: Path, name: str
) -> None:
    for refused in (
        lambda: tree.put(name, source(tmp_path), quiet),
        lambda: tree.stat(name),
        lambda: tree.delete(name),
        lambda: tree.move(OLD, name),
        lambda: tree.remove_folder(name),
    ):
        with pytest.raises(BadName):
            refused()
    assert owner.routes() == []


def test_only_an_empty_folder_is_removed(owner: Owner, tree: DropboxBackend, tmp_path: Path) -> None:
    owner.service.put_document(owner.home, "/annex/a/paper")
    layered = _layered(tree)

    def remove() -> None:
        layered.call(RemovesFolders, lambda able: able.remove_folder("a"))

    remove()
    assert names(owner) == {"a/paper"}
    owner.home.delete("/annex/a/paper")
    remove()
    assert "/annex/a" not in owner.home.entries
    remove()
    tree.put("a", source(tmp_path), quiet)
    remove()
    assert names(owner) == {"a"}


def _layered(store: Backend) -> Backend:
    time = Waiting()
    return wrap(store, time, clock=time.clock)
