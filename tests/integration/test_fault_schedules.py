"""The layered store on real servers, behind a line on which anything goes wrong: what it reports is true.

For each name the model keeps what the store may hold: one thing after a success, several after a failure. A failing
example shows what went wrong in the words of fault_schedule.py. `-m long` draws many more.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from support.fakes.nextcloud import ScriptedCloud
from support.faulty_stores import OPTIONS, Owner, World, on
from support.marks import ONE_S3_SERVER
from support.scripted import served

from git_annex_remote_pyshare.backends.base import Backend, Stat, ability
from git_annex_remote_pyshare.backends.multipart import SupportsMultipart
from git_annex_remote_pyshare.backends.webdav import chunking
from git_annex_remote_pyshare.backends.webdav import temporary as move
from git_annex_remote_pyshare.errors import NotFound, PyshareError, Unreachable
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody

MIB = 1 << 20
PART = 5 * MIB
NAMES = ("a/one", "a/two", "b/three")
SIZES = (0, 1, 5000, 300_000, 2_100_000, 2 * PART + 1)
BODIES = {f"{size} bytes, {kind}": body_of(size, kind.encode()) for size in SIZES for kind in ("this", "that")}
TAKING_PARTS = (*ONE_S3_SERVER, "cloud")
SERVERS = ("apache", *TAKING_PARTS)

MOST_REQUESTS = 14
"""That one operation needs without faults: a store in three parts, in a folder or bucket that is to be found first."""
MOST_FOR_A_FAULT = 8
"""Requests that are to be made again, or made to find out, because of one fault."""
MOST_IN_AN_OUTAGE = 80
"""Requests in two minutes of which none succeeds."""

HEADS = 1 << 16
"""Bytes that the heads of all requests of a store may have."""

QUIET = settings(
    deadline=None,
    derandomize=True,
    print_blob=False,
    phases=(Phase.explicit, Phase.generate),  # examples are small, and shrinking one on real servers takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
FEW = settings(QUIET, max_examples=12, stateful_step_count=12)
MANY = settings(QUIET, derandomize=False, max_examples=300, stateful_step_count=40)
LONG = pytest.mark.skipif("'long' not in config.option.markexpr", reason="takes minutes; run it with -m long")

byte = st.sampled_from([0, 1, 700, 100_000, 3_000_000])
refusals = st.sampled_from(["500", "502", "503", "503 after 3", "504", "429 after 1"])
breaks = st.builds(
    "{} {}".format, st.sampled_from(["cut up", "cut down", "truncate", "corrupt up", "corrupt down"]), byte
)
stalls = st.builds("stall {} {}".format, st.sampled_from(["up", "down"]), byte)
faults = st.one_of(st.just("ok"), st.just("reset"), st.just("swallow"), refusals, breaks, stalls)
whose = st.sampled_from(["", "", "PUT ", "GET ", "HEAD ", "POST ", "DELETE ", "PROPFIND ", "MKCOL ", "MOVE "])
schedules = st.lists(st.builds("{}{}".format, whose, faults), max_size=4).map("; ".join)
outages = st.sampled_from(["500x 503", "500x reset", "500x cut up 3000", "500x swallow", "ok; 500x truncate 5"])
names = st.sampled_from(NAMES)
bodies = st.sampled_from(list(BODIES))


class Store(RuleBasedStateMachine):
    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        (folder / "desk").mkdir()
        self.desk = Desk(folder / "desk")
        self.line = self.world.line
        self.line.fail("")
        self.owner = Owner(self.world, folder)
        self.may_hold: dict[str, set[bytes | None]] = {name: {None} for name in NAMES}

    def teardown(self) -> None:
        self.line.fail("")
        self.owner.close()
        self._folder.cleanup()

    @rule()
    def another_process_begins(self) -> None:
        self.owner.another_process()

    @rule(name=names, body=bodies, schedule=schedules)
    def put(self, name: str, body: str, schedule: str) -> None:
        self._put(name, BODIES[body], schedule)

    @rule(name=names, body=bodies, outage=outages)
    def put_in_an_outage(self, name: str, body: str, outage: str) -> None:
        self._put(name, BODIES[body], outage)

    @rule(name=names, schedule=schedules, is_begun=st.booleans())
    def get(self, name: str, schedule: str, is_begun: bool) -> None:  # noqa: FBT001
        [*others, body] = self.may_hold[name]
        sink = self.desk.sink(body[: len(body) // 2] if is_begun and body and not others else None)
        try:
            whole = self._works(lambda: self.owner.store.get(name, sink, nobody), schedule)
        except NotFound:
            self.may_hold[name] &= {None}
            return
        if self._was_spoilt("down"):
            return  # nobody but git-annex, who knows the key's hash, can notice that
        came = content(sink)
        if whole:
            self.may_hold[name] &= {came}
        else:
            assert any(body.startswith(came) for body in self.may_hold[name] if body is not None) or not came

    @rule(name=names, schedule=schedules)
    def stat(self, name: str, schedule: str) -> None:
        self._stat(name, schedule)

    @rule(name=names, outage=outages)
    def stat_in_an_outage(self, name: str, outage: str) -> None:
        self._stat(name, outage)

    @rule(name=names, schedule=schedules)
    def delete(self, name: str, schedule: str) -> None:
        works = self._works(lambda: self.owner.store.delete(name), schedule)
        self.may_hold[name] = {None} if works else self.may_hold[name] | {None}

    @invariant()
    def readers_see_whole_objects_only(self) -> None:
        held = self.world.held()
        assert set(held) <= set(NAMES)
        for name in NAMES:
            assert held.get(name) in self.may_hold[name], f"{name} has {len(held.get(name) or b'')} bytes"

    def _put(self, name: str, body: bytes, schedule: str) -> None:
        works = self._works(lambda: self.desk.put(self.owner.store, name, body), schedule)
        self.may_hold[name] = {body} if works else self.may_hold[name] | {body, None}

    def _stat(self, name: str, schedule: str) -> None:
        found: list[Stat | None] = []
        if self._works(lambda: found.append(self.owner.store.stat(name)), schedule):
            held, [stat] = self.world.held().get(name), found
            assert (stat is None) is (held is None)
            # Apache does not tell the size of an empty object.
            assert stat is None or held is None or stat.size in {len(held), len(held) or None}

    def _works(self, request: Callable[[], object], schedule: str) -> bool:
        """Whether the request succeeds under a schedule; a failure must be one that no patience could avoid."""
        self.line.requests.clear()
        self.line.fail(schedule if self.world.proves else schedule.replace("corrupt up", "cut up"))
        try:
            request()
        except NotFound:
            raise
        except PyshareError:
            if "500x" not in schedule and not self._was_spoilt("up") and not self._was_spoilt("down"):
                raise
            return False
        finally:
            self.line.fail("")
            self._check_work(is_outage="500x" in schedule)
            self.owner.time.now += 3600  # else the next request would not wait for the end of the same outage again
        return True

    def _was_spoilt(self, way: str) -> bool:
        """Whether a byte of the last request's or answer's was another one."""
        faults = [seen.fault for seen in self.line.requests]
        return any(fault.kind == "corrupt" and fault.way == way for fault in faults)

    def _check_work(self, *, is_outage: bool) -> None:
        """No storm of requests."""
        seen = self.line.requests
        mishaps = sum(one.fault.kind != "ok" for one in seen)
        most = MOST_IN_AN_OUTAGE if is_outage else MOST_REQUESTS + MOST_FOR_A_FAULT * mishaps
        assert len(seen) <= most, seen


@pytest.fixture
def cloud_server() -> Iterator[ScriptedCloud]:
    with served(ScriptedCloud()) as cloud:
        yield cloud


@pytest.fixture
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The server that the parameter names, behind the line."""
    monkeypatch.setattr("support.fault_proxy.STALL", 0.2)
    monkeypatch.setattr(move, "_PAUSES", (0, 0, 0))
    monkeypatch.setattr(chunking, "WHOLE", 2 * PART)
    with on(request.getfixturevalue(f"{request.param}_server")) as made:
        monkeypatch.setattr(Store, "world", made, raising=False)
        yield made


