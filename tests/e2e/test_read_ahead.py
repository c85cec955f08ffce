"""Small files come and go without a wait for each, and with no request too many: counted at the server."""

import os
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.annex import Repository
from support.counting_relay import relayed
from support.servers import Server

COUNT = 100
DELAY = 0.02
"""Seconds that everything takes on the way to the server, and again back."""


def requests(server: Server) -> Counter[str]:
    """Requests by method since this was last asked."""
    text = ""
    while text != (now := server.log.read_text()):  # Apache writes its log a moment after the answer
        text = now
        time.sleep(0.1)
    server.log.write_text("")
    return Counter(line.split()[0] for line in text.splitlines())


def left_ahead(repository: Repository) -> list[Path]:
    return list((repository.folder / ".git/annex/pyshare/ahead").rglob("*"))


@pytest.fixture
def far(repository: Repository, apache_server: Server) -> Iterator[Repository]:
    """A repository with a remote on a server that is 40 ms away."""
    repository.home.environment.update(WEBDAV_USERNAME=apache_server.user, WEBDAV_PASSWORD=apache_server.password)
    with relayed(apache_server.url.partition("//")[2], DELAY) as line:
        repository.initremote(f"http://{line.host}/{uuid.uuid4().hex}")
        requests(apache_server)
        yield repository


def test_files_are_asked_for_once_and_before_their_turn(far: Repository, apache_server: Server) -> None:
    far.add({f"{number:03}": os.urandom(10_240) for number in range(COUNT)})
    far.annex("copy", "--to", "store", "-J8")
    stored = requests(apache_server)
    print(stored)
    far.annex("drop", "--force")
    one = far.annex("get", "000", "--debug")
    assert requests(apache_server) == {"GET": 1}
    assert "read-ahead" not in one.stderr
    begin = time.monotonic()
    got = far.annex("get", "--debug")
    print(time.monotonic() - begin)
    assert requests(apache_server) == {"GET": COUNT - 1}
    assert "read-ahead: " in got.stderr
    assert not left_ahead(far)
    assert far.annex("fsck", "--quiet").returncode == 0
