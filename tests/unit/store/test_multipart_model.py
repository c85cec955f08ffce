"""Uploads in parts against a dict, with faults, kills and forgetful servers in between: nothing twice, nothing lost."""

import tempfile
from collections import Counter
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.partskit import LIMITS, SMALL, Clinic, Killed

from git_annex_remote_pyshare.errors import Busy, PermissionDenied, PyshareError, Unreachable, UploadLost
from git_annex_remote_pyshare.part_plan import Part
from git_annex_remote_pyshare.store import resume
from git_annex_remote_pyshare.testing.faults import Cut, Drip, Fail, Fault, LoseReply, Mangle
from git_annex_remote_pyshare.testing.files import Desk, body_of

NAMES = ("a/one", "b/two")
SIZES = (0, SMALL, SMALL + 1, 4000, 4001, 7777)
BODIES = [body_of(size, seed) for size in SIZES for seed in (b"one ciphertext", b"another")]
MOST_PARTS = 8


def spoilt(body: bytes) -> bytes:
    return b"?" + body[1:]


def cut(body: bytes, part: Part) -> bytes:
    return body[part.start : part.start + part.size]


PASSING: tuple[Fault | None, ...] = (
    None,
    None,
    Fail(Unreachable("reset")),
    Fail(Busy("slow down", retry_after=2)),
    LoseReply(),
    Cut(1),
    Cut(700),
    Drip(400),
)
LASTING = (Fail(PermissionDenied("not allowed")), Fail(UploadLost("gone")), Fail(Unreachable("away", retryable=False)))

names = st.sampled_from(NAMES)
bodies = st.sampled_from(range(len(BODIES))).map(lambda number: BODIES[number])  # see test_store_model.py
verbs = st.sampled_from(["put", "begin", "send", "sent", "finish", "abort"])
few_passing = st.lists(st.sampled_from(PASSING), max_size=4)


class Parts(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._patched = mock.patch.object(resume, "WHOLE", SMALL)
        self._patched.start()
        folder = Path(self._folder.name)
        (folder / "desk").mkdir()
        self.desk = Desk(folder / "desk")
        self.clinic = Clinic(folder / "git")
        self.server = self.clinic.server
        self.store = self.clinic.process()
        self.may_hold: dict[str, set[bytes | None]] = {name: {None} for name in NAMES}
        self.mishaps = 0

    def teardown(self) -> None:
        self._patched.stop()
        self._folder.cleanup()

    @initialize(last_alone=st.booleans())
    def the_server_has_its_ways(self, last_alone: bool) -> None:  # noqa: FBT001
        self.server.limits = LIMITS._replace(last_alone=last_alone)

    @rule(verb=verbs, faults=few_passing)
    def some_faults_come_that_pass(self, verb: str, faults: list[Fault | None]) -> None:
        self.server.faults.next(verb, *faults)
        self.mishaps += len(faults)

    @rule(verb=verbs, faults=few_passing, last=st.sampled_from(LASTING))
    def a_fault_comes_that_does_not_pass(self, verb: str, faults: list[Fault | None], last: Fault) -> None:
        self.server.faults.next(verb, *faults, last)
        self.mishaps += len(faults) + 1

    @rule(verb=st.sampled_from(["put", "send", "finish"]))
    def the_line_spoils_something(self, verb: str) -> None:
        self.server.faults.next(verb, Mangle(spoilt))
        self.mishaps += 1

    @rule()
    def all_goes_well_again(self) -> None:
        self.server.faults.clear()

    @rule()
    def the_server_forgets_its_uploads(self) -> None:
        self.server.lose_uploads()

    @rule()
    def the_server_takes_other_parts(self) -> None:
        largest = 1500 - self.server.limits.largest if self.server.limits else 1000
        self.server.limits = LIMITS._replace(largest=largest)

    @rule()
    def the_power_fails_and_the_journal_ends_early(self) -> None:
        for file in self.clinic.journal():
            text = file.read_bytes()
            file.write_bytes(text[: len(text) * 2 // 3])

    @rule()
    def another_process_begins(self) -> None:
        self.store = self.clinic.process()

    @rule(name=names, body=bodies)
    def put(self, name: str, body: bytes) -> None:
        self._put(name, body)

    @rule(name=names, body=bodies, moments=st.integers(0, 2 * MOST_PARTS + 4))
    def put_until_somebody_kills_us(self, name: str, body: bytes, moments: int) -> None:
        self.server.live(moments)
        self._put(name, body)
        self.server.live()

    @rule(name=names, body=bodies)
    def put_when_all_goes_well(self, name: str, body: bytes) -> None:
        self.server.faults.clear()
        calls = sum(map(self.server.faults.calls, ("begin", "finish", "abort")))
        assert self._put(name, body)
        assert self.may_hold[name] == {body}
        assert sum(map(self.server.faults.calls, ("begin", "finish", "abort"))) - calls <= 4

    @invariant()
    def readers_see_whole_objects_only(self) -> None:
        for name in NAMES:
            assert self.server._objects.get(name) in self.may_hold[name]

    @invariant()
    def the_journal_does_not_grow(self) -> None:
        assert len(self.clinic.journal()) <= len(NAMES)

    def _put(self, name: str, body: bytes) -> bool:
        """Whether it was reported as stored."""
        had = {
            (upload, number)
            for upload, begun in self.server._uploads.items()
            for number, part in begun.bodies.items()
            if begun.name == name and begun.plan.size == len(body) and part == cut(body, begun.plan.part(number))
        }
        before = len(self.server.accepted)
        try:
            self.desk.put(self.store, name, body)
        except Killed:
            self.store = self.clinic.process()
            self.may_hold[name].add(spoilt(body))  # nobody lived to compare what the server said of it
        except PyshareError:
            if not self.mishaps:
                raise
        else:
            self.may_hold[name] = {body}
            self._check_work(had, self.server.accepted[before:])
            return True
        self.may_hold[name] |= {body, None}
        self._check_work(had, self.server.accepted[before:])
        return False

    def _check_work(self, had: set[tuple[str, int]], sent: list[tuple[str, int]]) -> None:
        """Only mishaps make anything go out again."""
        assert had.isdisjoint(sent)
        again = sum(times - 1 for times in Counter(sent).values())
        assert again <= self.mishaps
        assert len({upload for upload, _ in sent}) <= 3


Parts.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestParts = Parts.TestCase
