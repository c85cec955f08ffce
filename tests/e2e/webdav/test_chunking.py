"""The real git-annex and a Nextcloud that takes large files in chunks: kills, slow assemblies, other ciphertexts."""

import os
from collections.abc import Iterator
from threading import Event, Lock

import pytest
from support.annex import Repository
from support.fakes.nextcloud import ScriptedCloud
from support.scripted import Play, Seen, served

MIB = 1 << 20
SIZE = 60 * MIB
"""Bytes: eight chunks."""

no_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")


class Counting:
    """Counts what the bodies of all stores have that began; holds up one of them.

    Args:
        hold: Number of the store, counted from 1, in which nothing goes on any more; 0 for none.
    """

    def __init__(self, hold: int = 0) -> None:
        self.bytes = 0
        """More than what was really sent of those that were cut."""
        self.reached = Event()
        self.go_on = Event()
        self._hold = hold
        self._count = 0
        self._lock = Lock()

    def __call__(self, seen: Seen) -> Play | None:
        if seen.method != "PUT":
            return None
        with self._lock:
            self._count += 1
            self.bytes += int(seen.headers["Content-Length"])
            held = self._hold and self._count >= self._hold
        if held:
            self.reached.set()
            self.go_on.wait(60)
        return None


@pytest.fixture
def nextcloud(repository: Repository) -> Iterator[ScriptedCloud]:
    """A server with the remote `store` on it, and a large file to store there."""
    with served(ScriptedCloud()) as server:
        repository.initremote(server.address)
        server.objects.clear()  # the mark of the place
        # As the file is small: what is under way in more streams would be too much of it.
        repository.git("config", "remote.store.pyshare-parts", "2")
        repository.add({"large": os.urandom(SIZE)})
        yield server


def chunks_of(server: ScriptedCloud) -> list[str]:
    return [
        seen.path.rpartition("/")[2] for seen in server.requests if seen.method == "PUT" and "/uploads/" in seen.path
    ]


def kill_at(repository: Repository, moment: Event) -> None:
    """Kills `git annex copy` and all that it started."""
    with repository.killed("copy", "--to", "store", "--quiet"):
        assert moment.wait(60)


def killed_in(repository: Repository, server: ScriptedCloud, store: int) -> int:
    """Kills it in the middle of one store; the bytes that were sent at most."""
    server.decide = counting = Counting(hold=store)
    kill_at(repository, counting.reached)
    counting.go_on.set()
    server.decide = lambda _seen: None
    return counting.bytes


@no_signals
def test_a_store_that_was_killed_goes_on_in_another_process_wd33(
    repository: Repository, nextcloud: ScriptedCloud
) -> None:
    before = killed_in(repository, nextcloud, 5)
    nextcloud.decide = again = Counting()
    repository.annex("copy", "--to", "store")
    assert before + again.bytes <= 1.3 * SIZE
    assert nextcloud.uploads == set()
    assert [len(body) for body in nextcloud.objects.values()] == [SIZE]
    repository.annex("drop")
    repository.annex("get")


@no_signals
def test_an_assembly_that_nobody_lived_to_see_the_end_of_costs_nothing(
    repository: Repository, nextcloud: ScriptedCloud
) -> None:
    asked = Event()

    def notice(seen: Seen) -> None:
        if seen.method == "HEAD" and "MOVE" in nextcloud.methods():
            asked.set()

    nextcloud.decide, nextcloud.assembly = notice, 4
    kill_at(repository, asked)
    repository.annex("copy", "--to", "store")
    assert sorted(chunks_of(nextcloud)) == [f"{number:05}" for number in range(1, 9)]
    assert nextcloud.uploads == set()
    assert [len(body) for body in nextcloud.objects.values()] == [SIZE]


@no_signals
def test_what_a_killed_store_left_can_be_cleaned_up(repository: Repository, nextcloud: ScriptedCloud) -> None:
    killed_in(repository, nextcloud, 4)
    assert len(nextcloud.uploads) == 1
    done = repository.home.run("pyshare", "cleanup", "store", "--older-than", "0", cwd=repository.folder)
    assert "1 upload removed" in done.stdout
    assert nextcloud.uploads == set()
    repository.annex("copy", "--to", "store")
    assert [len(body) for body in nextcloud.objects.values()] == [SIZE]


def test_a_file_that_is_put_together_behind_a_proxy_is_not_sent_again_wd6(
    repository: Repository, nextcloud: ScriptedCloud
) -> None:
    nextcloud.assembly = 2.5
    repository.annex("copy", "--to", "store")
    assert sorted(chunks_of(nextcloud)) == [f"{number:05}" for number in range(1, 9)]
    assert [len(body) for body in nextcloud.objects.values()] == [SIZE]
    repository.annex("fsck", "--from", "store")


def test_nothing_is_left_of_chunks_that_cannot_be_finished_and_the_user_hears_why(
    repository: Repository, nextcloud: ScriptedCloud
) -> None:
    refusal = b'<d:error xmlns:d="DAV:" xmlns:s="x"><s:message>File name is forbidden</s:message></d:error>'
    headers = {"Content-Type": "application/xml"}
    nextcloud.decide = lambda seen: Play(400, headers, refusal) if seen.method == "MOVE" else None
    [answer] = repository.json("copy", "--to", "store", check=False)
    assert "File name is forbidden" in str(answer["error-messages"])
    assert nextcloud.objects == {}
    assert nextcloud.uploads == set()
