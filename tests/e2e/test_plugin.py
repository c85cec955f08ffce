"""A backend of another package, installed from its wheel: the real git-annex and datalad use its setting and login."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from support.annex import Home, Repository, unlock
from support.checkout import CHECKOUT

PACKAGE = CHECKOUT / "examples" / "backend-sqlite"
FILES = {"book.txt": b"It was a dark and stormy night.\n" * 100_000}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with the plug-in: its wheel is built and unpacked, since the environment may have no pip."""
    site, dist = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("dist")
    words = ("build", "-t", "wheel", "-d", str(dist))
    subprocess.run([sys.executable, "-m", "hatchling", *words], cwd=PACKAGE, check=True, capture_output=True)
    (wheel,) = dist.glob("*.whl")
    with ZipFile(wheel) as files:
        files.extractall(site)
    return site


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """The file; it is not there yet."""
    return tmp_path / "shelf.db"


@pytest.fixture
def repository(tmp_path: Path, site: Path) -> Repository:
    """Of somebody who has installed the plug-in."""
    alice = Home(tmp_path / "alice", PYTHONPATH=str(site))
    made = Repository.create(alice, alice.folder / "data")
    made.add(FILES)
    return made


def pyshare(repository: Repository, *words: str, pipe: str = "", check: bool = True) -> tuple[int, str]:
    done = repository.home.run("pyshare", *words, cwd=repository.folder, input=pipe, check=check)
    return done.returncode, done.stdout + done.stderr


def objects(shelf: Path, table: str) -> list[tuple[bytes, int]]:
    with sqlite3.connect(shelf) as file:
        found = file.execute(f"SELECT name, size FROM {table}").fetchall()
    file.close()
    return found


def test_a_backend_of_another_package_has_a_setting_and_a_login_of_its_own(
    repository: Repository, shelf: Path, tmp_path: Path
) -> None:
    url = f"sqlite:{shelf}"
    _, told = pyshare(repository, "login", url, "table=upper", "--user", "alice", pipe="hunter2\n")
    assert told.startswith(f"The password of {shelf} is kept in the ")
    assert "table" in repository.annex("initremote", "x", "type=external", "externaltype=pyshare", "--whatelse").stdout
    assert "invalid table: 9" in repository.initremote(url, {"table": "9"}, check=False)
    assert "is no absolute path" in repository.initremote("sqlite:shelf.db", check=False)
    repository.initremote(url, {"table": "upper"})
    code, told = pyshare(repository, "login", url, "--user", "alice", pipe="wrong\n", check=False)
    assert (code, f"{shelf} has another password" in told) == (1, True)

    repository.annex("copy", "--to", "store", "book.txt")
    ((_, size),) = objects(shelf, "upper")
    assert size == len(FILES["book.txt"])
    repository.annex("drop", "book.txt")
    repository.annex("get", "book.txt")
    assert (repository.folder / "book.txt").read_bytes() == FILES["book.txt"]
    repository.annex("fsck", "--from", "store")

    _, told = pyshare(repository, "info", "store")
    assert "backend: sqlite" in told
    assert "login: alice (from pyshare login)" in told
    _, told = pyshare(repository, "whoami", "--check")
    assert told.split()[:4] == [str(shelf), "SQLite", "file", "alice"]
    assert told.endswith("works\n")
    _, told = pyshare(repository, "logout", url)
    assert told == f"Logged out from {shelf}.\n"
    refused = repository.annex("drop", "--from", "store", "book.txt", "--force", check=False)
    assert f"{shelf} has another password" in refused.stdout + refused.stderr
    unlock(tmp_path)


def test_a_dataset_is_published_with_datalad_and_a_friend_gets_it(site: Path, shelf: Path, tmp_path: Path) -> None:
    people = [Home(tmp_path / name, name, PYTHONPATH=str(site)) for name in ("alice", "bob")]
    for home in people:
        home.environment.update(SQLITE_USER="lab", SQLITE_PASSWORD="hunter2")
    alice, bob = people
    dataset = alice.folder / "study"
    alice.run("datalad", "create", "-c", "text2git", str(dataset), cwd=alice.folder)
    (dataset / "data.bin").write_bytes(FILES["book.txt"])
    alice.run("datalad", "save", "-m", "data", cwd=dataset)
    words = ("type=external", "externaltype=pyshare", "encryption=shared", "autoenable=true", f"url=sqlite:{shelf}")
    alice.run("git", "annex", "initremote", "shelf", *words, "chunk=1MiB", cwd=dataset)
    history = tmp_path / "history.git"
    alice.run("datalad", "create-sibling", "--name", "history", "--publish-depends", "shelf", str(history), cwd=dataset)
    alice.run("datalad", "push", "--to", "history", cwd=dataset)

    bob.run("datalad", "clone", str(history), "study", cwd=bob.folder)
    clone = bob.folder / "study"
    shown = bob.run("git", "annex", "verifyremote", "shelf", cwd=clone).stdout
    bob.run("git", "annex", "verifyremote", "shelf", *safe(shown), cwd=clone)
    bob.run("datalad", "get", "data.bin", cwd=clone)
    assert (clone / "data.bin").read_bytes() == FILES["book.txt"]
    unlock(tmp_path)


def safe(shown: str) -> list[str]:
    """The words with which git-annex takes what it has shown as verified."""
    return ["--safe", shown.partition("--safe ")[2].split()[0]]


def test_its_setting_is_refused_for_other_stores(repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    told = repository.initremote(str(folder), {"table": "upper"}, check=False)
    assert f"table= is for sqlite stores, and url={folder} is a directory store" in told
    unlock(tmp_path)
