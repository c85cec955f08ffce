"""News of waiting: what a user is told of it, when, and how seldom."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from support.waiting import Waiting

from git_annex_remote_pyshare.errors import Busy, PermissionDenied, Unreachable
from git_annex_remote_pyshare.store.outage_notice import LONG, QUIET, OutageNotice
from git_annex_remote_pyshare.store.retry import Retrying
from git_annex_remote_pyshare.testing.faults import Cut, Drip, Fail, Faults
from git_annex_remote_pyshare.testing.files import Desk, body_of
from git_annex_remote_pyshare.testing.memory import MemoryBackend

BROKEN = Fail(Unreachable("the line is down"))
AGAIN = "the store responds again"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def store(time: Waiting, faults: Faults, told: list[str]) -> Retrying:
    return Retrying(MemoryBackend(faults=faults), time, tell=told.append, clock=time.clock)


def outage(time: Waiting, faults: Faults, seconds: float) -> None:
    """Nothing answers until so much time has passed."""

    class Until(Unreachable):
        """Ends the outage when it is time, as the clock moves only while somebody waits."""

        def __copy__(self) -> Unreachable:
            if time.now >= end:
                faults.clear()
            return Unreachable(self.what)

    end = time.now + seconds
    for verb in ("stat", "get", "put"):
        faults.always(verb, Fail(Until("the line is down")))


def test_a_short_wait_is_no_news(store: Retrying, faults: Faults, told: list[str]) -> None:
    faults.next("stat", *[BROKEN] * 4)
    assert store.stat("name") is None
    assert told == []


def test_a_long_wait_is_told_with_its_reason_and_so_is_its_end(
    store: Retrying, faults: Faults, time: Waiting, told: list[str]
) -> None:
    outage(time, faults, 100)
    assert store.stat("name") is None
    first, last = told
    assert first.startswith("the line is down; trying again for up to 2")
    assert last == AGAIN


def test_a_long_pause_that_the_server_asks_for_is_told_at_once(
    store: Retrying, faults: Faults, time: Waiting, told: list[str]
) -> None:
    faults.next("stat", Fail(Busy("slow down", retry_after=LONG + 5)))
    assert store.stat("name") is None
    assert told == ["slow down; the server asks to wait 15 s; trying again for up to 300 s", AGAIN]


def test_what_a_server_says_cannot_give_orders_to_the_terminal(
    store: Retrying, faults: Faults, told: list[str]
) -> None:
    faults.next("stat", Fail(Busy("slow\x1b[2J\ndown", retry_after=60)))
    store.stat("name")
    assert told[0].startswith("slow [2J down;")


def test_who_gives_up_says_so_in_the_error_only(store: Retrying, faults: Faults, told: list[str]) -> None:
    faults.always("stat", BROKEN)
    for name in ("first", "second"):
        with pytest.raises(Unreachable):
            store.stat(name)
    assert len(told) == 1
    faults.clear()
    store.stat("third")
    assert told[1:] == [AGAIN]


def test_a_refusal_after_a_long_wait_is_told_by_the_error_only(
    store: Retrying, faults: Faults, told: list[str]
) -> None:
    faults.next("stat", Fail(Busy("slow down", retry_after=30)), Fail(PermissionDenied("wrong password")))
    with pytest.raises(PermissionDenied):
        store.stat("name")
    assert len(told) == 1


def test_a_transfer_goes_on_when_it_gets_further_not_when_it_ends(
    store: Retrying, faults: Faults, desk: Desk, told: list[str]
) -> None:
    heard: list[int] = []
    faults.next("put", Cut(1000), Fail(Busy("slow down", retry_after=30)), Drip(500, lambda: heard.append(len(told))))
    desk.put(store, "name", body_of(5000))
    assert heard == [1, 1, *[2] * 8]
    assert told[1:] == [AGAIN]


def test_eight_jobs_have_one_outage(faults: Faults, told: list[str]) -> None:
    together, time = Barrier(8), Waiting()

    class Meeting(MemoryBackend):
        def stat(self, name: str) -> None:
            together.wait(30)
            super().stat(name)

    store = Retrying(Meeting(faults=faults), time, tell=told.append, clock=time.clock)
    faults.next("stat", *[Fail(Busy("slow down", retry_after=20))] * 8)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(store.stat, "abcdefgh")) == [None] * 8
    assert told == ["slow down; the server asks to wait 20 s; trying again for up to 300 s", AGAIN]


def test_it_goes_on_when_nobody_waits_any_more(time: Waiting, told: list[str]) -> None:
    news = OutageNotice(told.append, time.clock)
    for request in ("first", "second"):
        news.waits(request, Unreachable("the line is down"), 300)
    news.resolved("third")
    news.resolved("first")
    assert told == ["the line is down; trying again for up to 300 s"]
    news.resolved("second")
    assert told[1:] == [AGAIN]


def test_a_server_that_keeps_asking_for_pauses_is_no_news_for_a_while(
    store: Retrying, faults: Faults, time: Waiting, told: list[str]
) -> None:
    for _ in range(9):
        faults.next("stat", Fail(Busy("slow down", retry_after=20)))
        store.stat("name")
    assert time.now == pytest.approx(180)
    assert len(told) == 2 * 180 / QUIET
