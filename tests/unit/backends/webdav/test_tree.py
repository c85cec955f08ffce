"""Renames and folders of a tree on WebDAV, on a scripted server."""

from pathlib import Path

import pytest
from support.davkit import backend, quiet, source
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.base import Backend, Moves
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.errors import NotFound, PyshareError
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


def test_a_file_has_the_type_of_its_name(tree: WebDAVBackend, dav: ScriptedDAV, tmp_path: Path) -> None:
    types = []
    for name in (NEW, "data.tar.gz", "data.unheard-of", "no suffix"):
        tree.put(name, source(tmp_path), quiet)
        types.append(next(seen.headers["Content-Type"] for seen in reversed(dav.requests) if seen.method == "PUT"))
    assert types == ["text/html", "application/gzip", "application/octet-stream", "application/octet-stream"]


def _layered(store: Backend) -> Backend:
    time = Waiting()
    return wrap(store, time, clock=time.clock)
