"""The directory backend's own: markers, kernel copies, kills, full disks, and stores of git-annex itself."""

import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from annex import Repository, unlock

from git_annex_remote_pyshare import errors
from git_annex_remote_pyshare.backends.base import Entry, Place, Stat
from git_annex_remote_pyshare.backends.directory import copying, temporary
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.backends.directory.faults import fault
from git_annex_remote_pyshare.backends.directory.marker import MARKER
from git_annex_remote_pyshare.clone import Clone
from git_annex_remote_pyshare.layout import name_of
from git_annex_remote_pyshare.transfer import Sink, Source

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such thing")
NAME = "a/SHA256E-s5--00.txt"


def backend_at(folder: Path | str, clone_id: str = "c10e") -> DirectoryBackend:
    clone = Clone(remote="lab")
    clone.__dict__["config"] = {"annex.uuid": clone_id}
    return DirectoryBackend(Place(str(folder), {}, clone, lambda: None))


def quiet(_done: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def store(tmp_path: Path) -> DirectoryBackend:
    """An established store in tmp_path / "store"."""
    backend = backend_at(tmp_path / "store")
    backend.establish()
    return backend


@pytest.fixture
def source(tmp_path: Path) -> Callable[[bytes], Source]:
    """Makes a source with the given content."""

    def make(content: bytes) -> Source:
        path = tmp_path / "source"
        path.write_bytes(content)
        return Source(os.fsencode(path))

    return make


def content_of(store: DirectoryBackend, name: str, into: Path) -> bytes:
    store.get(name, Sink(os.fsencode(into)), quiet)
    return into.read_bytes()


def leftovers(folder: Path) -> list[str]:
    """What unfinished stores have left."""
    return os.listdir(folder / os.fsdecode(temporary.FOLDER))


# The folder and its marker


def test_establish_makes_the_last_folder_and_leaves_a_marker_that_explains_itself(tmp_path: Path) -> None:
    store = backend_at(tmp_path / "new")
    assert not store.available()

    store.establish()
    store.establish()

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

    store.establish()

    assert store.stat("SHA256E-s1--01") is None
    assert list(store.list()) == [Entry("SHA256E-s1--00", 1)]


def test_establish_does_not_make_the_folders_above(tmp_path: Path) -> None:
    with pytest.raises(errors.BadSetting, match=r"Mount its disk.*mkdir -p '.*/no disk/store'"):
        backend_at(tmp_path / "no disk" / "store").establish()

    assert not (tmp_path / "no disk").exists()


def test_establish_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(errors.BadSetting, match="is not a folder"):
        backend_at(tmp_path / "file").establish()


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
    store = backend_at(disk / "store")
    store.establish()
    if loss == "marker":
        (disk / "store" / os.fsdecode(MARKER)).unlink()
    else:
        (disk / "store" if loss == "folder" else disk).rename(tmp_path / "elsewhere")

    with pytest.raises(errors.Unreachable) as caught:
        verb(store, source(b"12345"), Sink(os.fsencode(tmp_path / "sink")))

    assert not caught.value.passing
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
        raise errors.Stopped("stopped")

    with pytest.raises(errors.Stopped):
        store.put(NAME, source(b"12345"), stop)

    assert store.stat(NAME) is None
    assert leftovers(tmp_path / "store") == []


@pytest.mark.parametrize("clone_id", ["c10e", ""])
def test_two_writers_of_one_name_at_once_both_succeed_and_do_not_mix(
    tmp_path: Path, source: Callable[[bytes], Source], clone_id: str
) -> None:
    store, other = backend_at(tmp_path / "store", clone_id), backend_at(tmp_path / "store", clone_id)
    store.establish()
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


KILLED = """
import os, signal, sys
from git_annex_remote_pyshare.transfer import Source
sys.path.insert(0, sys.argv[1])
from test_directory import NAME, backend_at
store, source, left = backend_at(sys.argv[2]), Source(os.fsencode(sys.argv[3])), int(sys.argv[4])
putting = False
def step(*_event):
    global left, putting
    if putting:
        left -= 1
        if left < 0:
            putting = False  # the kill is such a moment itself
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(step)
putting = True
store.put(NAME, source, step)
putting = False
"""
"""Stores a file and dies at the n-th moment at which the system is asked for something, or progress is told."""


@POSIX
@pytest.mark.parametrize("before", [None, b"the old object"], ids=["new", "replacing"])
def test_killed_at_any_moment_a_store_leaves_the_old_the_new_or_nothing_and_no_growing_litter(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source], before: bytes | None
) -> None:
    content = os.urandom(9 << 20)
    if before:
        store.put(NAME, source(before), quiet)
    new = source(content)
    tests = str(Path(__file__).parent)
    moments = 0
    while True:
        done = subprocess.run(
            [sys.executable, "-c", KILLED, tests, tmp_path / "store", tmp_path / "source", str(moments)],
            check=False,
            cwd=Path(tests).parent,
        )
        found = (tmp_path / "store" / NAME).read_bytes() if store.stat(NAME) else None
        assert found in {before, content}
        with suppress(FileNotFoundError):
            assert len(leftovers(tmp_path / "store")) <= 1
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
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


