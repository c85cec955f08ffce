"""Ranges: a slow large object comes over several connections, and is written in order."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Barrier, Event, Lock, Thread
from time import monotonic
from typing import BinaryIO

import pytest
from support.partskit import Killed
from support.rangeskit import BODY, BUFFERS, PART, PATCHES, STEP, Slow

from git_annex_remote_pyshare.errors import Busy, Cancelled, PermissionDenied, PyshareError, RangeRefused, Unreachable
from git_annex_remote_pyshare.store.multipart import downloads
from git_annex_remote_pyshare.store.multipart.concurrency import FIRST
from git_annex_remote_pyshare.testing.faults import Cut, Drip, Fail, Mangle
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.transfer import ByteRange, ExactSink, FreshSink, Sink

OTHER = body_of(len(BODY), b"another version")


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in PATCHES:
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def git_dir(tmp_path: Path) -> Path:
    (tmp_path / "git" / "annex").mkdir(parents=True)
    return tmp_path / "git"


@pytest.fixture
def slow(git_dir: Path, desk: Desk) -> Slow:
    store = Slow(git_dir)
    desk.put(store, "name", BODY)
    return store


class Full(FreshSink):
    """A file on a disk that takes ten parts."""

    @contextmanager
    def writing(self, offset: int = 0, total: int | None = None, validator: str = "") -> Iterator[BinaryIO]:
        with super().writing(offset, total, validator) as file:
            yield _Full(file, 10 * PART - offset)


class _Full(BytesIO):
    def __init__(self, file: BinaryIO, left: int) -> None:
        super().__init__()
        self._file = file
        self._left = left

    def write(self, block: bytes) -> int:  # type: ignore[override]
        self._file.write(block[: self._left])
        self._left -= len(block)
        if self._left < 0:
            raise PyshareError("No space left on device")
        return len(block)


def is_range(part: ByteRange) -> bool:
    return part.size > 1


def test_a_slow_large_object_comes_in_parts_each_fetched_once(slow: Slow, desk: Desk) -> None:
    assert desk.get(slow.process(), "name") == BODY
    assert slow.faults.calls("get") == slow.trials == 1
    begin = slow.parts[0].start
    assert 0 < begin <= 10 * STEP
    ends = [begin, *(part.start + part.size for part in slow.parts)]
    assert [*(part.start for part in slow.parts), len(BODY)] == ends
    assert len(slow.parts) % FIRST == 0
    assert max(part.size for part in slow.parts) <= PART


def test_several_parts_are_on_their_way_at_once(slow: Slow, desk: Desk) -> None:
    together = Barrier(FIRST)
    slow.before_range = lambda part: is_range(part) and part in slow.parts[:FIRST] and together.wait(10)
    assert desk.get(slow.process(), "name") == BODY


@pytest.mark.parametrize("seconds", [0.0, 0.03])
def test_an_object_that_comes_fast_enough_needs_one_request(slow: Slow, desk: Desk, seconds: float) -> None:
    slow.step_seconds = seconds  # with 0.03, all of it takes 2.4 seconds
    assert desk.get(slow.process(), "name") == BODY
    assert slow.ranges == []


def test_the_last_bytes_are_not_worth_more_connections(slow: Slow, desk: Desk) -> None:
    sink = desk.sink(BODY[: -3 * PART])
    slow.process().get("name", sink, nobody)
    assert content(sink) == BODY
    assert slow.ranges == []


def test_a_first_range_that_comes_late_leaves_the_end_to_one_connection(slow: Slow, desk: Desk) -> None:
    end = Event()
    slow.before_range = lambda _: end.wait(20)
    slow.step_seconds = 1.0
    sink = desk.sink()

    def progress(done: int) -> None:
        if done == len(BODY) - 3 * PART:
            end.set()
            slow.tried.wait(20)

    slow.process().get("name", sink, progress)
    assert content(sink) == BODY
    assert slow.parts == []


@pytest.mark.parametrize("options", [{"parts": "1"}, {"connections": "1"}])
def test_the_clone_can_turn_it_off(git_dir: Path, desk: Desk, options: dict[str, str]) -> None:
    slow = Slow(git_dir, **options)
    desk.put(slow, "name", BODY)
    assert desk.get(slow.process(), "name") == BODY
    assert slow.ranges == []


@pytest.mark.parametrize("options", [{"parts": "2"}, {"connections": "2"}])
def test_the_clone_can_limit_it(git_dir: Path, desk: Desk, options: dict[str, str]) -> None:
    slow, running, most, counting = Slow(git_dir, **options), [0], [0], Lock()
    desk.put(slow, "name", BODY)

    def count(part: ByteRange) -> None:
        with counting:
            running[0] += is_range(part)
            most[0] = max(most[0], running[0])
        Event().wait(0.002)
        with counting:
            running[0] -= is_range(part)

    slow.before_range = count
    assert desk.get(slow.process(), "name") == BODY
    assert most[0] == 2


def test_what_is_there_already_is_not_fetched_again(slow: Slow, desk: Desk) -> None:
    sink, told = desk.sink(BODY[: 10 * PART]), [len(BODY)]
    slow.process().get("name", sink, told.append)
    assert content(sink) == BODY
    assert min(told) >= 10 * PART
    assert slow.parts[0].start > 10 * PART


def test_progress_counts_what_has_arrived(slow: Slow, desk: Desk) -> None:
    told: list[int] = []
    slow.process().get("name", desk.sink(), told.append)
    assert told[-1] == len(BODY) == max(told)


# Ranges that do not work


def test_a_server_that_ignores_ranges_costs_nothing_that_has_arrived(slow: Slow, desk: Desk) -> None:
    slow.faults.always("read_range", Fail(RangeRefused("the whole object came")))
    store = slow.process()
    assert desk.get(store, "name") == BODY
    assert desk.get(store, "name") == BODY
    assert slow.faults.calls("get") == 2
    assert slow.trials <= 4
    assert slow.parts == []


@pytest.mark.parametrize("fault", [Fail(RangeRefused("the whole object came")), Mangle(lambda part: part[:-1])])
def test_ranges_that_no_longer_work_leave_the_rest_to_one_connection(
    slow: Slow, desk: Desk, fault: Fail | Mangle
) -> None:
    slow.faults.next("read_range", *[None] * 9)
    slow.faults.always("read_range", fault)
    told: list[int] = []
    sink = desk.sink()
    slow.process().get("name", sink, told.append)
    assert content(sink) == BODY
    assert slow.faults.calls("get") == 2


def test_parts_that_are_no_faster_leave_the_rest_to_one_connection(slow: Slow, desk: Desk) -> None:
    slow.range_seconds = 2.0
    assert desk.get(slow.process(), "name") == BODY
    assert slow.faults.calls("get") == 2
    assert len(slow.parts) <= 4 * FIRST


@pytest.mark.parametrize(("seconds", "is_lost"), [(1.0, True), (0.92, True), (0.9, False), (0.25, False)])
def test_parts_go_on_if_they_are_a_tenth_faster(seconds: float, is_lost: bool) -> None:  # noqa: FBT001
    now = 100.0
    comparison = downloads.Comparison(PART, 4, lambda: now)
    lost = []
    for number in range(40):
        now += 60 if number < 4 else seconds  # the first ones wait for their connections
        lost.append(comparison.is_lost(PART))
    assert lost.count(True) == int(is_lost)


def test_an_object_that_is_replaced_meanwhile_comes_anew(slow: Slow, desk: Desk) -> None:
    slow.before_range = lambda part: part.start > 20 * PART and desk.put(slow, "name", OTHER)
    assert desk.get(slow.process(), "name") == OTHER


# Failures


def test_a_part_that_is_cut_is_fetched_again(slow: Slow, desk: Desk) -> None:
    slow.faults.next("read_range", None, None, Cut(300), None, Cut(0), Fail(Unreachable("reset")))
    assert desk.get(slow.process(), "name") == BODY
    assert len(slow.parts) == len(set(slow.parts)) + 3


def test_a_busy_server_gets_fewer_requests_at_once(slow: Slow, desk: Desk) -> None:
    slow.faults.next("read_range", None, None, None, Fail(Busy("slow down")), Fail(Busy("slow down")))
    running, most = [0], [0]

    def count(part: ByteRange) -> None:
        running[0] += 1
        most[0] = max(most[0], running[0] if part.start > 20 * PART else 0)
        Event().wait(0.002)
        running[0] -= 1

    slow.before_range = count
    assert desk.get(slow.process(), "name") == BODY
    assert most[0] < FIRST


def test_after_a_lasting_failure_the_next_process_goes_on_where_the_file_ends(slow: Slow, desk: Desk) -> None:
    slow.faults.next("read_range", *[None] * 20)
    slow.faults.always("read_range", Fail(PermissionDenied("no more")))
    sink = desk.sink()
    with pytest.raises(PermissionDenied):
        slow.process().get("name", sink, nobody)
    left = sink.size
    assert left >= 10 * PART
    assert content(sink) == BODY[:left]
    slow.faults.always("read_range", Drip(PART))
    slow.ranges.clear()
    told = [len(BODY)]
    again = Sink(sink.path, is_checked=False)  # only the record says which version it is
    slow.process().get("name", again, told.append)
    assert content(again) == BODY
    assert min(told) >= left
    assert slow.parts[0].start >= left


def test_a_kill_leaves_the_beginning_and_its_record(slow: Slow, desk: Desk) -> None:
    def kill(part: ByteRange) -> None:
        if part.start > 20 * PART:
            raise Killed

    slow.before_range = kill
    sink = desk.sink()
    with pytest.raises(Killed):
        slow.process().get("name", sink, nobody)
    assert content(sink) == BODY[: sink.size]
    slow.before_range = lambda _: None
    again = Sink(sink.path, is_checked=False)
    told = [len(BODY)]
    slow.process().get("name", again, told.append)
    assert content(again) == BODY
    assert min(told) >= 10 * PART


def test_a_download_can_be_stopped_while_all_connections_hang(slow: Slow, desk: Desk) -> None:
    stopping, release = Event(), Event()

    def hang(part: ByteRange) -> None:
        if is_range(part):
            stopping.set()
            release.wait(20)

    slow.before_range = hang
    sink = desk.sink()
    begun = monotonic()
    with pytest.raises(Cancelled):
        slow.process(stopping).get("name", sink, nobody)
    assert monotonic() - begun < 5
    left = content(sink)
    release.set()
    assert content(sink) == left == BODY[: len(left)]


# Memory


def test_a_part_that_hangs_holds_up_only_as_many_as_the_buffers_take(slow: Slow, desk: Desk) -> None:
    release, full = Event(), Event()

    def hang(part: ByteRange) -> None:
        if len(slow.parts) > BUFFERS:
            full.set()
        if is_range(part) and part == slow.parts[0]:
            release.wait(20)

    slow.before_range = hang
    sink = desk.sink()
    job = Thread(target=slow.process().get, args=["name", sink, nobody])
    job.start()
    assert full.wait(10)
    assert not Event().wait(0.2)
    assert len(slow.parts) == BUFFERS + 1
    release.set()
    job.join(10)
    assert content(sink) == BODY


def test_jobs_share_the_connections_and_the_buffers(slow: Slow, desk: Desk) -> None:
    running, most, counting = [0], [0], Lock()

    def count(_: ByteRange) -> None:
        with counting:
            running[0] += 1
            most[0] = max(most[0], running[0])
        Event().wait(0.001)
        with counting:
            running[0] -= 1

    slow.before_range = count
    store, sinks = slow.process(), [desk.sink() for _ in range(6)]
    jobs = [Thread(target=store.get, args=["name", sink, nobody]) for sink in sinks]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(30)
    assert [content(sink) == BODY for sink in sinks] == [True] * 6
    assert most[0] <= FIRST + len(sinks)


# Sinks


def test_a_chunk_of_a_larger_file_comes_in_parts_behind_the_others(slow: Slow, desk: Desk) -> None:
    path = desk.sink(b"earlier chunk" * 10).path
    sink = FreshSink(path, 130)
    slow.process().get("name", sink, nobody)
    assert content(sink) == b"earlier chunk" * 10 + BODY
    assert slow.parts


def test_an_exact_version_is_checked_by_the_store_at_the_end(slow: Slow, desk: Desk) -> None:
    listed = slow.content_of("name")
    assert listed
    sink = ExactSink(desk.sink().path, listed.id)
    slow.process().get("name", sink, nobody)
    assert content(sink) == BODY
    assert slow.parts
    assert slow.faults.calls("get") == 2


def test_a_full_disk_is_the_error_and_leaves_the_beginning(slow: Slow, desk: Desk) -> None:
    sink = Full(desk.sink().path)
    with pytest.raises(PyshareError, match="No space left"):
        slow.process().get("name", sink, nobody)
    assert content(sink) == BODY[: 10 * PART]
