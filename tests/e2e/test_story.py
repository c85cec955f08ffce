"""What the project exists for: Alice publishes a dataset, Bob clones it and gets the data."""

from pathlib import Path

import pytest
from support.annex import Home, unlock
from support.marks import LONG, OTHERS
from support.places import SharedPlace

FILES = {
    "books/TLCL.pdf": b"%PDF-1.4 The Linux Command Line\n" * 4000,
    "books/bash guide.pdf": b"%PDF-1.4 a blank in the name\n",
    "data/Messung_ä.csv": "größe;1\n".encode() * 100,
    "data/EMPTY.DAT": b"",
}
WITHHELD = {"private/answers.txt": b"42\n" * 50}
TOLD_ON = ("apache", *(pytest.param(place, marks=LONG) for place in ("folder", "moto", "dropbox", *OTHERS)))
INITREMOTE = ("git", "annex", "initremote", "for-friends", "type=external", "externaltype=pyshare")


@pytest.fixture
def published(alice: Home, place: SharedPlace, tmp_path: Path) -> Path:
    """Where Bob clones from; made by the commands of the README."""
    github, dataset = tmp_path / "github.git", tmp_path / "alice" / "DataLad-101"
    alice.environment.update(place.environment)
    alice.run("datalad", "create", "DataLad-101", cwd=dataset.parent)
    for name, content in {**FILES, **WITHHELD}.items():
        (dataset / name).parent.mkdir(exist_ok=True)
        (dataset / name).write_bytes(content)
    alice.run("datalad", "save", "-m", "books and data", cwd=dataset)
    settings = [f"{name}={value}" for name, value in place.settings.items()]
    alice.run(*INITREMOTE, *settings, "encryption=none", "autoenable=true", cwd=dataset, login=place.login)
    alice.run("git", "annex", "wanted", "for-friends", "exclude=private/*", cwd=dataset)
    alice.run("git", "init", "-q", "--bare", str(github), cwd=tmp_path)
    alice.run(
        *("datalad", "siblings", "add", "-s", "github", "--url", str(github), "--publish-depends", "for-friends"),
        cwd=dataset,
    )
    alice.run("datalad", "push", "--to", "github", cwd=dataset)
    return github


@pytest.mark.parametrize("place", TOLD_ON, indirect=True)
def test_a_friend_clones_and_gets_and_pushes_back_after_verifying_the_remote(
    published: Path, place: SharedPlace, bob: Home, alice: Home, tmp_path: Path
) -> None:
    place.log_in(bob)
    clone = bob.folder / "DataLad-101"
    bob.run("datalad", "clone", str(published), str(clone), cwd=bob.folder)
    bob.run("datalad", "get", *FILES, cwd=clone)
    assert {name: (clone / name).read_bytes() for name in FILES} == FILES
    for name in WITHHELD:
        assert bob.run("datalad", "get", name, cwd=clone, check=False).returncode != 0
        assert not (clone / name).exists()

    bob.run("git", "annex", "verifyremote", "for-friends", cwd=clone)
    bob.run("git", "annex", "verifyremote", "for-friends", "--safe", "1", cwd=clone)
    (clone / "mine.txt").write_text("from Bob\n")
    bob.run("datalad", "save", "-m", "mine", cwd=clone)
    bob.run("git", "annex", "copy", "--to", "for-friends", "mine.txt", cwd=clone)
    bob.run("datalad", "push", "--to", "origin", cwd=clone)
    dataset = alice.folder / "DataLad-101"
    alice.run("datalad", "update", "--how", "merge", "-s", "github", cwd=dataset)
    alice.run("datalad", "get", "mine.txt", cwd=dataset)
    assert (dataset / "mine.txt").read_text() == "from Bob\n"
    unlock(tmp_path)
