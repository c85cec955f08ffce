"""Group commit: one at a time, nobody waits for company, and each entry has its own end."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_annex_remote_pyshare.backends.dropbox import batcher as module
from git_annex_remote_pyshare.backends.dropbox.batcher import Batcher
from git_annex_remote_pyshare.errors import Busy, Cancelled, PermissionDenied, PyshareError, QuotaExceeded

Outcomes = Sequence[int | PyshareError]


class Namespace:
    """What commits go to: records the batches, notices two at once, and holds each until it is let go."""

    def __init__(self, answer: Callable[[Sequence[int]], Outcomes] = list) -> None:
        self.batches: list[list[int]] = []
        self.free = threading.Event()
        self.free.set()
        self.overlaps = 0
        self._answer = answer
        self._lock = threading.Lock()

    def send(self, entries: Sequence[int]) -> Outcomes:
        if not self._lock.acquire(blocking=False):
            self.overlaps += 1
            return list(entries)
        try:
            self.batches.append(list(entries))
            self.free.wait(10)
            return self._answer(entries)
        finally:
            self._lock.release()


def wait_until(holds: Callable[[], bool]) -> None:
    """Look until it holds."""
    end = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


def begun(namespace: Namespace, count: int) -> Callable[[], bool]:
    return lambda: len(namespace.batches) == count


def waiting(commits: Batcher[int, int], count: int) -> Callable[[], bool]:
    return lambda: len(commits._waiting) == count


@pytest.fixture
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(16)


def test_a_single_entry_is_committed_at_once() -> None:
    namespace = Namespace()
    assert Batcher(namespace.send).commit(7) == 7
    assert namespace.batches == [[7]]


def test_whatever_is_ready_meanwhile_goes_into_the_next_commit(pool: ThreadPoolExecutor) -> None:
    namespace = Namespace()
    commits: Batcher[int, int] = Batcher(namespace.send)
    namespace.free.clear()
    first = pool.submit(commits.commit, 0)
    wait_until(begun(namespace, 1))
    others = [pool.submit(commits.commit, number) for number in range(1, 9)]
    wait_until(waiting(commits, 8))
    namespace.free.set()
    assert [first.result(5), *(each.result(5) for each in others)] == list(range(9))
    assert namespace.batches[0] == [0]
    assert sorted(namespace.batches[1]) == list(range(1, 9))


def test_only_the_failed_entries_fail_and_the_others_succeed_db3(pool: ThreadPoolExecutor) -> None:
    namespace = Namespace(lambda entries: [PermissionDenied("no") if entry == 3 else entry for entry in entries])
    commits: Batcher[int, int] = Batcher(namespace.send)
    done = {number: pool.submit(commits.commit, number) for number in range(6)}
    assert {number: one.result(5) for number, one in done.items() if number != 3} == {n: n for n in range(6) if n != 3}
    with pytest.raises(PermissionDenied, match="no"):
        done[3].result(5)


def test_only_what_was_refused_for_others_writes_is_committed_again_db2(pool: ThreadPoolExecutor) -> None:
    refusals = [Busy("written elsewhere"), Busy("written elsewhere", retry_after=0.2)]
    namespace = Namespace(lambda entries: [refusals.pop() if entry == 2 and refusals else entry for entry in entries])
    commits: Batcher[int, int] = Batcher(namespace.send)
    began = time.monotonic()
    done = [pool.submit(commits.commit, number) for number in range(4)]
    assert [one.result(5) for one in done] == list(range(4))
    assert time.monotonic() - began >= 0.2  # as long as it was asked for
    assert sum(2 in batch for batch in namespace.batches) == 3
    assert all(sum(number in batch for batch in namespace.batches) == 1 for number in (0, 1, 3))


def test_who_succeeded_does_not_wait_for_the_second_try_of_others(pool: ThreadPoolExecutor) -> None:
    namespace = Namespace(lambda entries: [Busy("x", retry_after=30) if entry == 1 else entry for entry in entries])
    commits: Batcher[int, int] = Batcher(namespace.send)
    namespace.free.clear()
    done = [pool.submit(commits.commit, 0)]
    wait_until(begun(namespace, 1))
    done += [pool.submit(commits.commit, number) for number in (1, 2, 3)]
    wait_until(waiting(commits, 3))
    namespace.free.set()
    assert [done[number].result(5) for number in (0, 2, 3)] == [0, 2, 3]
    assert not done[1].done()
    commits.close()
    with pytest.raises(Cancelled):
        done[1].result(5)


def test_refusals_that_do_not_end_are_told_in_the_end_db2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_TIMEOUT", 0.3)
    namespace = Namespace(lambda entries: [Busy("written elsewhere") for _ in entries])
    with pytest.raises(Busy, match="written elsewhere"):
        Batcher(namespace.send).commit(1)
    assert len(namespace.batches) > 1


def test_nobody_waits_for_a_pause_that_is_longer_than_patience_db1() -> None:
    namespace = Namespace(lambda entries: [Busy("later", retry_after=300) for _ in entries])
    commits: Batcher[int, int] = Batcher(namespace.send)
    with pytest.raises(Busy) as told:
        commits.commit(1)
    assert told.value.retry_after == 300
    with commits.turn():
        assert namespace.batches == [[1]]


def test_an_error_of_the_whole_commit_is_each_entrys_own(pool: ThreadPoolExecutor) -> None:
    def answer(entries: Sequence[int]) -> Outcomes:
        if len(entries) > 1:
            raise PermissionDenied("the login is gone")
        return entries

    namespace = Namespace(answer)
    commits: Batcher[int, int] = Batcher(namespace.send)
    namespace.free.clear()
    first = pool.submit(commits.commit, 0)
    wait_until(begun(namespace, 1))
    others = [pool.submit(commits.commit, number) for number in (1, 2)]
    wait_until(waiting(commits, 2))
    namespace.free.set()
    assert first.result(5) == 0
    errors = [one.exception(5) for one in others]
    assert [str(error) for error in errors] == ["the login is gone"] * 2
    assert errors[0] is not errors[1]
    assert commits.commit(9) == 9  # the namespace is free again


def test_a_leader_with_more_than_a_batch_before_it_leads_that_first(
    monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> None:
    monkeypatch.setattr(module, "MAX_BATCH", 3)
    namespace = Namespace()
    commits: Batcher[int, int] = Batcher(namespace.send)
    namespace.free.clear()
    done: list[Future[int]] = [pool.submit(commits.commit, 0)]
    wait_until(begun(namespace, 1))
    done += [pool.submit(commits.commit, number) for number in range(1, 10)]
    wait_until(waiting(commits, 9))
    namespace.free.set()
    assert [one.result(5) for one in done] == list(range(10))
    assert [len(batch) for batch in namespace.batches] == [1, 3, 3, 3]


def test_stopping_ends_all_waiting_while_a_commit_is_under_way_db31(pool: ThreadPoolExecutor) -> None:
    namespace = Namespace()
    commits: Batcher[int, int] = Batcher(namespace.send)
    namespace.free.clear()
    first = pool.submit(commits.commit, 0)
    wait_until(begun(namespace, 1))
    others = [pool.submit(commits.commit, number) for number in range(1, 5)]
    wait_until(waiting(commits, 4))
    commits.close()
    assert [type(one.exception(2)) for one in others] == [Cancelled] * 4
    namespace.free.set()
    assert first.result(5) == 0  # what was committed stays valid
    with pytest.raises(Cancelled):
        commits.commit(9)
    with pytest.raises(Cancelled), commits.turn():
        pytest.fail("nobody gets a turn after the end")


def test_a_turn_has_the_namespace_alone(pool: ThreadPoolExecutor) -> None:
    namespace = Namespace()
    commits: Batcher[int, int] = Batcher(namespace.send)
    with commits.turn():
        done = pool.submit(commits.commit, 1)
        wait_until(waiting(commits, 1))
        assert namespace.batches == []
    assert done.result(5) == 1


def test_a_turn_that_fails_lets_the_next_one_in() -> None:
    commits: Batcher[int, int] = Batcher(Namespace().send)
    with pytest.raises(PermissionDenied), commits.turn():
        raise PermissionDenied("no")
    assert commits.commit(1) == 1


@settings(max_examples=25, deadline=None)
@given(
    plan=st.lists(st.sampled_from(["fine", "fine", "refused once", "fails"]), min_size=1, max_size=40),
    most=st.integers(1, 10),
)
def test_every_entry_ends_once_and_no_two_commits_overlap(plan: list[str], most: int) -> None:
    refused: set[int] = set()

    def answer(entries: Sequence[int]) -> Outcomes:
        return [outcome(entry) for entry in entries]

    def outcome(entry: int) -> int | PyshareError:
        if plan[entry] == "refused once" and entry not in refused:
            refused.add(entry)
            return Busy("written elsewhere")
        return PermissionDenied(f"{entry}") if plan[entry] == "fails" else entry

    namespace = Namespace(answer)
    commits: Batcher[int, int] = Batcher(namespace.send)
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(8) as pool:
        patch.setattr(module, "MAX_BATCH", most)
        patch.setattr(module, "_MIN_PAUSE", 0.001)
        patch.setattr(module, "_MAX_PAUSE", 0.001)
        done = [pool.submit(commits.commit, number) for number in range(len(plan))]
        for number, one in enumerate(done):
            if plan[number] == "fails":
                assert str(one.exception(10)) == f"{number}"
            else:
                assert one.result(10) == number
    assert namespace.overlaps == 0
    committed = [entry for batch in namespace.batches for entry in batch]
    assert sorted(committed) == sorted([*range(len(plan)), *refused])
    assert max(map(len, namespace.batches)) <= most


class Weather:
    """Decides at random what becomes of a commit: whole ones fail, too, by errors that are no PyshareError."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._lock = threading.Lock()
        self.told: dict[int, list[str]] = {}
        """Entry → what was said of it, each time."""

    def answer(self, entries: Sequence[int]) -> Outcomes:
        time.sleep(0.001)  # as long as others need to become ready
        with self._lock:
            fate = self._draw.choice(
                ["each", "each", "each", "PermissionDenied", "Busy", "KeyboardInterrupt", "ValueError"]
            )
            said = [
                self._draw.choice(["fine", "fine", "Busy", "QuotaExceeded"]) if fate == "each" else fate
                for _ in entries
            ]
        for entry, word in zip(entries, said, strict=True):
            self.told.setdefault(entry, []).append(word)
        if fate == "each":
            return [entry if word == "fine" else ERRORS[word]() for entry, word in zip(entries, said, strict=True)]
        error = ERRORS[fate]()
        raise error


