"""Others who may write to the store can lead nobody out of it: not in storing, removing, reading or looking."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
from support.folderkit import POSIX, quiet
from support.two_users import ALONE, EVERYBODYS, TEAMS, Stage, backend_of, staged

from git_annex_remote_pyshare import errors
from git_annex_remote_pyshare.annex.layout import name_of
from git_annex_remote_pyshare.backends.base import Stat
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.backends.directory.by_path import PathFolder
from git_annex_remote_pyshare.backends.directory.held import Held
from git_annex_remote_pyshare.transfer import Sink, Source

pytestmark = POSIX

LARGE = 9 << 20
"""Bytes that are stored in more than one step."""

KEY = "SHA256E-s9437184--00.d/authorized_keys"


@pytest.fixture(params=[ALONE, TEAMS, EVERYBODYS])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield from staged(request.param)


@pytest.fixture(params=[Held, PathFolder])
def store(stage: Stage, request: pytest.FixtureRequest) -> DirectoryBackend:
    return backend_of(stage, request.param)


def source_in(stage: Stage, content: bytes = bytes(LARGE)) -> Source:
    return Source(os.fsencode(stage.new_source(content)))


def make_open(path: Path) -> None:
    path.mkdir()
    path.chmod(0o777)


def drafts_of(stage: Stage) -> Path:
    return stage.folder / ".pyshare-tmp"


# A2: the temporary file is replaced while a large file is being stored


def link(path: Path, stage: Stage) -> None:
    path.symlink_to(stage.secret)


def own_file(path: Path, _stage: Stage) -> None:
    path.write_bytes(b"theirs")


def pipe(path: Path, _stage: Stage) -> None:
    os.mkfifo(path)


def folder(path: Path, _stage: Stage) -> None:
    path.mkdir()


REPLACED = [(kind, act) for kind in (ALONE, TEAMS, EVERYBODYS) for act in (link, pipe, folder)]
"""Alone, one's own file is no attack."""


@pytest.mark.parametrize(
    ("stage", "put_there"), [*REPLACED, (TEAMS, own_file), (EVERYBODYS, own_file)], indirect=["stage"]
)
def test_what_replaces_the_temporary_file_is_neither_opened_up_nor_taken_for_the_object(
    stage: Stage, store: DirectoryBackend, put_there: Callable[[Path, Stage], None]
) -> None:
    drafts = drafts_of(stage)
    if stage.kind == EVERYBODYS:
        stage.attack(lambda: make_open(drafts))

    def replace() -> None:
        (draft,) = drafts.iterdir()
        draft.unlink()
        put_there(draft, stage)

    def once(_done: int) -> None:
        if attacks:
            stage.attack(attacks.pop())

    attacks = [replace]
    with pytest.raises(errors.PyshareError) as refused:
        store.put("a/X--1", source_in(stage), once)

    assert "another user or program has replaced it" in str(refused.value)
    assert stage.is_untouched()
    assert store.stat("a/X--1") is None
    store.put("a/X--1", source_in(stage, b"12345"), quiet)
    assert store.stat("a/X--1") == Stat(5)


