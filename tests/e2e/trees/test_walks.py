"""Random commits, exports, kills and people's edits, with the real git-annex: at rest the folder is git's tree."""

import os
import shutil
from collections.abc import Callable
from random import Random
from typing import NamedTuple

import pytest
from support.annex import Repository
from support.folder_people import People
from support.marks import ALWAYS, LONG
from support.places import SharedPlace
from support.trees import killed_export, stored_tree
from support.two_ways import make_both_ways

WALKS = pytest.mark.parametrize(
    ("seed", "steps"), [(1, 8), *(pytest.param(seed, 60, marks=LONG) for seed in range(2, 7))]
)
NAMES = ("a", "b.txt", "c/d", "c/e f.txt", "c/\u00e4", "g/h/i", "g/h/j#%3F", "k", "g/l")
"""Few enough that renames, swaps and folders that become files meet each other."""
THEIR_NAMES = tuple(f"theirs/{number}" for number in range(6))

EMPTIED = "git config remote.back.pyshare-emptied true"
FOLDER_IN_THE_WAY = "Rename that folder in the store"

OURS = ("add", "edit", "move", "move a folder", "swap", "remove", "mode", "unlock", "file to folder", "folder to file")
THEIRS = ("write", "change", "remove theirs", "move theirs")


class Draw(NamedTuple):
    """One walk: its own random numbers, so that a failure is found again by the seed."""

    random: Random
    repository: Repository

    def tracked(self) -> list[str]:
        """The files of the branch."""
        names = self.repository.git("ls-tree", "-r", "-z", "--name-only", "HEAD").stdout
        return [name for name in names.split("\0") if name]

    def content(self) -> bytes:
        """Of one of a few sizes, so that other content of the same size is met; now and then nothing."""
        return self.random.randbytes(self.random.choice((0, 7, 7, 7, 4000)))

    def fresh(self, taken: list[str]) -> str | None:
        """A name that neither is nor contains nor lies in one that is taken."""
        free = [name for name in NAMES if not any(_clash(name, other) for other in taken)]
        return self.random.choice(free) if free else None


def _clash(name: str, other: str) -> bool:
    return name == other or name.startswith(f"{other}/") or other.startswith(f"{name}/")


def git_tree(repository: Repository) -> dict[str, bytes]:
    """What the branch says that the folder has, name → content."""
    names = repository.git("ls-tree", "-r", "-z", "--name-only", "HEAD").stdout
    return {name: (repository.folder / name).read_bytes() for name in names.split("\0") if name}


def commit(draw: Draw, step: str) -> None:
    """Change the branch as people do, by one commit."""
    names, repository = draw.tracked(), draw.repository
    if step in {"add", "file to folder"} or not names:
        _add(draw, step, names)
    else:
        CHANGES[step](draw, names)
    repository.annex("add", "-q", ".")
    repository.git("commit", "-q", "--allow-empty", "-m", step)


def _add(draw: Draw, step: str, names: list[str]) -> None:
    if step == "file to folder" and names:
        gone = draw.random.choice(names)
        draw.repository.git("rm", "-q", gone)
        _write(draw, f"{gone}/in it")
    elif name := draw.fresh(names):
        _write(draw, name)


def _write(draw: Draw, name: str) -> None:
    path = draw.repository.folder / name
    if path.is_dir():
        shutil.rmtree(path)  # git keeps no empty folders, so nothing in it is the branch's
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(draw.content())


def _edit(draw: Draw, names: list[str]) -> None:
    _write(draw, draw.random.choice(names))


def _move(draw: Draw, names: list[str]) -> None:
    if new := draw.fresh(names):
        (draw.repository.folder / new).parent.mkdir(parents=True, exist_ok=True)
        draw.repository.git("mv", draw.random.choice(names), new)


def _move_folder(draw: Draw, names: list[str]) -> None:
    folders = sorted({name.partition("/")[0] for name in names if "/" in name})
    if folders:
        draw.repository.git("mv", draw.random.choice(folders), f"moved-{draw.random.randrange(1 << 30)}")


def _swap(draw: Draw, names: list[str]) -> None:
    one, two = draw.random.choice(names), draw.random.choice(names)
    if one != two:
        for old, new in ((one, "between"), (two, one), ("between", two)):
            draw.repository.git("mv", old, new)
            (draw.repository.folder / one).parent.mkdir(parents=True, exist_ok=True)
            (draw.repository.folder / two).parent.mkdir(parents=True, exist_ok=True)


