"""A folder that people edit (`importtree=yes`), with the real git-annex on every place."""

import pytest
from support.annex import Repository
from support.folder_people import People
from support.places import SharedPlace

ON_EVERY_PLACE = pytest.mark.parametrize("place", ["folder", "apache", "moto", "dropbox"], indirect=True)

FILES = {
    "top.txt": b"top",
    "a/one.txt": b"one",
    "a/b/two words & more#?.txt": b"two",
    "a/ü/grüße.txt": b"three, and longer",
    "many/f1": b"first",
    "many/f2": b"second",
}


@pytest.fixture
def imported(repository: Repository, place: SharedPlace, people: People) -> Repository:
    """A repository that has imported the files once."""
    people.write_all(FILES)
    place.initremote(repository, {"importtree": "yes"})
    repository.annex("import", "main", "--from", "store")
    repository.git("merge", "-q", "--allow-unrelated-histories", "store/main")
    return repository


def fetched(repository: Repository) -> int:
    """Imports and merges; returns how many files were downloaded."""
    records = repository.json("import", "main", "--from", "store")
    repository.git("merge", "-q", "store/main")
    return sum(record["command"] == "import store" for record in records)


def tree_of(repository: Repository) -> dict[str, bytes]:
    """What the last commit has: name → content."""
    names = repository.git("-c", "core.quotePath=false", "ls-tree", "-r", "-z", "--name-only", "HEAD").stdout
    return {name: (repository.folder / name).read_bytes() for name in names.split("\0") if name}


@ON_EVERY_PLACE
def test_what_people_do_in_the_folder_arrives_in_git_and_only_new_content_is_fetched(
    imported: Repository, people: People
) -> None:
    assert tree_of(imported) == FILES
    assert fetched(imported) == 0

    people.write("a/one.txt", b"ONE")
    people.write("new/file", b"new")
    people.remove("many/f1")
    people.move("a/b/two words & more#?.txt", "moved.txt")
    came = fetched(imported)

    expected = {**FILES, "a/one.txt": b"ONE", "new/file": b"new"}
    del expected["many/f1"]
    expected["moved.txt"] = expected.pop("a/b/two words & more#?.txt")
    assert tree_of(imported) == expected
    assert came == 2
