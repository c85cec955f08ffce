"""Renames and folders of a tree on WebDAV, on a scripted server."""

from pathlib import Path

import pytest
from support.davkit import backend, quiet, source
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, Seen
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.base import Backend, Moves
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.backends.webdav.server_features import ATOMIC, UNKNOWN, ServerFeatures
from git_annex_remote_pyshare.errors import FolderInTheWay, NotFound, PyshareError
from git_annex_remote_pyshare.store.open import wrap

OLD, NEW = "a/old.txt", "b/new.html"
HERE, THERE = f"/dav/{OLD}", f"/dav/{NEW}"


@pytest.fixture
def tree(dav: ScriptedDAV, tmp_path: Path) -> WebDAVBackend:
    """A tree with the old name only."""
    keys = backend(f"{dav.url}/dav")
    made = WebDAVBackend(keys.place._replace(is_tree=True))
    made.put(OLD, source(tmp_path), quiet)
    dav.forget()
    return made


def test_a_rename_is_one_request_and_one_for_a_new_folder(tree: WebDAVBackend, dav: ScriptedDAV) -> None:
    tree.move(OLD, NEW)
    tree.move(NEW, OLD)
    assert dav.methods() == ["MKCOL", "MOVE", "MOVE"]
    assert dav.objects == {HERE: b"content"}


def test_no_rename_replaces_a_file_before_its_own_was_seen(tree: WebDAVBackend, dav: ScriptedDAV) -> None:
    dav.folders.add("/dav/b")
    dav.objects[THERE] = b"another"
    tree.move(OLD, NEW)
    assert dav.objects == {THERE: b"content"}
    with pytest.raises(NotFound):
        tree.move(OLD, NEW)
    assert dav.objects == {THERE: b"content"}
    assert {seen.headers["Overwrite"] for seen in dav.requests if seen.method == "MOVE"} == {"F"}


@pytest.mark.parametrize(
    "play",
    [Play(503), Play(429), Play(423), Play(502), Play(reset=True)],
    ids=["503", "429", "423", "502", "reset"],
)
def test_a_rename_that_fails_for_a_while_is_repeated(tree: WebDAVBackend, dav: ScriptedDAV, play: Play) -> None:
    dav.script(Rule("MOVE", play))
    _layered(tree).call(Moves, lambda able: able.move(OLD, NEW))
    assert dav.objects == {THERE: b"content"}


def test_a_rename_whose_reply_was_lost_is_not_done_twice(tree: WebDAVBackend, dav: ScriptedDAV) -> None:
    dav.script(Rule("MOVE", Play(lost=True)))
    with pytest.raises(NotFound):  # whoever asked looks at the new name
        _layered(tree).call(Moves, lambda able: able.move(OLD, NEW))
    assert dav.objects == {THERE: b"content"}


def test_a_folder_that_another_clone_has_removed_is_made_again(tree: WebDAVBackend, dav: ScriptedDAV) -> None:
    tree.move(OLD, NEW)
    tree.move(NEW, OLD)
    dav.folders.remove("/dav/b")
    tree.move(OLD, NEW)
    assert dav.objects == {THERE: b"content"}


def test_a_rename_that_is_forbidden_leaves_both_names_as_they_are(tree: WebDAVBackend, dav: ScriptedDAV) -> None:
    dav.script(Rule("MOVE", Play(403), times=-1))
    with pytest.raises(PyshareError):
        tree.move(OLD, NEW)
    assert dav.objects == {HERE: b"content"}


@pytest.fixture
def colleagues(dav: ScriptedDAV) -> dict[str, bytes]:
    """What is in a folder that a colleague has made at the new name."""
    dav.folders |= {"/dav/b", THERE}
    dav.objects[f"{THERE}/theirs"] = b"theirs"
    return {f"{THERE}/theirs": b"theirs"}


@pytest.mark.parametrize("features", [ATOMIC, UNKNOWN], ids=["by PUT", "by MOVE"])
def test_nothing_is_stored_over_a_folder_which_the_error_names(
    tree: WebDAVBackend, dav: ScriptedDAV, colleagues: dict[str, bytes], tmp_path: Path, features: ServerFeatures
) -> None:
    tree.client.features = features
    with pytest.raises(FolderInTheWay, match=r"b/new\.html is a folder on the server, and it is kept"):
        tree.put(NEW, source(tmp_path), quiet)
    assert dav.objects == {HERE: b"content", **colleagues}


def test_nothing_is_renamed_onto_a_folder_which_the_error_names(
    tree: WebDAVBackend, dav: ScriptedDAV, colleagues: dict[str, bytes]
) -> None:
    with pytest.raises(FolderInTheWay, match=r"b/new\.html is a folder"):
        tree.move(OLD, NEW)
    assert dav.objects == {HERE: b"content", **colleagues}


def test_a_folder_that_has_the_name_of_a_removed_file_stays(
    tree: WebDAVBackend, dav: ScriptedDAV, colleagues: dict[str, bytes]
) -> None:
    tree.delete(NEW)
    assert dav.objects == {HERE: b"content", **colleagues}
    assert "DELETE" not in dav.methods()