# Full disks


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Let the system refuse files of more than `size` bytes, as a full disk does."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@POSIX
def test_a_file_system_that_takes_no_larger_file_is_full_and_keeps_the_old_object(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    store.put(NAME, source(b"old"), quiet)
    large = source(bytes(3 << 20))

    with files_limited_to(2 << 20), pytest.raises(errors.Full, match="chunk="):
        store.put(NAME, large, quiet)

    assert content_of(store, NAME, tmp_path / "sink") == b"old"
    assert leftovers(tmp_path / "store") == []


@POSIX
def test_pr27_a_full_disk_on_this_machine_is_not_the_stores_fault_and_the_beginning_is_kept(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    content = os.urandom(3 << 20)
    store.put(NAME, source(content), quiet)
    sink = Sink(os.fsencode(tmp_path / "sink"))

    with files_limited_to(2 << 20), pytest.raises(errors.PyshareError, match=r"sink.*on this machine") as caught:
        store.get(NAME, sink, quiet)

    assert type(caught.value) is errors.PyshareError
    assert content.startswith((tmp_path / "sink").read_bytes())
    assert content_of(store, NAME, tmp_path / "sink") == content


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system of 1 MiB."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux may mount a disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this root may not mount a disk")
    yield disk
    subprocess.run(["umount", disk], check=False, capture_output=True)


def test_a_full_disk_is_full_and_takes_the_next_smaller_file(
    tiny_disk: Path, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    store = backend_at(tiny_disk / "store")
    store.establish()

    with pytest.raises(errors.Full, match=r"No space left on device\. Make room"):
        store.put(NAME, source(bytes(2 << 20)), quiet)

    assert store.stat(NAME) is None
    assert leftovers(tiny_disk / "store") == []
    store.put(NAME, source(bytes(1 << 19)), quiet)
    assert store.stat(NAME) == Stat(1 << 19)


def test_a_disk_that_is_unmounted_meanwhile_makes_its_objects_unknown_not_absent(
    tiny_disk: Path, source: Callable[[bytes], Source]
) -> None:
    store = backend_at(tiny_disk)
    store.establish()
    store.put(NAME, source(b"12345"), quiet)

    subprocess.run(["umount", tiny_disk], check=True)

    with pytest.raises(errors.Unreachable, match="unmounted disk"):
        store.stat(NAME)
    with pytest.raises(errors.Unreachable):
        store.put(NAME, source(b"12345"), quiet)
    assert list(tiny_disk.iterdir()) == []


# Retrieving


@pytest.mark.parametrize(
    "there",
    [
        pytest.param(None, id="nothing"),
        pytest.param(0, id="empty"),
        pytest.param(1 << 20, id="PR20-partial"),
        pytest.param((3 << 20) + 1, id="PR20-complete"),
        pytest.param(5 << 20, id="PR20-longer"),
    ],
)
def test_a_sink_is_filled_from_where_it_ends(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source], there: int | None
) -> None:
    content = os.urandom((3 << 20) + 1)
    store.put(NAME, source(content), quiet)
    if there is not None:
        (tmp_path / "sink").write_bytes((content + bytes(5 << 20))[:there])
    told: list[int] = []

    store.get(NAME, Sink(os.fsencode(tmp_path / "sink")), told.append)

    assert (tmp_path / "sink").read_bytes() == content
    assert all(done > (there or 0) for done in told) or there == 5 << 20


def test_an_object_cut_short_while_it_is_read_is_no_success(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    store.put(NAME, source(bytes(20 << 20)), quiet)
    path = tmp_path / "store" / NAME
    path.chmod(0o600)

    with pytest.raises(errors.Unreachable, match="changed while it was being read"):
        store.get(NAME, Sink(os.fsencode(tmp_path / "sink")), lambda _done: os.truncate(path, 9 << 20))


def test_what_is_absent_is_not_found_and_leaves_no_file(store: DirectoryBackend, tmp_path: Path) -> None:
    with pytest.raises(errors.NotFound):
        store.get(NAME, Sink(os.fsencode(tmp_path / "sink")), quiet)

    assert not (tmp_path / "sink").exists()


def make_folder(path: Path) -> None:
    path.mkdir()


def make_link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


@POSIX
@pytest.mark.parametrize("make", [make_folder, make_link, make_pipe])
def test_a_folder_a_link_and_a_pipe_are_no_objects(
    store: DirectoryBackend, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "store" / "X--1")

    assert store.stat("X--1") is None
    with pytest.raises(errors.NotFound):
        store.get("X--1", Sink(os.fsencode(tmp_path / "sink")), quiet)
    assert list(store.list()) == []


@pytest.mark.parametrize("name", ["../outside", "a/../../outside", "/etc/passwd", "a//b", "", "a/./b", "a\nb"])
def test_no_name_leads_out_of_the_store(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source], name: str
) -> None:
    with pytest.raises(errors.BadName):
        store.put(name, source(b"12345"), quiet)
    with pytest.raises(errors.BadName):
        store.stat(name)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["source", "store"]


# Kernel copies


@pytest.mark.parametrize("way", copying._WAYS)
def test_each_way_of_copying_moves_every_byte_and_tells_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: object
) -> None:
    content = os.urandom((17 << 20) + 3)
    (tmp_path / "from").write_bytes(content)
    monkeypatch.setattr(copying, "_WAYS", (way,))
    told: list[int] = []

    with (
        open(tmp_path / "from", "rb", buffering=0) as reader,
        open(tmp_path / "to", "wb", buffering=0) as writer,
    ):
        assert copying.copy(reader, writer, len(content), told.append) == len(content)

    assert (tmp_path / "to").read_bytes() == content
    assert told == sorted(set(told))
    assert told[-1] == len(content)
    assert len(told) >= 3


