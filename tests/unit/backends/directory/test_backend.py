"""The directory backend stores: the marker, folders, whole objects whatever dies when, and start-up."""

import os
import signal
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from support.checkout import CHECKOUT
from support.folderkit import NAME, POSIX, backend_at, content_of, established, leftovers, place_at, quiet, sources_in

from git_annex_remote_pyshare import errors
from git_annex_remote_pyshare.backends.base import Content, Entry, Stat
from git_annex_remote_pyshare.backends.directory import temporary
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.backends.directory.marker import MARKER
from git_annex_remote_pyshare.transfer import Sink, Source


@pytest.fixture
def store(tmp_path: Path) -> DirectoryBackend:
    """An established store in tmp_path / "store"."""
    return established(tmp_path / "store")


@pytest.fixture
def source(tmp_path: Path) -> Callable[[bytes], Source]:
    """Makes a source with the given content."""
    return sources_in(tmp_path)


# The folder and its marker


def test_establish_makes_the_last_folder_and_leaves_a_marker_that_explains_itself(tmp_path: Path) -> None:
    store = backend_at(tmp_path / "new")
    assert not store.available()

    store.initialize()
    store.initialize()

    assert store.available()
    assert b"git-annex-remote-pyshare" in (tmp_path / "new" / os.fsdecode(MARKER)).read_bytes()


def test_establish_adopts_a_folder_that_another_program_filled(
    tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "SHA256E-s1--00").write_bytes(b"x")
    store = backend_at(tmp_path / "theirs")
    # What is seen is there, but what is not seen may be on a disk that is not mounted.
    assert store.stat("SHA256E-s1--00") == Stat(1)
    with pytest.raises(errors.Unreachable, match="git annex enableremote lab"):
        store.stat("SHA256E-s1--01")

    store.initialize()

    assert store.stat("SHA256E-s1--01") is None
    assert list(store.list()) == [Entry("SHA256E-s1--00", 1)]


def test_establish_does_not_make_the_folders_above(tmp_path: Path) -> None:
    with pytest.raises(errors.BadSetting, match=r"Mount its disk.*mkdir -p '.*/no disk'$"):
        backend_at(tmp_path / "no disk" / "store").initialize()

    assert not (tmp_path / "no disk").exists()


def test_establish_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(errors.BadSetting, match="is not a folder"):
        backend_at(tmp_path / "file").initialize()


VERBS = [
    pytest.param(lambda store, _source, _sink: store.stat(NAME), id="PR8-stat"),
    pytest.param(lambda store, _source, sink: store.get(NAME, sink, quiet), id="get"),
    pytest.param(lambda store, source, _sink: store.put(NAME, source, quiet), id="put"),
    pytest.param(lambda store, _source, _sink: store.delete(NAME), id="PR12-delete"),
    pytest.param(lambda store, _source, _sink: list(store.list()), id="list"),
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("loss", ["folder", "marker", "parent"])
def test_on_a_folder_that_is_gone_or_unmarked_nothing_is_known_or_changed(
    tmp_path: Path,
    source: Callable[[bytes], Source],
    verb: Callable[[DirectoryBackend, Source, Sink], object],
    loss: str,
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    store = established(disk / "store")
    if loss == "marker":
        (disk / "store" / os.fsdecode(MARKER)).unlink()
    else:
        (disk / "store" if loss == "folder" else disk).rename(tmp_path / "elsewhere")

    with pytest.raises(errors.Unreachable) as caught:
        verb(store, source(b"12345"), Sink(os.fsencode(tmp_path / "sink")))

    assert not caught.value.retryable
    assert "ount" in caught.value.remedy
    assert "git annex enableremote lab" in caught.value.remedy
    assert not store.available()
    assert not (tmp_path / "sink").exists()
    assert os.listdir(disk) == ["store"] if loss == "marker" else not (disk / "store").exists()


def test_a_folder_that_became_a_file_is_gone(store: DirectoryBackend, tmp_path: Path) -> None:
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    (tmp_path / "store").touch()

    with pytest.raises(errors.Unreachable):
        store.stat(NAME)


# Storing


@pytest.mark.parametrize("size", [0, 1, 5, (1 << 20) + 1, (9 << 20) + 7])
def test_what_was_stored_is_got_back_whole_and_read_only(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source], size: int
) -> None:
    content = os.urandom(size)
    told: list[int] = []

    receipt = store.put(NAME, source(content), told.append)

    assert receipt.size == size
    assert store.stat(NAME) == Stat(size)
    assert told == sorted(told)
    assert told[-1:] == ([size] if size else [])
    assert content_of(store, NAME, tmp_path / "sink") == content
    assert stat.S_IMODE((tmp_path / "store" / NAME).stat().st_mode) & 0o222 == 0
    assert leftovers(tmp_path / "store") == []


@POSIX
def test_an_object_may_be_read_by_those_whom_the_umask_lets(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    before = os.umask(0o027)
    try:
        store.put(NAME, source(b"12345"), quiet)
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "store" / NAME).stat().st_mode) == 0o440


