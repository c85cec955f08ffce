"""A listing may say that an object is absent, never that it is present, and only by its rule."""

import time as clock
from threading import Event, Thread

import pytest
from support.waiting import Waiting, desk, faults, time

from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.errors import Unreachable
from git_annex_remote_pyshare.store import presence
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.store.presence import FIRST, LONGEST_AGE, Presence
from git_annex_remote_pyshare.testing.faults import Fail, Faults
from git_annex_remote_pyshare.testing.files import Desk
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place

__all__ = ["desk", "faults", "time"]


class Storing:
    """A process that stores, and its server."""

    def __init__(self, desk: Desk, time: Waiting, faults: Faults, layout: str = "shard") -> None:
        self.desk = desk
        self.time = time
        self.faults = faults
        self.server = MemoryBackend(place(layout=layout), faults=faults)
        self.store = wrap(self.server, time, clock=time.clock)

    def stores(self, count: int = FIRST, start: int = 0) -> None:
        """Store so many objects, as `git annex copy` does."""
        for number in range(start, start + count):
            if self.store.stat(f"a/{number}") is None:
                self.desk.put(self.store, f"a/{number}", b"content")
        self.settle()

    def settle(self) -> None:
        """Wait until no listing is on its way."""
        layer = self.layer
        while layer._is_listing:
            Event().wait(0.002)

    @property
    def layer(self) -> Presence:
        """The layer that is tested."""
        inner = self.store
        while isinstance(inner, Layer) and not isinstance(inner, Presence):
            inner = inner.backend
        assert isinstance(inner, Presence)
        return inner

    def asks(self, name: str) -> tuple[bool, int]:
        """Whether the object is there, and how many requests that took."""
        before = self.faults.calls("stat")
        found = self.store.stat(name) is not None
        return found, self.faults.calls("stat") - before


@pytest.fixture
def storing(desk: Desk, time: Waiting, faults: Faults) -> Storing:
    return Storing(desk, time, faults)


def test_a_process_that_stores_asks_for_no_object_that_a_listing_lacks(storing: Storing) -> None:
    storing.stores(FIRST)
    storing.stores(50, start=FIRST)
    assert storing.faults.calls("stat") == FIRST
    assert storing.faults.calls("list") == 1
    assert len(list(storing.server.list())) == FIRST + 50


def test_what_a_listing_has_is_asked_for(storing: Storing) -> None:
    storing.desk.put(storing.server, "b/there", b"x")
    storing.stores()
    assert storing.asks("b/there") == (True, 1)
    storing.server.delete("b/there")
    assert storing.asks("b/there") == (False, 1)


def test_a_process_that_only_asks_or_only_stores_makes_no_listing(storing: Storing) -> None:
    for number in range(20):
        assert storing.asks(f"a/{number}") == (False, 1)
    for number in range(20, 40):
        storing.desk.put(storing.store, f"a/{number}", b"x")
    assert storing.faults.calls("list") == 0


def test_one_stored_file_costs_no_listing(storing: Storing) -> None:
    storing.stores(FIRST - 1)
    assert storing.faults.calls("list") == 0


@pytest.mark.parametrize("change", ["put", "delete"])
def test_what_this_process_has_changed_is_asked_for(storing: Storing, change: str) -> None:
    storing.stores()
    if change == "put":
        storing.desk.put(storing.store, "a/new", b"x")
    else:
        storing.store.delete("a/new")
    assert storing.asks("a/new") == (change == "put", 1)


def test_a_store_that_failed_without_an_answer_is_asked_for(storing: Storing) -> None:
    storing.stores()
    storing.faults.next("put", Fail(Unreachable("gone", retryable=False)))
    with pytest.raises(Unreachable):
        storing.desk.put(storing.store, "a/new", b"x")
    assert storing.asks("a/new") == (False, 1)


def test_a_listing_counts_for_a_minute_from_its_begin(storing: Storing) -> None:
    storing.stores()
    storing.time.now += LONGEST_AGE / 2
    storing.stores(1, start=100)
    storing.time.now += LONGEST_AGE / 2
    assert storing.asks("a/new") == (False, 0)
    storing.time.now += 1
    assert storing.asks("a/new") == (False, 1)


def test_a_process_that_no_longer_stores_asks(storing: Storing) -> None:
    storing.stores()
    storing.layer._last_store -= LONGEST_AGE + 1
    assert storing.asks("a/new") == (False, 1)


def test_a_machine_that_slept_asks(storing: Storing, monkeypatch: pytest.MonkeyPatch) -> None:
    storing.stores()
    now = clock.time()
    monkeypatch.setattr(clock, "time", lambda: now + 3600)
    assert storing.asks("a/new") == (False, 1)


def test_a_process_that_goes_on_storing_renews_the_listing(storing: Storing) -> None:
    storing.stores()
    for turn in range(1, 4):
        storing.time.now += 45
        storing.stores(1, start=100 * turn)
    assert storing.faults.calls("list") == 4


@pytest.mark.parametrize(
    "name",
    ["a/GITMANIFEST--8f0c", "a/GITBUNDLE-s9--8f0c-1a", "a/GPGHMACSHA1--4c", f"a/%~{'4' * 64}"],
)
def test_names_of_repositories_and_hidden_names_are_always_asked_for(storing: Storing, name: str) -> None:
    storing.stores()
    assert storing.asks(name) == (False, 1)


def test_a_store_that_ignores_case_is_not_misunderstood(storing: Storing) -> None:
    storing.desk.put(storing.server, "a/sha256e-s1--ÄB", b"x")
    storing.stores()
    assert storing.asks("a/SHA256E-s1--A\u0308b") == (False, 1)


@pytest.mark.parametrize("layout", ["lower", "directory", "mixed", ""])
def test_a_layout_of_thousands_of_folders_is_not_listed(desk: Desk, time: Waiting, faults: Faults, layout: str) -> None:
    Storing(desk, time, faults, layout).stores(20)
    assert faults.calls("list") == 0


def test_a_listing_that_fails_is_silent_and_not_repeated(storing: Storing) -> None:
    storing.faults.always("list", Fail(Unreachable("no")))
    storing.stores(20)
    assert storing.faults.calls("list") == 1
    assert storing.faults.calls("stat") == 20


def test_without_a_thread_objects_are_stored_and_the_listing_is_made_later(
    storing: Storing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", refuse)
        storing.stores(FIRST + 2)
    assert storing.faults.calls("list") == 0
    storing.stores(1, start=FIRST + 2)
    assert storing.faults.calls("list") == 1
    assert len(list(storing.server.list())) == FIRST + 3


def test_a_store_with_too_many_names_is_given_up(storing: Storing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "MOST_NAMES", 15)
    for number in range(16):
        storing.desk.put(storing.server, f"b/{number}", b"x")
    storing.stores()
    assert storing.layer._is_off
    assert storing.asks("a/new") == (False, 1)


def test_a_listing_that_takes_too_long_is_given_up(storing: Storing, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = storing.server.list
    monkeypatch.setattr(storing.server, "list", lambda folder="": (storing.time.wait(6), *plain(folder))[1:])
    storing.stores()
    assert storing.asks("a/new") == (False, 1)


def test_a_tree_is_not_listed(storing: Storing) -> None:
    tree = MemoryBackend(place(layout="shard")._replace(is_tree=True), faults=storing.faults)
    storing.store = wrap(tree, storing.time, clock=storing.time.clock)
    storing.stores(2 * FIRST)
    assert storing.faults.calls("list") == 0
