"""Notes about partial files: what a later process knows of them, and that nobody can die and leave a wrong one."""

import os
import shutil
import signal
import stat
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.marks import LONG

from git_annex_remote_pyshare.state import partial_downloads as notes
from git_annex_remote_pyshare.state.partial_downloads import PartialDownload
from git_annex_remote_pyshare.transfer import PartialFile, Sink

PLACE = {"url": "s3://bucket"}
NAME = "a/KEY"
OLD, NEW = b"old " * 50, b"new " * 50
PIECE = 70
"""Bytes that are written at once; a kill can come before and after each."""
NAMES = {OLD: '"the old one"', NEW: '"the new one"'}


@pytest.fixture
def git_dir(tmp_path: Path) -> Path:
    (tmp_path / "annex").mkdir()
    (tmp_path / "partial").touch()
    return tmp_path


def folder(git_dir: Path) -> Path:
    return git_dir / "annex" / "pyshare" / "downloads"


def file_of(git_dir: Path) -> Path:
    (file,) = folder(git_dir).iterdir()
    return file


def note(git_dir: Path, path: str = "partial", place: Mapping[str, str] = PLACE, name: str = NAME) -> PartialDownload:
    return PartialDownload(str(git_dir), str(git_dir / path), place, name)


@pytest.mark.parametrize(
    "validator", ['"tag"', 'W/"tag"', "Tue, 15 Nov 1994 12:45:26 GMT", "\u00e4\n\udcff", "v" * 9000]
)
def test_a_later_process_reads_what_was_written(git_dir: Path, validator: str) -> None:
    note(git_dir).write(validator)
    assert note(git_dir).read() == validator


def test_the_last_writer_counts_and_leaves_one_file(git_dir: Path) -> None:
    note(git_dir).write('"first"')
    note(git_dir).write('"second"')
    assert note(git_dir).read() == '"second"'
    assert len(list(folder(git_dir).iterdir())) == 1


def test_what_has_no_name_leaves_no_file(git_dir: Path) -> None:
    note(git_dir).write('"tag"')
    note(git_dir).write("")
    note(git_dir).write("")
    assert list(folder(git_dir).iterdir()) == []
    assert note(git_dir).read() == ""


def test_reading_leaves_nothing(git_dir: Path) -> None:
    assert note(git_dir).read() == ""
    assert not folder(git_dir).exists()


def test_two_files_with_the_same_object_have_their_own_notes(git_dir: Path) -> None:
    (git_dir / "of fsck").touch()
    note(git_dir, "partial").write('"old"')
    note(git_dir, "of fsck").write('"new"')
    assert note(git_dir, "partial").read() == '"old"'
    note(git_dir, "of fsck").write("")
    assert note(git_dir, "partial").read() == '"old"'