@pytest.mark.parametrize("world", SERVERS, indirect=True)
def test_what_a_store_reports_is_true_whatever_the_line_does(world: World) -> None:
    run_state_machine_as_test(Store, settings=FEW)


@LONG
@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("world", SERVERS, indirect=True)
def test_what_a_store_reports_is_true_for_a_long_time(world: World) -> None:
    run_state_machine_as_test(Store, settings=MANY)


@pytest.mark.parametrize("world", TAKING_PARTS, indirect=True)
def test_no_part_that_is_there_is_sent_again_whatever_the_line_does(world: World) -> None:
    body = body_of(5 * PART + 1)

    @settings(QUIET, max_examples=8)
    @example(answered=8, schedule="GET truncate 1")
    @given(answered=st.integers(0, 11), schedule=schedules)
    def store(answered: int, schedule: str) -> None:
        begin = world.line.sent
        world.line.requests.clear()
        with tempfile.TemporaryDirectory() as text:
            desk, owner = Desk(Path(text)), Owner(world, Path(text))
            try:
                world.line.fail(f"{answered}x ok; 500x reset")
                desk.put(owner.store, NAMES[0], body)
            except Unreachable:
                world.line.fail(schedule)
                desk.put(owner.another_process(), NAMES[0], body)
            mishaps = sum(seen.fault.kind not in {"ok", "reset"} for seen in world.line.requests)
            under_way = int(OPTIONS["pyshare-parts"])
            assert world.line.sent - begin <= len(body) + (under_way + mishaps) * PART + HEADS
            assert world.held() == {NAMES[0]: body}
            check_leftovers(world, owner.store, mishaps)
            owner.close()

    store()


def check_leftovers(world: World, store: Backend, mishaps: int) -> None:
    """Only an upload of whose begin nobody heard is left over, and that can be cleaned up."""
    assert world.unfinished() <= mishaps
    world.line.fail("")
    parts = ability(store, SupportsMultipart)
    assert parts
    for left in list(parts.unfinished()):
        parts.abort(left.name, left.id)
    assert world.unfinished() == 0
