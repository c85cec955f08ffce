"""Streams: more while that makes it faster, fewer when the server is busy; on a line that is made up."""

import heapq
from collections.abc import Callable

import pytest
from support.waiting import Waiting

from git_annex_remote_pyshare.store.multipart.concurrency import FIRST, REST, AdaptiveLimit

PART = 8 << 20


class Line:
    """Uploads of many parts over a line whose rate depends on the number of streams.

    Args:
        rate: Number of streams → bytes per second of all together.
        jobs: Uploads that are under way all the time.
    """

    def __init__(self, most: int, rate: Callable[[int], float], jobs: int = 1) -> None:
        self.time = Waiting()
        self.streams = AdaptiveLimit(most, self.time.clock)
        self._rate = rate
        self._ends: list[float] = []
        for _ in range(jobs):
            self.streams.enter()
            self._begin(jobs)
        self._jobs = jobs

    @property
    def active(self) -> int:
        return len(self._ends)

    def run(self, parts: int) -> int:
        """How many streams there are after so many parts arrived."""
        for _ in range(parts):
            self.time.now = heapq.heappop(self._ends)
            self.streams.arrived(PART)
            if self.active >= self._jobs and self.streams.give_way():
                continue
            self._begin(self.active + 1)
            while self.streams.squeeze_in():
                self._begin(self.active + 1)
        return self.active

    def _begin(self, streams: int) -> None:
        heapq.heappush(self._ends, self.time.now + PART * streams / self._rate(streams))


def each_alike(streams: int) -> float:
    """As on a line far away: one stream more is its own rate more."""
    return 2.5e6 * streams


def up_to(most: int) -> Callable[[int], float]:
    return lambda streams: 2.5e6 * min(streams, most)


def test_streams_grow_up_to_what_is_allowed_while_each_brings_its_own_rate() -> None:
    line = Line(8, each_alike)
    assert line.run(60) == 8
    assert line.run(200) == 8


@pytest.mark.parametrize("most", [1, 2, 4])
def test_there_are_never_more_than_allowed(most: int) -> None:
    line = Line(most, each_alike)
    assert {line.run(1) for _ in range(100)} <= set(range(1, most + 1))


def test_growing_costs_little_of_the_time() -> None:
    line = Line(4, each_alike)
    line.run(25)
    alone = 25 * PART / each_alike(1)
    assert line.time.now * 3 < alone


def test_a_stream_that_brings_nothing_is_given_up() -> None:
    line = Line(8, up_to(5))
    line.run(60)
    assert line.run(1) in {5, 6}
    counts = [line.run(1) for _ in range(200)]
    assert counts.count(5) > 150
    assert max(counts) == 6


def test_one_that_is_given_up_is_tried_again_after_a_rest() -> None:
    most = 2
    line = Line(8, lambda streams: 2.5e6 * min(streams, most))
    line.run(20)
    most = 8
    began = line.time.now
    while line.run(1) < 8:
        assert line.time.now < began + 20 * REST


@pytest.mark.parametrize("shared", [1e6, 1e9])
def test_where_one_stream_fills_the_line_there_are_hardly_more_than_at_first(shared: float) -> None:
    line = Line(8, lambda _: shared)
    counts = [line.run(1) for _ in range(300)]
    assert max(counts) <= FIRST + 1


def test_what_is_too_fast_to_be_measured_stays_as_it_is() -> None:
    line = Line(8, lambda streams: 1e11 * streams)
    assert line.run(100) == FIRST


def test_a_busy_server_gets_half_as_many_and_then_slowly_more() -> None:
    line = Line(8, each_alike)
    line.run(100)
    for _ in range(8):
        line.streams.busy()
    assert line.streams.level == 4
    busy_at = line.time.now
    while line.run(1) > 4:
        assert line.time.now < busy_at + REST
    while line.run(1) <= 4:
        assert line.time.now < busy_at + 2 * REST
    assert line.time.now >= busy_at + REST


def test_a_server_that_stays_busy_keeps_one_stream() -> None:
    line = Line(8, each_alike)
    for _ in range(10):
        line.streams.busy()
        line.run(3)
    assert line.active == 1
    assert line.streams.level == 1


def test_each_job_has_a_stream_and_with_many_jobs_there_are_no_others() -> None:
    line = Line(4, each_alike, jobs=6)
    assert {line.run(1) for _ in range(50)} == {6}


def test_streams_are_counted_over_all_uploads() -> None:
    streams = AdaptiveLimit(2, Waiting().clock)
    streams.enter()
    assert streams.squeeze_in()
    streams.enter()
    assert not streams.squeeze_in()
    assert streams.give_way()
    assert not streams.give_way()
    streams.leave()
    assert streams.squeeze_in()
