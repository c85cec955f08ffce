"""Limited: transfers at once, bytes per second, and one pause for all."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import pairwise
from threading import Barrier, Event, Lock

import pytest
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import BadSetting, Busy, Cancelled, NotFound
from git_annex_remote_pyshare.store.limit import MAX_PAUSE, Limited
from git_annex_remote_pyshare.store.retry import Retrying
from git_annex_remote_pyshare.testing.faults import Cut, Drip, Fail, Faults
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place

BODY = body_of(10_000)


class Configured(LocalConfig):
    """A clone with these options; counts how often they are asked for."""

    def __init__(self, **options: str) -> None:
        super().__init__(remote="friends")
        self.asked = 0
        self._options = options

    def option(self, name: str) -> str:
        self.asked += 1
        return self._options.get(name.removeprefix("pyshare-"), "")


def limited(time: Event, clone: LocalConfig, faults: Faults | None = None) -> Limited:
    backend = MemoryBackend(place()._replace(clone=clone), faults=faults)
    return Limited(backend, time, clock=time.clock) if isinstance(time, Waiting) else Limited(backend, time)


def test_without_limits_nobody_waits(time: Waiting, desk: Desk) -> None:
    store = limited(time, Configured())
    desk.put(store, "name", BODY)
    assert desk.get(store, "name") == BODY
    assert time.waits == []


def test_git_config_is_read_at_the_first_transfer_and_once(time: Waiting, desk: Desk) -> None:
    clone = Configured(bwlimit="1MB")
    store = limited(time, clone)
    store.stat("name")
    store.delete("name")
    list(store.list())
    assert clone.asked == 0
    desk.put(store, "name", BODY)
    asked = clone.asked
    assert asked > 0
    desk.get(store, "name")
    assert clone.asked == asked


@pytest.mark.parametrize("option", ["connections", "bwlimit"])
def test_a_wrong_option_fails_the_transfer_and_says_what_to_type(time: Waiting, desk: Desk, option: str) -> None:
    store = limited(time, Configured(**{option: "fast"}))
    with pytest.raises(BadSetting, match=f"git config --unset remote.friends.pyshare-{option}"):
        desk.put(store, "name", BODY)


def test_bytes_take_the_time_that_the_rate_allows(time: Waiting, faults: Faults, desk: Desk) -> None:
    faults.always("put", Drip(1000))
    faults.always("get", Drip(1000))
    store = limited(time, Configured(bwlimit="1000B"), faults)
    desk.put(store, "name", BODY)
    assert time.now == pytest.approx(10)
    desk.get(store, "name")
    assert time.now == pytest.approx(20)


def test_the_rate_is_one_for_all_jobs(time: Waiting, faults: Faults, desk: Desk) -> None:
    faults.always("put", Drip(1000))
    store = limited(time, Configured(bwlimit="1000B"), faults)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: desk.put(store, f"{number}", BODY), range(4)))
    assert time.now >= 40


def test_what_is_there_already_costs_nothing(time: Waiting, desk: Desk) -> None:
    store = limited(time, Configured(bwlimit="1000B"))
    desk.put(store.backend, "name", BODY)
    sink = desk.sink(BODY[:9000])
    store.get("name", sink, nobody)
    assert content(sink) == BODY
    assert time.now == pytest.approx(1)


def test_what_begins_again_costs_the_whole(time: Waiting, desk: Desk) -> None:
    store = limited(time, Configured(bwlimit="1000B"))
    desk.put(store.backend, "name", BODY)
    store.get("name", desk.sink(BODY + b"longer than the object"), nobody)
    assert time.now == pytest.approx(10)


def test_what_is_sent_again_costs_again(time: Waiting, faults: Faults, desk: Desk) -> None:
    faults.next("put", Cut(5000))
    store = Retrying(limited(time, Configured(bwlimit="1000B"), faults), time, clock=time.clock)
    desk.put(store, "name", BODY)
    assert 15 <= time.now <= 15.4


def test_a_slowed_transfer_ends_when_we_are_stopped(faults: Faults, desk: Desk) -> None:
    time = Waiting(stop_at=3)
    faults.always("put", Drip(1000))
    with pytest.raises(Cancelled):
        desk.put(limited(time, Configured(bwlimit="1000B"), faults), "name", BODY)
    assert time.now == pytest.approx(3)


def test_a_pause_for_the_rate_tells_each_second_how_far_the_transfer_is_pr26(
    time: Waiting, faults: Faults, desk: Desk
) -> None:
    faults.always("put", Drip(5000))
    told = [(time.now, 0)]
    limited(time, Configured(bwlimit="500B"), faults).put(
        "name", desk.source(BODY), lambda done: told.append((time.now, done))
    )
    told.append((time.now, len(BODY)))
    assert time.now == pytest.approx(20)
    assert all(after - before <= 1.1 for (before, _), (after, _) in pairwise(told))
    assert {done for _, done in told} == {0, 5000, 10_000}


class Crowd(MemoryBackend):
    """Notes how many transfers ran at once; each waits for as many others as fit in."""

    def __init__(self, clone: LocalConfig, together: int) -> None:
        super().__init__(place()._replace(clone=clone))
        self._lock = Lock()
        self._barrier = Barrier(together)
        self._now = self.most = 0

    @contextmanager
    def _met(self, verb: str) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self._barrier.wait(30)
        yield
        with self._lock:
            self._now -= 1


@pytest.mark.parametrize(("option", "together"), [("", 6), ("2", 2), ("1.5", 1)])
def test_so_many_transfers_run_at_once_as_the_clone_allows(desk: Desk, option: str, together: int) -> None:
    crowd = Crowd(Configured(connections=option), together)
    store = Limited(crowd, Event())
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: desk.put(store, f"{number}", BODY), range(6)))
    assert crowd.most == together


def test_waiting_for_a_turn_ends_when_we_are_stopped(desk: Desk) -> None:
    stopping, running, release = Event(), Event(), Event()
    faults = Faults()

    def hold() -> None:
        running.set()
        release.wait(30)

    faults.always("put", Drip(len(BODY), hold))
    store = limited(stopping, Configured(connections="1"), faults)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(desk.put, store, "first", BODY)
        assert running.wait(30)
        second = pool.submit(desk.put, store, "second", BODY)
        stopping.set()
        with pytest.raises(Cancelled):
            second.result(30)
        release.set()
        first.result(30)


def test_waiting_for_a_turn_gives_signs_of_life_pr26(desk: Desk) -> None:
    running, signs = Event(), Event()
    faults = Faults()

    def hold() -> None:
        running.set()
        assert signs.wait(30)

    faults.always("put", Drip(len(BODY), hold))
    store = limited(Event(), Configured(connections="1"), faults)
    told: list[int] = []

    def tell(done: int) -> None:
        told.append(done)
        signs.set()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(desk.put, store, "first", BODY)
        assert running.wait(30)
        store.put("second", desk.source(BODY), tell)
        first.result(30)
    assert told[0] == 0
    assert told[-1] == len(BODY)


def test_waiting_for_the_server_tells_each_second_how_far_the_transfer_is_pr26(
    time: Waiting, faults: Faults, desk: Desk
) -> None:
    store = limited(time, Configured(), faults)
    desk.put(store, "name", BODY)
    for transfer, there in (
        (lambda progress: store.put("name", desk.source(BODY), progress), 0),
        (lambda progress: store.get("name", desk.sink(BODY[:4000]), progress), 4000),
        (lambda progress: store.run(lambda _: None, progress), 0),
    ):
        faults.next("stat", Fail(Busy("slow down", retry_after=8)))
        with pytest.raises(Busy, match="slow down"):
            store.stat("name")
        told: list[int] = []
        transfer(told.append)
        assert told[:32] == [there] * 32
        assert there not in told[32:]


def requests(store: Backend, desk: Desk) -> list[Callable[[], object]]:
    return [
        lambda: store.stat("name"),
        lambda: store.get("name", desk.sink(), nobody),
        lambda: desk.put(store, "name", BODY),
        lambda: store.delete("name"),
        lambda: list(store.list()),
    ]


def test_one_busy_answer_holds_all_requests_back(time: Waiting, faults: Faults, desk: Desk) -> None:
    store = limited(time, Configured(), faults)
    for request in requests(store, desk):
        faults.next("stat", Fail(Busy("slow down", retry_after=8)))
        with pytest.raises(Busy, match="slow down"):
            store.stat("name")
        told = time.now
        time.now += 3
        with suppress(NotFound):
            request()
        assert time.now - told == pytest.approx(8)


def test_a_long_pause_fails_requests_at_once_and_says_how_long(time: Waiting, faults: Faults, desk: Desk) -> None:
    store = limited(time, Configured(), faults)
    faults.next("stat", Fail(Busy("slow down", retry_after=MAX_PAUSE + 10)))
    with pytest.raises(Busy, match="slow down"):
        store.stat("name")
    time.now += 5
    for request in requests(store, desk):
        with pytest.raises(Busy) as held:
            request()
        assert held.value.retry_after == pytest.approx(MAX_PAUSE + 5)
    assert sum(faults.calls(verb) for verb in ("stat", "get", "put", "delete", "list")) == 1
    assert time.waits == []


def test_waiting_for_the_server_ends_when_we_are_stopped(faults: Faults) -> None:
    time = Waiting(stop_at=4)
    store = limited(time, Configured(), faults)
    faults.next("stat", Fail(Busy("slow down", retry_after=8)))
    with pytest.raises(Busy):
        store.stat("name")
    with pytest.raises(Cancelled):
        store.stat("name")


def test_a_busy_answer_without_a_time_holds_nobody_else_up(time: Waiting, faults: Faults) -> None:
    store = limited(time, Configured(), faults)
    faults.next("delete", Fail(Busy("slow down")))
    with pytest.raises(Busy):
        store.delete("name")
    assert store.stat("name") is None
    assert time.waits == []


def test_jobs_behind_the_gate_wait_and_then_succeed(time: Waiting, faults: Faults) -> None:
    store = Retrying(limited(time, Configured(), faults), time, clock=time.clock)
    faults.next("stat", Fail(Busy("slow down", retry_after=20)))
    assert store.stat("first") is None
    assert store.stat("second") is None
    assert time.now == pytest.approx(20)
    assert faults.calls("stat") == 3