def test_a_folder_that_comes_after_the_look_stays_where_the_server_knows_depth(
    tree: WebDAVBackend, dav: ScriptedDAV
) -> None:
    dav.knows_depth = True
    before = dav.decide

    def decide(seen: Seen) -> Play | None:
        if seen.method == "DELETE":
            del dav.objects[HERE]
            dav.folders.add(HERE)
            dav.objects[f"{HERE}/theirs"] = b"theirs"
        return before(seen)

    dav.decide = decide
    tree.delete(OLD)
    assert dav.objects == {f"{HERE}/theirs": b"theirs"}


def test_a_server_that_refuses_the_depth_of_a_file_deletes_it_without(tree: WebDAVBackend, dav: ScriptedDAV) -> None:
    dav.script(Rule("DELETE", Play(400)))
    tree.delete(OLD)
    assert dav.objects == {}


def test_a_file_is_removed_by_two_requests_and_stored_by_no_more_than_before(
    tree: WebDAVBackend, dav: ScriptedDAV, tmp_path: Path
) -> None:
    tree.delete(OLD)
    assert dav.methods() == ["PROPFIND", "DELETE"]
    dav.forget()
    tree.put(OLD, source(tmp_path), quiet)
    assert [method for method in dav.methods() if method != "HEAD"] == ["PUT", "MOVE"]


def test_a_file_is_stored_over_another_one_which_goes_last(
    tree: WebDAVBackend, dav: ScriptedDAV, tmp_path: Path
) -> None:
    tree.put(OLD, source(tmp_path, b"another"), quiet)
    assert dav.objects == {HERE: b"another"}
    moves = [seen.headers["Overwrite"] for seen in dav.requests if seen.method == "MOVE"]
    assert (moves, dav.methods().count("DELETE")) == (["F", "T"], 0)


def test_a_file_that_has_the_name_of_a_removed_folder_stays(tree: WebDAVBackend, dav: ScriptedDAV) -> None:
    tree.remove_folder(OLD)
    assert dav.objects == {HERE: b"content"}


@pytest.mark.parametrize("new", ["a/OLD.txt", "a/o\u0301ld.txt"], ids=["case", "accents"])
@pytest.mark.parametrize("folds", [True, False], ids=["one name", "two names"])
def test_a_rename_to_what_may_be_the_same_name_loses_nothing(
    tree: WebDAVBackend, dav: ScriptedDAV, tmp_path: Path, new: str, *, folds: bool
) -> None:
    old = OLD if "OLD" in new else "a/\u00f3ld.txt"
    tree.put(old, source(tmp_path, b"the only copy"), quiet)
    dav.folds = folds
    if not folds:
        dav.objects[f"/dav/{new}"] = b"another file"

    tree.move(old, new)

    assert dav.objects[f"/dav/{new}"] == b"the only copy"
    assert f"/dav/{old}" not in dav.objects
    assert not [path for path in dav.objects if "pyshare" in path]


@pytest.mark.parametrize("failing", [{1}, {2}, {2, 3}], ids=["to the third name", "from there", "and the way back"])
def test_such_a_rename_that_fails_half_way_is_finished_by_the_next_attempt(
    tree: WebDAVBackend, dav: ScriptedDAV, failing: set[int]
) -> None:
    dav.folds = True
    before = dav.decide

    def decide(seen: Seen) -> Play | None:
        return Play(503) if seen.method == "MOVE" and dav.methods().count("MOVE") in failing else before(seen)

    dav.decide = decide
    with pytest.raises(PyshareError):
        tree.move(OLD, "a/OLD.txt")
    assert [*dav.objects.values()] == [b"content"]

    dav.decide = before
    tree.move(OLD, "a/OLD.txt")
    assert dav.objects == {"/dav/a/OLD.txt": b"content"}


def test_what_a_rename_replaces_is_there_again_if_the_rename_fails(tree: WebDAVBackend, dav: ScriptedDAV) -> None:
    dav.folders.add("/dav/b")
    dav.objects[THERE] = b"another"
    before = dav.decide

    def decide(seen: Seen) -> Play | None:
        return Play(507) if seen.method == "MOVE" and dav.methods().count("MOVE") == 2 else before(seen)

    dav.decide = decide
    with pytest.raises(PyshareError):
        tree.move(OLD, NEW)
    assert dav.objects == {HERE: b"content", THERE: b"another"}


def test_a_file_has_the_type_of_its_name(tree: WebDAVBackend, dav: ScriptedDAV, tmp_path: Path) -> None:
    types = []
    for name in (NEW, "data.tar.gz", "data.unheard-of", "no suffix"):
        tree.put(name, source(tmp_path), quiet)
        types.append(next(seen.headers["Content-Type"] for seen in reversed(dav.requests) if seen.method == "PUT"))
    assert types == ["text/html", "application/gzip", "application/octet-stream", "application/octet-stream"]


def _layered(store: Backend) -> Backend:
    time = Waiting()
    return wrap(store, time, clock=time.clock)
