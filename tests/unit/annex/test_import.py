"""An import takes the whole list of a store or none, and delivers exactly the version that was listed."""

import resource
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from support.recorded_import import TIED, Recording

from git_annex_remote_pyshare.annex.import_ import ImportRemote
from git_annex_remote_pyshare.annex.recorded import Recorded
from git_annex_remote_pyshare.annex.session import Session
from git_annex_remote_pyshare.backends.base import Backend, Content, StoreConfig
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.config.options import EMPTIED
from git_annex_remote_pyshare.errors import BadSetting, Busy, ContentChanged, NotAStore, PermissionDenied, Unreachable
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.faults import Cut, Fail, Faults
from git_annex_remote_pyshare.testing.files import Desk
from git_annex_remote_pyshare.testing.memory import PAGE, MemoryBackend

KEY = "SHA256E-s9--6d2b8e9d4b0b9e2e9a1e0f3c6d4a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6.txt"
OF_A = f"SHA256E-s9--{sha256(b'content A').hexdigest()}.txt"
OF_B = "SHA256E-s9--{}.txt"
NAME = "a/file"
MANY = 100_000
MIB = 1 << 20


class Annex:
    """The part of git-annex that an import needs."""

    def __init__(self) -> None:
        self.listed: list[tuple[str, int, str]] = []
        self.blocks: list[int] = []
        self.told: list[str] = []

    def importable(self, contents: Iterable[tuple[str, int, str]]) -> None:
        block = list(contents)
        self.blocks.append(len(block))
        self.listed += block

    def info(self, text: str) -> None:
        self.told.append(text)

    def progress(self, _done: int) -> None:
        """The progress is of no interest."""


class WithStore(Session):
    def __init__(self, store: Backend) -> None:
        super().__init__()
        self._store = store


class Odd(MemoryBackend):
    """A store with files that git cannot hold."""

    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        for name in (".git", "a/.GIT/config", "line\nbreak", ".git-annex-tmp-content-KEY"):
            add(Content(name, 1, "1-x"))
        add(Content("a/document.gdoc", 0, ""))
        return super().list_contents(cursor, add)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def memory(tmp_path: Path, faults: Faults) -> MemoryBackend:
    return MemoryBackend(_place(tmp_path), faults=faults)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "desk").mkdir()
    return Desk(tmp_path / "desk")


def _place(folder: Path) -> StoreConfig:
    git_dir = folder / "git"
    git_dir.mkdir(exist_ok=True)
    return StoreConfig("memory:", {}, LocalConfig(str(git_dir), "store"), is_tree=True)


def _remote(store: Backend) -> tuple[ImportRemote, Annex]:
    """A new process of the remote."""
    annex, session = Annex(), Session()
    fake: Any = annex
    wrapped = wrap(store, session.stopping)
    return ImportRemote(fake, WithStore(wrapped)), annex


def _listed(store: Backend) -> list[tuple[str, int, str]]:
    remote, annex = _remote(store)
    remote.listimportablecontents()
    return annex.listed


def test_the_list_has_all_files_even_if_a_page_must_be_asked_for_again(
    memory: MemoryBackend, faults: Faults, desk: Desk
) -> None:
    names = [f"f{number:03}" for number in range(3 * PAGE)]
    for name in names:
        desk.put(memory, name, b"content")
    faults.next("list_contents", None, Fail(Busy("wait a moment")), None, Fail(Unreachable("cut")))

    assert [name for name, _, _ in _listed(memory)] == names


def test_a_list_that_fails_on_its_second_page_sends_nothing_and_keeps_the_earlier_one(
    memory: MemoryBackend, faults: Faults, desk: Desk, tmp_path: Path
) -> None:
    for number in range(3 * PAGE):
        desk.put(memory, f"f{number:03}", b"content A")
    _listed(memory)
    desk.put(memory, "f000", b"content B")
    faults.next("list_contents", None, Fail(PermissionDenied("the login was refused")))
    remote, annex = _remote(memory)

    with pytest.raises(PermissionDenied):
        remote.listimportablecontents()

    assert annex.listed == []
    with pytest.raises(ContentChanged):
        remote.retrieveimport("f000", str(tmp_path / "CID-s9--x"))
    assert [path for path in (tmp_path / "git/annex/pyshare/contents").iterdir() if "new" in path.name] == []


def test_what_git_cannot_hold_is_left_out_and_one_line_says_so(tmp_path: Path, desk: Desk) -> None:
    store = Odd(_place(tmp_path))
    desk.put(store, NAME, b"content")
    remote, annex = _remote(store)

    remote.listimportablecontents()

    assert [name for name, _, _ in annex.listed] == [NAME]
    (told,) = annex.told
    assert told == (
        "not imported: 2 named .git or below a folder of that name, 1 with a line break in the name,"
        " 1 that the service does not send, 1 of an upload or rename that is not finished"
    )


def test_a_store_without_versions_says_that_it_cannot_be_imported_from(tmp_path: Path) -> None:
    class Plain(MemoryBackend):
        list_contents = None  # type: ignore[assignment]

    with pytest.raises(BadSetting, match="cannot be imported from"):
        _listed(Plain(_place(tmp_path)))


