"""An edit that other people make between the look at a file and the request that destroys it survives an export."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.davkit import backend as dav_at
from support.dropboxkit import Owner, place_for
from support.fakes.dav import ScriptedDAV
from support.fakes.dropbox.script import LOST
from support.fakes.dropbox.script import Rule as DropboxRule
from support.fakes.dropbox.tree import File
from support.fakes.s3 import ScriptedS3
from support.folderkit import place_at as folder_at
from support.recorded_import import STORE, Recording
from support.s3kit import place_at as bucket_at
from support.scripted import Play, Rule
from support.waiting import Waiting

from git_annex_remote_pyshare.annex.guard import ChangedByOthers
from git_annex_remote_pyshare.annex.tree import Tree
from git_annex_remote_pyshare.backends.base import Backend, ListsContents, Receipt, StoreConfig
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.backends.dropbox.backend import DropboxBackend
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.state.state_dir import StateDir
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk, nobody
from git_annex_remote_pyshare.testing.memory import MemoryBackend
from git_annex_remote_pyshare.transfer import Progress, Source

pytest_plugins = ["support.dropbox_stores"]

OURS, THEIRS = b"ours...", b"theirs!"
OLD, NEW = "a/old.txt", "b/new.txt"


def _key(content: bytes) -> str:
    return f"SHA256E-s{len(content)}--{hashlib.sha256(content).hexdigest()}.txt"


class Place(NamedTuple):
    """A store as one clone sees it, and as other people do."""

    store: Backend
    write: Callable[[str, bytes], object]
    """What other people do."""
    files: Callable[[], Mapping[str, bytes]]
    requests: Callable[[], int] = lambda: 0


def _memory(_request: pytest.FixtureRequest, _folder: Path, clone: LocalConfig) -> Place:
    store = MemoryBackend(StoreConfig("memory:", {}, clone, is_tree=True))
    return Place(store, store._objects.__setitem__, lambda: dict(store._objects))


def _folder(_request: pytest.FixtureRequest, folder: Path, clone: LocalConfig) -> Place:
    root = folder / "shared"
    root.mkdir()

    def write(name: str, content: bytes) -> None:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)

    def files() -> Mapping[str, bytes]:
        return {str(each.relative_to(root)): each.read_bytes() for each in root.rglob("*") if each.is_file()}

    return Place(DirectoryBackend(folder_at(root)._replace(clone=clone, is_tree=True)), write, files)


def _folder_without_links(request: pytest.FixtureRequest, folder: Path, clone: LocalConfig) -> Place:
    def refused(*_words: object, **_more: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    request.getfixturevalue("monkeypatch").setattr("os.link", refused)
    return _folder(request, folder, clone)


def _bucket(request: pytest.FixtureRequest, _folder: Path, clone: LocalConfig) -> Place:
    s3: ScriptedS3 = request.getfixturevalue("scripted_s3")
    store = S3Backend(bucket_at(s3)._replace(clone=clone, is_tree=True))
    before = "bucket/pre/"
    return Place(
        store,
        lambda name, content: s3.objects.__setitem__(before + name, content),
        lambda: {name.removeprefix(before): content for name, content in s3.objects.items()},
        lambda: len(s3.requests),
    )


def _dropbox(request: pytest.FixtureRequest, _folder: Path, clone: LocalConfig) -> Place:
    owner: Owner = request.getfixturevalue("owner")
    store = DropboxBackend(place_for(owner.login)._replace(clone=clone, is_tree=True))
    store.client.access.tokens.access()

    def files() -> Mapping[str, bytes]:
        there = [each for each in owner.home.entries.values() if isinstance(each, File)]
        return {each.path.removeprefix("/annex/"): each.content for each in there}

    return Place(
        store,
        lambda name, content: owner.service.put(owner.home, f"/annex/{name}", content),
        files,
        lambda: len(owner.routes()),
    )


def _webdav(request: pytest.FixtureRequest, server: str, *, compares: bool, clone: LocalConfig) -> Place:
    dav: ScriptedDAV = request.getfixturevalue("dav")
    dav.gives_tags, dav.compares, dav.server_name = True, compares, server
    dav.folders.add("/dav/b")
    plain = dav_at(f"{dav.url}/dav")
    before = "/dav/"
    return Place(
        WebDAVBackend(plain.place._replace(clone=clone, is_tree=True)),
        lambda name, content: dav.write(before + name, content),
        lambda: {path.removeprefix(before): content for path, content in dav.objects.items()},
        lambda: len(dav.requests),
    )


def _comparing_webdav(request: pytest.FixtureRequest, _folder: Path, clone: LocalConfig) -> Place:
    return _webdav(request, "WsgiDAV/4", compares=True, clone=clone)


def _plain_webdav(request: pytest.FixtureRequest, _folder: Path, clone: LocalConfig) -> Place:
    return _webdav(request, "rclone/1", compares=False, clone=clone)


MADE = {
    made.__name__.strip("_"): made
    for made in (_memory, _folder, _folder_without_links, _bucket, _dropbox, _comparing_webdav, _plain_webdav)
}


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """What git-annex records in the clone, which has imported from the store before."""
    return Recording(tmp_path / "git")


@pytest.fixture(params=MADE)
def place(request: pytest.FixtureRequest, tmp_path: Path, recording: Recording) -> Iterator[Place]:
    """A store with a file that git knows."""
    made = MADE[request.param](request, tmp_path, LocalConfig(str(tmp_path / "git"), "store"))
    made.write(OLD, OURS)
    found = made.store.call(ListsContents, lambda able: able.content_of(OLD))
    assert found
    recording.downloaded(_key(OURS), found.id.removesuffix("-young"), STORE)
    recording.committed({OLD: _key(OURS)})
    yield made
    made.store.close()


@pytest.fixture
def tree(place: Place, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """The tree in a clone that imports."""
    from git_annex_remote_pyshare.state.contents import KeptContents

    monkeypatch.setattr(StateDir, "files", lambda _self: ["a list"])
    monkeypatch.setattr(KeptContents, "is_there", True)
    return Tree(place.store)


def _edit_after_the_look(place: Place, monkeypatch: pytest.MonkeyPatch, edited: str) -> None:
    """Let other people write that file as soon as the export has looked at it, or at its new name, once."""
    store: Any = place.store
    look = store.content_of

    def looked(name: str) -> object:
        found = look(name)
        if name == edited:
            monkeypatch.setattr(store, "content_of", look)
            place.write(name, THEIRS)
        return found

    monkeypatch.setattr(store, "content_of", looked)


def test_a_removal_keeps_it(place: Place, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    _edit_after_the_look(place, monkeypatch, OLD)
    with pytest.raises(ChangedByOthers, match="changed in the store"):
        tree.remove(_key(OURS), OLD)
    assert place.files() == {OLD: THEIRS}


def test_a_new_version_does_not_replace_it(
    place: Place, tree: Tree, monkeypatch: pytest.MonkeyPatch, desk: Desk
) -> None:
    _edit_after_the_look(place, monkeypatch, OLD)
    with pytest.raises(ChangedByOthers, match="changed in the store"):
        tree.store(_key(b"second."), OLD, desk.source(b"second."), nobody)
    assert place.files() == {OLD: THEIRS}


def test_a_new_file_does_not_replace_it(place: Place, tree: Tree, monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    _edit_after_the_look(place, monkeypatch, NEW)
    with pytest.raises(ChangedByOthers, match="changed in the store"):
        tree.store(_key(b"second."), NEW, desk.source(b"second."), nobody)
    assert place.files() == {OLD: OURS, NEW: THEIRS}


def test_a_rename_onto_it_moves_nothing(place: Place, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    _edit_after_the_look(place, monkeypatch, NEW)
    with pytest.raises(ChangedByOthers, match="changed in the store"):
        tree.rename(_key(OURS), OLD, NEW)
    assert place.files() == {OLD: OURS, NEW: THEIRS}


def test_a_rename_of_it_loses_nothing(place: Place, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    _edit_after_the_look(place, monkeypatch, OLD)
    try:
        tree.rename(_key(OURS), OLD, NEW)
    except ChangedByOthers:
        assert place.files()[OLD] == THEIRS
    else:
        assert place.files() == {NEW: THEIRS}
        with pytest.raises(ChangedByOthers):
            tree.remove(_key(OURS), NEW)


def test_without_an_edit_everything_is_done_and_what_this_clone_stored_may_go(
    place: Place, tree: Tree, desk: Desk
) -> None:
    tree.store(_key(b"second."), OLD, desk.source(b"second."), nobody)
    tree.store(_key(b"third"), NEW, desk.source(b"third"), nobody)
    tree.rename(_key(b"third"), NEW, "b/renamed.txt")
    tree.store(_key(b"fourth"), "b/renamed.txt", desk.source(b"fourth"), nobody)
    assert place.files() == {OLD: b"second.", "b/renamed.txt": b"fourth"}
    tree.remove(_key(b"second."), OLD)
    tree.remove(_key(b"fourth"), "b/renamed.txt")
    assert place.files() == {}


@pytest.mark.parametrize("place", ["memory", "folder", "bucket", "dropbox"], indirect=True)
def test_what_people_write_as_soon_as_this_clone_has_stored_is_not_taken_for_its_own(
    place: Place, tree: Tree, monkeypatch: pytest.MonkeyPatch, desk: Desk
) -> None:
    put = place.store.put

    def put_and_edited(name: str, source: Source, progress: Progress) -> Receipt:
        receipt = put(name, source, progress)
        place.write(name, THEIRS)
        return receipt

    monkeypatch.setattr(place.store, "put", put_and_edited)
    tree.store(_key(b"second."), NEW, desk.source(b"second."), nobody)
    with pytest.raises(ChangedByOthers):
        tree.remove(_key(b"second."), NEW)
    assert place.files()[NEW] == THEIRS


@pytest.mark.parametrize(
    ("place", "has_gap"),
    [("folder", False), ("dropbox", False), ("comparing_webdav", False), ("plain_webdav", True), ("bucket", True)],
    indirect=["place"],
)
def test_one_line_says_what_a_service_does_not_check(place: Place, tree: Tree, desk: Desk, *, has_gap: bool) -> None:
    tree.store(_key(b"second."), NEW, desk.source(b"second."), nobody)
    assert ("may not compare versions" in tree.gap()) is has_gap
    assert tree.gap() == ""


@pytest.mark.parametrize("place", ["dropbox", "comparing_webdav"], indirect=True)
def test_a_look_and_a_write_are_all_requests(place: Place, tree: Tree, desk: Desk) -> None:
    assert not tree.is_present(_key(b"second."), NEW)
    before = place.requests()
    tree.store(_key(b"second."), NEW, desk.source(b"second."), nobody)
    stored = place.requests()
    tree.remove(_key(b"second."), NEW)
    assert place.requests() - stored == 2
    assert stored - before == (1 if isinstance(place.store, DropboxBackend) else 3)  # PUT, MOVE, and a look at the tag


@pytest.mark.parametrize("place", ["bucket"], indirect=True)
def test_a_server_that_implements_no_conditions_gets_none(
    place: Place, tree: Tree, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    scripted_s3.refuses_conditions = True
    tree.store(_key(b"second."), NEW, desk.source(b"second."), nobody)
    tree.rename(_key(b"second."), NEW, "b/renamed.txt")
    tree.remove(_key(OURS), OLD)
    assert place.files() == {"b/renamed.txt": b"second."}


@pytest.mark.parametrize("place", ["comparing_webdav"], indirect=True)
def test_a_server_that_compares_another_tag_than_it_shows_is_asked_without_a_condition(
    place: Place, tree: Tree, dav: ScriptedDAV
) -> None:
    dav.script(Rule("DELETE", Play(412)))
    tree.remove(_key(OURS), OLD)
    assert place.files() == {}


@pytest.mark.parametrize("place", ["comparing_webdav"], indirect=True)
def test_a_removal_whose_reply_was_lost_is_done(place: Place, dav: ScriptedDAV, tree: Tree) -> None:
    dav.script(Rule("DELETE", Play(lost=True)))
    time = Waiting()
    layered = Tree(wrap(place.store, time, clock=time.clock))
    del tree
    layered.remove(_key(OURS), OLD)
    assert place.files() == {}


@pytest.mark.parametrize("place", ["dropbox"], indirect=True)
def test_an_upload_whose_reply_was_lost_is_known_by_its_hash(
    place: Place, owner: Owner, tree: Tree, desk: Desk
) -> None:
    del tree
    owner.service.play(DropboxRule("files/upload", LOST))
    time = Waiting()
    layered = Tree(wrap(place.store, time, clock=time.clock))
    layered.store(_key(b"second."), OLD, desk.source(b"second."), nobody)
    layered.remove(_key(b"second."), OLD)
    assert place.files() == {}


@pytest.mark.parametrize("place", ["bucket"], indirect=True)
def test_an_upload_whose_reply_was_lost_is_known_by_its_content(
    place: Place, scripted_s3: ScriptedS3, tree: Tree, desk: Desk
) -> None:
    del tree
    scripted_s3.script(Rule("PUT", Play(lost=True)))
    time = Waiting()
    layered = Tree(wrap(place.store, time, clock=time.clock))
    layered.store(_key(b"second."), NEW, desk.source(b"second."), nobody)
    layered.remove(_key(b"second."), NEW)
    assert place.files() == {OLD: OURS}
