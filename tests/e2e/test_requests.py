"""What the real git-annex costs at the server: requests are counted in Apache's own log."""

import os
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest
from support.annex import Repository
from support.servers import Server

COUNT = 24


class Counting:
    """Reads from the server's log what came since the last look."""

    def __init__(self, server: Server) -> None:
        self._log = server.log
        self.since()

    def since(self) -> Counter[str]:
        """Requests by method."""
        text = ""
        while text != (now := self._log.read_text()):  # Apache writes its log a moment after the answer
            text = now
            time.sleep(0.1)
        self._log.write_text("")
        return Counter(line.split()[0] for line in text.splitlines())


def folders(store: Path) -> set[str]:
    """The folders that a store has its objects in."""
    return {path.name for path in store.iterdir() if not path.name.startswith(".")}


@pytest.fixture
def counting(apache_server: Server) -> Counting:
    return Counting(apache_server)


@pytest.mark.parametrize("jobs", ["-J1", "-J8"])
def test_each_operation_is_one_request_per_file(
    repository: Repository, apache_server: Server, counting: Counting, jobs: str
) -> None:
    repository.home.environment.update(WEBDAV_USERNAME=apache_server.user, WEBDAV_PASSWORD=apache_server.password)
    store, at_once = uuid.uuid4().hex, int(jobs.removeprefix("-J"))
    repository.initremote(f"{apache_server.url}/{store}")
    assert counting.since() == {"PROPFIND": 1, "MKCOL": 1, "GET": 1, "PUT": 1}
    repository.add({f"first/{number}": b"%d" % number for number in range(100)})
    repository.annex("copy", "--to", "store", jobs)
    cold = counting.since()
    assert cold["HEAD"] <= 100 // 2  # then a listing says what is absent
    assert cold["PROPFIND"] <= 16 + 1
    assert cold["PUT"] <= 100 + at_once  # only jobs that found the store new were refused
    assert cold["MKCOL"] <= 16 + 1  # the sixteen, and the first one once more
    assert len(folders(apache_server.folder / store)) == 16  # the keys of these contents are spread over all of them

    repository.add({f"then/{number}": os.urandom(10_240) for number in range(COUNT)})
    repository.annex("copy", "--to", "store", jobs, "then")
    warm = counting.since()
    # Until one PUT has succeeded nobody knows whether the server's PUT is atomic, so each job's first may be moved.
    assert 1 <= warm.pop("MOVE") <= at_once
    assert warm.pop("PROPFIND") <= 16 + 1
    assert warm.pop("HEAD") <= COUNT
    assert warm == {"PUT": COUNT}
    repository.annex("drop", jobs, "then")
    assert counting.since() == {"HEAD": COUNT}
    repository.annex("get", jobs, "then")
    assert counting.since() == {"GET": COUNT}
    repository.annex("drop", "--from", "store", jobs, "then")
    assert counting.since() == {"DELETE": COUNT}