@pytest.mark.parametrize("code", ["EXDEV", "ENOSYS", "EINVAL", "EOPNOTSUPP", "early end"])
def test_a_way_that_stops_half_way_is_followed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    content = os.urandom(5 << 20)
    (tmp_path / "from").write_bytes(content)

    def unfit(reader: object, writer: object) -> int:
        if writer.tell() == 0:  # type: ignore[attr-defined]
            return writer.write(reader.read(1000))  # type: ignore[attr-defined,no-any-return]
        if code == "early end":
            return 0
        raise OSError(getattr(errno, code), "unfit")

    monkeypatch.setattr(copying, "_WAYS", (unfit, copying._by_hand))
    with (
        open(tmp_path / "from", "rb", buffering=0) as reader,
        open(tmp_path / "to", "wb", buffering=0) as writer,
    ):
        assert copying.copy(reader, writer, len(content), quiet) == len(content)

    assert (tmp_path / "to").read_bytes() == content


# Removing and listing


def test_removing_takes_the_object_and_its_own_folder_but_no_shared_one(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    store.put("0ab/1cd/X--1/X--1", source(b"12345"), quiet)
    store.put("0ab/X--2", source(b"12345"), quiet)

    store.delete("0ab/1cd/X--1/X--1")
    store.delete("0ab/1cd/X--1/X--1")
    store.delete("0ab/X--2")

    assert [path.name for path in (tmp_path / "store" / "0ab").rglob("*")] == ["1cd"]


def test_pr11_what_was_stored_and_removed_is_gone_and_removing_a_folder_does_nothing(
    store: DirectoryBackend, source: Callable[[bytes], Source]
) -> None:
    store.put(NAME, source(b"12345"), quiet)

    store.delete("a")
    assert store.stat(NAME) == Stat(5)
    store.delete(NAME)
    assert store.stat(NAME) is None


def test_a_listing_has_the_objects_alone_and_only_those_below_the_folder(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    for name in ("a/X--1", "a/b/X--2", "c/X--3", "X--4"):
        store.put(name, source(b"12345"), quiet)
    (tmp_path / "store" / os.fsdecode(temporary.FOLDER) / "left").touch()

    assert sorted(store.list()) == [Entry(name, 5) for name in ("X--4", "a/X--1", "a/b/X--2", "c/X--3")]
    assert sorted(store.list("a")) == [Entry("a/X--1", 5), Entry("a/b/X--2", 5)]
    assert list(store.list("absent")) == []


@POSIX
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"a/ X--blank\t ", id="PR3-blanks"),
        pytest.param(b"a/X--\xff\xfe", id="PR3-not-utf-8"),
        pytest.param("a/X--grüße%20*?'\"".encode(), id="PR5-signs"),
        pytest.param(b"a/X--" + b"n" * 200, id="PR5-long"),
    ],
)
def test_any_name_comes_back_as_it_was(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source], raw: bytes
) -> None:
    name = raw.decode("utf-8", "surrogateescape")

    store.put(name, source(b"12345"), quiet)

    assert list(store.list()) == [Entry(name, 5)]
    assert os.path.exists(os.fsencode(tmp_path / "store") + b"/" + raw)
    assert store.locate(name) == f"{tmp_path}/store/{name}"
    store.delete(name)
    assert list(store.list()) == []


