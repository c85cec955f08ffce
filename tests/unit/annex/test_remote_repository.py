"""The parts of a git repository in a store: replaced under one name, and found in chunks."""

from pathlib import Path

import pytest
from support.waiting import Waiting
from support.walks import OneStore

from git_annex_remote_pyshare.annex.keys import chunk_of
from git_annex_remote_pyshare.annex.manifest import PushedByOthers
from git_annex_remote_pyshare.annex.remote import PyshareRemote
from git_annex_remote_pyshare.annex.repository_chunks import chunk_size
from git_annex_remote_pyshare.errors import Corrupt, NotFound, Unreachable
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.faults import Cut, Faults, LoseReply
from git_annex_remote_pyshare.testing.memory import MemoryBackend
from git_annex_remote_pyshare.transfer import Progress, Sink, Source

MANIFEST = "GITMANIFEST--6b1f2f0e-7d5b-4c53-9c1e-0f3f8f6f1d2a"
BACKUP = f"{MANIFEST}.bak"
BUNDLE = "GITBUNDLE-s10--6b1f2f0e-7d5b-4c53-9c1e-0f3f8f6f1d2a-0123"
FILE = "MD5E-s10--9a0364b9e99bb480dd25e1f0284c8555"


class Nameless(MemoryBackend):
    """A server that neither names versions nor hears of names: it sends what it is asked for from any byte on."""

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__(faults=faults)
        self.sent_from: list[int] = []

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        with self._met("get") as fault:
            body = self._read(name, None)
            if body is None:
                raise NotFound(f"{name} is not in the store")
            offset = sink.size if sink.size <= len(body) and sink.fits("") else 0
            self.sent_from.append(offset)
            with sink.writing(offset, len(body)) as file:
                end = offset + fault.after if isinstance(fault, Cut) else len(body)
                file.write(body[offset:end])
                progress(min(end, len(body)))
            if isinstance(fault, Cut):
                self._change(name, b"replaced!!")
                raise Unreachable("the connection broke")


class Annex:
    """The part of git-annex that a store needs."""

    def __init__(self, chunk: str = "") -> None:
        self.chunk = chunk
        self.asked: list[str] = []
        self.progressed: list[int] = []

    def getconfig(self, name: str) -> str:
        self.asked.append(name)
        return self.chunk if name == "chunk" else ""

    def progress(self, done: int) -> None:
        self.progressed.append(done)


class Place:
    """A remote on a store in memory, layers included, and a file to come and go."""

    def __init__(self, store: MemoryBackend, time: Waiting, folder: Path, chunk: str = "") -> None:
        self.file = folder / "file"
        self.annex = Annex(chunk)
        self.inner = store
        self.remote = PyshareRemote(self.annex, OneStore(wrap(store, time, clock=time.clock)))

    def put(self, key: str, content: bytes) -> None:
        self.file.write_bytes(content)
        self.remote.transfer_store(key, str(self.file))
        self.file.unlink()

    def get(self, key: str) -> bytes:
        self.remote.transfer_retrieve(key, str(self.file))
        return self.file.read_bytes()


@pytest.fixture
def place(time: Waiting, tmp_path: Path) -> Place:
    """A store without chunks."""
    return Place(MemoryBackend(), time, tmp_path)


@pytest.fixture
def chunked(time: Waiting, tmp_path: Path) -> Place:
    """A store with chunks of 4 bytes."""
    return Place(MemoryBackend(), time, tmp_path, chunk="4")


def fill(place: Place, key: str, *chunks: bytes) -> None:
    for number, content in enumerate(chunks, 1):
        place.put(chunk_of(key, 4, number), content)


@pytest.mark.parametrize("key", [MANIFEST, BACKUP])
def test_a_manifest_of_the_same_size_takes_the_place_of_the_old_one(place: Place, key: str) -> None:
    for content in (b"first one ", b"second one", b"third one "):
        place.put(key, content)
        assert place.remote.checkpresent(key)
        assert place.get(key) == content
    assert place.inner.faults.calls("put") == 3


def test_a_lost_reply_does_not_leave_the_old_manifest(place: Place) -> None:
    place.put(MANIFEST, b"first one ")
    place.inner.faults.next("put", LoseReply())
    place.inner.faults.next("delete", LoseReply())
    place.remote.remove(MANIFEST)
    assert not place.remote.checkpresent(MANIFEST)
    place.put(MANIFEST, b"second one")
    assert place.get(MANIFEST) == b"second one"