def test_a_forgotten_listing_begins_again_but_not_for_ever(tmp_path: Path, desk: Desk) -> None:
    class Forgetful(MemoryBackend):
        resets = 1

        def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
            if cursor and self.resets:
                self.resets -= 1
                self.delete("f000")
                return [""]
            return super().list_contents(cursor, add)

    store = Forgetful(_place(tmp_path))
    for number in range(PAGE + 2):
        desk.put(store, f"f{number:03}", b"content")
    assert [name for name, _, _ in _listed(store)] == [f"f{number:03}" for number in range(1, PAGE + 2)]

    store.resets = 100
    remote, annex = _remote(store)
    with pytest.raises(Busy):
        remote.listimportablecontents()
    assert annex.listed == []


def test_a_service_that_repeats_a_page_is_not_listed_for_ever(tmp_path: Path) -> None:
    class Round(MemoryBackend):
        def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
            del add
            return ["two" if cursor == "one" else "one"]

    with pytest.raises(NotAStore, match="repeats"):
        _listed(Round(_place(tmp_path)))


def test_another_process_delivers_the_listed_version_and_no_other(
    memory: MemoryBackend, desk: Desk, tmp_path: Path
) -> None:
    desk.put(memory, NAME, b"content A")
    _listed(memory)
    remote, _ = _remote(memory)
    target = tmp_path / "CID-s9--x"
    remote.retrieveimport(NAME, str(target))
    assert target.read_bytes() == b"content A"

    desk.put(memory, NAME, b"content B")
    with pytest.raises(ContentChanged, match=r"a/file changed since it was listed\. Import again"):
        remote.retrieveimport(NAME, str(target))
    assert target.read_bytes() == b""


def test_a_version_that_another_clone_has_imported_is_known_by_its_key(
    memory: MemoryBackend, desk: Desk, tmp_path: Path
) -> None:
    desk.put(memory, NAME, b"content A")
    _listed(memory)
    desk.put(memory, NAME, b"content B")
    remote, _ = _remote(memory)
    right = OF_B.format(desk.source(b"content B").digest("sha256"))
    wrong = OF_B.format("0" * 64)

    remote.retrieveimport(NAME, str(tmp_path / f"fsck12.{right}"))
    with pytest.raises(ContentChanged):
        remote.retrieveimport(NAME, str(tmp_path / wrong))

    assert (tmp_path / f"fsck12.{right}").read_bytes() == b"content B"
    assert (tmp_path / wrong).read_bytes() == b""


def test_presence_is_true_for_the_version_recorded_for_the_key_false_for_none_and_unknown_for_another(
    memory: MemoryBackend, desk: Desk, tmp_path: Path
) -> None:
    desk.put(memory, NAME, b"content A")
    recording = Recording(tmp_path / "git")
    _record(recording, memory)
    remote, _ = _remote(memory)
    remote.listimportablecontents()
    assert remote.checkpresentimport(KEY, NAME)
    assert not remote.checkpresentimport(KEY.replace("-s9-", "-s8-"), NAME)

    desk.put(memory, NAME, b"content B")
    with pytest.raises(ContentChanged):
        remote.checkpresentimport(KEY, NAME)
    _record(recording, memory)  # another clone has imported it
    assert remote.checkpresentimport(KEY, NAME)
    memory.delete(NAME)
    assert not remote.checkpresentimport(KEY, NAME)


def test_what_was_recorded_in_a_second_that_is_over_is_present_only_by_its_bytes(
    memory: MemoryBackend, desk: Desk, tmp_path: Path
) -> None:
    desk.put(memory, NAME, b"content A")
    found = memory.content_of(NAME)
    assert found
    Recording(tmp_path / "git").downloaded(OF_A, f"{found.id}{YOUNG}")
    remote, _ = _remote(memory)
    assert remote.checkpresentimport(OF_A, NAME)

    Recording(tmp_path / "git").downloaded(KEY, f"{found.id}{YOUNG}")
    with pytest.raises(ContentChanged):
        remote.checkpresentimport(KEY, NAME)


def test_the_listed_version_is_not_present_for_another_key_of_its_size(
    memory: MemoryBackend, desk: Desk, tmp_path: Path
) -> None:
    desk.put(memory, NAME, b"content A")
    _record(Recording(tmp_path / "git"), memory)
    remote, _ = _remote(memory)
    remote.listimportablecontents()

    with pytest.raises(ContentChanged, match="a/file may have changed since it was imported"):
        remote.checkpresentimport(OF_B.format("0" * 64), NAME)


@pytest.mark.parametrize("owner", ["44444444-4444-4444-4444-444444444444", TIED])
def test_only_what_was_recorded_for_this_store_counts_also_with_odd_identifiers(tmp_path: Path, owner: str) -> None:
    recording = Recording(tmp_path / "git")
    recording.downloaded(KEY, "!" + b64encode(b"9-a:b").decode(), owner)
    recorded = Recorded(LocalConfig(str(tmp_path / "git"), "store"))
    assert recorded.is_of(KEY, "9-a:b") == (owner == TIED)


