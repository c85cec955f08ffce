"""Retrying: what is tried again, after how long, for how long, and from where."""

from collections.abc import Iterator

import pytest
from waiting import Waiting

from git_annex_remote_pyshare.backends.base import Entry, Stat
from git_annex_remote_pyshare.errors import Busy, Denied, NotFound, PyshareError, Stopped, Unreachable
from git_annex_remote_pyshare.layers.retry import FIRST, LIMIT, LONGEST, SHORTEST, Retrying
from git_annex_remote_pyshare.testing.desk import Desk, body_of, content, nobody
from git_annex_remote_pyshare.testing.faults import Cut, Fail, Faults, LoseReply
from git_annex_remote_pyshare.testing.memory import MemoryBackend

BROKEN = Fail(Unreachable("the line is down"))


@pytest.fixture
def store(time: Waiting, faults: Faults) -> Retrying:
    return Retrying(MemoryBackend(faults=faults), time, clock=time.clock)


def test_what_works_is_asked_once_and_nobody_waits(store: Retrying, faults: Faults, time: Waiting, desk: Desk) -> None:
    desk.put(store, "name", b"content")
    assert desk.get(store, "name") == b"content"
    assert [faults.calls(verb) for verb in ("put", "get")] == [1, 1]
    assert time.waits == []


def test_each_verb_is_tried_until_it_works(store: Retrying, faults: Faults, desk: Desk) -> None:
    for verb in ("put", "stat", "get", "list", "delete"):
        faults.next(verb, BROKEN, BROKEN, BROKEN)
    desk.put(store, "name", b"content")
    assert store.stat("name") == Stat(7)
    assert desk.get(store, "name") == b"content"
    assert list(store.list()) == [Entry("name", 7)]
    store.delete("name")
    assert store.stat("name") is None
    assert [faults.calls(verb) for verb in ("put", "stat", "get", "list", "delete")] == [4, 5, 4, 4, 4]


def test_waits_grow_from_a_short_first_one_to_a_bounded_last_one(
    store: Retrying, faults: Faults, time: Waiting
) -> None:
    faults.always("stat", BROKEN)
    with pytest.raises(Unreachable):
        store.stat("name")
    assert SHORTEST <= time.waits[0] <= FIRST
    for number, wait in enumerate(time.waits):
        assert SHORTEST <= wait <= min(LONGEST, FIRST * 2**number)
    assert len(set(time.waits)) > len(time.waits) // 2


@pytest.mark.parametrize("error", [Denied("wrong password"), NotFound("not there"), Busy("locked", passing=False)])
def test_what_cannot_pass_is_not_tried_again(
    store: Retrying, faults: Faults, time: Waiting, error: PyshareError
) -> None:
    faults.always("stat", Fail(error))
    with pytest.raises(type(error)) as failure:
        store.stat("name")
    assert str(failure.value) == str(error)
    assert faults.calls("stat") == 1
    assert time.waits == []


def test_an_error_that_may_pass_and_then_one_that_cannot_ends_with_the_second(store: Retrying, faults: Faults) -> None:
    faults.next("stat", BROKEN, Fail(Denied("wrong password")))
    with pytest.raises(Denied, match=r"^wrong password$"):
        store.stat("name")


def test_a_request_gives_up_after_the_limit_and_says_how_long_it_tried(
    store: Retrying, faults: Faults, time: Waiting
) -> None:
    faults.always("stat", BROKEN)
    with pytest.raises(Unreachable, match=r"^the line is down \(tried \d+ times in \d+ s\)$"):
        store.stat("name")
    assert LIMIT - LONGEST <= time.now <= LIMIT


def test_the_server_s_own_wait_is_the_least(store: Retrying, faults: Faults, time: Waiting) -> None:
    faults.next("stat", Fail(Busy("slow down", retry_after=7.5)))
    assert store.stat("name") is None
    assert time.waits == [7.5]


