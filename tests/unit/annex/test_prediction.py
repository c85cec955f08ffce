"""What git-annex will ask for: the other chunks of a content, then the files of the index that have no content yet."""

import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from support.partskit import InClone

from git_annex_remote_pyshare.annex.index_order import IndexOrder
from git_annex_remote_pyshare.annex.keys import chunk_of
from git_annex_remote_pyshare.annex.layout import key_of_file, local_paths
from git_annex_remote_pyshare.annex.prediction import Prediction
from git_annex_remote_pyshare.config.git_config import LocalConfig

MIB = 1 << 20
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the files are symlinks")


def key(number: int, size: int = 10) -> str:
    return f"SHA256E-s{size}--{number:064x}.dat"


class Clone:
    """A clone with annexed files; without git-annex, which a link does not need."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q")
        self.git_dir = folder / ".git"

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.folder, check=True)

    def link(self, path: str, of: str) -> None:
        """An annexed file, without its content."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(f".git/annex/objects/x/y/{of}/{of}")

    def has(self, of: str, place: int = 0) -> None:
        """The content of a key is here."""
        file = self.git_dir / "annex" / "objects" / local_paths(of)[place]
        file.parent.mkdir(parents=True)
        file.touch()

    def predictions(self) -> Prediction:
        self.git("add", ".")
        return Prediction(InClone(str(self.git_dir), {}), "flat")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def refuse(_thread: Thread) -> None:
    """Start no thread, as a system does that has too many."""
    raise RuntimeError("can't start new thread")


def following(prediction: Prediction, most: int = 1000) -> list[str]:
    """What is predicted now, once the index is read."""
    found = (prediction.next() for _ in range(most))
    return [wanted.name for wanted in found if wanted]


def gets(prediction: Prediction, of: str) -> None:
    """git-annex asks for a key, and gets it."""
    prediction.asked(of)
    prediction.answered(of)


def settled(prediction: Prediction) -> Prediction:
    """The same, once the index is read."""
    if prediction._entries is None:
        assert prediction.next() is None
    while prediction._is_searching:
        Event().wait(0.005)
    return prediction


def found_in_time(order: IndexOrder) -> list[str]:
    """The keys, unless a file is waited for."""
    found: list[str] = []
    reading = Thread(target=lambda: found.extend(order.keys()), daemon=True)
    reading.start()
    reading.join(5)
    return found


def test_what_is_postponed_is_done_once_when_git_annex_has_a_reply(clone: Clone) -> None:
    prediction = clone.predictions()
    done: list[int] = []
    prediction.after_reply(lambda: done.append(1))
    prediction.after_reply(lambda: done.append(1))
    assert not done
    prediction.replied()
    prediction.replied()
    assert done == [1]


def test_the_files_behind_the_third_one_are_predicted_in_the_order_of_the_index(clone: Clone) -> None:
    for number in range(10):
        clone.link(f"{number}", key(number))
    prediction = clone.predictions()
    for number in range(2):
        prediction.asked(key(number))
        assert following(settled(prediction)) == []
    prediction.asked(key(2))
    assert following(settled(prediction)) == [key(number) for number in range(3, 10)]
    assert prediction.jumps == 0


def test_what_is_here_or_predicted_already_is_left_out(clone: Clone) -> None:
    for number in range(10):
        clone.link(f"{number}", key(number))
        clone.link(f"{number}-again", key(number))
    clone.has(key(4))
    clone.has(key(5), place=1)
    (clone.folder / "7-text").write_text("no annexed file")
    (clone.folder / "7-link").symlink_to("7")
    prediction = clone.predictions()
    for number in range(3):
        prediction.asked(key(number))
    assert following(settled(prediction)) == [key(number) for number in (3, 6, 7, 8, 9)]


def test_unlocked_files_are_known_by_their_pointers(clone: Clone) -> None:
    for number in range(6):
        (clone.folder / f"{number}").write_text(f"/annex/objects/{key(number)}\n")
    prediction = clone.predictions()
    for number in range(3):
        prediction.asked(key(number))
    assert following(settled(prediction)) == [key(number) for number in range(3, 6)]


