"""Presence, on a server that other clones change as well: what no request confirms is only said by the rule."""

import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Event

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.store.presence import FIRST, LONGEST_AGE, Presence
from git_annex_remote_pyshare.testing.faults import Fail, Fault, LoseReply
from git_annex_remote_pyshare.testing.files import Desk
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place

NAMES = (*(f"{number % 3}/{number}" for number in range(15)), "2/GITMANIFEST--six")
FAULTS: tuple[Fault | None, ...] = (
    None,
    Fail(Unreachable("reset")),
    LoseReply(),
    Fail(PermissionDenied("not allowed")),
)

names = st.sampled_from(NAMES)


class Clones(RuleBasedStateMachine):
    """Our process and other clones, with one store."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.desk = Desk(Path(self._folder.name))
        self.time = Waiting()
        self.server = MemoryBackend(place(layout="shard"))
        self.last_absent = dict.fromkeys(NAMES, 0.0)
        """When each name was last seen to be absent, from behind."""
        self.begin()

    def begin(self) -> None:
        self.store = wrap(self.server, self.time, clock=self.time.clock)
        self.was_absent: set[str] = set()
        self.stored_at: list[float] = []
        self.changed: set[str] = set()
        self.begun = self.time.now

    def teardown(self) -> None:
        self._folder.cleanup()

    def is_there(self, name: str) -> bool:
        return name in self.server._objects

    def look(self) -> None:
        """Note what is absent now, and let a listing end."""
        for name in NAMES:
            if not self.is_there(name):
                self.last_absent[name] = self.time.now
        layer = self.store
        while isinstance(layer, Layer) and not isinstance(layer, Presence):
            layer = layer.backend
        assert isinstance(layer, Presence)
        while layer._is_listing:
            Event().wait(0.001)

    @rule(name=names)
    def another_clone_stores(self, name: str) -> None:
        self.look()
        self.server._change(name, b"other")

    @rule(name=names)
    def another_clone_removes(self, name: str) -> None:
        self.server._change(name, None)
        self.look()

    @rule(seconds=st.sampled_from([1, 22, 39, 61]))
    def time_passes(self, seconds: int) -> None:
        self.look()
        self.time.now += seconds

    @rule(verb=st.sampled_from(["stat", "put", "delete", "list"]), fault=st.sampled_from(FAULTS))
    def a_fault_comes(self, verb: str, fault: Fault | None) -> None:
        self.server.faults.next(verb, fault)

    @rule()
    def we_are_killed(self) -> None:
        self.look()
        self.begin()

    @rule(name=names)
    def we_store(self, name: str) -> None:
        self.look()
        if name in self.was_absent:
            self.was_absent.discard(name)
            self.stored_at.append(self.time.now)
        self.changed.add(name)
        with suppress(PyshareError):
            self.desk.put(self.store, name, b"ours")
        self.look()

    @rule(name=names)
    def we_remove(self, name: str) -> None:
        self.changed.add(name)
        with suppress(PyshareError):
            self.store.delete(name)
        self.look()

    @rule(name=names)
    def we_ask(self, name: str) -> None:
        self.look()
        asked = self.server.faults.calls("stat")
        try:
            found = self.store.stat(name)
        except PyshareError:
            return
        if self.server.faults.calls("stat") > asked:
            assert (found is not None) == self.is_there(name)
        else:
            assert found is None
            assert name not in self.changed
            assert "GIT" not in name
            assert len(self.stored_at) >= FIRST
            oldest = self.time.now - LONGEST_AGE
            assert self.stored_at[-1] >= oldest
            assert self.last_absent[name] >= max(oldest, self.begun)
        if found is None:
            self.was_absent.add(name)

    @rule(names=st.permutations(NAMES).map(lambda all_names: all_names[:12]))
    def we_copy(self, names: list[str]) -> None:
        for name in names:
            self.we_ask(name)
            if name in self.was_absent:
                self.we_store(name)


TestClones = Clones.TestCase
TestClones.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
