"""A folder that people read keeps the history, too: friends clone the dataset from there, with the real git-annex."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.annex import Home, Repository, unlock
from support.hosted import address, cloned, content, update
from support.marks import LONG
from support.places import SharedPlace

STORES = (
    "apache",
    *(
        pytest.param(name, marks=LONG)
        for name in ("folder", "moto", "dropbox", "rclone", "wsgidav", "rclone_s3", "ceph")
    ),
)


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Git-annex protects its objects."""
    yield
    unlock(tmp_path)


def send(repository: Repository, remote: str) -> None:
    """Export the files, then push the history, as docs/guide/without-github.md says."""
    repository.annex("export", "main", "--to", remote)
    repository.git("push", "-q", remote, "main", "git-annex")


def files_of(place: SharedPlace) -> dict[str, bytes]:
    """What people see; not what git-annex keeps below `.git`."""
    return {name: text for name, text in place.stored().items() if not name.startswith(".git/")}


@pytest.mark.parametrize("place", STORES, indirect=True)
def test_a_clone_of_a_tree_has_all_sends_back_and_the_owner_sees_it(
    repository: Repository, place: SharedPlace, bob: Home
) -> None:
    repository.home.environment.update({**place.environment, **place.login})
    bob.environment.update(place.environment)
    repository.add({"first": b"one", "data/Messung \u00e4.csv": b"1;2\n" * 50})
    settings = {"type": "external", "externaltype": "pyshare", "encryption": "none", "exporttree": "yes"}
    words = [f"{name}={value}" for name, value in {**settings, **place.settings}.items()]
    repository.annex("initremote", "store", "--with-url", *words)
    send(repository, "store")
    repository.git("mv", "first", "1st")
    repository.add({"second": b"two"})
    send(repository, "store")
    assert files_of(place) == content(repository)

    place.log_in(bob)
    clone = cloned(bob, address(repository))
    clone.annex("get", "--quiet")
    assert content(clone) == content(repository)
    clone.add({"answer": b"from Bob"})
    send(clone, "origin")
    update(repository, "store")
    assert content(repository) == content(clone) == files_of(place)