def test_a_wait_beyond_the_limit_fails_at_once_and_is_named(store: Retrying, faults: Faults, time: Waiting) -> None:
    faults.next("stat", Fail(Busy("slow down", retry_after=3600)))
    with pytest.raises(Busy, match="tried once; the server asks to wait 3600 s"):
        store.stat("name")
    assert time.waits == []


def test_an_outage_is_waited_out_once_and_not_once_for_every_key(
    store: Retrying, faults: Faults, time: Waiting
) -> None:
    faults.always("stat", BROKEN)
    for name in ("first", "second", "third"):
        with pytest.raises(Unreachable):
            store.stat(name)
    assert time.now <= LIMIT
    faults.clear()
    assert store.stat("first") is None
    faults.next("stat", BROKEN, BROKEN)
    assert store.stat("second") is None


def test_an_outage_long_ago_is_forgotten(store: Retrying, faults: Faults, time: Waiting) -> None:
    faults.always("stat", BROKEN)
    with pytest.raises(Unreachable):
        store.stat("name")
    faults.clear()
    time.now += 3600
    faults.next("stat", BROKEN)
    assert store.stat("name") is None


def test_a_refusal_is_an_answer_and_ends_an_outage(store: Retrying, faults: Faults, time: Waiting) -> None:
    faults.always("stat", BROKEN)
    with pytest.raises(Unreachable):
        store.stat("name")
    faults.clear()
    faults.next("stat", Fail(Denied("wrong password")), BROKEN)
    with pytest.raises(Denied):
        store.stat("name")
    assert store.stat("name") is None


def test_a_transfer_that_gets_further_each_time_never_gives_up(
    store: Retrying, faults: Faults, time: Waiting, desk: Desk
) -> None:
    body = body_of(3 << 20)
    desk.put(store, "name", body)
    step = len(body) // 60
    for _ in range(59):
        faults.next("get", Cut(step), BROKEN, BROKEN, BROKEN, BROKEN)
    sink = desk.sink()
    store.get("name", sink, nobody)
    assert content(sink) == body
    assert time.now > LIMIT
    assert max(time.waits) <= FIRST * 2**4


def test_a_transfer_that_breaks_at_the_same_place_gives_up(
    store: Retrying, faults: Faults, time: Waiting, desk: Desk
) -> None:
    faults.always("put", Cut(1000))
    with pytest.raises(Unreachable, match="tried"):
        desk.put(store, "name", body_of(5000))
    assert LIMIT - LONGEST <= time.now <= LIMIT


def test_each_attempt_of_a_retrieval_goes_on_where_the_last_one_ended(
    store: Retrying, faults: Faults, desk: Desk
) -> None:
    body = body_of(3 << 20)
    desk.put(store, "name", body)
    faults.next("get", Cut(1 << 20), Cut(1 << 20))
    told: list[int] = []
    sink = desk.sink()
    store.get("name", sink, told.append)
    assert told == [1 << 20, 2 << 20, 3 << 20]
    assert content(sink) == body


def test_a_lost_reply_is_no_harm(store: Retrying, faults: Faults, desk: Desk) -> None:
    faults.next("put", LoseReply())
    faults.next("delete", LoseReply())
    desk.put(store, "name", b"content")
    assert desk.get(store, "name") == b"content"
    store.delete("name")
    assert store.stat("name") is None


def test_waiting_ends_when_we_are_stopped(faults: Faults) -> None:
    time = Waiting(stop_at=10)
    store = Retrying(MemoryBackend(faults=faults), time, clock=time.clock)
    faults.always("stat", BROKEN)
    with pytest.raises(Stopped):
        store.stat("name")
    assert time.now - time.waits[-1] < 10


def test_a_listing_that_breaks_after_its_first_entry_is_not_begun_again(time: Waiting) -> None:
    class Breaking(MemoryBackend):
        def list(self, folder: str = "") -> Iterator[Entry]:
            yield Entry(f"{folder}one", 1)
            raise Unreachable("the line is down")

    entries = Retrying(Breaking(), time, clock=time.clock).list("a/")
    assert next(entries) == Entry("a/one", 1)
    with pytest.raises(Unreachable):
        next(entries)
    assert time.waits == []
