"""A folder that people and git both change: an export and an import of one store, tied by `--sameas`."""

import pytest
from support.annex import Repository
from support.folder_people import People
from support.places import SharedPlace

ON_SOME_PLACES = pytest.mark.parametrize("place", ["folder", "apache"], indirect=True)


@pytest.fixture
def both_ways(repository: Repository, place: SharedPlace) -> Repository:
    """A repository with two remotes of one folder, exported once."""
    repository.add({"paper.txt": b"first words", "data/table.csv": b"1,2,3"})
    repository.home.environment.update({**place.environment, **place.login})
    url = f"url={place.settings['url']}"
    ours = ("type=external", "externaltype=pyshare")
    repository.annex("initremote", "out", *ours, "encryption=none", url, "exporttree=yes")
    repository.annex("initremote", "back", "--sameas=out", *ours, url, "importtree=yes", "exporttree=no")
    for name in ("out", "back"):
        repository.git("config", f"remote.{name}.annex-tracking-branch", "main")
    _synced(repository)
    return repository


def _synced(repository: Repository) -> None:
    """Twice: an import takes what the last export has sent for the common base of both sides' later changes."""
    repository.annex("sync", "--content")
    repository.annex("sync", "--content")


@ON_SOME_PLACES
def test_both_sides_edit_and_both_have_everything_after_one_sync(
    both_ways: Repository, place: SharedPlace, people: People
) -> None:
    people.write("paper.txt", b"their words")
    people.write("notes/new.txt", b"their notes")
    people.remove("data/table.csv")
    both_ways.add({"mine.txt": b"my file"})

    _synced(both_ways)

    expected = {"paper.txt": b"their words", "notes/new.txt": b"their notes", "mine.txt": b"my file"}
    assert _tree_of(both_ways) == expected
    assert dict(place.stored()) == expected

    both_ways.git("rm", "-q", "mine.txt")
    both_ways.git("commit", "-q", "-m", "mine is gone")
    people.write("paper.txt", b"their second words")
    _synced(both_ways)

    expected["paper.txt"] = b"their second words"
    del expected["mine.txt"]
    assert _tree_of(both_ways) == expected
    assert dict(place.stored()) == expected


def _tree_of(repository: Repository) -> dict[str, bytes]:
    names = repository.git("ls-tree", "-r", "-z", "--name-only", "HEAD").stdout
    return {name: (repository.folder / name).read_bytes() for name in names.split("\0") if name}
