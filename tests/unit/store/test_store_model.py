"""The layered store against a dict, with faults and deaths in between: what it reports is true.

For each name the model keeps what the store may hold: one thing after a success, several after a failure.
"""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.partskit import InClone
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import Busy, Corrupt, NotFound, PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.faults import Cut, Drip, Fail, Fault, LoseReply, Mangle
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place
from git_annex_remote_pyshare.transfer import Progress, Sink

SMALL_BODIES = [body_of(size, seed) for size in (0, 1, 5000) for seed in (b"one", b"other")]
LARGE_BODIES = [body_of(2_100_000, seed) for seed in (b"one", b"other")]
BODIES = [*SMALL_BODIES, *LARGE_BODIES]

PASSING: tuple[Fault | None, ...] = (
    None,
    Fail(Unreachable("reset")),
    Fail(Busy("slow down", retry_after=2)),
    Fail(Busy("slow down")),
    LoseReply(),
    Cut(1),
    Cut(1_500_000),
    Drip(700_000),
)
LASTING = (
    Fail(PermissionDenied("not allowed")),
    Fail(Busy("closed for maintenance", retry_after=10 * options.TIMEOUT.default)),
)

names = st.sampled_from(["a/one", "a/two", "b/three"])
# By number: Hypothesis keeps the text of a strategy for each draw, and the bodies' own would be 20 MB.
bodies = st.sampled_from(range(len(BODIES))).map(lambda number: BODIES[number])
moments = st.integers(0, 2_100_000)
few_passing = st.lists(st.sampled_from(PASSING), max_size=4)


class Killed(BaseException):
    """The process is dead: no code catches this."""


def spoilt(body: bytes) -> bytes:
    return body + b"!"


class Store(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        (folder / "git" / "annex").mkdir(parents=True)
        self.desk = Desk(folder)
        self.time = Waiting()
        clone = InClone(str(folder / "git"), {})
        self.server = MemoryBackend(place()._replace(clone=clone), digests=("md5",))
        self.store = self.process()
        self.partial: dict[str, Sink] = {}
        self.may_hold: dict[str, set[bytes | None]] = {}

    def process(self) -> Backend:
        return wrap(self.server, self.time, clock=self.time.clock)

    def teardown(self) -> None:
        self._folder.cleanup()

    @rule(verb=st.sampled_from(["stat", "get", "put", "delete"]), faults=few_passing)
    def some_faults_come_that_pass(self, verb: str, faults: list[Fault | None]) -> None:
        self.server.faults.clear()
        self.server.faults.next(verb, *faults)

    @rule(verb=st.sampled_from(["stat", "get", "put", "delete"]), faults=few_passing, last=st.sampled_from(LASTING))
    def a_fault_comes_that_does_not_pass(self, verb: str, faults: list[Fault | None], last: Fault) -> None:
        self.server.faults.clear()
        self.server.faults.next(verb, *faults, last)

    @rule(faults=few_passing)
    def the_line_spoils_an_upload(self, faults: list[Fault | None]) -> None:
        self.server.faults.clear()
        self.server.faults.next("put", *faults, Mangle(spoilt))

    @rule()
    def an_hour_passes(self) -> None:
        self.time.now += 3600

    @rule(name=names, body=bodies)
    def put(self, name: str, body: bytes) -> None:
        if self.works(lambda: self.desk.put(self.store, name, body), Corrupt):
            self.may_hold[name] = {body}
        else:
            self.may_hold[name] = self.possible(name) | {None, body}

    @rule(name=names)
    def get(self, name: str) -> None:
        self._get(name, self.desk.sink(), nobody)

    @rule(name=names, moment=moments)
    def get_until_somebody_kills_us(self, name: str, moment: int) -> None:
        def die(done: int) -> None:
            if done >= moment:
                raise Killed

        with suppress(Killed):
            self._go_on_with_the_partial_file(name, die)
        self.store = self.process()

    @rule(name=names)
    def get_with_what_the_dead_left(self, name: str) -> None:
        self._go_on_with_the_partial_file(name, nobody)

    def _go_on_with_the_partial_file(self, name: str, progress: Progress) -> None:
        path = self.partial.setdefault(name, self.desk.sink(b"")).path
        if self._get(name, Sink(path), progress):
            del self.partial[name]  # git-annex has taken it

    def _get(self, name: str, sink: Sink, progress: Progress) -> bool:
        """Whether it was reported as whole; what came is of one version, in any case."""
        try:
            whole = self.works(lambda: self.store.get(name, sink, progress))
        except NotFound:
            self.may_hold[name] = self.possible(name) & {None}
            return False
        finally:
            assert any(body.startswith(content(sink)) for body in BODIES)
        if whole:
            self.may_hold[name] = self.possible(name) & {content(sink)}
        return whole

    @rule(name=names)
    def stat(self, name: str) -> None:
        sizes: list[int | None] = []

        def ask() -> None:
            found = self.store.stat(name)
            sizes.append(found.size if found else None)

        if self.works(ask):
            fitting = {body for body in self.possible(name) if (None if body is None else len(body)) == sizes[0]}
            self.may_hold[name] = fitting

    @rule(name=names)
    def delete(self, name: str) -> None:
        if self.works(lambda: self.store.delete(name)):
            self.may_hold[name] = {None}
        else:
            self.may_hold[name] = self.possible(name) | {None}

    @invariant()
    def what_was_reported_is_possible(self) -> None:
        assert all(self.may_hold.values())

    def possible(self, name: str) -> set[bytes | None]:
        return self.may_hold.get(name, {None})

    def works(self, request: Callable[[], object], *expected: type[PyshareError]) -> bool:
        """Whether the request succeeds; a failure must be one that no waiting could avoid."""
        try:
            request()
        except expected:
            return False
        except PermissionDenied:
            return False
        except Busy as busy:
            if (busy.retry_after or 0) <= options.TIMEOUT.default:
                raise
            return False
        return True


Store.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestStore = Store.TestCase
