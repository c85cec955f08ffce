"""The layered store against a dict, with faults in between: what it reports is true.

For each name the model keeps what the store may hold: one thing after a success, several after a failure.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from waiting import Waiting

from git_annex_remote_pyshare.clone import TIMEOUT
from git_annex_remote_pyshare.errors import Busy, Corrupt, Denied, NotFound, PyshareError, Unreachable
from git_annex_remote_pyshare.store import wrap
from git_annex_remote_pyshare.testing.desk import Desk, body_of, content, nobody
from git_annex_remote_pyshare.testing.faults import Cut, Drip, Fail, Fault, LoseReply, Mangle
from git_annex_remote_pyshare.testing.memory import MemoryBackend

SMALL_BODIES = [body_of(size, seed) for size in (0, 1, 5000) for seed in (b"one", b"other")]
LARGE_BODY = body_of(2_100_000)

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
LASTING = (Fail(Denied("not allowed")), Fail(Busy("closed for maintenance", retry_after=10 * TIMEOUT)))

names = st.sampled_from(["a/one", "a/two", "b/three"])
bodies = st.sampled_from([*SMALL_BODIES, LARGE_BODY])
few_passing = st.lists(st.sampled_from(PASSING), max_size=4)


def spoilt(body: bytes) -> bytes:
    return body + b"!"


class Store(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.desk = Desk(Path(self._folder.name))
        self.time = Waiting()
        self.server = MemoryBackend(digests=("md5",))
        self.store = wrap(self.server, self.time, clock=self.time.clock)
        self.may_hold: dict[str, set[bytes | None]] = {}

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
        sink = self.desk.sink()
        try:
            whole = self.works(lambda: self.store.get(name, sink, nobody))
        except NotFound:
            self.may_hold[name] = self.possible(name) & {None}
            return
        came = content(sink)
        if whole:
            self.may_hold[name] = self.possible(name) & {came}
        else:
            assert not came or any(body.startswith(came) for body in self.possible(name) if body is not None)

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
        except Denied:
            return False
        except Busy as busy:
            if (busy.retry_after or 0) <= TIMEOUT:
                raise
            return False
        return True


Store.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestStore = Store.TestCase
