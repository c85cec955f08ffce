"""A dataset without a Git host goes there and back through every kind of store, with the real git-annex and DataLad."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.annex import Home, Repository, unlock
from support.fakes.nextcloud import FILES, ScriptedCloud
from support.hosted import cloned, content, keep_here, publish, update
from support.marks import LONG
from support.places import SharedPlace
from support.scripted import served

STORES = (
    "folder",
    *(
        pytest.param(name, marks=LONG)
        for name in ("moto", "apache", "dropbox", "rclone", "wsgidav", "rclone_s3", "ceph")
    ),
)


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Git-annex protects its objects."""
    yield
    unlock(tmp_path)


def go_there_and_back(repository: Repository, place: SharedPlace, bob: Home, **settings: str) -> None:
    """Push, push again, clone, get, edit there, push back, and see that at home; then once more for what followed."""
    repository.home.environment.update({**place.environment, **place.login})
    bob.environment.update(place.environment)
    repository.add({"first": b"one", "data/Messung \u00e4.csv": b"1;2\n" * 50})
    url = keep_here(repository, {**place.settings, **settings})
    repository.add({"second": b"two"})
    publish(repository, "store")
    place.log_in(bob)
    clone = cloned(bob, url)
    clone.annex("get", "--quiet")
    assert content(clone) == content(repository)
    clone.add({"answer": b"from Bob"})
    publish(clone, "origin")
    update(repository, "store")
    assert (repository.folder / "answer").read_bytes() == b"from Bob"
    repository.add({"third": b"three"})
    publish(repository, "store")
    update(clone, "origin")
    assert content(clone) == content(repository)


@pytest.mark.parametrize("place", STORES, indirect=True)
def test_a_clone_has_all_writes_back_and_the_owner_sees_it(
    repository: Repository, place: SharedPlace, bob: Home
) -> None:
    go_there_and_back(repository, place, bob)


@pytest.mark.parametrize(
    ("place", "chunk"), [("folder", "300"), pytest.param("moto", "1MiB", marks=LONG)], indirect=["place"]
)
def test_a_store_with_chunks_goes_there_and_back(
    repository: Repository, place: SharedPlace, bob: Home, chunk: str
) -> None:
    go_there_and_back(repository, place, bob, chunk=chunk)


def test_a_nextcloud_goes_there_and_back(repository: Repository, bob: Home) -> None:
    with served(ScriptedCloud()) as cloud:
        url = f"{cloud.url}{FILES}/our share"
        login = {"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": "hunter2"}

        def log_in(home: Home) -> None:
            home.run("pyshare", "login", url, "--user", "bob", "--no-check", cwd=home.folder, input="hunter2\n")

        go_there_and_back(repository, SharedPlace({"url": url}, login, log_in), bob)


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_datalad_publishes_after_the_first_push_of_git_and_others_answer(
    repository: Repository, place: SharedPlace, bob: Home
) -> None:
    repository.add({"first": b"one"})
    url = keep_here(repository, place.settings)
    alice = repository.home
    (repository.folder / "second").write_bytes(b"two")
    alice.run("datalad", "save", "-m", "second", cwd=repository.folder)
    alice.run("datalad", "push", "--to", "store", cwd=repository.folder)
    bob.run("datalad", "clone", url, "clone", cwd=bob.folder)
    clone = Repository(bob, bob.folder / "clone")
    bob.run("datalad", "get", ".", cwd=clone.folder)
    assert content(clone).items() >= {"first": b"one", "second": b"two"}.items()
    (clone.folder / "answer").write_bytes(b"from Bob")
    bob.run("datalad", "save", "-m", "answer", cwd=clone.folder)
    bob.run("datalad", "push", "--to", "origin", cwd=clone.folder)
    alice.run("datalad", "update", "-s", "store", "--how", "merge", cwd=repository.folder)
    alice.run("datalad", "get", "answer", cwd=repository.folder)
    assert (repository.folder / "answer").read_bytes() == b"from Bob"
