"""The journal of uploads: what a later process finds, and what it must not find."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_annex_remote_pyshare.part_plan import Plan, Sent, Upload
from git_annex_remote_pyshare.state import lock
from git_annex_remote_pyshare.state import upload_journal as journal
from git_annex_remote_pyshare.state.upload_journal import AGE, Kept, UploadJournal

NOW = 1e9
PLACE = {"url": "s3://bucket"}
UPLOAD = Upload("a/KEY", "id/with+signs", Plan(100, 30))
ONE, TWO = Sent("d1", '"etag"'), Sent("d2")


@pytest.fixture
def git_dir(tmp_path: Path) -> Path:
    (tmp_path / "annex").mkdir()
    return tmp_path


def folder(git_dir: Path) -> Path:
    return git_dir / "annex" / "pyshare" / "uploads"


def file_of(git_dir: Path) -> Path:
    (file,) = folder(git_dir).iterdir()
    return file


def write(git_dir: Path, parts: dict[int, Sent], upload: Upload = UPLOAD) -> None:
    with UploadJournal(str(git_dir), now=lambda: NOW).entry(PLACE, upload.name) as entry:
        entry.begin(upload)
        for number, sent in parts.items():
            entry.add(number, sent)


def read(git_dir: Path, name: str = UPLOAD.name) -> Kept | None:
    with UploadJournal(str(git_dir), now=lambda: NOW).entry(PLACE, name) as entry:
        return entry.kept


def test_a_later_process_finds_what_was_sent(git_dir: Path) -> None:
    write(git_dir, {1: ONE, 3: TWO})
    assert read(git_dir) == Kept(UPLOAD, {1: ONE, 3: TWO}, is_old=False)


def test_what_it_adds_is_there_with_the_rest(git_dir: Path) -> None:
    write(git_dir, {1: ONE})
    with UploadJournal(str(git_dir), now=lambda: NOW).entry(PLACE, UPLOAD.name) as entry:
        entry.add(2, TWO)
    assert read(git_dir) == Kept(UPLOAD, {1: ONE, 2: TWO}, is_old=False)


@pytest.mark.parametrize("name", ["a/KEY", "a/with\nline", "a/\udcff\udc00", "ä/✓"])
def test_any_name_can_be_kept(git_dir: Path, name: str) -> None:
    write(git_dir, {1: ONE}, UPLOAD._replace(name=name))
    kept = read(git_dir, name)
    assert kept
    assert kept.upload.name == name


def test_what_is_begun_anew_takes_the_place_of_what_was_there(git_dir: Path) -> None:
    write(git_dir, {1: ONE, 2: TWO})
    write(git_dir, {3: TWO}, UPLOAD._replace(id="new"))
    assert read(git_dir) == Kept(UPLOAD._replace(id="new"), {3: TWO}, is_old=False)


def test_what_is_forgotten_leaves_no_file(git_dir: Path) -> None:
    write(git_dir, {1: ONE})
    with UploadJournal(str(git_dir), now=lambda: NOW).entry(PLACE, UPLOAD.name) as entry:
        entry.forget()
    assert list(folder(git_dir).iterdir()) == []
    assert read(git_dir) is None


def test_looking_leaves_no_file(git_dir: Path) -> None:
    assert read(git_dir) is None
    assert list(folder(git_dir).iterdir()) == []


@pytest.mark.parametrize("place", [{"url": "s3://other"}, {**PLACE, "storageclass": "STANDARD_IA"}])
def test_another_place_has_nothing_of_it(git_dir: Path, place: dict[str, str]) -> None:
    write(git_dir, {1: ONE})
    with UploadJournal(str(git_dir), now=lambda: NOW).entry(place, UPLOAD.name) as entry:
        assert entry.kept is None
    assert read(git_dir, "a/OTHER") is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_only_its_owner_can_read_it(git_dir: Path) -> None:
    before = os.umask(0)
    try:
        write(git_dir, {1: ONE})
    finally:
        os.umask(before)
    assert stat.S_IMODE(file_of(git_dir).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder(git_dir).stat().st_mode) == 0o700
    assert stat.S_IMODE(folder(git_dir).parent.stat().st_mode) == 0o700


def test_who_comes_second_keeps_nothing_and_disturbs_nobody(git_dir: Path) -> None:
    with UploadJournal(str(git_dir), now=lambda: NOW).entry(PLACE, UPLOAD.name) as first:
        first.begin(UPLOAD)
        with UploadJournal(str(git_dir), now=lambda: NOW).entry(PLACE, UPLOAD.name) as second:
            assert second.kept is None
            assert not second.lasts
            second.begin(UPLOAD._replace(id="second"))
            second.add(2, TWO)
            second.forget()
        first.add(1, ONE)
        assert first.lasts
    assert read(git_dir) == Kept(UPLOAD, {1: ONE}, is_old=False)


def test_two_objects_are_kept_side_by_side(git_dir: Path) -> None:
    both = UploadJournal(str(git_dir))
    with both.entry(PLACE, "one") as one, both.entry(PLACE, "two") as two:
        one.begin(UPLOAD._replace(name="one"))
        two.begin(UPLOAD._replace(name="two"))
    assert read(git_dir, "one") is not None
    assert read(git_dir, "two") is not None


def test_without_a_git_directory_nothing_is_kept() -> None:
    with UploadJournal("").entry(PLACE, UPLOAD.name) as entry:
        entry.begin(UPLOAD)
        entry.add(1, ONE)
        assert not entry.lasts
    with UploadJournal("").entry(PLACE, UPLOAD.name) as entry:
        assert entry.kept is None


def test_a_folder_that_cannot_be_made_is_no_failure(git_dir: Path) -> None:
    (git_dir / "annex" / "pyshare").write_text("in the way")
    with UploadJournal(str(git_dir), now=lambda: NOW).entry(PLACE, UPLOAD.name) as entry:
        entry.begin(UPLOAD)
        assert not entry.lasts


def test_a_full_disk_is_no_failure(git_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with UploadJournal(str(git_dir), now=lambda: NOW).entry(PLACE, UPLOAD.name) as entry:
        entry.begin(UPLOAD)
        monkeypatch.setattr(os, "fsync", full)
        entry.add(1, ONE)
        assert not entry.lasts
        entry.add(2, TWO)
    assert read(git_dir) is None


def test_where_files_cannot_be_locked_it_is_kept_all_the_same(git_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(_descriptor: int) -> bool:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(journal, "try_lock", no_locks)
    write(git_dir, {1: ONE})
    assert read(git_dir) == Kept(UPLOAD, {1: ONE}, is_old=False)


def test_a_file_that_its_owner_has_removed_meanwhile_is_not_used(
    git_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(descriptor: int) -> bool:
        os.unlink(file_of(git_dir))
        return lock.try_lock(descriptor)

    monkeypatch.setattr(journal, "try_lock", too_late)
    with UploadJournal(str(git_dir), now=lambda: NOW).entry(PLACE, UPLOAD.name) as entry:
        assert not entry.lasts


@pytest.mark.parametrize(
    ("age", "is_old"),
    [
        pytest.param(0, False, id="new"),
        pytest.param(AGE - 1, False, id="almost"),
        pytest.param(AGE, True, id="DB7-old"),
        pytest.param(-100, True, id="from-a-clock-that-was-wrong"),
    ],
)
def test_it_says_what_is_too_old(git_dir: Path, age: float, is_old: bool) -> None:  # noqa: FBT001
    write(git_dir, {1: ONE})
    os.utime(file_of(git_dir), (NOW + age, NOW + age))
    with UploadJournal(str(git_dir), now=lambda: NOW + age).entry(PLACE, UPLOAD.name) as entry:
        assert entry.kept == Kept(UPLOAD, {1: ONE}, is_old)


def test_what_nobody_came_back_for_goes_with_the_next_upload(git_dir: Path) -> None:
    write(git_dir, {1: ONE})
    write(git_dir, {1: ONE}, UPLOAD._replace(name="younger"))
    old = min(folder(git_dir).iterdir(), key=lambda path: UPLOAD.name not in path.read_text())
    os.utime(old, (NOW, NOW - AGE - 1))
    assert read(git_dir, "another") is None
    assert read(git_dir, UPLOAD.name) is None
    assert read(git_dir, "younger") is not None


@given(data=st.data())
def test_what_a_power_cut_leaves_holds_only_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    git_dir = tmp_path_factory.mktemp("git")
    (git_dir / "annex").mkdir()
    whole = {number: Sent(f"digest {number}", "t") for number in range(1, 5)}
    write(git_dir, whole)
    text = file_of(git_dir).read_bytes()
    cut = data.draw(st.integers(0, len(text)))
    file_of(git_dir).write_bytes(text[:cut] + data.draw(st.sampled_from([b"", b"\0" * 20, b"\n\xff\n", b"[]\n"])))
    kept = read(git_dir)
    if kept:
        assert kept.upload == UPLOAD
        assert kept.sent.items() <= whole.items()
        with UploadJournal(str(git_dir), now=lambda: NOW).entry(PLACE, UPLOAD.name) as entry:
            entry.begin(UPLOAD)
            entry.add(1, ONE)
    else:
        write(git_dir, {1: ONE})
    assert read(git_dir) == Kept(UPLOAD, {1: ONE}, is_old=False)


def test_a_line_behind_one_that_was_cut_off_counts(git_dir: Path) -> None:
    write(git_dir, {1: ONE, 2: TWO})
    file_of(git_dir).write_bytes(file_of(git_dir).read_bytes()[:-7])
    with UploadJournal(str(git_dir), now=lambda: NOW).entry(PLACE, UPLOAD.name) as entry:
        entry.add(3, ONE)
    kept = read(git_dir)
    assert kept
    assert kept.sent == {1: ONE, 3: ONE}


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "[]",
        "{}",
        '{"version": 2, "begun": 1, "name": "n", "id": "i", "plan": [1, 1]}',
        '{"version": 1, "begun": 1, "name": "n", "id": "i", "plan": [1, 0]}',
        '{"version": 1, "begun": 1, "name": "n", "id": "i", "plan": [1]}',
        '{"version": 1, "begun": "x", "name": "n", "id": "i", "plan": [1, 1]}',
        "\x00\x00",
    ],
)
def test_what_cannot_be_understood_is_as_if_it_were_not_there(git_dir: Path, text: str) -> None:
    write(git_dir, {})
    file_of(git_dir).write_text(f"{text}\n")
    assert read(git_dir) is None
    write(git_dir, {1: ONE})
    assert read(git_dir) == Kept(UPLOAD, {1: ONE}, is_old=False)


def test_parts_that_the_plan_has_not_are_left_out(git_dir: Path) -> None:
    write(git_dir, {1: ONE, 5: TWO, 0: TWO})
    kept = read(git_dir)
    assert kept
    assert kept.sent == {1: ONE}


def test_all_uploads_that_were_noted_are_listed_and_nothing_is_where_none_was(git_dir: Path) -> None:
    assert list(UploadJournal(str(git_dir)).uploads()) == []
    assert list(UploadJournal("").uploads()) == []
    other = UPLOAD._replace(name="b/OTHER", id="another id")
    write(git_dir, {1: ONE})
    write(git_dir, {}, other)
    (folder(git_dir) / "nonsense").write_bytes(b"\x00{]\n")
    found = list(UploadJournal(str(git_dir)).uploads())
    assert sorted(upload.id for upload in found) == sorted([UPLOAD.id, other.id])
    assert UPLOAD in found
