"""A tree that people read (`exporttree=yes`), with the real git-annex on every place."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.annex import Repository
from support.marks import ALWAYS, LONG, OTHERS, SOME_PLACES
from support.places import SharedPlace
from support.trees import stored_tree

ON_EVERY_PLACE = pytest.mark.parametrize("place", SOME_PLACES, indirect=True)
UNLIKE_APACHE = ("nginx",)
"""A WebDAV server that refuses, lists and renames in other ways."""

WITH_JOBS = pytest.mark.parametrize(
    ("place", "jobs"),
    [
        *((place, "-J8") for place in (*ALWAYS, *UNLIKE_APACHE)),
        *(pytest.param(place, "-J8", marks=LONG) for place in OTHERS if place not in UNLIKE_APACHE),
        ("folder", "-J1"),
        pytest.param("apache", "-J1", marks=LONG),
    ],
    indirect=["place"],
)
"""One job at a time takes long, and differs little from one place to the other."""

FILES: Mapping[str, bytes] = {
    "top.txt": b"top",
    "a/one.txt": b"one",
    "a/b/c/deep.bin": bytes(range(256)) * 40,
    "a/b/two words & more#%41+.txt": b"two",
    "a/ü/empty": b"",
    "a/page.html": b"<html><body>a page of its own</body></html>",
    **{f"many/f{number}": b"%d" % number * 7 for number in range(12)},
}


@pytest.fixture
def shared(repository: Repository, place: SharedPlace) -> Repository:
    """A repository with the files, and the remote `store` for its tree."""
    repository.add(FILES)
    (repository.folder / "in-git.sh").write_text("#!/bin/sh\n")
    (repository.folder / "in-git.sh").chmod(0o755)
    repository.git("add", "in-git.sh")
    repository.git("commit", "-q", "-m", "a script")
    place.initremote(repository, {"exporttree": "yes"})
    return repository


def _exported(repository: Repository, jobs: str) -> None:
    repository.annex("export", "HEAD", "--to", "store", jobs)


def _tree_of(repository: Repository) -> dict[str, bytes]:
    """What the last commit has: name → content."""
    names = repository.git("-c", "core.quotePath=false", "ls-tree", "-r", "-z", "--name-only", "HEAD").stdout
    return {name: (repository.folder / name).read_bytes() for name in names.split("\0") if name}


def _change(repository: Repository) -> None:
    """All that people do to files, in one commit."""
    folder = repository.folder
    repository.git("mv", "many", "moved")
    repository.git("mv", "top.txt", "swap")
    repository.git("mv", "a/one.txt", "top.txt")
    repository.git("mv", "swap", "a/one.txt")
    repository.git("rm", "-q", "a/b/c/deep.bin")
    repository.annex("unlock", "a/ü/empty")
    (folder / "moved/f3").unlink()
    (folder / "moved/f3").write_bytes(b"another text, and longer")
    (folder / "moved/f4").unlink()
    (folder / "moved/f4/inner").parent.mkdir()
    (folder / "moved/f4/inner").write_bytes(b"a file became a folder")
    repository.annex("add", "-q", ".")
    repository.git("commit", "-q", "-a", "-m", "changes")


@WITH_JOBS
def test_the_store_is_the_tree_after_each_export(shared: Repository, place: SharedPlace, jobs: str) -> None:
    _exported(shared, jobs)
    assert stored_tree(place) == _tree_of(shared)

    _change(shared)
    _exported(shared, jobs)

    assert stored_tree(place) == _tree_of(shared)
    shared.annex("fsck", "--fast", "--from", "store", jobs)


@ON_EVERY_PLACE
def test_what_only_the_store_has_is_renamed_there_and_comes_back(shared: Repository, place: SharedPlace) -> None:
    before = _tree_of(shared)
    _exported(shared, "-J8")
    shared.annex("drop", "--force", "many", "a")
    shared.git("mv", "many", "moved")
    shared.git("commit", "-q", "-m", "a folder is renamed")

    _exported(shared, "-J8")
    shared.annex("get", ".")

    renamed = {name.replace("many/", "moved/"): content for name, content in before.items()}
    assert _tree_of(shared) == renamed
    assert stored_tree(place) == renamed


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_where_a_rename_fails_the_file_is_kept_and_what_is_printed_renames_it(
    shared: Repository, place: SharedPlace
) -> None:
    _exported(shared, "-J1")
    shared.annex("drop", "--force", "many/f1")
    shared.git("mv", "many/f1", "kept.txt")
    shared.git("commit", "-q", "-m", "renamed")
    failed = _failing_to_rename(shared, place, "kept.txt", "-J1")
    assert "many/f1 was not renamed, so it is kept" in failed.stdout + failed.stderr
    (printed,) = (line for line in (failed.stdout + failed.stderr).splitlines() if "Export again: " in line)

    shared.home.run("sh", "-e", "-c", printed.partition("Export again: ")[2], cwd=shared.folder)

    shared.annex("get", "kept.txt")
    assert stored_tree(place) == _tree_of(shared)


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_where_a_rename_fails_no_new_file_is_stored_over_the_old_one(shared: Repository, place: SharedPlace) -> None:
    _exported(shared, "-J4")
    shared.annex("drop", "--force", "many/f1")
    shared.git("mv", "many/f1", "renamed.txt")  # git-annex asks for it after it has sent the new file
    shared.add({"many/f1": b"a new", "many/f1b": b"another new one"})

    failed = _failing_to_rename(shared, place, "renamed.txt", "-J1")

    assert "many/f1 still has other content" in failed.stdout + failed.stderr
    assert stored_tree(place)["renamed.txt"] == FILES["many/f1"]
    assert stored_tree(place)["many/f1b"] == b"another new one"
    _exported(shared, "-J1")
    shared.annex("get", "renamed.txt")
    assert stored_tree(place) == _tree_of(shared)


def _failing_to_rename(
    repository: Repository, place: SharedPlace, name: str, jobs: str
) -> subprocess.CompletedProcess[str]:
    """Export while a folder has the name that git-annex gives to the file between its old and its new name."""
    in_the_way = Path(place.settings["url"]) / f".git-annex-tmp-content-{repository.key(name)}" / "a file"
    in_the_way.parent.mkdir()
    in_the_way.touch()
    failed = repository.annex("export", "HEAD", "--to", "store", jobs, check=False)
    in_the_way.unlink()
    in_the_way.parent.rmdir()
    assert failed.returncode == 1
    return failed