def _remove(draw: Draw, names: list[str]) -> None:
    draw.repository.git("rm", "-q", draw.random.choice(names))


def _unlock(draw: Draw, names: list[str]) -> None:
    name = draw.random.choice(names)
    word = "unlock" if (draw.repository.folder / name).is_symlink() else "lock"
    draw.repository.annex(word, "-q", name, check=False)  # a file of git itself is neither


def _mode(draw: Draw, names: list[str]) -> None:
    name = draw.random.choice(names)
    draw.repository.annex("unlock", "-q", name)
    os.chmod(draw.repository.folder / name, 0o755)


def _folder_to_file(draw: Draw, names: list[str]) -> None:
    folders = sorted({name.partition("/")[0] for name in names if "/" in name})
    if folders:
        folder = draw.random.choice(folders)
        draw.repository.git("rm", "-q", "-r", folder)
        _write(draw, folder)


CHANGES: dict[str, Callable[[Draw, list[str]], None]] = {
    "edit": _edit,
    "move": _move,
    "move a folder": _move_folder,
    "swap": _swap,
    "remove": _remove,
    "unlock": _unlock,
    "mode": _mode,
    "folder to file": _folder_to_file,
}


def edit_as_people(draw: Draw, place: SharedPlace, people: People, step: str) -> None:
    """Change the folder as a person without git-annex does."""
    names = sorted(stored_tree(place))
    new = draw.random.choice([name for name in THEIR_NAMES if not any(each.startswith(f"{name}/") for each in names)])
    if step == "write":
        people.write(new, draw.content())
    elif step == "change" and names:
        people.write(draw.random.choice(names), draw.content())
    elif step == "remove theirs" and names:
        people.remove(draw.random.choice(names))
    elif step == "move theirs" and names and new not in names:
        people.move(draw.random.choice(names), new)


@pytest.mark.parametrize("place", ["folder", *(pytest.param(each, marks=LONG) for each in ALWAYS[1:])], indirect=True)
@WALKS
def test_after_commits_exports_and_kills_the_place_shows_the_branch(
    repository: Repository, place: SharedPlace, seed: int, steps: int
) -> None:
    draw = Draw(Random(seed), repository)
    place.initremote(repository, {"exporttree": "yes"})
    repository.add({name: draw.content() for name in NAMES[:4]})
    for _ in range(steps):
        for _ in range(draw.random.randint(1, 3)):
            commit(draw, draw.random.choice(OURS))
        if draw.random.random() < 0.3:
            killed_export(repository, after=draw.random.uniform(0.1, 0.6))
        repository.annex("export", "main", "--to", "store", f"-J{draw.random.choice((1, 8))}")

        assert stored_tree(place) == git_tree(repository)
    repository.annex("fsck", "--from", "store", "--fast")


def _make_way(repository: Repository, place: SharedPlace, people: People) -> None:
    """Do what is said where a folder is in the way: empty ones go, and of others our file gets another name."""
    people.remove_empty_folders()
    stored = stored_tree(place)
    for name in git_tree(repository):
        if any(other.startswith(f"{name}/") for other in stored):
            repository.git("mv", name, f"{name} (ours)")
    repository.git("commit", "-q", "--allow-empty", "-m", "make way")


def _sync(repository: Repository, place: SharedPlace, people: People) -> None:
    """Sync both ways; who reads what else there is to do does so, and syncs again."""
    left = stored_tree(place)
    done = repository.annex("sync", "--content", check=False)
    if FOLDER_IN_THE_WAY in done.stdout + done.stderr:
        _make_way(repository, place, people)
        done = repository.annex("sync", "--content", check=False)
    if EMPTIED in done.stderr:
        assert not left
        repository.git(*EMPTIED.split()[1:])
        done = repository.annex("sync", "--content", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("place", ["folder", pytest.param("apache", marks=LONG)], indirect=True)
@WALKS
def test_after_edits_on_both_sides_and_a_sync_both_have_everything(
    repository: Repository, place: SharedPlace, people: People, seed: int, steps: int
) -> None:
    draw = Draw(Random(seed), repository)
    repository.add({name: draw.content() for name in NAMES[:4]})
    make_both_ways(repository, place)
    for _ in range(steps):
        for _ in range(draw.random.randint(0, 2)):
            commit(draw, draw.random.choice(OURS))
        for _ in range(draw.random.randint(0, 2)):
            edit_as_people(draw, place, people, draw.random.choice(THEIRS))
        _sync(repository, place, people)

        assert stored_tree(place) == git_tree(repository)
