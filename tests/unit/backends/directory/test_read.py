"""The directory backend reads, copies, removes and lists."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.folderkit import NAME, POSIX, established, quiet, sources_in

from git_annex_remote_pyshare import errors
from git_annex_remote_pyshare.backends.base import Entry, Stat
from git_annex_remote_pyshare.backends.directory import copying, temporary
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.transfer import Sink, Source


@pytest.fixture
def store(tmp_path: Path) -> DirectoryBackend:
    """An established store in tmp_path / "store"."""
    return established(tmp_path / "store")


@pytest.fixture
def source(tmp_path: Path) -> Callable[[bytes], Source]:
    """Makes a source with the given content."""
    return sources_in(tmp_path)


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


@pytest.mark.parametrize("way", copying._METHODS)
def test_each_way_of_copying_moves_every_byte_and_tells_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: object
) -> None:
    content = os.urandom((17 << 20) + 3)
    (tmp_path / "from").write_bytes(content)
    monkeypatch.setattr(copying, "_METHODS", (way,))
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

    monkeypatch.setattr(copying, "_METHODS", (unfit, copying._by_read_write))
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
