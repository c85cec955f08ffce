"""A backend of another package, installed from its wheel: the real git-annex uses its own setting and login."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from support.annex import Home, Repository
from support.checkout import CHECKOUT

PACKAGE = CHECKOUT / "tests" / "support" / "plugin"
URL = "shelf://attic"
FILES = {"book.txt": b"It was a dark and stormy night.\n" * 1000}


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
def attic(tmp_path: Path) -> Path:
    """The shelf itself."""
    shelf = tmp_path / "shelves" / "attic"
    shelf.mkdir(parents=True)
    (shelf / "password").write_text("hunter2")
    return shelf


@pytest.fixture
def repository(tmp_path: Path, site: Path, attic: Path) -> Repository:
    """Of somebody who has installed the plug-in."""
    alice = Home(tmp_path / "alice", PYTHONPATH=str(site), SHELVES=str(attic.parent))
    made = Repository.create(alice, alice.folder / "data")
    made.add(FILES)
    return made


def pyshare(repository: Repository, *words: str, pipe: str = "", check: bool = True) -> tuple[int, str]:
    done = repository.home.run("pyshare", *words, cwd=repository.folder, input=pipe, check=check)
    return done.returncode, done.stdout + done.stderr


def test_a_backend_of_another_package_has_a_setting_and_a_login_of_its_own(repository: Repository, attic: Path) -> None:
    code, told = pyshare(repository, "login", URL, "--user", "alice", pipe="wrong\n", check=False)
    assert (code, "the shelf attic refuses this password" in told) == (1, True)
    _, told = pyshare(repository, "login", URL, "board=upper", "--user", "alice", pipe="hunter2\n")
    assert told.startswith("The password of attic is kept in the ")

    assert "board" in repository.annex("initremote", "x", "type=external", "externaltype=pyshare", "--whatelse").stdout
    assert "invalid board: 9" in repository.initremote(URL, {"board": "9"}, check=False)
    assert "goes on after the shelf's name" in repository.initremote(f"{URL}/x", check=False)
    repository.initremote(URL, {"board": "upper"})
    repository.annex("copy", "--to", "store", "book.txt")
    (stored,) = (attic / "upper").iterdir()
    assert stored.read_bytes() == FILES["book.txt"]
    repository.annex("drop", "book.txt")
    repository.annex("get", "book.txt")
    assert (repository.folder / "book.txt").read_bytes() == FILES["book.txt"]
    repository.annex("fsck", "--from", "store")

    _, told = pyshare(repository, "info", "store")
    assert "backend: shelf" in told
    assert "login: alice (from pyshare login)" in told
    _, told = pyshare(repository, "whoami", "--check")
    assert told.split()[:4] == ["attic", "Shelf", "alice", "in"]
    assert told.endswith("works\n")
    _, told = pyshare(repository, "logout", URL)
    assert told == "Logged out from attic.\n"
    refused = repository.annex("drop", "--from", "store", "book.txt", "--force", check=False)
    assert "the shelf attic refuses this password" in refused.stdout + refused.stderr


def test_the_environment_has_a_login_for_it_too(repository: Repository) -> None:
    repository.home.environment.update(SHELF_USER="alice", SHELF_PASSWORD="hunter2")
    repository.initremote(URL)
    repository.annex("copy", "--to", "store", "book.txt")
    assert repository.annex("find", "--in", "store").stdout == "book.txt\n"


def test_its_setting_is_refused_for_other_stores(repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    told = repository.initremote(str(folder), {"board": "upper"}, check=False)
    assert f"board= is for shelf stores, and url={folder} is a directory store" in told