def test_jobs_that_overtake_each_other_are_no_jump(clone: Clone) -> None:
    for number in range(40):
        clone.link(f"{number:02}", key(number))
    prediction = clone.predictions()
    for number in (2, 0, 1):
        prediction.asked(key(number))
    assert following(settled(prediction), 2) == [key(3), key(4)]
    for number in (9, 7, 4, 3, 8):
        prediction.asked(key(number))
    assert prediction.jumps == 0
    assert following(prediction, 3) == [key(5), key(6), key(10)]


def test_after_a_jump_the_new_position_is_followed(clone: Clone) -> None:
    for number in range(300):
        clone.link(f"{number:03}", key(number))
    prediction = clone.predictions()
    for number in range(3):
        prediction.asked(key(number))
    assert following(settled(prediction), 1)
    prediction.asked(key(200))
    assert prediction.jumps == 1
    assert following(settled(prediction), 2) == [key(201), key(202)]


def test_what_other_jobs_are_getting_is_not_predicted_after_a_jump(clone: Clone) -> None:
    for number in range(100):
        clone.link(f"{number:02}", key(number))
    prediction = clone.predictions()
    for number in (80, 1, 81):
        prediction.asked(key(number))
    assert following(settled(prediction), 1)
    prediction.asked(key(99))
    assert prediction.jumps == 1
    prediction.asked(key(78))
    assert following(settled(prediction), 2) == [key(79), key(82)]


def test_a_job_that_the_others_have_overtaken_makes_no_jump(clone: Clone) -> None:
    for number in range(20):
        clone.link(f"{number:02}", key(number))
    prediction = clone.predictions()
    for number in (1, 2, 3):
        prediction.asked(key(number))
    assert following(settled(prediction), 1) == [key(4)]
    prediction.asked(key(0))
    assert prediction.jumps == 0
    assert following(settled(prediction), 2) == [key(5), key(6)]


def test_an_order_of_its_own_ends_the_predictions(clone: Clone) -> None:
    for number in range(800):
        clone.link(f"{number:03}", key(number))
    prediction = clone.predictions()
    for number in range(3):
        prediction.asked(key(number))
    for number in (700, 300, 600, 200, 500):
        settled(prediction)
        prediction.asked(key(number))
    assert following(settled(prediction)) == []


def test_the_small_files_behind_many_large_ones_are_predicted(clone: Clone) -> None:
    keys = [key(number, 20 * MIB if number < 700 else 10) for number in range(760)]
    for number, of in enumerate(keys):
        clone.link(f"{number:03}", of)
    prediction = clone.predictions()
    for of in keys[:3]:
        prediction.asked(of)
    settled(prediction)
    found: list[str] = []
    for number, of in enumerate(keys[3:], 3):
        found += following(prediction, 3)
        assert not found or number > 700 - 96  # an object that waits longer is dropped
        prediction.asked(of)
    assert found == keys[700:]
    assert prediction.jumps == 0


