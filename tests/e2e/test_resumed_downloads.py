"""The real git-annex is killed in the middle of a download, and goes on with it, or begins anew if it has to."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
from support.annex import Repository
from support.fault_proxy import FaultProxy, faulty
from support.servers import Missing, Server, or_skip

MIB = 1 << 20
SIZE = 12 * MIB
RATE = 6 * MIB
"""Bytes per second of the slow line."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")


@pytest.fixture
def line(apache_server: Server) -> Iterator[FaultProxy]:
    with faulty(apache_server.url.partition("//")[2]) as line:
        yield line


@pytest.fixture(params=["none", "shared"])
def stored(
    request: pytest.FixtureRequest, repository: Repository, apache_server: Server, line: FaultProxy, tmp_path: Path
) -> Path:
    """The object of the file `large`, which only the remote `store` has, on the server's disk."""
    with or_skip():
        if request.param != "none" and not which("gpg"):
            raise Missing("gpg (Debian: gnupg)")
    folder = f"get-{request.param}-{tmp_path.name}-{os.getpid()}"
    repository.home.environment.update(WEBDAV_USERNAME=apache_server.user, WEBDAV_PASSWORD=apache_server.password)
    repository.initremote(f"{line.url}/{folder}", {"encryption": request.param})
    # So git-annex has no checksum that would find a mixture, and takes what comes all the same.
    repository.git("config", "annex.backend", "WORM")
    repository.git("config", "annex.security.allow-unverified-downloads", "ACKTHPPT")
    repository.add({"large": os.urandom(SIZE)})
    repository.annex("copy", "--to", "store", "large")
    (made,) = (path for path in (apache_server.folder / folder).rglob("*") if path.stat().st_size >= SIZE)
    return made


def another(repository: Repository, stored: Path) -> bytes:
    """What another clone may store in the object's place: the same in size only."""
    first = stored.read_bytes()
    if first == content(repository):
        return os.urandom(SIZE)
    repository.annex("drop", "--from", "store", "large")
    repository.annex("copy", "--to", "store", "large")
    second = stored.read_bytes()
    assert second != first
    assert len(second) == len(first)
    stored.write_bytes(first)
    return second


def content(repository: Repository) -> bytes:
    return (repository.folder / "large").read_bytes()


def killed_at_half(repository: Repository, line: FaultProxy) -> int:
    """Begin to get the file, and kill everybody when half of it has come; how much is kept."""
    line.fail(f"9x GET slow {RATE}")
    begin = line.received
    with repository.killed("get", "--quiet", "large") as getting:
        while line.received - begin < SIZE // 2:
            assert getting.poll() is None
            time.sleep(0.05)
    line.fail("")
    partial = max(path.stat().st_size for path in (repository.folder / ".git" / "annex" / "tmp").iterdir())
    assert SIZE // 4 <= partial < SIZE
    return partial


def test_a_get_that_was_killed_goes_on_where_it_was(repository: Repository, line: FaultProxy, stored: Path) -> None:
    expected = content(repository)
    repository.annex("drop", "large")
    partial = killed_at_half(repository, line)
    begin = line.received
    repository.annex("get", "large")
    assert content(repository) == expected
    assert line.received - begin <= stored.stat().st_size - partial + MIB  # which was on its way


def test_a_get_that_was_killed_begins_anew_when_the_object_was_replaced_pr21(
    repository: Repository, line: FaultProxy, stored: Path
) -> None:
    expected, new = content(repository), another(repository, stored)
    if stored.read_bytes() == expected:
        expected = new
    repository.annex("drop", "large")
    killed_at_half(repository, line)
    stored.write_bytes(new)
    begin = line.received
    repository.annex("get", "large")
    assert content(repository) == expected
    assert line.received - begin >= len(new)
