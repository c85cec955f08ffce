"""Retrying: what is tried again, after how long, for how long, and from where."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.base import Entry, Stat
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import (
    Busy,
    Cancelled,
    CorruptUpload,
    NotFound,
    NotReached,
    PermissionDenied,
    PyshareError,
    Unreachable,
)
from git_annex_remote_pyshare.store.progress import Reporting
from git_annex_remote_pyshare.store.retry import FIRST, FIRST_CONTACT, LONGEST, SHORTEST, Retrying
from git_annex_remote_pyshare.testing.faults import Cut, Fail, Faults, LoseReply
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place

NOBODY_THERE = Fail(NotReached("no connection (Connection refused)"))
BROKEN = Fail(Unreachable("the line is down"))
DAMAGED = Fail(CorruptUpload("it arrived damaged"))


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


def test_waits_grow_from_a_short_first_one_to_a_bounded_last_one(faults: Faults, time: Waiting) -> None:
    asked: list[float] = []

    class Noting(MemoryBackend):
        def stat(self, name: str) -> Stat | None:
            asked.append(time.now)
            return super().stat(name)

    faults.always("stat", BROKEN)
    with pytest.raises(Unreachable):
        Retrying(Noting(faults=faults), time, clock=time.clock).stat("name")
    waits = [after - before for before, after in pairwise(asked)]
    assert SHORTEST <= waits[0] <= FIRST
    for number, wait in enumerate(waits):
        assert SHORTEST <= wait <= min(LONGEST, FIRST * 2**number) + 1e-6
    assert len({round(wait, 6) for wait in waits}) > len(waits) // 2


@pytest.mark.parametrize(
    "error", [PermissionDenied("wrong password"), NotFound("not there"), Busy("locked", retryable=False)]
)
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
    faults.next("stat", BROKEN, Fail(PermissionDenied("wrong password")))
    with pytest.raises(PermissionDenied, match=r"^wrong password$"):
        store.stat("name")


def test_damage_is_no_accident_when_it_comes_twice_db17(store: Retrying, faults: Faults, desk: Desk) -> None:
    faults.next("put", DAMAGED)
    desk.put(store, "name", b"content")
    faults.always("put", DAMAGED)
    with pytest.raises(CorruptUpload, match=r"^it arrived damaged \(tried twice in 0 s\)\. .*git annex fsck"):
        desk.put(store, "name", b"content")
    assert faults.calls("put") == 4


def test_other_failures_between_do_not_count_as_damage_and_do_not_hide_it(
    store: Retrying, faults: Faults, desk: Desk
) -> None:
    faults.next("put", BROKEN, DAMAGED, BROKEN, Cut(3), DAMAGED)
    with pytest.raises(CorruptUpload, match="tried twice"):
        desk.put(store, "name", b"content")
    assert faults.calls("put") == 5


def test_the_error_itself_says_how_often_it_is_worth_trying(store: Retrying, faults: Faults) -> None:
    class Rare(Busy):
        max_attempts = 5

    faults.always("stat", Fail(Rare("the moon is full")))
    with pytest.raises(Rare, match="tried 5 times"):
        store.stat("name")
    assert faults.calls("stat") == 5


def test_a_request_gives_up_after_the_limit_and_says_how_long_it_tried(
    store: Retrying, faults: Faults, time: Waiting
) -> None:
    faults.always("stat", BROKEN)
    with pytest.raises(Unreachable, match=r"^the line is down \(tried \d+ times in \d+ s\)$"):
        store.stat("name")
    assert options.TIMEOUT.default - LONGEST <= time.now <= options.TIMEOUT.default


@pytest.mark.parametrize("seconds", [20, 1000])
def test_the_clone_says_how_long_and_is_not_asked_before_the_first_failure(
    faults: Faults, time: Waiting, seconds: int
) -> None:
    class Asked(LocalConfig):
        def option(self, name: str) -> str:
            asked.append(name)
            return str(seconds)

    asked: list[str] = []
    store = Retrying(MemoryBackend(place()._replace(clone=Asked()), faults=faults), time, clock=time.clock)
    assert store.stat("name") is None
    assert asked == []
    faults.always("stat", BROKEN)
    with pytest.raises(Unreachable):
        store.stat("name")
    assert seconds - LONGEST <= time.now <= seconds
    assert set(asked) == {"pyshare-timeout"}


@pytest.mark.parametrize("seconds", [FIRST_CONTACT, 10.0])
def test_a_server_that_was_never_reached_is_given_up_soon_and_the_address_is_doubted(
    faults: Faults, time: Waiting, seconds: float
) -> None:
    backend = MemoryBackend(place()._replace(clone=LocalConfig(remote="my cloud")), faults=faults)
    store = Retrying(backend, time, clock=time.clock, first_contact=seconds)
    faults.always("stat", NOBODY_THERE)
    told = r"no connection .*\(tried .*\)\. Is it down, or is url= wrong\? Type: pyshare info 'my cloud'$"
    for name in ("first", "second"):
        with pytest.raises(NotReached, match=told):
            store.stat(name)
    assert 0 < time.now <= seconds


@pytest.mark.parametrize("answer", [None, Fail(PermissionDenied("no")), Fail(Busy("come back later"))])
def test_a_server_that_has_answered_is_waited_for_as_long_as_ever(
    store: Retrying, faults: Faults, time: Waiting, answer: Fail | None
) -> None:
    if answer is not None:
        faults.next("stat", answer)
        with suppress(PermissionDenied):
            store.stat("name")
    else:
        store.stat("name")
    faults.always("stat", NOBODY_THERE)
    with pytest.raises(NotReached) as failure:
        store.stat("name")
    assert options.TIMEOUT.default - LONGEST <= time.now <= options.TIMEOUT.default + LONGEST
    assert "url=" not in str(failure.value)


def test_who_sets_a_time_limit_has_it_also_before_the_first_contact(faults: Faults, time: Waiting) -> None:
    clone = LocalConfig(remote="cloud")
    clone.__dict__["config"] = {"remote.cloud.pyshare-timeout": "1000"}
    store = Retrying(MemoryBackend(place()._replace(clone=clone), faults=faults), time, clock=time.clock)
    faults.always("stat", NOBODY_THERE)
    with pytest.raises(NotReached):
        store.stat("name")
    assert 1000 - LONGEST <= time.now <= 1000


def test_a_wait_tells_each_second_how_far_the_transfer_is_pr26(faults: Faults, time: Waiting, desk: Desk) -> None:
    body = body_of(3 << 20)
    store = Reporting(Retrying(MemoryBackend(faults=faults), time, clock=time.clock), time, clock=time.clock)
    desk.put(store, "name", body)
    faults.next("get", Cut(1 << 20), Fail(Busy("slow down", retry_after=20)))
    begun, told = time.now, [(time.now, 0)]
    sink = desk.sink(body[: 1 << 19])
    store.get("name", sink, lambda done: told.append((time.now, done)))
    assert time.now - begun >= 20
    assert all(after - before <= 1 for (before, _), (after, _) in pairwise(told))
    values = [done for _, done in told]
    assert values.count(3 << 19) >= 20
    assert values == sorted(values)
    assert values[-1] == 3 << 20


def test_waiting_before_the_first_byte_is_no_progress_pr26(faults: Faults, time: Waiting, desk: Desk) -> None:
    faults.always("get", BROKEN)
    store = Retrying(MemoryBackend(faults=faults), time, clock=time.clock)
    told: list[int] = []
    with pytest.raises(Unreachable):
        store.get("name", desk.sink(b"what was there"), told.append)
    assert set(told) == {14}
    assert time.now <= options.TIMEOUT.default


def test_the_server_s_own_wait_is_the_least(store: Retrying, faults: Faults, time: Waiting) -> None:
    faults.next("stat", Fail(Busy("slow down", retry_after=7.5)))
    assert store.stat("name") is None
    assert time.now == pytest.approx(7.5)


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
    assert time.now <= options.TIMEOUT.default
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
    faults.next("stat", Fail(PermissionDenied("wrong password")), BROKEN)
    with pytest.raises(PermissionDenied):
        store.stat("name")
    assert store.stat("name") is None


def test_a_transfer_that_gets_further_each_time_never_gives_up(
    store: Retrying, faults: Faults, time: Waiting, desk: Desk
) -> None:
    body = body_of(3 << 20)
    desk.put(store, "name", body)
    step = len(body) // 60
    for _ in range(59):
        faults.next("get", Cut(step), *[BROKEN] * 6)
    sink = desk.sink()
    store.get("name", sink, nobody)
    assert content(sink) == body
    assert time.now > options.TIMEOUT.default
    assert time.now <= 59 * FIRST * 2**7


def test_a_transfer_that_breaks_at_the_same_place_gives_up(
    store: Retrying, faults: Faults, time: Waiting, desk: Desk
) -> None:
    faults.always("put", Cut(1000))
    with pytest.raises(Unreachable, match="tried"):
        desk.put(store, "name", body_of(5000))
    assert options.TIMEOUT.default - LONGEST <= time.now <= options.TIMEOUT.default


def test_each_attempt_of_a_retrieval_goes_on_where_the_last_one_ended(
    store: Retrying, faults: Faults, desk: Desk
) -> None:
    body = body_of(3 << 20)
    desk.put(store, "name", body)
    faults.next("get", Cut(1 << 20), Cut(1 << 20))
    told: list[int] = []
    sink = desk.sink()
    store.get("name", sink, told.append)
    assert sorted(set(told)) == [1 << 20, 2 << 20, 3 << 20]
    assert told == sorted(told)
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
    with pytest.raises(Cancelled):
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