def test_a_file_is_the_same_however_it_is_called(git_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note(git_dir).write('"tag"')
    monkeypatch.chdir(git_dir / "annex")
    assert PartialDownload("..", b"../partial", PLACE, NAME).read() == '"tag"'


@pytest.mark.parametrize(
    ("place", "name"), [({"url": "s3://other"}, NAME), ({**PLACE, "endpoint": "https://x"}, NAME), (PLACE, "a/OTHER")]
)
def test_what_another_store_or_object_wrote_into_the_file_says_nothing_here(
    git_dir: Path, place: Mapping[str, str], name: str
) -> None:
    note(git_dir).write('"tag"')
    assert note(git_dir, place=place, name=name).read() == ""
    note(git_dir, place=place, name=name).write('"theirs"')
    assert note(git_dir).read() == ""


def test_a_setting_that_does_not_say_where_makes_no_other_object_of_it(git_dir: Path) -> None:
    note(git_dir).write('"tag"')
    assert note(git_dir, place={**PLACE, "public": "yes", "region": "eu-central-1"}).read() == '"tag"'


def test_notes_move_with_their_repository(git_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    note(git_dir).write('"tag"')
    moved = tmp_path_factory.mktemp("elsewhere") / "repository"
    shutil.move(git_dir, moved)
    assert note(moved).read() == '"tag"'
    (moved / "other").touch()
    note(moved, "other").write('"tag"')
    assert note(moved).read() == '"tag"'


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_only_its_owner_can_read_it(git_dir: Path) -> None:
    before = os.umask(0)
    try:
        note(git_dir).write('"tag"')
    finally:
        os.umask(before)
    assert stat.S_IMODE(file_of(git_dir).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder(git_dir).stat().st_mode) == 0o700
    assert stat.S_IMODE(folder(git_dir).parent.stat().st_mode) == 0o700


def test_a_note_lasts_as_long_as_its_file(git_dir: Path) -> None:
    for path in ("taken by git-annex", "there", "new"):
        (git_dir / path).touch()
        note(git_dir, path).write('"tag"')
        (git_dir / "taken by git-annex").unlink(missing_ok=True)
    assert [note(git_dir, path).read() for path in ("taken by git-annex", "there", "new")] == ["", '"tag"', '"tag"']


@pytest.mark.parametrize(("age", "stays"), [(0, True), (notes._AGE + 60, False)])
def test_a_note_that_another_job_may_be_writing_stays(git_dir: Path, age: float, *, stays: bool) -> None:
    note(git_dir).write('"tag"')
    half = file_of(git_dir)
    half.write_text("{")
    then = half.stat().st_mtime - age
    os.utime(half, (then, then))
    (git_dir / "other").touch()
    note(git_dir, "other").write('"tag"')
    assert half.exists() is stays


def test_without_a_git_directory_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = PartialDownload("", "partial", PLACE, NAME)
    one.write('"tag"')
    assert one.read() == ""
    one.write("")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_no_failure(git_dir: Path) -> None:
    (git_dir / "annex" / "pyshare").write_text("in the way")
    note(git_dir).write('"tag"')
    assert note(git_dir).read() == ""


@pytest.mark.parametrize("text", [b"", b"null", b"[]", b"{}", b'{"validator": "x"}', b"\0\0", b"\xff", b'"object"'])
def test_a_damaged_note_is_as_if_it_were_not_there(git_dir: Path, text: bytes) -> None:
    note(git_dir).write('"tag"')
    file_of(git_dir).write_bytes(text)
    assert note(git_dir).read() == ""
    note(git_dir).write('"new"')
    assert note(git_dir).read() == '"new"'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(cut=st.floats(0, 1, exclude_max=True))
def test_half_a_note_is_none(git_dir: Path, cut: float) -> None:
    note(git_dir).write('"tag"')
    text = file_of(git_dir).read_bytes()
    file_of(git_dir).write_bytes(text[: int(cut * len(text))])
    assert note(git_dir).read() == ""


# Notes and bytes


def lives_on(work: Callable[[], object], moment: int) -> bool:
    """Whether a process that does the work gets to its end before its so manieth call of the system, and is killed."""
    with warnings.catch_warnings():  # Python sees other tests' threads, which the child has no use for
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        sys.setprofile(_killer(moment))
        work()
        sys.setprofile(None)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _killer(left: int) -> Callable[[FrameType, str, Any], None]:
    def look(_frame: FrameType, event: str, what: Any) -> None:
        nonlocal left
        home = getattr(what, "__module__", None) or type(getattr(what, "__self__", None)).__module__
        if event == "c_call" and home in {"posix", "_io", "git_annex_remote_pyshare.local_file"}:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return look


def sink_at(git_dir: Path) -> Sink:
    """The partial file as a process of the clone finds it."""
    path = str(git_dir / "partial")
    known = Sink(path)

    class Kept(PartialFile):
        def record(self, version: str) -> None:
            super().record(version)
            note(git_dir).write(version)

    return Sink(path, partial=Kept(path, note(git_dir).read() if known.size else ""))


def bring(git_dir: Path, body: bytes, validator: str) -> None:
    """Write an object in pieces, behind what is there or anew, as a backend does."""
    sink = sink_at(git_dir)
    start = sink.size if sink.fits(validator) else 0
    with sink.writing(start, len(body), validator) as file:
        for begin in range(start, len(body), PIECE):
            file.write(body[begin : begin + PIECE])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
@pytest.mark.parametrize("body", [OLD, NEW], ids=["same", "other"])
@pytest.mark.parametrize("known", [NAMES[OLD], ""], ids=["known", "unknown"])
@pytest.mark.parametrize("there", [OLD[:100], pytest.param(b"", marks=LONG)], ids=["beginning", "empty"])
def test_who_is_killed_at_any_moment_leaves_bytes_with_their_own_name_pr21(
    git_dir: Path, monkeypatch: pytest.MonkeyPatch, there: bytes, known: str, body: bytes, *, told: bool
) -> None:
    monkeypatch.setattr("git_annex_remote_pyshare.transfer.SMALL", 0)  # all are written in place
    validator, moment, lives = NAMES[body] if told else "", 0, False
    seen = set()
    while not lives:
        (git_dir / "partial").write_bytes(there)
        note(git_dir).write(known)
        lives = lives_on(lambda: bring(git_dir, body, validator), moment)
        held = (git_dir / "partial").read_bytes()
        name = note(git_dir).read()
        seen.add((held, name))
        stays = bool(there) and (body is OLD or not (told and known))
        if held and (stays or (held.startswith(OLD[:4]) and body is NEW)):
            assert name == known  # what was there is there still, and what has no name gets none
        elif held:
            assert name == validator
        moment += 1
    assert held[-4:] == body[-4:]
    assert len(seen) > len(body[len(there) :]) // PIECE
    assert moment > 5


def test_only_two_names_that_differ_keep_a_file_from_going_on() -> None:
    for known, told, fits in (
        ('"x"', '"x"', True),
        ('"x"', 'W/"x"', True),
        ('W/"x"', '"x"', True),
        ('"x"', '"y"', False),
        ('W/"x"', 'W/"y"', False),
        ("", '"x"', True),
        ('"x"', "", True),
        ("", "", True),
        ('"x"', "Tue, 15 Nov 1994 12:45:26 GMT", False),
    ):
        sink = Sink("nowhere", partial=PartialFile("nowhere", known))
        assert sink.fits(told) is fits, (known, told)


def test_of_what_nobody_checks_a_beginning_of_unknown_origin_is_gone_on_with_only_where_no_server_can_tell() -> None:
    sink = Sink("nowhere", is_checked=False)
    assert not sink.fits('"x"')
    assert sink.fits("")
    sink.partial.record('"x"')
    assert sink.fits('"x"')


def test_bytes_that_stay_keep_their_name_and_get_none_if_they_have_none(git_dir: Path) -> None:
    for known, told, then in (('"x"', "", '"x"'), ('"x"', 'W/"x"', '"x"'), ("", '"x"', ""), ("", "", "")):
        (git_dir / "partial").write_bytes(b"beginning")
        note(git_dir).write(known)
        with sink_at(git_dir).writing(9, None, told):
            assert note(git_dir).read() == then


def test_a_small_object_that_comes_beside_its_file_has_no_name_to_keep(git_dir: Path) -> None:
    (git_dir / "partial").unlink()
    sink = sink_at(git_dir)
    with sink.writing(0, 7, '"x"') as file:
        file.write(b"content")
    assert sink.validator == ""
    assert not folder(git_dir).exists()
