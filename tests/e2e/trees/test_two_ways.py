"""A folder that people and git both change: an export and an import of one store, tied by `--sameas`."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.annex import Repository
from support.folder_people import People
from support.marks import LONG
from support.paused_import import Pause
from support.places import SharedPlace
from support.sharing import type_all
from support.two_ways import guide_blocks, make_both_ways

IN_A_FOLDER = pytest.mark.parametrize("place", ["folder"], indirect=True)
ON_SOME_PLACES = pytest.mark.parametrize("place", ["folder", pytest.param("apache", marks=LONG)], indirect=True)

PAPER, TABLE = "paper.txt", "data/table.csv"


@pytest.fixture
def both_ways(repository: Repository, place: SharedPlace, people: People) -> Repository:
    """A repository and a folder, each with files of its own, after the commands of docs/guide/folder-people-edit.md."""
    people.write("old notes.txt", b"their old notes")
    repository.add({PAPER: b"first words", TABLE: b"1,2,3"})
    make_both_ways(repository, place)
    return repository


@IN_A_FOLDER
def test_who_only_imports_types_three_lines(repository: Repository, place: SharedPlace, people: People) -> None:
    people.write("old notes.txt", b"their old notes")
    repository.add({PAPER: b"mine"})
    repository.home.environment.update({**place.environment, **place.login})

    type_all(repository.home, guide_blocks(place)[0], repository.folder)

    assert _tree_of(repository) == {PAPER: b"mine", "old notes.txt": b"their old notes"}


@ON_SOME_PLACES
def test_both_sides_edit_and_both_have_everything_after_each_sync(
    both_ways: Repository, place: SharedPlace, people: People
) -> None:
    expected = {PAPER: b"first words", TABLE: b"1,2,3", "old notes.txt": b"their old notes"}
    assert _tree_of(both_ways) == dict(place.stored()) == expected

    people.write(PAPER, b"their words")
    people.write("notes/new.txt", b"their notes")
    people.remove(TABLE)
    both_ways.add({"mine.txt": b"my file"})
    both_ways.annex("sync", "--content")

    expected |= {PAPER: b"their words", "notes/new.txt": b"their notes", "mine.txt": b"my file"}
    del expected[TABLE]
    assert _tree_of(both_ways) == dict(place.stored()) == expected

    _change(both_ways, PAPER, b"our words after theirs")
    both_ways.annex("sync", "--content")
    people.write(PAPER, b"their words after ours")
    both_ways.git("rm", "-q", "mine.txt")
    both_ways.git("commit", "-q", "-m", "mine is gone")
    both_ways.annex("sync", "--content")

    expected[PAPER] = b"their words after ours"
    del expected["mine.txt"]
    assert _tree_of(both_ways) == dict(place.stored()) == expected


def _change(repository: Repository, name: str, content: bytes) -> None:
    (repository.folder / name).unlink()
    repository.add({name: content})


def _tree_of(repository: Repository) -> dict[str, bytes]:
    names = repository.git("ls-tree", "-r", "-z", "--name-only", "HEAD").stdout
    return {name: (repository.folder / name).read_bytes() for name in names.split("\0") if name}


@ON_SOME_PLACES
def test_what_no_import_has_seen_is_kept_by_an_export_that_replaces_adds_or_moves_it(
    both_ways: Repository, place: SharedPlace, people: People
) -> None:
    theirs = {PAPER: b"their words", "new.txt": b"theirs", TABLE: b"their table"}
    people.write_all(theirs)
    _change(both_ways, PAPER, b"our words")
    both_ways.add({"new.txt": b"ours, as long"})
    both_ways.git("mv", TABLE, "table.csv")
    both_ways.git("commit", "-q", "-m", "a table is moved")

    done = both_ways.annex("export", "main", "--to", "out", check=False)

    assert done.returncode == 1
    assert dict(place.stored()).items() >= theirs.items()
    for name in theirs:
        assert f"{name} was changed in the store since this clone imported it" in done.stdout + done.stderr


@IN_A_FOLDER
def test_what_came_with_an_import_that_failed_is_kept_by_an_export(
    both_ways: Repository, place: SharedPlace, people: People
) -> None:
    pause = Pause(both_ways.home)
    people.write_all({PAPER: b"their words", "soon gone.txt": b"x"})
    with ThreadPoolExecutor(1) as elsewhere:
        running = elsewhere.submit(both_ways.annex, "import", "main", "--from", "back", check=False)
        pause.wait()
        people.remove("soon gone.txt")
        pause.go_on()
        assert running.result().returncode == 1
    _change(both_ways, PAPER, b"our words")

    done = both_ways.annex("export", "main", "--to", "out", check=False)

    assert done.returncode == 1
    assert dict(place.stored())[PAPER] == b"their words"


@IN_A_FOLDER
def test_the_command_that_the_refusal_prints_takes_the_edit_and_sends_ours(
    both_ways: Repository, place: SharedPlace, people: People
) -> None:
    people.write(PAPER, b"their words")
    _change(both_ways, PAPER, b"our words")
    done = both_ways.annex("export", "main", "--to", "out", check=False)
    (typed,) = set(re.findall(r"first, type: (git annex .*?), or", done.stdout + done.stderr))

    both_ways.home.run("sh", "-c", typed, cwd=both_ways.folder)

    after = _tree_of(both_ways)
    assert {b"their words", b"our words"} <= set(after.values())
    assert dict(place.stored()) == after


@IN_A_FOLDER
def test_who_wants_to_overwrite_types_the_other_command(
    both_ways: Repository, place: SharedPlace, people: People
) -> None:
    people.write(PAPER, b"their words")
    _change(both_ways, PAPER, b"our words")
    done = both_ways.annex("export", "main", "--to", "out", check=False)
    (typed,) = set(re.findall(r"from now on: (git config .*)", done.stdout + done.stderr))
    both_ways.home.run("sh", "-c", typed, cwd=both_ways.folder)

    both_ways.annex("export", "main", "--to", "out")

    assert place.stored()[PAPER] == b"our words"