def test_the_position_stays_near_git_annex(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(400):
        clone.link(f"{number:03}", key(number, 20 * MIB))
    prediction = clone.predictions()
    for number in range(3):
        prediction.asked(key(number, 20 * MIB))
    settled(prediction)
    looks: list[str] = []
    monkeypatch.setattr(os.path, "lexists", looks.append)
    assert following(prediction, 10) == []
    assert len(looks) <= 2 * 64
    for number in range(3, 103):
        prediction.asked(key(number, 20 * MIB))
        following(prediction, 3)
    assert len(looks) <= 2 * (64 + 100)


def test_the_files_behind_many_that_git_annex_cannot_check_are_predicted(clone: Clone) -> None:
    keys = [f"WORM-s1-m1--{number}" if 5 <= number < 405 else key(number) for number in range(410)]
    for number, of in enumerate(keys):
        clone.link(f"{number:03}", of)
    prediction = clone.predictions()
    for of in keys[:3]:
        prediction.asked(of)
    assert following(settled(prediction)) == keys[3:5] + keys[405:]


@pytest.mark.parametrize("left_out", ["SHA256E-s1--{:064x}", "WORM-s1-m1--{}"])
def test_files_that_git_annex_leaves_out_do_not_end_the_predictions(clone: Clone, left_out: str) -> None:
    for number in range(600):
        clone.link(f"{number:03}", key(number))
        clone.link(f"{number:03}-left-out", left_out.format(number))
    prediction = clone.predictions()
    for number in range(3):
        prediction.asked(key(number))
    settled(prediction)
    found: set[str] = set()
    for number in range(3, 600):
        found.update(following(prediction, 4))
        assert key(number) in found
        prediction.asked(key(number))
    assert prediction.jumps == 0


def test_after_a_jump_what_was_predicted_before_may_be_predicted_again(clone: Clone) -> None:
    for number in range(300):
        clone.link(f"{number:03}", key(number))
    prediction = clone.predictions()
    for number in range(100, 103):
        prediction.asked(key(number))
    assert following(settled(prediction), 3) == [key(103), key(104), key(105)]
    prediction.asked(key(0))
    assert prediction.jumps == 1
    found: set[str] = set()
    for number in range(1, 104):
        settled(prediction)
        found.update(following(prediction, 2))
        prediction.asked(key(number))
    assert prediction.jumps == 1
    assert {key(103), key(104), key(105)} <= found


@pytest.mark.parametrize("shape", ["GPGHMACSHA1--{:040x}", "WORM-s10-m1--{}", "GITBUNDLE-s10--{}"])
def test_contents_that_git_annex_cannot_check_are_not_predicted(clone: Clone, shape: str) -> None:
    for number in range(6):
        clone.link(f"{number}", shape.format(number))
    prediction = clone.predictions()
    for number in range(3):
        prediction.asked(shape.format(number))
    assert following(settled(prediction)) == []


def test_objects_of_more_than_8_mib_or_of_unknown_size_are_not_predicted(clone: Clone) -> None:
    for number in range(3):
        clone.link(f"{number}", key(number))
    clone.link("3", key(3, 8 * MIB + 1))
    clone.link("4", f"SHA256E--{4:064x}")
    clone.link("5", key(5, 8 * MIB))
    prediction = clone.predictions()
    for number in range(3):
        prediction.asked(key(number))
    assert following(settled(prediction)) == [key(5, 8 * MIB)]


def test_the_other_chunks_of_a_content_are_predicted_at_its_first(clone: Clone) -> None:
    whole = key(1, 5 * MIB - 1)
    prediction = clone.predictions()
    prediction.asked(chunk_of(whole, MIB, 1))
    assert following(prediction) == [chunk_of(whole, MIB, number) for number in range(2, 6)]
    prediction.asked(chunk_of(whole, MIB, 2))
    assert following(prediction) == []


def test_jobs_share_the_window_for_their_chunks(clone: Clone) -> None:
    one, other = key(1, 4 * MIB), key(2, 4 * MIB)
    prediction = clone.predictions()
    prediction.asked(chunk_of(one, MIB, 1))
    prediction.asked(chunk_of(other, MIB, 1))
    assert following(prediction, 2) != [chunk_of(one, MIB, 2), chunk_of(one, MIB, 3)]


def test_in_a_chunked_store_the_next_files_are_predicted_by_their_chunks(clone: Clone) -> None:
    for number in range(5):
        clone.link(f"{number}", key(number, 3 * MIB))
    prediction = clone.predictions()
    for number in range(3):
        for chunk in range(1, 3):
            prediction.asked(chunk_of(key(number, 3 * MIB), 2 * MIB, chunk))
    expected = [chunk_of(key(number, 3 * MIB), 2 * MIB, chunk) for number in (3, 4) for chunk in (1, 2)]
    assert sorted(following(settled(prediction))) == sorted(expected)


def test_without_a_thread_nothing_is_predicted_until_there_is_one(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        clone.link(f"{number}", key(number))
    prediction = clone.predictions()
    for number in range(3):
        prediction.asked(key(number))
    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", refuse)
        assert following(prediction, 10) == []
    assert following(settled(prediction)) == [key(3), key(4)]


def test_what_has_replaced_a_tracked_file_is_not_opened(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pipe", "linked"):
        (clone.folder / name).write_text("x")
    (clone.folder / "pointer").write_text(f"/annex/objects/{key(1)}\n")
    clone.git("add", ".")
    for name in ("pipe", "linked"):
        (clone.folder / name).unlink()
    os.mkfifo(clone.folder / "pipe")
    (clone.folder / "linked").symlink_to("pointer")
    order = IndexOrder(LocalConfig(str(clone.git_dir)))
    opened: list[bytes] = []
    real = os.open

    def watched(path: bytes, flags: int) -> int:
        opened.append(os.path.basename(path))
        return real(path, flags | os.O_NONBLOCK)

    monkeypatch.setattr(os, "open", watched)
    assert found_in_time(order) == ["", "", key(1)]
    assert opened == [b"pointer"]


def test_a_pipe_that_replaces_a_file_at_the_last_moment_is_not_waited_for(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone.folder / "text").write_text("x")
    clone.git("add", ".")
    order = IndexOrder(LocalConfig(str(clone.git_dir)))
    seen = os.lstat(clone.folder / "text")
    (clone.folder / "text").unlink()
    os.mkfifo(clone.folder / "text")
    monkeypatch.setattr(os, "lstat", lambda _: seen)
    assert found_in_time(order) == [""]


def test_of_a_file_that_is_no_pointer_one_kib_is_read(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    (clone.folder / "long-pointer").write_text(f"/annex/objects/{'x' * 2000}/{key(1)}\n")
    (clone.folder / "text").write_text("x" * 30_000)
    clone.git("add", ".")
    order = IndexOrder(LocalConfig(str(clone.git_dir)))
    keys = order.keys()
    assert next(keys) == key(1)
    read: list[int] = []
    real = os.read

    def watched(file: int, most: int) -> bytes:
        read.append(most)
        return real(file, most)

    monkeypatch.setattr(os, "read", watched)
    assert next(keys) == ""
    assert read == [1024]


def test_a_content_that_git_annex_gives_up_is_forgotten_and_its_chunks_dropped(clone: Clone) -> None:
    given_up, other = key(1, 400 * MIB), key(2, 40 * MIB)
    prediction = clone.predictions()
    gets(prediction, chunk_of(given_up, MIB, 1))
    following(prediction, 2)
    for number in range(1, 33):
        gets(prediction, chunk_of(other, MIB, number))
    assert prediction.jumps == 0
    gets(prediction, chunk_of(other, MIB, 33))
    assert prediction.jumps == 1
    assert following(prediction) == [chunk_of(other, MIB, number) for number in range(34, 41)]
    gets(prediction, chunk_of(given_up, MIB, 2))  # git-annex tries it again
    assert following(prediction, 1) == [chunk_of(given_up, MIB, 3)]


@pytest.mark.parametrize("of", ["SHA256E-s10--{:064x}", "WORM-s10-m1--{}", "GPGHMACSHA1--{:040x}"])
def test_other_contents_without_chunks_also_tell_that_one_is_given_up(clone: Clone, of: str) -> None:
    prediction = clone.predictions()
    gets(prediction, chunk_of(key(1, 400 * MIB), MIB, 1))
    following(prediction, 2)
    for number in range(33):
        gets(prediction, of.format(number))
    assert prediction.jumps == 1
    assert following(prediction, 1) == []


def test_a_content_that_git_annex_still_waits_for_is_not_given_up(clone: Clone) -> None:
    prediction = clone.predictions()
    prediction.asked(chunk_of(key(1, 400 * MIB), MIB, 1))
    following(prediction, 2)
    for number in range(2, 100):
        gets(prediction, key(number))
    prediction.answered(chunk_of(key(1, 400 * MIB), MIB, 1))
    gets(prediction, key(100))
    assert prediction.jumps == 0
    assert following(prediction, 1) == [chunk_of(key(1, 400 * MIB), MIB, 4)]


def test_jobs_that_take_turns_give_up_no_content(clone: Clone) -> None:
    prediction = clone.predictions()
    for number in range(1, 40):
        for job in range(16):
            gets(prediction, chunk_of(key(job, 40 * MIB), MIB, number))
            following(prediction, 2)
    assert prediction.jumps == 0


def test_a_chunked_file_that_git_annex_leaves_out_is_forgotten_when_its_turn_is_over(clone: Clone) -> None:
    keys = [key(number, size * MIB) for number, size in enumerate((1, 1, 1, 40, 400, 40, 40))]
    for number, of in enumerate(keys):
        clone.link(f"{number}", of)
    prediction = clone.predictions()
    for of in keys[:3]:
        gets(prediction, chunk_of(of, MIB, 1))
    found = following(settled(prediction), 42)
    assert found[-2:] == [chunk_of(keys[4], MIB, 1), chunk_of(keys[4], MIB, 2)]
    for number in range(1, 41):
        gets(prediction, chunk_of(keys[3], MIB, number))
    assert prediction.jumps == 0
    for number in range(1, 41):
        gets(prediction, chunk_of(keys[5], MIB, number))
    assert prediction.jumps == 1
    assert following(prediction, 1) == [chunk_of(keys[6], MIB, 1)]


def test_a_jump_forgets_the_chunked_files_that_were_to_come(clone: Clone) -> None:
    for number in range(300):
        clone.link(f"{number:03}", key(number, 2 * MIB))
    prediction = clone.predictions()
    for number in range(3):
        gets(prediction, chunk_of(key(number, 2 * MIB), MIB, 2))
    assert following(settled(prediction), 1) == [chunk_of(key(3, 2 * MIB), MIB, 1)]
    gets(prediction, chunk_of(key(200, 2 * MIB), MIB, 2))
    assert prediction.jumps == 1
    assert following(settled(prediction), 1) == [chunk_of(key(201, 2 * MIB), MIB, 1)]


def test_contents_in_chunks_of_other_sizes_or_in_none_do_not_change_how_one_is_continued(clone: Clone) -> None:
    of = key(1, 4 * MIB)
    prediction = clone.predictions()
    prediction.asked(chunk_of(of, MIB, 1))
    prediction.asked(chunk_of(key(2, 4 * MIB), 2 * MIB, 2))
    prediction.asked(key(3))
    assert following(prediction, 1) == [chunk_of(of, MIB, 2)]
    prediction.asked(chunk_of(of, 2 * MIB, 1))  # git-annex now tries the chunks that another clone has stored
    assert following(prediction) == [chunk_of(of, 2 * MIB, 2)]


def test_a_content_that_git_annex_gets_as_a_whole_has_no_more_chunks(clone: Clone) -> None:
    of = key(1, 4 * MIB)
    prediction = clone.predictions()
    prediction.asked(chunk_of(of, MIB, 1))
    prediction.asked(of)
    assert following(prediction) == []


def test_one_call_looks_at_a_bounded_part_of_the_index(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        clone.link(f"0-{number}", key(number))
    for number in range(10):
        for text in range(100):
            (clone.folder / f"1-{number}-{text}").write_text("no annexed file")
        clone.link(f"1-{number}-annexed", key(3 + number))
        clone.has(key(3 + number))
    prediction = clone.predictions()
    for number in range(3):
        prediction.asked(key(number))
    settled(prediction)
    reads: list[int] = []
    real = os.read

    def watched(file: int, most: int) -> bytes:
        reads.append(most)
        return real(file, most)

    monkeypatch.setattr(os, "read", watched)
    assert prediction.next() is None
    assert 0 < len(reads) <= 256


def test_a_bare_repository_has_no_order(tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "-q", "--bare", bare], check=True)
    assert list(IndexOrder(LocalConfig(str(bare))).keys()) == []


def test_a_linked_work_tree_has_its_own_index(clone: Clone, tmp_path: Path) -> None:
    clone.link("one", key(1))
    clone.git("add", ".")
    clone.git("-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "-m", "one")
    clone.git("worktree", "add", "-q", str(tmp_path / "second"))
    (linked,) = (clone.git_dir / "worktrees").iterdir()
    assert list(IndexOrder(LocalConfig(str(linked))).keys()) == [key(1)]


@pytest.mark.parametrize("name", ["plain", "a%b", "a:b&c/d", "&s%&c"])
def test_a_file_name_gives_back_its_key(name: str) -> None:
    made = f"WORM-s1-m1--{name}"
    assert key_of_file(local_paths(made)[0].rpartition("/")[2]) == made


def test_reading_the_index_is_one_start_of_git_and_one_look_at_each_file(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100):
        clone.link(f"{number % 10}/{number}", key(number))
    clone.git("add", ".")
    config = LocalConfig(str(clone.git_dir))
    assert "core.worktree" not in config.config  # which is read with a git of its own
    looks: list[str] = []
    for module, name in ((os, "readlink"), (os, "lstat"), (os, "open"), (subprocess, "Popen")):
        monkeypatch.setattr(module, name, _noting(name, looks, getattr(module, name)))

    assert len(list(IndexOrder(config).keys())) == 100

    assert Counter(looks) == {"Popen": 1, "open": 1, "readlink": 100}  # git gets an open /dev/null


def _noting(name: str, looks: list[str], call: Callable[..., Any]) -> Callable[..., Any]:
    def noted(*arguments: Any, **more: Any) -> Any:
        looks.append(name)
        return call(*arguments, **more)

    return noted