def test_a_link_that_takes_the_place_in_the_last_moment_is_no_success(
    stage: Stage, store: DirectoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = store.folders.rename

    def late(here: Held, name: bytes, to: Held, new: bytes) -> None:
        def replace() -> None:
            draft = drafts_of(stage) / os.fsdecode(name)
            draft.unlink()
            draft.symlink_to(stage.secret)

        stage.attack(replace)
        rename(here, name, to, new)

    if stage.kind == EVERYBODYS:
        stage.attack(lambda: make_open(drafts_of(stage)))
    monkeypatch.setattr(store.folders, "rename", late)
    with pytest.raises(errors.CorruptUpload, match="another user or program has replaced it"):
        store.put("a/X--1", source_in(stage), quiet)

    assert stage.is_untouched()
    assert store.stat("a/X--1") is None


# A3: a link lies where a folder of the store is expected

LINKED = [
    pytest.param(name_of("flat", KEY), id="flat"),
    pytest.param(name_of("lower", KEY), id="lower"),
    pytest.param(name_of("directory", KEY), id="directory"),
    pytest.param(name_of("mixed", KEY), id="mixed"),
    pytest.param(name_of("frankencase", KEY), id="frankencase"),
    pytest.param("a/authorized_keys", id="shard"),
    pytest.param("123/456/authorized_keys/authorized_keys", id="annex-directory"),
]


@pytest.fixture(params=LINKED)
def linked(stage: Stage, request: pytest.FixtureRequest) -> str:
    """The name of an object, whose folder is a link to the private one."""
    name: str = request.param
    *above, last, _ = name.split("/")

    def make_link() -> None:
        way = stage.folder.joinpath(*above)
        way.mkdir(parents=True, exist_ok=True)
        (way / last).symlink_to(stage.private)

    stage.attack(make_link)
    return name


def test_a_link_in_place_of_a_folder_leads_nowhere(stage: Stage, store: DirectoryBackend, linked: str) -> None:
    sink = stage.home / "sink"
    for verb in (
        lambda: store.stat(linked),
        lambda: store.get(linked, Sink(os.fsencode(sink)), quiet),
        lambda: store.put(linked, source_in(stage, b"theirs"), quiet),
        lambda: store.delete(linked),
        lambda: list(store.list(os.path.dirname(linked))),
    ):
        with pytest.raises(errors.PermissionDenied, match="is a link, and links inside a store are not followed"):
            verb()

    assert list(store.list()) == []
    assert stage.is_untouched()
    assert not sink.exists()


@pytest.mark.parametrize("name", [".pyshare-tmp", "a"])
def test_a_link_in_place_of_a_folder_that_storing_makes_leads_nowhere(
    stage: Stage, store: DirectoryBackend, name: str
) -> None:
    stage.attack(lambda: (stage.folder / name).symlink_to(stage.private))

    with pytest.raises(errors.PermissionDenied):
        store.put("a/X--1", source_in(stage), quiet)

    assert stage.is_untouched()


@pytest.mark.parametrize("put_there", [pipe, own_file])
def test_a_pipe_or_a_file_in_place_of_a_folder_stops_storing_and_holds_nothing(
    stage: Stage, store: DirectoryBackend, put_there: Callable[[Path, Stage], None]
) -> None:
    stage.attack(lambda: put_there(stage.folder / "a", stage))

    assert store.stat("a/X--1") is None
    store.delete("a/X--1")
    with pytest.raises(errors.PyshareError):
        store.put("a/X--1", source_in(stage), quiet)


@pytest.mark.parametrize("put_there", [pipe, link, folder])
def test_what_is_no_file_in_place_of_the_marker_is_no_marker(
    stage: Stage, store: DirectoryBackend, put_there: Callable[[Path, Stage], None]
) -> None:
    (stage.folder / ".pyshare-store").unlink()
    stage.attack(lambda: put_there(stage.folder / ".pyshare-store", stage))

    with pytest.raises(errors.Unreachable):
        store.stat("a/X--1")
    assert not store.available()


@pytest.mark.parametrize("stage", [TEAMS], indirect=True)  # root makes the device, and is there
def test_a_device_is_no_object_and_is_not_opened(stage: Stage, store: DirectoryBackend) -> None:
    user = os.geteuid()
    os.seteuid(0)
    (stage.folder / "a").mkdir(mode=0o755)
    os.mknod(stage.folder / "a" / "X--1", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    os.seteuid(user)

    assert store.stat("a/X--1") is None
    with pytest.raises(errors.NotFound):
        store.get("a/X--1", Sink(os.fsencode(stage.home / "sink")), quiet)
    assert list(store.list()) == []


# A4: a link takes the place of a folder while storing makes it


def test_folders_that_are_linked_while_thirty_files_are_stored_open_nothing(stage: Stage) -> None:
    store = backend_of(stage, Held)
    names = [name_of("lower", f"SHA256E-s5--{number:064x}") for number in range(30)]
    source = source_in(stage, b"12345")
    done = stage.folder / "done"

    def make_links() -> None:
        waiting = {stage.folder.joinpath(*name.split("/")[:2]) for name in names}
        end = time.monotonic() + 60
        while waiting and not done.exists() and time.monotonic() < end:
            for path in list(waiting):
                with suppress(FileNotFoundError, PermissionError):
                    with suppress(FileExistsError):
                        path.symlink_to(stage.private)
                    waiting.remove(path)

    attacker = stage.attacking(make_links)
    for name in names:
        with suppress(errors.PermissionDenied):
            store.put(name, source, quiet)
    done.touch()
    stage.ended(attacker)

    assert stage.is_untouched()


def test_a_folder_is_opened_up_only_by_the_one_who_made_it(stage: Stage, store: DirectoryBackend) -> None:
    """What lies there already keeps its permissions, whoever owns it."""
    theirs = stage.folder / "a"
    stage.attack(lambda: make_open(theirs))

    store.put("a/X--1", source_in(stage, b"12345"), quiet)
    store.put("b/X--1", source_in(stage, b"12345"), quiet)

    assert stat.S_IMODE(theirs.stat().st_mode) & 0o777 == 0o777
    wanted = stat.S_IMODE(stage.folder.stat().st_mode)
    assert stat.S_IMODE((stage.folder / "b").stat().st_mode) == wanted
    if stage.kind != ALONE:
        stage.attack((stage.folder / "b" / "theirs").touch)


@pytest.mark.parametrize("stage", [TEAMS], indirect=True)
def test_a_folder_that_takes_the_place_of_a_new_one_keeps_its_permissions(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = backend_of(stage, Held)
    mkdir = os.mkdir

    def replace() -> None:
        (stage.folder / "a").rmdir()
        mkdir(stage.folder / "a", 0o755)

    def and_replace(path: bytes, *rest: int, **more: int) -> None:
        mkdir(path, *rest, **more)
        if path == b"a":
            stage.attack(replace)

    monkeypatch.setattr(os, "mkdir", and_replace)
    with pytest.raises(errors.PermissionDenied):
        store.put("a/X--1", source_in(stage, b"12345"), quiet)

    assert stat.S_IMODE((stage.folder / "a").stat().st_mode) & 0o777 == 0o755


@pytest.mark.parametrize("stage", [TEAMS, EVERYBODYS], indirect=True)
def test_a_folder_of_a_colleague_that_this_user_may_not_write_to_is_denied(
    stage: Stage, store: DirectoryBackend
) -> None:
    stage.attack(lambda: (stage.folder / "a").mkdir(mode=0o755))

    with pytest.raises(errors.PermissionDenied):
        store.put("a/X--1", source_in(stage, b"12345"), quiet)

    assert store.stat("a/X--1") is None


@pytest.mark.parametrize("stage", [TEAMS], indirect=True)
def test_two_users_store_one_object_at_the_same_time_and_one_of_them_stays(stage: Stage) -> None:
    path = stage.home / "source"
    path.write_bytes(b"12345")
    stage.home.chmod(0o755)

    def many() -> None:
        store = backend_of(stage, Held)
        for _ in range(50):
            with suppress(errors.CorruptUpload):  # which the retry layer asks for once more
                store.put("a/X--1", Source(os.fsencode(path)), quiet)

    colleague = stage.attacking(many)
    mine = Thread(target=many)
    mine.start()
    mine.join()
    stage.ended(colleague)

    assert (stage.folder / "a" / "X--1").read_bytes() == b"12345"
    assert os.listdir(drafts_of(stage)) == []