def test_a_manifest_that_somebody_else_removes_or_replaces_is_looked_up_each_time(place: Place) -> None:
    place.put(MANIFEST, b"first one ")
    assert place.remote.checkpresent(MANIFEST)
    place.inner.delete(MANIFEST)
    assert not place.remote.checkpresent(MANIFEST)
    with pytest.raises(NotFound):
        place.get(MANIFEST)


@pytest.mark.parametrize("key", [MANIFEST, BACKUP, chunk_of(MANIFEST, 1 << 20, 1)])
def test_nothing_of_an_earlier_manifest_is_kept_where_the_server_names_no_versions(
    time: Waiting, tmp_path: Path, key: str
) -> None:
    server = Nameless()
    place = Place(server, time, tmp_path)
    place.put(key, b"new manifest")
    place.file.write_bytes(b"old man")
    assert place.get(key) == b"new manifest"
    assert server.sent_from == [0]


def test_a_manifest_that_is_replaced_during_its_download_does_not_become_a_mixture(
    time: Waiting, tmp_path: Path
) -> None:
    server = Nameless()
    place = Place(server, time, tmp_path)
    place.put(MANIFEST, b"the first.")
    server.faults.next("get", Cut(4))
    assert place.get(MANIFEST) == b"replaced!!"
    assert server.sent_from == [0, 0]


@pytest.mark.parametrize(
    ("key", "content"), [(MANIFEST, b"1234567890"), (MANIFEST, b"12345678"), (BUNDLE, b"12345678ab")]
)
def test_the_whole_is_found_in_its_chunks(chunked: Place, key: str, content: bytes) -> None:
    fill(chunked, key, *(content[start : start + 4] for start in range(0, len(content), 4)))
    assert chunked.remote.checkpresent(key)
    assert chunked.get(key) == content
    assert chunked.annex.progressed[-1] == len(content)


def test_what_lies_in_the_file_already_does_not_come_into_the_chunks(chunked: Place) -> None:
    fill(chunked, MANIFEST, b"1234", b"56")
    chunked.file.write_bytes(b"12345678 and more")
    assert chunked.get(MANIFEST) == b"123456"


def test_a_chunk_of_a_longer_manifest_is_not_appended_to_a_shorter_one(chunked: Place) -> None:
    fill(chunked, MANIFEST, b"1234", b"56")
    fill(chunked, MANIFEST, b"abc")
    assert chunked.get(MANIFEST) == b"abc"


def test_a_bundle_without_one_of_its_chunks_is_absent(chunked: Place) -> None:
    fill(chunked, BUNDLE, b"1234", b"5678")
    assert not chunked.remote.checkpresent(BUNDLE)
    with pytest.raises(NotFound):
        chunked.get(BUNDLE)


def test_a_bundle_with_a_chunk_that_is_cut_is_absent_and_not_brought(chunked: Place) -> None:
    fill(chunked, BUNDLE, b"1234", b"567", b"90")
    assert not chunked.remote.checkpresent(BUNDLE)
    with pytest.raises(Corrupt):
        chunked.get(BUNDLE)
    assert chunked.file.read_bytes() == b""


def test_a_chunk_that_is_larger_than_chunks_are_is_refused(chunked: Place) -> None:
    fill(chunked, MANIFEST, b"12345")
    with pytest.raises(Corrupt):
        chunked.get(MANIFEST)


def test_removing_the_whole_removes_its_chunks(chunked: Place) -> None:
    fill(chunked, BUNDLE, b"1234", b"5678", b"90")
    fill(chunked, MANIFEST, b"1234", b"56")
    chunked.remote.remove(BUNDLE)
    assert not chunked.remote.checkpresent(BUNDLE)
    assert [entry.name for entry in chunked.inner.list()] == [chunk_of(MANIFEST, 4, 1), chunk_of(MANIFEST, 4, 2)]


def test_the_whole_is_taken_before_its_chunks(chunked: Place) -> None:
    fill(chunked, MANIFEST, b"old")
    chunked.put(MANIFEST, b"new manifest")
    assert chunked.get(MANIFEST) == b"new manifest"


def test_no_one_looks_for_chunks_of_files_or_where_there_are_none(chunked: Place, place: Place) -> None:
    fill(chunked, FILE, b"1234", b"5678", b"90")
    assert not chunked.remote.checkpresent(FILE)
    assert chunked.annex.asked == []
    assert not place.remote.checkpresent(MANIFEST)
    assert place.inner.faults.calls("stat") == 1


