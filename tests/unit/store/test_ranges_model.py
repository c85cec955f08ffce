"""Downloads over several connections, with faults, replacements and kills: the file is the start of one version."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.partskit import Killed
from support.rangeskit import BODY, PART, PATCHES, STEP, Slow

from git_annex_remote_pyshare.errors import Busy, PermissionDenied, PyshareError, RangeRefused, Unreachable
from git_annex_remote_pyshare.testing.faults import Cut, Drip, Fail, Fault, LoseReply, Mangle
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.transfer import ByteRange, Sink

VERSIONS = (
    *(BODY, body_of(len(BODY), b"of the same size"), body_of(len(BODY) + 3 * PART, b"longer")),
    *(body_of(20 * PART, b"shorter"), b"short"),
)
FAULTS: tuple[Fault | None, ...] = (
    *(None, None, None, None, Cut(0), Cut(400), LoseReply(), Drip(300)),
    *(Fail(Unreachable("reset")), Fail(Busy("slow down")), Fail(Busy("wait", retry_after=0.01))),
    *(Fail(RangeRefused("the whole object came")), Mangle(lambda part: part[:-1]), Mangle(lambda part: part + b"x")),
    Fail(PermissionDenied("not allowed")),
)
GET_FAULTS: tuple[Fault | None, ...] = (None, Cut(700), Cut(9000), Fail(Unreachable("reset")))
few = st.integers(0, 50)


class Killer:
    """Replaces the object, or kills the process, at some requests for ranges."""

    def __init__(self, store: Slow, desk: Desk, replaced: dict[int, bytes], kills: set[int]) -> None:
        self.store = store
        self.desk = desk
        self.replaced = replaced
        self.kills = kills
        self.had = [BODY]
        self._lock = Lock()

    def __call__(self, part: ByteRange) -> None:
        number = len(self.store.ranges)
        with self._lock:  # the last one in `had` is the one that stays
            if body := self.replaced.pop(number, None):
                self.had.append(body)
                self.desk.put(self.store, "name", body)
        if number in self.kills and part.size > 1:
            self.kills.remove(number)
            raise Killed


def attempt(store: Slow, path: Path, had: list[bytes]) -> bool:
    """One process; returns whether it has got the object. Afterwards the file is the start of one version."""
    sink = Sink(str(path), is_checked=False)
    try:
        store.process().get("name", sink, nobody)
    except (PyshareError, Killed):
        is_whole = False
    else:
        is_whole = True
    left = content(sink)
    assert any(body[: len(left)] == left for body in had)
    return is_whole


@given(
    faults=st.lists(st.sampled_from(FAULTS), max_size=40),
    get_faults=st.lists(st.sampled_from(GET_FAULTS), max_size=3),
    replaced=st.dictionaries(few, st.sampled_from(VERSIONS), max_size=3),
    kills=st.sets(few, max_size=2),
    jobs=st.sampled_from(["2", "4", "9"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_comes_is_the_start_of_one_version_and_in_the_end_all_of_the_last(
    faults: list[Fault | None],
    get_faults: list[Fault | None],
    replaced: dict[int, bytes],
    kills: set[int],
    jobs: str,
) -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        for module, what, value in PATCHES:
            stack.enter_context(mock.patch.object(module, what, value))
        folder = Path(name)
        (folder / "git" / "annex").mkdir(parents=True)
        store, desk = Slow(folder / "git", parts=jobs), Desk(folder)
        desk.put(store, "name", BODY)
        killer = store.before_range = Killer(store, desk, replaced, kills)
        store.faults.next("read_range", None, *faults)  # the first is the trial
        store.faults.next("get", Drip(STEP, store.step), *get_faults)
        path = folder / "got"
        for _ in range(60):
            if attempt(store, path, killer.had):
                break
        assert path.read_bytes() in killer.had
        store.faults.clear()
        store.faults.always("get", Drip(STEP, store.step))
        replaced.clear()
        kills.clear()
        assert attempt(store, path, killer.had)
        assert path.read_bytes() == killer.had[-1]
