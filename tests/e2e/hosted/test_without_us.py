"""A friend who has git-annex, and not our program, clones a dataset from where everyone can read it by HTTP."""

import os
import re
import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from support.annex import Home, Repository, unlock
from support.checkout import CHECKOUT
from support.hosted import content
from support.marks import LONG
from support.places import SharedPlace
from support.sharing import type_all

PAGE = CHECKOUT / "docs" / "guide" / "without-github.md"
STORE, WEB = "https://cloud.example.org/DataLad-101", "https://data.example.org/DataLad-101"


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Git-annex protects its objects."""
    yield
    unlock(tmp_path)


class Silent(SimpleHTTPRequestHandler):
    """Shows a folder to everyone, and writes no log."""

    def log_message(self, *_: object) -> None:
        """Not for a test."""


@pytest.fixture
def web(request: pytest.FixtureRequest, place: SharedPlace) -> Iterator[str]:
    """The address where everyone reads the place; no bucket of moto, which refuses each HEAD without a login."""
    url = place.settings["url"]
    if url.startswith("s3:"):
        yield f"{place.settings['endpoint']}/{url.removeprefix('s3://')}"
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=url)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def stranger(bob: Home) -> Home:
    """Bob, on a machine where only git-annex is installed, and where a web server may be this one."""
    programs = bob.folder / "programs"
    programs.mkdir()
    for name in ("git-annex", "git-remote-annex"):
        found = shutil.which(name, path=bob.environment["PATH"])
        assert found
        (programs / name).symlink_to(found)
    bob.environment["PATH"] = os.pathsep.join((str(programs), "/usr/bin", "/bin"))
    assert not shutil.which("git-annex-remote-pyshare", path=bob.environment["PATH"])
    bob.run("git", "config", "--global", "annex.security.allowed-ip-addresses", "127.0.0.1", cwd=bob.folder)
    return bob


@pytest.mark.parametrize("place", ["folder", pytest.param("ceph", marks=[*LONG, pytest.mark.ceph])], indirect=True)
def test_git_clone_with_the_web_address_needs_git_annex_alone(
    repository: Repository, place: SharedPlace, web: str, stranger: Home
) -> None:
    alice = repository.home
    alice.environment.update({**place.environment, **place.login})
    alice.run("git", "config", "--global", "annex.security.allowed-ip-addresses", "127.0.0.1", cwd=alice.folder)
    repository.add({"first": b"one", "data/Messung \u00e4.csv": b"1;2\n" * 50})
    settings = " ".join(f"{name}={value}" for name, value in place.settings.items())
    page = PAGE.read_text(encoding="utf-8").replace(f"url={STORE}", settings).replace(WEB, web)
    blocks = [block.splitlines() for block in re.findall("```\n(.*?)```", page, re.DOTALL)]
    tree, address, friend = blocks[-3:]

    type_all(alice, tree, repository.folder)
    if place.login:
        type_all(alice, ["pyshare share cloud --public --before-push --yes"], repository.folder)
    type_all(alice, address, repository.folder)
    type_all(stranger, friend, stranger.folder)

    clone = Repository(stranger, stranger.folder / "DataLad-101")
    assert content(clone) == content(repository)
    repository.add({"second": b"two"})
    type_all(alice, address[-2:], repository.folder)
    type_all(stranger, ["git pull -q", "git annex get -q ."], clone.folder)
    assert content(clone) == content(repository)
