"""`pyshare publish`: a part of a dataset under real names in a store, with the real git-annex."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from support.annex import Home, Repository, unlock
from support.at_terminal import type_at_terminal

FILES: Mapping[str, bytes] = {
    "top.txt": b"top",
    "data/one.bin": b"one" * 500,
    "data/deep/two words.txt": b"two",
    "drafts/idea.txt": b"idea",
    "data/left.tmp": b"temporary",
}
PUBLIC = {"top.txt", "data/one.bin", "data/deep/two words.txt", "notes.md"}
"""The files without drafts and temporary ones; `notes.md` is in git itself."""

CHOICE = ("--exclude", "drafts/", "--exclude", "*.tmp")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Files in git and in git-annex, a link, a submodule, and what git and DataLad keep for themselves."""
    home = Home(tmp_path_factory.mktemp("made"), "Alice")
    repository = Repository.create(home, home.folder / "repository")
    repository.add(FILES)
    folder = repository.folder
    (folder / ".datalad").mkdir()
    (folder / ".datalad/config").write_text("[datalad]\n")
    (folder / "data/.gitignore").write_text("*.o\n")
    (folder / "notes.md").write_text("# Notes\n")
    (folder / "elsewhere").symlink_to("/etc/passwd")
    repository.git("-c", "annex.largefiles=nothing", "add", ".")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    repository.git("commit", "-q", "-m", "more")
    yield folder
    unlock(home.folder)


@pytest.fixture
def dataset(made: Path, alice: Home, tmp_path: Path) -> Iterator[Repository]:
    """A copy of that dataset, since making it takes a second."""
    shutil.copytree(made, tmp_path / "alice/repository", symlinks=True)
    yield Repository(alice, tmp_path / "alice/repository")
    unlock(tmp_path)


@pytest.fixture
def people(dataset: Repository, tmp_path: Path) -> Path:
    """The folder of the remote `people`, which holds a tree."""
    dataset.initremote(str(tmp_path / "share"), {"exporttree": "yes"}, name="people")
    return tmp_path / "share"


