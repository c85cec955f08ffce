"""What git-annex will ask for: the other chunks of a content, then the files of the index that have no content yet."""

import os
import subprocess
from pathlib import Path
from threading import Event

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


def following(prediction: Prediction, most: int = 1000) -> list[str]:
    """What is predicted now, once the index is read."""
    found = (prediction.next() for _ in range(most))
    return [wanted.name for wanted in found if wanted]


def settled(prediction: Prediction) -> Prediction:
    """The same, once the index is read."""
    if prediction._entries is None:
        assert prediction.next() is None
    while prediction._is_searching:
        Event().wait(0.005)
    return prediction


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


def test_reading_the_index_takes_less_than_a_second_of_cpu_for_100_000_files(clone: Clone) -> None:
    for number in range(5000):
        clone.link(f"{number % 50}/{number}", key(number))
    clone.git("add", ".")

    def cpu() -> float:
        return sum(os.times()[:4])

    def read() -> float:
        before = cpu()
        assert len(list(IndexOrder(LocalConfig(str(clone.git_dir))).keys())) == 5000
        return cpu() - before

    assert min(read() for _ in range(3)) <= 1 / 20 + 0.02  # a start of git besides
