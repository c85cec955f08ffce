"""The real git-annex stores large files in Dropbox; it is killed in the middle, or its access token ends there."""

import os
import random
from collections import Counter
from collections.abc import Iterator

import pytest
from support.annex import Repository
from support.counting_relay import Relay, relayed
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.dropbox.script import Play
from support.fakes.dropbox.service import FakeDropbox

pytest_plugins = ["support.dropbox_repositories"]

MIB = 1 << 20
SIZE = 64 * MIB
ROUNDS = 2
MOST = 1.3
"""Times a file's size that may be sent of it, in all processes together."""
START, APPEND, COMMIT = (f"files/upload_session/{step}" for step in ("start", "append_v2", "finish_batch_v2"))


@pytest.fixture
def line(fake_dropbox: RunningDropbox) -> Iterator[Relay]:
    with relayed(fake_dropbox.proxy.removeprefix("http://")) as relay:
        yield relay


@pytest.fixture
def behind(lab: Repository, line: Relay) -> Repository:
    """Alice's repository behind the line, and a file `large` in it that goes in two streams of parts."""
    lab.home.environment.update(dict.fromkeys(("HTTPS_PROXY", "https_proxy"), f"http://{line.host}"))
    lab.git("config", "remote.store.pyshare-part-size", "4MiB")
    lab.git("config", "remote.store.pyshare-parts", "2")
    lab.add({"large": os.urandom(SIZE)})
    return lab


def copy_until(repository: Repository, line: Relay, count: int) -> None:
    """Begin to store the file, and kill everybody once so many bytes were sent on the line."""
    with repository.killed("copy", "--to", "store", "--quiet", "large"):
        assert line.wait_for(count)


def calls(service: FakeDropbox) -> Counter[str]:
    """How often each route was called since the last time."""
    counted = Counter(service.routes())
    service.forget()
    return counted


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_a_store_that_is_killed_goes_on_in_the_same_session(
    behind: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account, line: Relay
) -> None:
    draw = random.Random(20261123)
    mark = dropbox_alice.home.used()
    fake_dropbox.service.forget()
    for _ in range(ROUNDS):
        begin = line.sent
        copy_until(behind, line, begin + draw.randrange(16 * MIB, SIZE))
        assert dropbox_alice.home.used() == mark
        behind.annex("copy", "--to", "store", "large")
        assert line.sent - begin <= MOST * SIZE
        counted = calls(fake_dropbox.service)
        assert (counted[START], counted[COMMIT], counted["files/upload"]) == (1, 1, 0)
        behind.annex("fsck", "--from", "store", "large")
        behind.annex("drop", "--from", "store", "large")


def test_a_token_that_ends_in_the_middle_costs_nothing_but_its_renewal_db20(
    behind: Repository, fake_dropbox: RunningDropbox, line: Relay
) -> None:
    service = fake_dropbox.service
    begun: Counter[str] = Counter()

    def expire(route: str) -> Play:
        begun[route] += 1
        if route == APPEND and begun[APPEND] == 5:
            service.pass_time(service.token_lifetime + 1)
        return Play()

    service.script.otherwise = expire
    begin = line.sent
    behind.annex("copy", "--to", "store", "large")
    assert line.sent - begin <= MOST * SIZE
    counted = calls(service)
    # The one small upload is the mark of the place.
    assert (counted[START], counted[COMMIT], counted["files/upload"]) == (1, 1, 1)
    assert counted["POST /oauth2/token"] == 2
    behind.annex("fsck", "--from", "store", "large")