ERRORS: Mapping[str, Callable[[], Any]] = {
    "Busy": lambda: Busy("written elsewhere"),
    "PermissionDenied": lambda: PermissionDenied("no"),
    "QuotaExceeded": lambda: QuotaExceeded("no room"),
    "KeyboardInterrupt": KeyboardInterrupt,
    "ValueError": lambda: ValueError("a bug"),
}


@pytest.mark.parametrize("seed", range(3))
def test_in_all_weathers_every_entry_ends_with_what_was_said_of_it_last(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(module, "_MIN_PAUSE", 0.001)
    monkeypatch.setattr(module, "_MAX_PAUSE", 0.001)
    weather = Weather(seed)
    namespace = Namespace(weather.answer)
    commits: Batcher[int, int] = Batcher(namespace.send)

    def ended(entry: int) -> str:
        if entry % 7 == 0:
            with suppress(BaseException), commits.turn():
                namespace.send([-entry - 1])
        try:
            assert commits.commit(entry) == entry
        except BaseException as error:  # noqa: BLE001  # what the leader met, whatever it is
            return type(error).__name__
        return "fine"

    with ThreadPoolExecutor(32) as pool:
        outcomes = list(pool.map(ended, range(1500), timeout=60))
    assert outcomes == [weather.told[entry][-1] for entry in range(1500)]
    assert all(set(weather.told[entry][:-1]) <= {"Busy"} for entry in range(1500))
    assert namespace.overlaps == 0
    assert max(map(len, namespace.batches)) > 1


def test_closing_in_the_middle_of_many_leaves_nobody_waiting() -> None:
    namespace = Namespace()
    commits: Batcher[int, int] = Batcher(namespace.send)

    closed = threading.Event()
    late: list[int] = []

    def ended(entry: int) -> int | None:
        if entry == 400:
            commits.close()
            closed.set()
        was_closed = closed.is_set()
        with suppress(Cancelled):
            done = commits.commit(entry)
            late.extend([done] * was_closed)
            return done
        return None

    with ThreadPoolExecutor(32) as pool:
        outcomes = list(pool.map(ended, range(1200), timeout=30))
    committed = [entry for batch in namespace.batches for entry in batch]
    assert len(committed) == len(set(committed))
    assert {entry for entry in outcomes if entry is not None} <= set(committed)
    assert late == []
    assert namespace.overlaps == 0