def _record(recording: Recording, store: MemoryBackend) -> None:
    """Some clone has imported the file as KEY."""
    found = store.content_of(NAME)
    assert found
    recording.downloaded(KEY, found.id)
    recording.committed({NAME: KEY})


def test_an_empty_list_after_one_with_files_fails_until_the_user_says_so_and_is_refused_the_next_time_again(
    memory: MemoryBackend, desk: Desk, tmp_path: Path
) -> None:
    desk.put(memory, NAME, b"content A")
    recording = Recording(tmp_path / "git")
    assert _listed(memory)
    _record(recording, memory)
    memory.delete(NAME)

    for _ in range(2):
        with pytest.raises(NotAStore, match=r"no files any more.* git config remote\.store\.pyshare-emptied true"):
            _again(memory)
    LocalConfig(str(tmp_path / "git"), "store").set_option(EMPTIED, "true")
    assert _again(memory) == []
    with pytest.raises(NotAStore, match="no files any more"):
        _again(memory)
    recording.committed({})
    assert _again(memory) == []


def _again(memory: MemoryBackend) -> list[tuple[str, int, str]]:
    """What another process lists."""
    memory.place.clone.__dict__.pop("config", None)
    return _listed(memory)


def test_a_file_that_an_export_is_renaming_does_not_count_as_removed(
    memory: MemoryBackend, desk: Desk, tmp_path: Path
) -> None:
    desk.put(memory, NAME, b"content A")
    desk.put(memory, "other", b"content B")
    _record(Recording(tmp_path / "git"), memory)
    memory.move(NAME, f".git-annex-tmp-content-{KEY}")

    with pytest.raises(Unreachable, match=r"a/file is not in the store, but \.git-annex-tmp-content-SHA256E"):
        _listed(memory)

    memory.move(f".git-annex-tmp-content-{KEY}", NAME)
    memory.move("other", f".git-annex-tmp-content-{KEY[:-3]}bin")
    assert [name for name, _, _ in _listed(memory)] == [NAME]


class Hiding(MemoryBackend):
    """A store that lists no name with a dot at its beginning."""

    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        return super().list_contents(cursor, lambda each: None if self.hidden([each.name]) else add(each))

    def hidden(self, names: Iterable[str]) -> Sequence[str]:
        return [name for name in names if name.startswith(".")]


def test_what_git_has_and_the_service_does_not_list_is_looked_for(tmp_path: Path, desk: Desk) -> None:
    store = Hiding(_place(tmp_path))
    for name in (NAME, ".known", ".strange"):
        desk.put(store, name, b"content A")
    recording = Recording(tmp_path / "git")
    recording.committed({NAME: KEY, ".known": KEY, ".removed": KEY.replace("6d2b", "0000")})
    assert [name for name, _, _ in _listed(store)] == [".known", NAME]
    store.move(NAME, f".git-annex-tmp-content-{KEY}")
    with pytest.raises(Unreachable, match=r"a/file is not in the store, but \.git-annex-tmp-content-SHA256E"):
        _listed(store)


def test_a_file_that_may_be_uploaded_just_now_does_not_count_as_removed(tmp_path: Path, desk: Desk) -> None:
    class Uploading(MemoryBackend):
        def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
            add(Content("a/pyshare-tmp-1", 0, "", is_temporary=True))
            return super().list_contents(cursor, add)

    store = Uploading(_place(tmp_path))
    desk.put(store, NAME, b"content A")
    desk.put(store, "b/file", b"content A")
    recording = Recording(tmp_path / "git")
    _record(recording, store)
    recording.committed({NAME: KEY, "b/file": KEY})
    store.delete("b/file")
    assert [name for name, _, _ in _listed(store)] == [NAME]
    store.delete(NAME)
    with pytest.raises(Unreachable, match="a/file is not in the store, but a/pyshare-tmp-1 is"):
        _listed(store)


def test_a_download_that_breaks_off_goes_on(memory: MemoryBackend, faults: Faults, desk: Desk, tmp_path: Path) -> None:
    desk.put(memory, NAME, b"content A")
    _listed(memory)
    faults.next("get", Cut(3), Fail(Busy("wait")))
    remote, _ = _remote(memory)
    remote.retrieveimport(NAME, str(tmp_path / "CID-s9--x"))
    assert (tmp_path / "CID-s9--x").read_bytes() == b"content A"


def test_a_hundred_thousand_names_take_seconds_and_little_memory(tmp_path: Path) -> None:
    class Large(MemoryBackend):
        def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
            del cursor
            for number in range(MANY):
                add(Content(f"folder {number // 1000}/a name of usual length {number:06}", 5, f"5-{number:032x}"))
            return []

    class Counting(Annex):
        count = 0

        def importable(self, contents: Iterable[tuple[str, int, str]]) -> None:
            self.count += len(list(contents))

    annex: Any = Counting()
    remote = ImportRemote(annex, WithStore(Large(_place(tmp_path))))
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()

    remote.listimportablecontents()

    assert annex.count == MANY
    assert time.monotonic() - began < 15
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 24 * MIB