@POSIX
def test_folders_are_as_open_to_others_as_the_store(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    (tmp_path / "store").chmod(0o770)

    store.put("one/two/three", source(b"12345"), quiet)

    for folder in ("one", "one/two", os.fsdecode(temporary.FOLDER)):
        assert stat.S_IMODE((tmp_path / "store" / folder).stat().st_mode) == 0o770


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"12", id="PR10-cut-short"),
        pytest.param(b"54321", id="PR13-same-size"),
        pytest.param(b"1234567", id="PR10-too-long"),
    ],
)
def test_a_second_store_replaces_what_is_there(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source], damaged: bytes
) -> None:
    store.put(NAME, source(damaged), quiet)

    store.put(NAME, source(b"12345"), quiet)

    assert content_of(store, NAME, tmp_path / "sink") == b"12345"


def test_a_reader_keeps_the_old_object_until_the_new_one_is_whole(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    store.put(NAME, source(b"old"), quiet)
    seen = []

    store.put(NAME, source(b"new!"), lambda _done: seen.append((tmp_path / "store" / NAME).read_bytes()))

    assert set(seen) == {b"old"}
    assert (tmp_path / "store" / NAME).read_bytes() == b"new!"


@pytest.mark.parametrize("change", [pytest.param(b"more", id="grows"), pytest.param(None, id="shrinks")])
def test_pr27_a_source_that_changes_is_not_stored(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source], change: bytes | None
) -> None:
    changing = source(bytes(20 << 20))

    def meanwhile(_done: int) -> None:
        if change:
            with (tmp_path / "source").open("ab") as file:
                file.write(change)
        else:
            os.truncate(tmp_path / "source", 9 << 20)

    with pytest.raises(errors.SourceChanged):
        store.put(NAME, changing, meanwhile)

    assert store.stat(NAME) is None
    assert leftovers(tmp_path / "store") == []


