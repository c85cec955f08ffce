"""Reading ahead against a server that fails, and that other clones change: what arrives is what the name stands for."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from support.partskit import InClone
from support.waiting import Waiting

from git_annex_remote_pyshare.errors import Busy, NotFound, PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.store.readahead import Wanted
from git_annex_remote_pyshare.testing.faults import Cut, Fail, Fault, LoseReply
from git_annex_remote_pyshare.testing.files import Desk, body_of
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place

BODIES = {f"{number}/name": body_of(1000 * number, b"%d" % number) for number in range(8)}
FAULTS: tuple[Fault | None, ...] = (
    None,
    Fail(Unreachable("reset")),
    Fail(Busy("slow down")),
    Fail(PermissionDenied("not allowed")),
    Cut(700),
    LoseReply(),
)
names = st.sampled_from(sorted(BODIES))


class Forecast:
    """Predicts whatever the test says, right or wrong."""

    def __init__(self) -> None:
        self.jumps = 0
        self.left: list[Wanted] = []

    def next(self) -> Wanted | None:
        return self.left.pop(0) if self.left else None

    def after_reply(self, work: Callable[[], object]) -> None:
        work()


class Ahead(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self.git_dir = folder / "git"
        (self.git_dir / "annex").mkdir(parents=True)
        self.desk = Desk(folder)
        self.server = MemoryBackend(place()._replace(clone=InClone(str(self.git_dir), {})))
        for name, body in BODIES.items():
            self.server._change(name, body)
        self.begin()

    def begin(self) -> None:
        self.forecast = Forecast()
        self.time = Waiting()
        self.store = wrap(self.server, self.time, forecast=self.forecast, clock=self.time.clock)

    def teardown(self) -> None:
        self.store.close()
        assert not list(self.git_dir.glob("annex/pyshare/ahead/**/*"))
        self._folder.cleanup()

    @rule(names=st.lists(names, max_size=8), more=st.sampled_from([0, 0, 0, -1, 1]))
    def a_prediction_is_made(self, names: list[str], more: int) -> None:
        self.forecast.left = [Wanted(name, len(BODIES[name]) + more) for name in names]

    @rule()
    def git_annex_jumps(self) -> None:
        self.forecast.jumps += 1

    @rule(faults=st.lists(st.sampled_from(FAULTS), max_size=5))
    def faults_come(self, faults: list[Fault | None]) -> None:
        self.server.faults.next("get", *faults)

    @rule(name=names)
    def another_clone_removes(self, name: str) -> None:
        self.server._change(name, None)

    @rule(name=names)
    def another_clone_stores(self, name: str) -> None:
        self.server._change(name, BODIES[name])

    @rule(name=names)
    def get(self, name: str) -> None:
        try:
            assert self.desk.get(self.store, name) == BODIES[name]
        except NotFound:
            assert name not in self.server._objects
        except PyshareError as error:
            assert isinstance(error, PermissionDenied | Unreachable | Busy)  # noqa: PT017

    @rule(several=st.lists(names, min_size=2, max_size=4, unique=True))
    def get_at_once(self, several: list[str]) -> None:
        jobs = [Thread(target=self.get, args=[name]) for name in several]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()

    @rule(name=names)
    def we_store(self, name: str) -> None:
        with suppress(PyshareError):
            self.desk.put(self.store, name, BODIES[name])

    @rule(name=names)
    def we_remove(self, name: str) -> None:
        with suppress(PyshareError):
            self.store.delete(name)

    @rule()
    def a_moment_passes(self) -> None:
        Event().wait(0.003)

    @rule()
    def the_process_ends_and_another_begins(self) -> None:
        self.store.close()
        self.begin()


TestAhead = Ahead.TestCase
TestAhead.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