def test_a_name_too_long_for_the_file_system_is_a_bad_name(
    store: DirectoryBackend, source: Callable[[bytes], Source]
) -> None:
    with pytest.raises(errors.BadName):
        store.put("a/" + "n" * 300, source(b"12345"), quiet)


# Stores of git-annex itself, and rights


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of an ordinary user, who we are meanwhile; root may write everywhere."""
    with tempfile.TemporaryDirectory() as made:
        if os.geteuid() != 0:
            yield Path(made)
            unlock(Path(made))
            return
        os.chown(made, 65534, 65534)
        os.seteuid(65534)
        try:
            yield Path(made)
        finally:
            os.seteuid(0)
            unlock(Path(made))


@POSIX
def test_a_store_that_git_annex_filled_can_be_read_replaced_and_removed_from(
    repository: Repository, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    repository.annex("initremote", "d", "type=directory", f"directory={theirs}", "encryption=none")
    repository.add({"a.txt": b"12345"})
    repository.annex("copy", "-q", "--to", "d", ".")
    name = name_of("annex-directory", repository.key("a.txt"))
    store = backend_at(theirs)
    store.establish()

    assert content_of(store, name, tmp_path / "sink") == b"12345"
    store.put(name, source(b"67890"), quiet)
    repository.annex("get", "-q", ".")
    store.put(name, source(b"12345"), quiet)
    repository.annex("drop", "-q", "--force", ".")
    repository.annex("get", "-q", ".")
    assert (repository.folder / "a.txt").read_bytes() == b"12345"
    store.delete(name)
    assert not (theirs / name).parent.exists()
    assert (theirs / name).parent.parent.is_dir()


@POSIX
def test_the_protected_folder_of_a_key_is_opened_to_replace_and_to_remove(nobody: Path) -> None:
    own = nobody / "store" / "0ab" / "1cd" / "X--1"
    own.mkdir(parents=True)
    (own / "X--1").write_bytes(b"old")
    (own / "X--1").chmod(0o444)
    own.chmod(0o555)
    (nobody / "new").write_bytes(b"new!")
    store = backend_at(nobody / "store")
    store.establish()

    store.put("0ab/1cd/X--1/X--1", Source(os.fsencode(nobody / "new")), quiet)
    assert (own / "X--1").read_bytes() == b"new!"
    own.chmod(0o555)
    store.delete("0ab/1cd/X--1/X--1")

    assert not own.exists()


@POSIX
def test_a_folder_that_may_not_be_looked_into_makes_its_objects_unknown(nobody: Path) -> None:
    store = backend_at(nobody / "store")
    store.establish()
    (nobody / "store" / "a").mkdir(mode=0)

    with pytest.raises(errors.Denied):
        store.stat(NAME)
    with pytest.raises(errors.Denied):
        list(store.list())


@POSIX
def test_a_store_that_may_only_be_read_refuses_the_rest_and_is_read(nobody: Path) -> None:
    store = backend_at(nobody / "store")
    store.establish()
    (nobody / "source").write_bytes(b"12345")
    source = Source(os.fsencode(nobody / "source"))
    store.put(NAME, source, quiet)
    for folder in (nobody / "store").rglob("*/"):
        folder.chmod(0o555)
    (nobody / "store").chmod(0o555)

    for verb in (lambda: store.put("b/X--1", source, quiet), lambda: store.delete(NAME)):
        with pytest.raises(errors.Denied):
            verb()

    assert store.stat(NAME) == Stat(5)
    assert content_of(store, NAME, nobody / "sink") == b"12345"


@pytest.mark.parametrize(
    ("code", "kind", "passing"),
    [
        ("ENOSPC", errors.Full, False),
        ("EDQUOT", errors.Full, False),
        ("EFBIG", errors.Full, False),
        ("EACCES", errors.Denied, False),
        ("EPERM", errors.Denied, False),
        ("EROFS", errors.Denied, False),
        ("ENAMETOOLONG", errors.BadName, False),
        ("EILSEQ", errors.BadName, False),
        ("EINVAL", errors.BadName, False),
        ("EIO", errors.Unreachable, True),
        ("ESTALE", errors.Unreachable, True),
        ("ENOTCONN", errors.Unreachable, False),
    ],
)
def test_each_failure_of_the_system_becomes_one_of_ours(
    code: str,
    kind: type[errors.PyshareError],
    passing: bool,  # noqa: FBT001  # an expectation, not a flag
) -> None:
    number = getattr(errno, code)

    error = fault(OSError(number, os.strerror(number)), "cannot write /x")

    assert type(error) is kind
    assert error.passing is passing
    assert str(error).startswith(f"cannot write /x: {os.strerror(number)}")


# Start-up


def test_the_first_look_imports_nothing_heavy(store: DirectoryBackend, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from git_annex_remote_pyshare.backends.base import Place\n"
        "from git_annex_remote_pyshare.backends.registry import make\n"
        "from git_annex_remote_pyshare.clone import Clone\n"
        "store = make(Place(sys.argv[1], {}, Clone(), lambda: None))\n"
        "assert store.stat('a/X--1') is None\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, tmp_path / "store"],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
    )

    heavy = {"subprocess", "pathlib", "shutil", "tempfile", "urllib.parse", "dataclasses", "shlex", "fcntl"}
    assert heavy.isdisjoint(done.stdout.split())
