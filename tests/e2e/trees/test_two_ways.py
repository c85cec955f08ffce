"""A folder that people and git both change: an export and an import of one store, tied by `--sameas`."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.annex import Repository
from support.at_terminal import typing
from support.folder_people import People
from support.marks import LONG
from support.paused_import import Pause
from support.places import SharedPlace
from support.sharing import type_all
from support.two_ways import guide_blocks, make_both_ways

IN_A_FOLDER = pytest.mark.parametrize("place", ["folder"], indirect=True)
ON_SOME_PLACES = pytest.mark.parametrize(
    "place", ["folder", *(pytest.param(each, marks=LONG) for each in ("apache", "nginx", "sabre"))], indirect=True
)

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


@pytest.mark.parametrize(
    "place", ["folder", *(pytest.param(each, marks=LONG) for each in ("apache", "sabre"))], indirect=True
)
def test_an_empty_folder_that_people_left_gives_way_to_a_file_of_its_name(
    both_ways: Repository, place: SharedPlace, people: People
) -> None:
    """On nginx it does not: its list does not show all that the removal of a folder would remove."""
    people.move(TABLE, "table.csv")
    both_ways.annex("sync", "--content")
    both_ways.add({"data": b"no folder any more"})

    both_ways.annex("sync", "--content")

    expected = {PAPER: b"first words", "table.csv": b"1,2,3", "old notes.txt": b"their old notes"}
    expected["data"] = b"no folder any more"
    assert _tree_of(both_ways) == dict(place.stored()) == expected


@pytest.mark.parametrize("place", ["dropbox"], indirect=True)
def test_the_first_sync_makes_a_folder_that_is_not_there_yet(repository: Repository, place: SharedPlace) -> None:
    repository.add({PAPER: b"first words"})

    make_both_ways(repository, place)

    assert dict(place.stored()) == {PAPER: b"first words"}


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


@pytest.mark.parametrize(
    "place",
    ["folder", *(pytest.param(each, marks=LONG) for each in ("apache", "moto", "dropbox"))],
    indirect=True,
)
def test_one_command_makes_a_folder_that_people_edit_and_says_what_to_type_daily(
    repository: Repository, place: SharedPlace, people: People
) -> None:
    people.write("old notes.txt", b"their old notes")
    repository.add({PAPER: b"first words"})
    repository.home.environment.update({**place.environment, **place.login})
    words = [f"{name}={value}" for name, value in place.settings.items() if name != "url"]
    first = [place.settings["url"], *(word for each in words for word in ("--set", each))]

    told = _init(repository, "lab", *first)

    assert told["remotes"] == ["lab", "lab-back"]
    assert told["next"] == ["git annex sync --content"]
    type_all(repository.home, told["next"], repository.folder)
    expected = {PAPER: b"first words", "old notes.txt": b"their old notes"}
    assert _tree_of(repository) == dict(place.stored()) == expected
    people.write(PAPER, b"their words")
    type_all(repository.home, told["next"], repository.folder)
    assert _tree_of(repository) == expected | {PAPER: b"their words"}
    before = repository.git("config", "--local", "--list").stdout
    for again in ([], first):
        assert _init(repository, "lab", *again) == {**told, "commands": []}
    assert _init(repository, "", *first)["name"] == "lab"
    assert repository.git("config", "--local", "--list").stdout == before


def _init(repository: Repository, *words: str) -> dict[str, Any]:
    done = repository.home.run("pyshare", "init", *words, "--two-way", "--yes", "--json", cwd=repository.folder)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@IN_A_FOLDER
def test_at_a_terminal_the_names_of_both_remotes_are_shown(
    repository: Repository, place: SharedPlace, people: People
) -> None:
    repository.add({PAPER: b"first words"})
    words = ["pyshare", "init", "lab", place.settings["url"], "--two-way", "--history", "none"]
    with typing(repository.home, words, repository.folder) as terminal:
        terminal.waits_for("git annex initremote lab-back --sameas=lab")
        terminal.answer("Go? [Y/n]:")
        assert terminal.end() == 0, terminal.shown
    assert "lab sends your commits to the folder, and lab-back brings back what people change there." in terminal.shown
    assert "Next, type: git annex sync --content" in terminal.shown
    type_all(repository.home, ["git annex sync --content"], repository.folder)
    assert place.stored() == {PAPER: b"first words"}


@IN_A_FOLDER
def test_in_another_clone_the_same_command_ties_both_remotes_to_the_branch(
    repository: Repository, place: SharedPlace, people: People
) -> None:
    repository.add({PAPER: b"first words"})
    type_all(repository.home, _init(repository, "lab", place.settings["url"])["next"], repository.folder)
    clone = Repository(repository.home, repository.folder.parent / "clone")
    repository.home.run("git", "clone", "-q", str(repository.folder), str(clone.folder), cwd=repository.folder)
    clone.annex("init", "-q")
    done = _refused(clone)
    for name in ("lab", "lab-back"):
        assert f"{name} is not" in done, done
        type_all(clone.home, _accepting(clone, name), clone.folder)
        done = _refused(clone)
    people.write(PAPER, b"their words")

    told = json.loads(done)
    sync, invite = told["next"]
    type_all(clone.home, [sync], clone.folder)

    assert invite == "pyshare invite lab"
    assert [line.split()[1] for line in told["commands"]] == ["config", "config", "update-ref", "symbolic-ref"]
    assert _tree_of(clone) == place.stored() == {PAPER: b"their words"}


def _refused(clone: Repository) -> str:
    words = ("lab", "--two-way", "--yes", "--json")
    return clone.home.run("pyshare", "init", *words, cwd=clone.folder, check=False).stdout


def _accepting(clone: Repository, name: str) -> list[str]:
    """What a user of another clone types to use a remote, whose address git-annex shows first."""
    clone.annex("enableremote", name)
    shown = clone.annex("verifyremote", name).stdout
    return re.findall(rf"git-annex verifyremote {name} --safe \d+", shown)


@IN_A_FOLDER
def test_what_cannot_be_a_folder_that_people_edit_is_refused_before_anything_is_made(
    repository: Repository, place: SharedPlace, people: People
) -> None:
    url = place.settings["url"]
    repository.add({PAPER: b"first words"})
    repository.annex("initremote", "keys", "type=external", "externaltype=pyshare", "encryption=none", f"url={url}-2")
    before = repository.git("config", "--local", "--list").stdout
    for words, reason in (
        (("lab", url, "--set", "encryption=shared"), "encryption=shared and --two-way exclude each other"),
        (("lab", url, "--set", "exporttree=no"), "--two-way sets exporttree and importtree itself"),
        (("lab", url, "--history", "same"), "--two-way and --history same exclude each other"),
        (("keys",), "keys keeps files by their content and not by their names"),
    ):
        done = repository.home.run("pyshare", "init", *words, "--two-way", "--yes", cwd=repository.folder, check=False)
        assert done.returncode == 2
        assert reason in " ".join(done.stderr.split())
    assert repository.git("config", "--local", "--list").stdout == before