@pytest.mark.parametrize(
    ("text", "size"),
    [("", 0), ("0", 0), ("100", 100), ("50MiB", 50 << 20), ("1mb", 10**6), ("1.5 KiB", 1536), ("much", 0)],
)
def test_the_size_of_chunks_is_read_as_git_annex_reads_it(text: str, size: int) -> None:
    assert chunk_size(text) == size


def reads(place: Place, other: Place) -> None:
    """Two clones have read the list, as each push does first."""
    for each in (place, other):
        assert each.remote.checkpresent(MANIFEST)
        each.get(MANIFEST)


@pytest.fixture
def others(place: Place, time: Waiting, tmp_path: Path) -> Place:
    """Another clone of the same store."""
    (tmp_path / "others").mkdir()
    return Place(place.inner, time, tmp_path / "others")


def replace(place: Place, content: bytes) -> None:
    """What a push does to the list after it has read it."""
    place.remote.remove(MANIFEST)
    place.put(MANIFEST, content)


@pytest.mark.parametrize("now", [b"second one", b"a longer second one"])
def test_of_two_pushes_that_have_read_the_same_list_the_later_one_fails(
    place: Place, others: Place, now: bytes
) -> None:
    place.put(MANIFEST, b"first one ")
    reads(place, others)
    replace(others, now)
    with pytest.raises(PushedByOthers, match="another push to this store came first"):
        place.remote.remove(MANIFEST)
    assert place.get(MANIFEST) == now
    replace(place, b"third one")
    assert others.get(MANIFEST) == b"third one"


def test_a_push_fails_between_the_removal_and_the_store_of_another_one(place: Place, others: Place) -> None:
    place.put(MANIFEST, b"first one ")
    reads(place, others)
    others.remote.remove(MANIFEST)
    with pytest.raises(PushedByOthers):
        place.remote.remove(MANIFEST)
    others.put(MANIFEST, b"second one")
    assert others.get(MANIFEST) == b"second one"


def test_of_two_first_pushes_the_later_one_fails(place: Place, others: Place) -> None:
    for each in (place, others):
        assert not each.remote.checkpresent(MANIFEST)
        each.remote.remove(MANIFEST)
    others.put(MANIFEST, b"first one ")
    with pytest.raises(PushedByOthers):
        place.put(MANIFEST, b"second one")
    assert place.get(MANIFEST) == b"first one "


def test_a_push_after_one_that_was_killed_without_a_list_stores_its_own(place: Place, others: Place) -> None:
    place.put(MANIFEST, b"first one ")
    reads(place, others)
    others.remote.remove(MANIFEST)  # and dies
    (place.file.parent / "third").mkdir()
    assert not place.remote.checkpresent(MANIFEST)
    replace(place, b"third one")
    assert place.get(MANIFEST) == b"third one"


def test_a_list_that_changes_after_the_last_look_is_not_removed(
    place: Place, others: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put(MANIFEST, b"first one ")
    reads(place, others)
    remove = place.inner.remove_version

    def late(name: str, content: str) -> None:
        monkeypatch.undo()
        replace(others, b"second one")
        remove(name, content)

    monkeypatch.setattr(place.inner, "remove_version", late)
    with pytest.raises(PushedByOthers):
        place.remote.remove(MANIFEST)
    assert place.get(MANIFEST) == b"second one"


def test_lost_replies_of_a_push_are_no_other_push(place: Place) -> None:
    place.put(MANIFEST, b"first one ")
    place.get(MANIFEST)
    place.inner.faults.next("remove_version", LoseReply())
    place.inner.faults.next("put", LoseReply())
    replace(place, b"second one")
    assert place.get(MANIFEST) == b"second one"


def test_git_annex_may_store_the_same_list_again_whose_reply_was_lost(place: Place) -> None:
    assert not place.remote.checkpresent(MANIFEST)
    place.inner.put(MANIFEST, Source(str(written(place, b"first one "))), lambda _done: None)
    place.put(MANIFEST, b"first one ")


def written(place: Place, content: bytes) -> Path:
    path = place.file.with_name("beside")
    path.write_bytes(content)
    return path


def test_the_backup_is_replaced_without_a_look(place: Place, others: Place) -> None:
    place.put(BACKUP, b"first one ")
    assert place.get(BACKUP) == b"first one "
    others.remote.remove(BACKUP)
    others.put(BACKUP, b"second one")
    place.remote.remove(BACKUP)
    place.put(BACKUP, b"third one")
    assert place.inner.faults.calls("content_of") == 0