def publish(repository: Repository, *words: str, code: int = 0) -> CompletedProcess[str]:
    done = repository.home.run("pyshare", "publish", "people", *words, cwd=repository.folder, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def planned(repository: Repository, *words: str, code: int = 0) -> dict[str, Any]:
    """What `--json` prints, which is held against its schema."""
    found: dict[str, Any] = json.loads(publish(repository, "--json", *words, code=code).stdout)
    return found


def tree_in(folder: Path) -> dict[str, bytes]:
    """Path → content of each file in a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def commit(repository: Repository) -> None:
    repository.annex("add", "-q", ".")
    repository.git("commit", "-q", "-a", "-m", "changes")


def test_the_store_has_the_chosen_files_and_nothing_of_git(dataset: Repository, people: Path) -> None:
    status = dataset.git("status", "--short").stdout
    told = planned(dataset, *CHOICE, "--dry-run")
    assert {each["file"] for each in told["send"]} == PUBLIC
    assert told["bytes"] == 3 + 1500 + 3 + 8
    assert not told["published"]
    assert {each["file"]: each["why"] for each in told["left_out"]} == {
        ".datalad/config": "hidden",
        "data/.gitignore": "hidden",
        "drafts/idea.txt": "excluded",
        "data/left.tmp": "excluded",
        "sub": "submodule",
        "elsewhere": "link",
    }
    assert tree_in(people) == {}
    assert "pyshare-publish" not in dataset.git("config", "--list").stdout
    index = (dataset.folder / ".git/index").read_bytes()
    assert planned(dataset, *CHOICE)["published"]
    assert set(tree_in(people)) == PUBLIC
    assert tree_in(people)["notes.md"] == b"# Notes\n"
    assert dataset.git("status", "--short").stdout == status
    assert (dataset.folder / ".git/index").read_bytes() == index


def test_the_choice_is_kept_in_this_clone_and_taken_back_by_empty_words(dataset: Repository, people: Path) -> None:
    publish(dataset, *CHOICE, "--prefix", "./data/")
    assert set(tree_in(people)) == {"one.bin", "deep/two words.txt"}
    told = publish(dataset, "--dry-run").stdout
    assert "With --exclude=drafts/ '--exclude=*.tmp' --prefix=data" in told
    assert ["unchanged", "2"] in [line.split() for line in told.splitlines()]
    publish(dataset, "--exclude", "", "--prefix", "", "--yes")
    assert set(tree_in(people)) == PUBLIC | {"drafts/idea.txt", "data/left.tmp"}
    assert "pyshare-publish" not in dataset.git("config", "--list").stdout


def test_what_the_plan_says_is_what_happens(dataset: Repository, people: Path) -> None:
    publish(dataset, *CHOICE)
    folder = dataset.folder
    dataset.git("mv", "data/one.bin", "one.bin")
    dataset.git("rm", "-q", "data/deep/two words.txt")
    (folder / "top.txt").unlink()
    (folder / "top.txt").write_bytes(b"another")
    (folder / "new.txt").write_bytes(b"new")
    commit(dataset)
    told = planned(dataset, "--dry-run")
    assert told["rename"] == [{"from": "data/one.bin", "to": "one.bin"}]
    assert told["delete"] == ["data/deep/two words.txt"]
    assert {each["file"]: each["change"] for each in told["send"]} == {"top.txt": "changed", "new.txt": "new"}
    shown = publish(dataset, "--yes").stdout
    assert "renamed from data/one.bin" in shown
    assert set(tree_in(people)) == {"one.bin", "top.txt", "new.txt", "notes.md"}
    assert tree_in(people)["top.txt"] == b"another"
    assert planned(dataset, "--dry-run")["unchanged"] == 4


def test_another_version_is_published_by_its_name(dataset: Repository, people: Path) -> None:
    dataset.git("tag", "v1")
    dataset.git("rm", "-q", "-r", "data")
    dataset.git("commit", "-q", "-m", "without data")
    publish(dataset, "v1", "--prefix", "data")
    assert "one.bin" in tree_in(people)
    assert len(planned(dataset, "v1:data", "--prefix", "", "--dry-run")["send"]) == 0
    assert "no folder data" in publish(dataset, "--prefix", "data", code=2).stderr
    assert "is a file" in publish(dataset, "--prefix", "notes.md", code=2).stderr
    assert "no folder inside" in publish(dataset, "--prefix", "../x", code=2).stderr
    assert "knows no version v2" in publish(dataset, "v2", code=2).stderr
    assert "begins with a dash" in publish(dataset, "--", "--help", code=2).stderr
    assert "nothing to publish" in publish(dataset, "v1", "--exclude", "*", code=2).stderr


def test_nothing_is_deleted_before_a_person_agrees(dataset: Repository, people: Path) -> None:
    publish(dataset)
    told = publish(dataset, "--exclude", "drafts/", code=2).stderr
    assert "1 file would be deleted in people" in told
    assert "drafts/idea.txt" in tree_in(people)
    dataset.home.run("sh", "-c", told.strip().partition("ype: ")[2], cwd=dataset.folder)
    assert set(tree_in(people)) == PUBLIC | {"data/left.tmp"}

    words = ("pyshare", "publish", "people", *CHOICE)
    question = "Delete 1 file in people?"
    said = type_at_terminal(dataset.home, words, dataset.folder, [(question, "n")])
    assert said.code == 2
    assert "nothing was sent or deleted" in said.text
    assert "data/left.tmp" in tree_in(people)
    line = said.text.partition("ype: ")[2].strip()
    assert "deleted" in dataset.home.run("sh", "-c", line, cwd=dataset.folder).stdout
    assert type_at_terminal(dataset.home, words, dataset.folder, [(question, "y")]).code == 0
    assert set(tree_in(people)) == PUBLIC


def test_what_this_clone_lacks_is_told_before_and_the_printed_commands_bring_it(
    dataset: Repository, people: Path, tmp_path: Path
) -> None:
    dataset.initremote(str(tmp_path / "backup"), name="backup")
    dataset.annex("copy", "-q", "--to", "backup", "--all")
    dataset.annex("drop", "-q", "data/one.bin")
    dataset.git("tag", "v1")
    dataset.git("rm", "-q", "data/one.bin")
    dataset.git("commit", "-q", "-m", "without it")
    told = publish(dataset, "v1", code=1)
    assert "lacks 1 file" in told.stderr
    assert "data/one.bin: not available" in told.stderr
    get = told.stderr.partition("ype: ")[2].split("\n")[0]
    again = told.stdout.partition("ype: ")[2].split("\n")[0]
    plan = planned(dataset, "v1", "--dry-run")
    assert plan["send"] == [{"file": "data/one.bin", "change": "again", "size": 1500}]
    assert plan["lacking"] == ["data/one.bin"]
    dataset.git("reset", "-q", "--hard", "v1")
    here = dataset.home.run("pyshare", "publish", "people", "--dry-run", cwd=dataset.folder / "data").stderr
    assert here.partition("ype: ")[2].strip() == "git annex get -- one.bin"
    dataset.home.run("sh", "-c", f"{get} && {again}", cwd=dataset.folder)
    assert "data/one.bin" in tree_in(people)


def test_a_remote_that_holds_objects_is_refused_and_the_printed_command_makes_another_one(
    dataset: Repository, tmp_path: Path
) -> None:
    dataset.initremote(str(tmp_path / "objects"), name="people")
    told = publish(dataset, code=2).stderr
    _, _, line = told.strip().partition("ype: ")
    dataset.home.run("sh", "-c", line, cwd=dataset.folder)
    dataset.home.run("pyshare", "publish", "people-files", *CHOICE, cwd=dataset.folder)
    assert set(tree_in(tmp_path / "objects-files")) == PUBLIC


def test_a_folder_whose_changes_are_imported_is_refused(dataset: Repository, people: Path) -> None:
    same = ("--sameas=people", "type=external", "externaltype=pyshare", f"url={people}", "importtree=yes")
    dataset.annex("initremote", "back", *same, "exporttree=no")
    told = publish(dataset, code=2).stderr
    assert "importtree=yes" in told
    dataset.home.run("sh", "-c", told.strip().partition("everything: ")[2], cwd=dataset.folder)
    assert "drafts/idea.txt" in tree_in(people)


def test_what_else_git_annex_sends_or_not_is_said_and_the_printed_command_stops_it(
    dataset: Repository, people: Path
) -> None:
    dataset.git("config", "remote.people.annex-tracking-branch", "main")
    dataset.annex("push", "people")
    assert "drafts/idea.txt" in tree_in(people)
    dataset.annex("wanted", "people", "exclude=*.bin")
    told = publish(dataset, *CHOICE, "--yes")
    assert "preferred content of people: exclude=*.bin" in told.stderr
    assert set(tree_in(people)) == PUBLIC - {"data/one.bin"}
    line = told.stderr.partition("stop that: ")[2].split("\n")[0]
    dataset.home.run("sh", "-c", line, cwd=dataset.folder)
    dataset.annex("push", "people", check=False)
    assert set(tree_in(people)) == PUBLIC - {"data/one.bin"}
    assert "annex push" not in publish(dataset, "--dry-run").stderr


def test_a_page_for_visitors_is_published_with_the_files_and_not_committed(dataset: Repository, people: Path) -> None:
    dataset.git("remote", "add", "hub", "https://user:secret@git.example.org/alice/data.git")
    publish(dataset, *CHOICE, "--page")
    found = tree_in(people)
    assert set(found) == PUBLIC | {"index.html", "HOWTO-GET.txt"}
    page = found["index.html"].decode()
    assert 'href="./data/deep/two%20words.txt"' in page
    assert "idea.txt" not in page
    for text in (page, found["HOWTO-GET.txt"].decode()):
        assert "pyshare accept https://git.example.org/alice/data.git" in text
        assert "secret" not in text
    assert dataset.git("status", "--short", "--", "index.html").stdout == ""
    assert planned(dataset, "--dry-run")["unchanged"] == len(found)
    (dataset.folder / "Index.html").write_text("my own")
    commit(dataset)
    told = publish(dataset, code=2).stderr
    assert "a file Index.html of its own" in told
    publish(dataset, "--no-page", "--yes")
    assert set(tree_in(people)) == PUBLIC | {"Index.html"}


def test_files_of_others_in_the_store_are_not_replaced_unasked(dataset: Repository, people: Path) -> None:
    (people / "data").mkdir(parents=True)
    (people / "data/one.bin").write_bytes(b"a stranger's")
    (people / "other.txt").write_bytes(b"other")
    told = publish(dataset, *CHOICE, code=2).stderr
    assert "data/one.bin" in told
    assert "other.txt" not in told
    assert tree_in(people)["data/one.bin"] == b"a stranger's"
    line = told.strip().partition("ype: ")[2]
    dataset.home.run("sh", "-c", line, cwd=dataset.folder)
    assert tree_in(people)["data/one.bin"] == FILES["data/one.bin"]
    assert tree_in(people)["other.txt"] == b"other"


HOSTILE = ("-rf", "--help", "a\x1b[31mred", "line\nbreak", "$(touch x)", "sp ace", "\u202ecod.exe", "a\udcff.bin")


def test_hostile_names_are_shown_escaped_and_sent_as_they_are(dataset: Repository, people: Path) -> None:
    for name in HOSTILE:
        path = os.fsencode(str(dataset.folder / "odd" / name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(os.fsencode(name))
    dataset.git("-c", "annex.largefiles=nothing", "add", "odd")
    dataset.git("commit", "-q", "-m", "odd")
    done = publish(dataset, "--prefix", "odd", code=1)
    for character in ("\x1b", "\u202e", "\udcff"):
        assert character not in done.stdout + done.stderr
    assert set(tree_in(people)) == {*HOSTILE} - {"line\nbreak"}
    told = planned(dataset, "--dry-run")
    assert [(each["file"], each["why"]) for each in told["left_out"]] == [("line\nbreak", "refused")]
    line = done.stdout.partition("ype: ")[2].split("\n")[0]
    dataset.home.run("sh", "-c", line, cwd=dataset.folder)
    assert not (dataset.folder / "x").exists()
