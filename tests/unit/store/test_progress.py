"""Reporting: few reports, the right last one, and an end when we are stopped."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.errors import Cancelled, Unreachable
from git_annex_remote_pyshare.store.progress import INTERVAL, Reporting
from git_annex_remote_pyshare.store.retry import Retrying
from git_annex_remote_pyshare.testing.faults import Cut, Drip, Fail, Faults
from git_annex_remote_pyshare.testing.files import Desk, body_of, nobody
from git_annex_remote_pyshare.testing.memory import MemoryBackend
from git_annex_remote_pyshare.transfer import Progress, Source

BODY = body_of(10_000)


@pytest.fixture
def store(time: Waiting, faults: Faults) -> Reporting:
    return Reporting(MemoryBackend(faults=faults), time, clock=time.clock)


@pytest.mark.parametrize("size", [0, 1, 10_000])
def test_a_fast_transfer_is_one_report_of_the_size_pr26(store: Reporting, desk: Desk, size: int) -> None:
    up: list[int] = []
    down: list[int] = []
    store.put("name", desk.source(body_of(size)), up.append)
    store.get("name", desk.sink(), down.append)
    assert up == down == [size]


@pytest.mark.parametrize("verb", ["put", "get"])
def test_a_slow_transfer_is_a_few_reports_a_second_and_one_at_the_end_pr26(
    store: Reporting, faults: Faults, time: Waiting, desk: Desk, verb: str
) -> None:
    desk.put(store.backend, "name", BODY)
    faults.always(verb, Drip(10, lambda: time.wait(0.01)))
    times: list[float] = []
    told: list[int] = []

    def note(done: int) -> None:
        times.append(time.now)
        told.append(done)

    if verb == "put":
        store.put("name", desk.source(BODY), note)
    else:
        store.get("name", desk.sink(), note)
    assert times[0] >= INTERVAL
    assert all(later - before >= INTERVAL for before, later in pairwise(times[:-1]))
    assert 30 <= len(told) <= 42
    assert told == sorted(told)
    assert told.count(10_000) == 1
    assert told[-1] == 10_000


def test_a_transfer_that_began_again_says_so_and_still_ends_with_the_size_pr26(
    faults: Faults, time: Waiting, desk: Desk
) -> None:
    store = Reporting(Retrying(MemoryBackend(faults=faults), time, clock=time.clock), time, clock=time.clock)

    def slow(then: int) -> Progress:
        def note(done: int) -> None:
            time.now += then
            told.append(done)

        return note

    told: list[int] = []
    faults.next("put", Cut(8000))
    store.put("name", desk.source(BODY), slow(1))
    assert told[-1] == 10_000
    assert told.count(10_000) == 1


@given(steps=st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1)), max_size=40))
def test_reports_never_go_back_while_the_transfer_goes_on_pr26(steps: list[tuple[int, float]]) -> None:
    time = Waiting()

    class Script(MemoryBackend):
        def put(self, name: str, source: Source, progress: Progress) -> Receipt:
            done = 0
            for step, pause in steps:
                time.now += pause
                done = min(done + step, source.size)
                progress(done)
            return Receipt()

    told: list[int] = []
    Reporting(Script(), time, clock=time.clock).put("name", Source(__file__), told.append)
    assert told == sorted(told)
    assert told[-1] == Source(__file__).size
    assert len(told) <= time.now / INTERVAL + 1


def test_a_failed_transfer_reports_no_end(store: Reporting, faults: Faults, desk: Desk) -> None:
    faults.next("put", Fail(Unreachable("the line is down")))
    told: list[int] = []
    with pytest.raises(Unreachable):
        store.put("name", desk.source(BODY), told.append)
    assert told == []


def test_a_transfer_ends_when_we_are_stopped(store: Reporting, faults: Faults, time: Waiting, desk: Desk) -> None:
    faults.always("put", Drip(1000, time.set))
    with pytest.raises(Cancelled):
        desk.put(store, "name", BODY)
    time.clear()
    assert store.stat("name") is None


def test_what_was_stored_before_we_were_stopped_counts(time: Waiting, desk: Desk) -> None:
    class Last(MemoryBackend):
        def put(self, name: str, source: Source, progress: Progress) -> Receipt:
            receipt = super().put(name, source, progress)
            time.set()
            return receipt

    told: list[int] = []
    Reporting(Last(), time, clock=time.clock).put("name", desk.source(BODY), told.append)
    assert told == [10_000]


def test_nothing_begins_after_we_are_stopped(store: Reporting, faults: Faults, time: Waiting, desk: Desk) -> None:
    source = desk.source(BODY)
    time.set()
    for request in (
        lambda: store.stat("name"),
        lambda: store.get("name", desk.sink(), nobody),
        lambda: store.put("name", source, nobody),
        lambda: store.delete("name"),
        lambda: list(store.list()),
    ):
        with pytest.raises(Cancelled):
            request()
    assert [faults.calls(verb) for verb in ("stat", "get", "put", "delete", "list")] == [0] * 5


def test_a_listing_ends_when_we_are_stopped(store: Reporting, time: Waiting, desk: Desk) -> None:
    for name in "abc":
        desk.put(store, name, b"content")
    entries = store.list()
    assert next(entries).name == "a"
    time.set()
    with pytest.raises(Cancelled):
        next(entries)
