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
from support.fakes.s3 import ScriptedS3
from support.servers import Server

COUNT = 200
DELAY = 0.02
"""Seconds that everything takes on the way to the server, and again back."""

PATIENCE = 60


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
        repository.add({f"{number:03}": b"%d" % number * 100 for number in range(COUNT)})
        yield repository


def test_each_file_is_asked_for_once_and_before_its_turn(far: Repository, apache_server: Server) -> None:
    far.annex("copy", "--to", "store", "-J8")
    stored = requests(apache_server)
    assert stored["HEAD"] + stored["PROPFIND"] <= 0.1 * COUNT
    far.annex("drop", "--force")
    one = far.annex("get", "000", "--debug")
    assert requests(apache_server) == {"GET": 1}
    assert "read-ahead" not in one.stderr
    far.annex("get", "001", "002", "003", "004")
    assert requests(apache_server).total() <= 4 + 4  # those that were asked for, and a small window behind them
    got = far.annex("get", "--debug")
    assert requests(apache_server) == {"GET": COUNT - 5}
    assert "read-ahead: " in got.stderr
    assert not left_ahead(far)
    far.annex("fsck", "--quiet")


def test_eight_jobs_ask_for_each_file_once(far: Repository, apache_server: Server) -> None:
    far.annex("copy", "--to", "store", "-J8")
    far.annex("drop", "--force")
    requests(apache_server)
    far.annex("get", "-J8")
    assert COUNT <= requests(apache_server).total() <= COUNT + 2  # a job may be so late that its file was dropped
    assert not left_ahead(far)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_a_killed_process_leaves_nothing_behind_after_the_next_start(far: Repository, apache_server: Server) -> None:
    far.annex("copy", "--to", "store", "-J8")
    far.annex("drop", "--force")
    with far.killed("get", "--quiet"):
        end = time.monotonic() + PATIENCE
        while not any(path.name.isdecimal() for path in left_ahead(far)):
            assert time.monotonic() < end
            time.sleep(0.01)
    assert left_ahead(far)
    far.annex("get", "--quiet")
    assert not left_ahead(far)
    far.annex("fsck", "--quiet")


def test_storing_in_s3_asks_once_for_all_files(repository: Repository, scripted_s3: ScriptedS3) -> None:
    repository.home.environment.update(AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret")
    with relayed(scripted_s3.url.partition("//")[2], DELAY) as line:
        repository.initremote("s3://bucket/share", {"endpoint": f"http://{line.host}", "region": "us-east-1"})
        repository.add({f"{number:03}": b"%d" % number * 100 for number in range(COUNT)})
        before = len(scripted_s3.methods())
        repository.annex("copy", "--to", "store", "-J8")
    stored = Counter(scripted_s3.methods()[before:])
    assert stored["PUT"] == COUNT
    assert stored.total() <= 1.1 * COUNT


def test_chunks_are_fetched_ahead_too(repository: Repository, apache_server: Server) -> None:
    repository.home.environment.update(WEBDAV_USERNAME=apache_server.user, WEBDAV_PASSWORD=apache_server.password)
    with relayed(apache_server.url.partition("//")[2], DELAY) as line:
        repository.initremote(f"http://{line.host}/{uuid.uuid4().hex}", {"chunk": "4KiB"})
        repository.add({"large": os.urandom(40 << 10)})
        repository.annex("copy", "--to", "store")
        repository.annex("drop", "--force")
        requests(apache_server)
        got = repository.annex("get", "--debug")
    assert requests(apache_server) == {"GET": 10}
    assert "read-ahead: " in got.stderr
    repository.annex("fsck", "--quiet")
