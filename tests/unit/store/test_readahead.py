"""Objects that were fetched ahead: handed over once, dropped silently, and never in the way."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Lock, Thread

import pytest
from support.partskit import InClone

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.errors import NotFound, PyshareError, Unreachable
from git_annex_remote_pyshare.state.ahead_dir import AheadDir
from git_annex_remote_pyshare.store import readahead
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.store.readahead import LARGEST, MOST_BYTES, MOST_OBJECTS, ReadAhead, Wanted
from git_annex_remote_pyshare.testing.faults import Drip, Faults
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place
from git_annex_remote_pyshare.transfer import Progress, Sink

BODY = body_of(5000)
PATIENCE = 10.0


class Forecast:
    """What a test says will be asked for."""

    def __init__(self, *wanted: Wanted) -> None:
        self.jumps = 0
        self.left = list(wanted)

    def next(self) -> Wanted | None:
        return self.left.pop(0) if self.left else None

    def after_reply(self, work: Callable[[], object]) -> None:
        work()


class Server(MemoryBackend):
    """Notes which objects were asked for, and holds back those whose name has no `now` in it until `opens` is set."""

    def __init__(self, place: StoreConfig, faults: Faults) -> None:
        super().__init__(place, faults=faults)
        self.asked: list[str] = []
        self.broken: dict[str, PyshareError] = {}
        self.opens = Event()
        self.opens.set()
        self._noting = Lock()

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        with self._noting:
            self.asked.append(name)
        while "now" not in name and not self.opens.wait(0.01):
            progress(0)
        if error := self.broken.pop(name, None):
            raise error
        super().get(name, sink, progress)


class Bench:
    """A store of ten objects behind all layers, in a clone."""

    def __init__(self, folder: Path) -> None:
        self.git_dir = folder / "git"
        (self.git_dir / "annex").mkdir(parents=True)
        self.desk = Desk(folder)
        self.faults = Faults()
        self.stopping = Event()
        self.forecast = Forecast(*(Wanted(f"a/{number}", len(BODY)) for number in range(10)))
        self.options: dict[str, str] = {}

    def open(self) -> None:
        clone = InClone(str(self.git_dir), self.options)
        self.server = Server(place()._replace(clone=clone), self.faults)
        self.store: Backend = wrap(self.server, self.stopping, forecast=self.forecast)
        ahead = self.store.backend if isinstance(self.store, Layer) else None
        assert isinstance(ahead, ReadAhead)
        self.ahead = ahead
        for name in (*(f"a/{number}" for number in range(10)), "now", "now-2"):
            self.desk.put(self.server, name, BODY)

    def get(self, name: str) -> bytes:
        return self.desk.get(self.store, name)

    def files(self) -> list[Path]:
        """The objects that wait."""
        ahead = self.git_dir / "annex" / "pyshare" / "ahead"
        return [path for path in ahead.rglob("*") if path.is_file() and path.name != "lock"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.open()
    yield made
    made.server.opens.set()
    made.store.close()


def refuse(_thread: Thread) -> None:
    """Start no thread, as a system does that has too many."""
    raise RuntimeError("can't start new thread")


def becomes(true: Callable[[], bool]) -> bool:
    """Whether it is true within a few seconds."""
    return any(true() or Event().wait(0.01) for _ in range(int(PATIENCE * 100)))


def test_what_was_fetched_ahead_is_handed_over_without_another_request(bench: Bench) -> None:
    assert bench.get("now") == BODY
    for number in range(10):
        assert bench.get(f"a/{number}") == BODY
    assert sorted(bench.server.asked) == sorted({*bench.server.asked})
    assert len(bench.server.asked) == 11
    assert not bench.files()


def test_what_waits_is_handed_over_before_more_is_fetched(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.get("now")
    assert becomes(lambda: all(held.over.is_set() for held in bench.ahead._held.values()))
    postponed: list[Callable[[], object]] = []
    monkeypatch.setattr(bench.forecast, "after_reply", postponed.append)
    asked = len(bench.server.asked)
    assert bench.get("a/0") == BODY
    assert len(bench.server.asked) == asked
    postponed[0]()
    assert becomes(lambda: len(bench.server.asked) > asked)


def test_a_request_for_what_is_on_its_way_waits_for_it(bench: Bench) -> None:
    bench.server.opens.clear()
    bench.get("now")
    got: list[bytes] = []
    waiting = Thread(target=lambda: got.append(bench.get("a/0")))
    waiting.start()
    assert becomes(lambda: bench.server.asked.count("a/0") == 1)
    bench.server.opens.set()
    waiting.join(PATIENCE)
    assert got == [BODY]
    assert bench.server.asked.count("a/0") == 1


def test_the_window_is_two_at_first_and_grows_while_git_annex_waits(bench: Bench) -> None:
    bench.server.opens.clear()
    bench.get("now")
    assert becomes(lambda: len(bench.server.asked) == 3)
    assert len(bench.forecast.left) == 8
    waiting = Thread(target=lambda: bench.get("a/0"))
    waiting.start()
    assert becomes(lambda: len(bench.forecast.left) == 6)  # the one that was taken left room, and one more
    bench.server.opens.set()
    waiting.join(PATIENCE)


def test_without_a_thread_git_annex_gets_its_objects_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", refuse)
        for number in range(3):
            assert bench.get(f"a/{number}") == BODY
        assert bench.server.asked == ["a/0", "a/1", "a/2"]
    bench.get("now")
    assert becomes(lambda: len(bench.server.asked) > 4)  # a thread fetches ahead again
    bench.store.close()
    assert not bench.files()


def test_where_no_second_thread_can_be_started_nothing_waits_for_the_first(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.server.opens.clear()
    real, started = Thread.start, list[Thread]()

    def start_one(thread: Thread) -> None:
        if started:
            refuse(thread)
        started.append(thread)
        real(thread)

    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", start_one)
        bench.get("now")
        assert becomes(lambda: "a/0" in bench.server.asked)
        bench.get("now-2")
    assert set(bench.server.asked) == {"now", "a/0", "now-2"}
    bench.server.opens.set()
    assert [bench.get("a/0"), bench.get("a/1")] == [BODY, BODY]
    bench.store.close()
    assert not bench.files()


def test_objects_that_are_there_in_time_leave_the_window_small(bench: Bench) -> None:
    bench.get("now")
    for number in range(6):
        assert becomes(lambda: all(held.over.is_set() for held in bench.ahead._held.values()))
        bench.get(f"a/{number}")
    assert len(bench.forecast.left) == 2


def test_a_jump_drops_what_waits_and_halves_the_window(bench: Bench) -> None:
    bench.get("now")
    assert becomes(lambda: len(bench.files()) == 2)
    bench.forecast.jumps += 1
    bench.get("now")
    assert becomes(lambda: len(bench.files()) == 1)
    assert bench.forecast.left[0].name == "a/3"


def test_what_is_not_asked_for_is_dropped_and_makes_room(bench: Bench) -> None:
    bench.get("now")
    assert becomes(lambda: len(bench.files()) == 2)
    for _ in range(readahead._PATIENCE + 1):
        bench.get("now")
    assert becomes(lambda: len(bench.files()) == 1)
    assert bench.forecast.left[0].name == "a/3"


def test_after_eight_wrong_predictions_in_a_row_nothing_is_fetched_any_more(bench: Bench) -> None:
    for _ in range(8):
        bench.forecast.jumps += 1
        bench.get("now")
    asked = len(bench.forecast.left)
    bench.get("now")
    assert len(bench.forecast.left) == asked
    assert becomes(lambda: not bench.files())


def test_a_failed_prediction_is_silent_and_git_annex_s_own_request_is_sent(bench: Bench) -> None:
    bench.server.broken = {"a/0": NotFound("gone"), "a/1": Unreachable("reset")}
    bench.get("now")
    assert becomes(lambda: not bench.server.broken)
    assert bench.get("a/0") == BODY
    assert bench.get("a/1") == BODY


def test_an_object_of_another_size_is_never_handed_over(bench: Bench) -> None:
    bench.forecast.left = [Wanted("a/0", 4000), Wanted("a/1", 6000)]
    bench.get("now")
    assert becomes(lambda: len(bench.server.asked) == 3)
    assert bench.get("a/0") == BODY
    assert bench.get("a/1") == BODY
    assert len(bench.server.asked) == 5
    assert becomes(lambda: not bench.files())


@pytest.mark.parametrize("change", ["put", "delete"])
def test_an_object_that_this_process_changes_is_fetched_anew(bench: Bench, change: str) -> None:
    bench.get("now")
    assert becomes(lambda: len(bench.files()) == 2)
    other = bytes(len(BODY))
    if change == "put":
        bench.desk.put(bench.store, "a/0", other)
        assert bench.get("a/0") == other
    else:
        bench.store.delete("a/0")
        with pytest.raises(NotFound):
            bench.get("a/0")


def test_a_partial_file_is_completed_and_not_replaced(bench: Bench) -> None:
    bench.get("now")
    assert becomes(lambda: len(bench.files()) == 2)
    sink = bench.desk.sink(BODY[:100])
    bench.store.get("a/0", sink, nobody)
    assert content(sink) == BODY
    assert bench.server.asked.count("a/0") == 2


def test_at_most_64_mib_are_held(bench: Bench) -> None:
    bench.forecast.left = [Wanted(f"b/{number}", LARGEST) for number in range(100)]
    bench.server.opens.clear()
    bench.ahead._window = MOST_OBJECTS
    bench.get("now")
    assert len(bench.forecast.left) == 100 - MOST_BYTES // LARGEST


def test_at_most_32_objects_are_held(bench: Bench) -> None:
    bench.forecast.left = [Wanted(f"b/{number}", 1) for number in range(100)]
    bench.server.opens.clear()
    bench.ahead._window = 99
    bench.get("now")
    assert len(bench.forecast.left) == 100 - MOST_OBJECTS


def test_the_option_0_turns_it_off(bench: Bench) -> None:
    bench.options["ahead"] = "0"
    bench.open()
    bench.get("now")
    assert len(bench.forecast.left) == 10


@pytest.mark.parametrize("limit", ["connections", "bwlimit"])
def test_where_transfers_are_limited_predictions_give_way_to_git_annex(bench: Bench, limit: str) -> None:
    bench.options[limit] = "1" if limit == "connections" else "10MB"
    bench.open()
    bench.server.opens.clear()
    left: list[int] = []
    bench.ahead.get("now", bench.desk.sink(), lambda _: left.append(len(bench.forecast.left)))
    assert set(left) == {10}  # while git-annex's own request is on its way, none begins
    assert becomes(lambda: len(bench.server.asked) >= 2)
    assert bench.get("now") == BODY  # what holds the only connection ends


def test_everything_that_waits_is_removed_at_the_end(bench: Bench) -> None:
    bench.get("now")
    assert becomes(lambda: len(bench.files()) == 2)
    bench.store.close()
    assert not (bench.git_dir / "annex" / "pyshare" / "ahead").exists()


def test_what_is_on_its_way_at_the_end_is_removed_as_well(bench: Bench) -> None:
    bench.faults.always("get", Drip(1000, lambda: Event().wait(0.02)))
    bench.get("now")
    assert becomes(lambda: bool(bench.files()))
    bench.store.close()
    assert not bench.files()


def test_a_later_process_removes_what_a_killed_one_left_and_nothing_of_a_living_one(bench: Bench) -> None:
    living = AheadDir(str(bench.git_dir))
    Path(living.path(1)).write_bytes(BODY)
    killed = bench.git_dir / "annex" / "pyshare" / "ahead" / "17-dead"
    killed.mkdir()
    (killed / "lock").touch()
    (killed / "1").write_bytes(BODY)
    bench.open()
    assert bench.files() == [Path(living.path(1))]
    living.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_nobody_else_can_look_into_the_folder(bench: Bench) -> None:
    folder = Path(AheadDir(str(bench.git_dir)).path(1)).parent
    assert folder.stat().st_mode & 0o777 == 0o700