def test_pr27_a_source_that_vanished_is_no_fault_of_the_store(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    vanishing = source(b"12345")
    (tmp_path / "source").unlink()

    with pytest.raises(errors.SourceChanged):
        store.put(NAME, vanishing, quiet)

    assert store.stat(NAME) is None


def test_a_store_that_is_stopped_leaves_nothing(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    def stop(_done: int) -> None:
        raise errors.Cancelled("stopped")

    with pytest.raises(errors.Cancelled):
        store.put(NAME, source(b"12345"), stop)

    assert store.stat(NAME) is None
    assert leftovers(tmp_path / "store") == []


@pytest.mark.parametrize("clone_id", ["c10e", ""])
def test_two_writers_of_one_name_at_once_both_succeed_and_do_not_mix(
    tmp_path: Path, source: Callable[[bytes], Source], clone_id: str
) -> None:
    store, other = backend_at(tmp_path / "store", clone_id), backend_at(tmp_path / "store", clone_id)
    store.initialize()
    (tmp_path / "slow").write_bytes(b"s" * 100)
    begun, go_on = Event(), Event()

    def wait(_done: int) -> None:
        begun.set()
        assert go_on.wait(30)

    slow = Thread(target=store.put, args=(NAME, Source(os.fsencode(tmp_path / "slow")), wait))
    slow.start()
    assert begun.wait(30)
    other.put(NAME, source(b"fast"), quiet)
    assert content_of(other, NAME, tmp_path / "first") == b"fast"
    go_on.set()
    slow.join()

    assert content_of(store, NAME, tmp_path / "second") == b"s" * 100
    assert leftovers(tmp_path / "store") == []


def store_and_die(store: DirectoryBackend, source: Source, left: int) -> bool:
    """Whether a process that stores a file ends before the n-th moment at which it is killed.

    Such a moment is when the system is asked for something, or progress is told.
    """
    with warnings.catch_warnings():  # Python sees other tests' threads, which the child has no use for
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        putting = True

        def step(*_event: object) -> None:
            nonlocal left, putting
            if putting:
                left -= 1
                if left < 0:
                    putting = False  # the kill is such a moment itself
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(step)
        store.put(NAME, source, step)
        putting = False
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}
    return status == 0


@POSIX
@pytest.mark.parametrize("before", [None, b"the old object"], ids=["new", "replacing"])
def test_killed_at_any_moment_a_store_leaves_the_old_the_new_or_nothing_and_no_growing_litter(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source], before: bytes | None
) -> None:
    content = os.urandom(9 << 20)
    if before:
        store.put(NAME, source(before), quiet)
    new = source(content)
    moments = 0
    while True:
        lives = store_and_die(backend_at(tmp_path / "store"), new, moments)
        found = (tmp_path / "store" / NAME).read_bytes() if store.stat(NAME) else None
        assert found in {before, content}
        with suppress(FileNotFoundError):
            assert len(leftovers(tmp_path / "store")) <= 1
        if lives:
            break
        moments += 1

    assert moments > 8
    store.put(NAME, new, quiet)
    assert (tmp_path / "store" / NAME).read_bytes() == content
    assert leftovers(tmp_path / "store") == []


@POSIX
def test_two_clones_do_not_touch_each_others_drafts(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    left_behind = tmp_path / "store" / os.fsdecode(temporary.FOLDER) / "of-another-clone"
    left_behind.parent.mkdir()
    left_behind.write_bytes(b"unfinished")

    store.put(NAME, source(b"12345"), quiet)

    assert left_behind.read_bytes() == b"unfinished"


# Start-up


def test_the_first_look_imports_nothing_heavy(store: DirectoryBackend, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from git_annex_remote_pyshare.backends.base import StoreConfig\n"
        "from git_annex_remote_pyshare.backends.registry import make\n"
        "from git_annex_remote_pyshare.config.git_config import LocalConfig\n"
        "store = make(StoreConfig(sys.argv[1], {}, LocalConfig(), lambda: None))\n"
        "assert store.stat('a/X--1') is None\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, tmp_path / "store"],
        check=True,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
    )

    heavy = {"subprocess", "pathlib", "shutil", "tempfile", "urllib.parse", "dataclasses", "shlex", "fcntl"}
    assert heavy.isdisjoint(done.stdout.split())


# A list for an import


def test_a_temporary_file_of_an_upload_is_named_as_one(tmp_path: Path) -> None:
    store = DirectoryBackend(place_at(tmp_path / "tree")._replace(is_tree=True))
    (tmp_path / "tree/a").mkdir(parents=True)
    left = f"a/.pyshare-tmp-{'0' * 32}"
    for name in (left, "a/file"):
        (tmp_path / "tree" / name).write_bytes(b"x")
    found: list[Content] = []

    store.list_contents("a", found.append)

    assert {each.name: each.is_temporary for each in found} == {left: True, "a/file": False}
