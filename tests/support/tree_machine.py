"""A tree against a dict, with faults, kills and changes of other people: nothing is lost, or taken for something else.

The requests come in an order in which git-annex may send them: a name gets other content only after the removal of the
old one was asked for, and after a rename that failed comes the removal of its old name, or nothing if git-annex died.
A process that is killed may not even have read the request.
"""

import os
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any, ClassVar
from unittest.mock import Mock

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from git_annex_remote_pyshare.annex.guard import ChangedByOthers
from git_annex_remote_pyshare.annex.importing import Importing
from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import Busy, PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.faults import Cut, Fail, Fault, LoseReply
from git_annex_remote_pyshare.testing.files import Desk, content
from support.mortal_tree import File, KilledError, Life, Server, process
from support.partskit import InClone
from support.waiting import Waiting

BODIES = (b"content", b"CONTENT", b"another, and longer", b"")
THEIRS = (b"their 7", b"theirs, of no size of ours")
"""What other people write: also as long as ours, so that sizes alone do not tell them apart."""


def key_of(body: bytes) -> str:
    return f"SHA256E-s{len(body)}--{sha256(body).hexdigest()}.txt"


KEYS = {key_of(body): body for body in BODIES}
PLACES = ("a/one", "a/two", "b")
TEMPORARY = ".git-annex-tmp-content-"
NAMES = (*PLACES, *(f"{TEMPORARY}{key}" for key in list(KEYS)[:2]))
VERBS = ("stat", "get", "put", "delete", "move", "list_contents")

FAULTS: tuple[Fault, ...] = (
    Fail(Busy("503", retry_after=2)),
    Fail(Unreachable("reset")),
    LoseReply(),
    Cut(3),
    Fail(PermissionDenied("not allowed")),
    Fail(Busy("closed for maintenance", retry_after=10 * options.TIMEOUT.default)),
)

names = st.sampled_from(NAMES)
places = st.sampled_from(PLACES)
picks = st.integers(0, 11)
"""Which one of the files that git-annex knows."""
keys = st.sampled_from(list(KEYS))


class Trees(RuleBasedStateMachine):
    """One clone, its processes one after another, and other people, with one store."""

    is_layered: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        for name in ("git", "other", "desk"):
            (self.folder / name).mkdir()
        self.desk = Desk(self.folder / "desk")
        self.time = Waiting()
        self.server = Server(self.place("git"))
        self.theirs: set[str] = set()
        """Names whose content is that of other people."""
        self.known: dict[str, File] = {}
        """What git-annex takes to be in the store, by name."""
        self.left: list[File] = []
        """Files whose rename was done, although git-annex takes them for removed."""
        self.bodies = dict(KEYS)
        self.ever: dict[str, set[str]] = {key: {f"{TEMPORARY}{key}"} for key in KEYS}
        """All names that the content of each key ever had."""
        self.edited: dict[str, bytes | None] = {}
        """What other people have done since the last request was sent."""
        self.versions: dict[str, bytes] = {}
        self.git_annex = 1
        self.dead: list[int] = []
        self.begin()

    def place(self, clone: str) -> StoreConfig:
        return StoreConfig("memory:", {}, InClone(str(self.folder / clone), {}), is_tree=True)

    def begin(self, moments: float = float("inf")) -> None:
        """Start the next process, which has so many moments."""
        store: Backend = self.server
        if self.is_layered:
            store = wrap(store, self.time, clock=self.time.clock)
        self.server.life = Life(float("inf"))
        life = Life(moments)
        self.remote, self.tree = process(store, self.git_annex, life)
        self.server.life = life

    def end(self) -> None:
        self.server.life = Life(float("inf"))
        self.tree.close()
        self.free_its_mark()

    def free_its_mark(self) -> None:
        """What the system does when a process ends."""
        os.close(self.tree._presence._descriptor)

    def teardown(self) -> None:
        self.free_its_mark()
        self._folder.cleanup()

    def request(self, send: Callable[[], object]) -> tuple[bool, object]:
        """Whether the request succeeds, and what it returns. After a kill the same git-annex starts another process."""
        self.edited.clear()
        try:
            return True, send()
        except ChangedByOthers as error:
            self.refused(str(error))
        except PyshareError:
            pass  # any other error is a failure of this test
        except KilledError:
            self.free_its_mark()
            self.server.faults.clear()
            self.begin()
        return False, None

    def refused(self, text: str) -> None:
        """Called for the error of the guard."""
        raise AssertionError(text)

    def require_one_of(self, *possible: dict[str, bytes]) -> None:
        """The store is as one of these, but for what other people have done meanwhile."""
        expected = [_with(each, self.edited) for each in possible]
        assert self.server.files in expected, (self.server.files, expected)

    @initialize(drawn=st.permutations(list(KEYS)))
    def some_files_are_there(self, drawn: list[str]) -> None:
        for key, name in zip(drawn, PLACES, strict=False):
            self.store(key, name)

    @rule(verb=st.sampled_from(VERBS), faults=st.lists(st.sampled_from((*FAULTS, None)), max_size=3))
    def faults_come(self, verb: str, faults: list[Fault | None]) -> None:
        self.server.faults.clear()
        self.server.faults.next(verb, *faults)

    @rule(fault=st.sampled_from(FAULTS), old=picks, new=names)
    def a_rename_meets_a_fault(self, fault: Fault, old: int, new: str) -> None:
        self.faults_come("move", [fault])
        self.rename(old, new)

    @rule(moments=st.integers(0, 20), old=picks, new=names)
    def a_rename_is_killed(self, moments: int, old: int, new: str) -> None:
        self.this_process_will_be_killed(moments)
        self.rename(old, new)

    def is_promised(self, name: str, key: str) -> bool:
        """Whether the content of another key may be there by a rename that git-annex has not seen succeed.

        This model leaves such names to that key. git-annex does not: if it is killed after the rename, it repeats the
        removal of what was there before, or exports another tree, and both may cost that content.
        """
        is_of_another = name.startswith(TEMPORARY) and name != f"{TEMPORARY}{key}"
        return is_of_another or any(
            name in file.at and name != known and file.key != key
            for known, file in (*self.known.items(), *(("", file) for file in self.left))
        )

    def one_of(self, pick: int) -> str:
        """The name of a file that git-annex knows; not the name of any if there is none."""
        return sorted(self.known)[pick % len(self.known)] if self.known else "none"

    @rule(moments=st.integers(0, 30))
    def this_process_will_be_killed(self, moments: int) -> None:
        self.end()
        self.begin(moments)

    @rule(is_same_git_annex=st.booleans(), is_killed=st.booleans())
    def another_process(self, *, is_same_git_annex: bool, is_killed: bool) -> None:
        if is_killed:
            self.free_its_mark()
        else:
            self.end()
        if not is_same_git_annex:
            self.git_annex += 1
            for file in self.known.values():
                file.is_unsettled = False  # only the one that has sent the rename sends the removal that follows
        self.begin()

    @rule(key=keys, name=places)
    def store(self, key: str, name: str) -> None:
        """As an export does: only if it is not there."""
        file = self.known.get(name)
        if self.is_promised(name, key):
            return
        if file and (file.is_unsettled or not (file.is_replaceable or file.key == key)):
            return  # first comes the removal
        if self.check(key, name):
            return
        before = self.server.files
        source = self.desk.source(self.bodies[key]).path
        done, _ = self.request(lambda: self.remote.transferexport_store(key, os.fsdecode(source), name))
        stored = {**before, name: self.bodies[key]}
        self.require_one_of(stored, *([] if done else [before]))
        self.ever[key].add(name)
        if (self.server.files.get(name) != before.get(name) or done) and name not in self.edited:
            self.theirs.discard(name)
        if done or not file:
            self.know(key, name, is_owed=done and name not in self.edited)

    def know(self, key: str, name: str, *, is_owed: bool) -> None:
        self.known[name] = File(key, self.bodies[key], name, is_owed=is_owed)

    def check(self, key: str, name: str) -> bool:
        """Ask whether it is there, which may bring it there; the answer counts for git-annex."""
        file = self.known.get(name)
        is_quiet = not self.has_faults
        before = self.server.files
        done, present = self.request(lambda: self.remote.checkpresentexport(key, name))
        self.require_moved(key, before, name)
        self.ever[key].add(name)
        if not done or not present:
            is_sure = file and file.key == key and file.is_owed and file.at == {name}
            assert not (done and is_quiet and is_sure), "a file is not found where it was stored"
            return False
        if name not in self.edited:
            self.require_present(key, name)
        self.settle(key, name)
        return True

    def require_present(self, key: str, name: str) -> None:
        found, body = self.server.files[name], self.bodies[key]
        assert found == body or (name in self.theirs and len(found) == len(body)), "another content was taken for it"

    def settle(self, key: str, name: str) -> None:
        """git-annex knows now that the content is under this name."""
        for other, file in list(self.known.items()):
            if file.key == key and other != name and name in file.at and not file.is_in(self.without(name)):
                del self.known[other]  # it was brought from there, or its rename was done
        self.know(key, name, is_owed=name not in self.theirs)

    def without(self, name: str) -> dict[str, bytes]:
        return {each: body for each, body in self.server.files.items() if each != name}

    def require_moved(self, key: str, before: dict[str, bytes], target: str) -> None:
        """Nothing has changed, or content of the key's size went from where its content was to the target."""
        moved = [
            (source, {**{name: body for name, body in before.items() if name != source}, target: before[source]})
            for source in self.ever[key] & before.keys()
        ]
        self.require_one_of(before, *(after for _, after in moved))
        if self.server.files == _with(before, self.edited):
            return
        source = next(source for source, after in moved if self.server.files == _with(after, self.edited))
        is_theirs = source in self.theirs
        self.theirs -= {source, target}
        if is_theirs:
            self.theirs.add(target)
        self.theirs |= self.edited.keys()
        for file in self.known.values():
            if source in file.at and file.key == key:
                file.at.add(target)

    @property
    def has_faults(self) -> bool:
        return any(self.server.faults._next.values()) or self.server.life.is_short or self.server.edit is not None

    @rule(pick=picks)
    def remove(self, pick: int) -> None:
        name = self.one_of(pick)
        file = self.known.get(name)
        if file is None or self.is_promised(name, file.key):
            return
        before = self.server.files
        was_there = file.is_owed and file.is_unsettled and file.is_in(before)
        # git-annex repeats the removals of an export that failed: what was stored there since stays.
        is_other = name in before and before[name] != file.body and self.counts_as_ours(name)
        done, _ = self.request(lambda: self.remote.removeexport(file.key, name))
        removed = {each: body for each, body in before.items() if each != name}
        self.require_one_of(removed, *([before] if is_other or not done else []))
        if was_there and file.is_owed:
            assert file.is_in(self.server.files), "a failed rename has cost a file"
        if name not in self.server.files:
            self.theirs.discard(name)
        if done:
            del self.known[name]
            self.left += [file] if was_there else []  # killed after the rename, so that git-annex asks for the new name
        elif file.is_unsettled:
            file.is_unsettled = False
        else:
            file.is_owed = False
        file.is_replaceable = True

    def counts_as_ours(self, name: str) -> bool:
        """Whether what is there can be taken for what this clone has stored there: only its size is looked at."""
        return len(self.server.files[name]) in map(len, self.bodies.values())

    @rule(pick=picks, new=names)
    def rename(self, pick: int, new: str) -> None:
        old = self.one_of(pick)
        file = self.known.get(old)
        if file is None or file.is_unsettled or any(self.is_promised(name, file.key) for name in (old, new)):
            return
        replaced = self.known.get(new)
        if replaced and new != old and (replaced.is_unsettled or not replaced.is_replaceable):
            return  # git-annex first removes what is there, or renames it away
        before = self.server.files
        self.ever[file.key] |= {old, new}
        done, _ = self.request(lambda: self.remote.renameexport(file.key, old, new))
        self.require_moved(file.key, before, new)
        file.at |= {old, new}
        if not done:
            file.is_unsettled = True
            return
        if file.is_owed and new not in self.edited:
            assert self.server.files.get(new) == file.body
        del self.known[old]
        self.know(file.key, new, is_owed=file.is_owed and new not in self.edited)

    @rule(pick=picks)
    def check_again(self, pick: int) -> None:
        name = self.one_of(pick)
        file = self.known.get(name)
        if file is not None and not file.is_unsettled and not self.is_promised(name, file.key):
            self.check(file.key, name)

    @rule(pick=picks)
    def retrieve(self, pick: int) -> None:
        name = self.one_of(pick)
        file = self.known.get(name)
        if file is None:
            return
        before = self.server.files
        sink = self.desk.sink()
        done, _ = self.request(lambda: self.remote.transferexport_retrieve(file.key, os.fsdecode(sink.path), name))
        self.require_one_of(before)
        if name not in self.edited:
            assert before.get(name, b"").startswith(content(sink))
            assert not done or content(sink) == before[name]

    @rule(name=st.sampled_from(("a", "b", "none")))
    def remove_folder(self, name: str) -> None:
        before = self.server.files
        self.request(lambda: self.remote.removeexportdirectory(name))
        self.require_one_of(before)

    @rule(name=names, body=st.sampled_from((*THEIRS, None)))
    def other_people(self, name: str, body: bytes | None) -> None:
        self.edit(name, body)

    def edit(self, name: str, body: bytes | None) -> None:
        """What other people do."""
        self.server.others_put(name, body)
        self.edited[name] = body
        self.theirs.discard(name)
        if body is not None:
            self.theirs.add(name)
        for file in self.known.values():
            if name in file.at:
                file.is_owed = False

    @rule()
    def list_for_an_import(self) -> None:
        """By another clone, since this one would then keep what it does not know."""
        life, self.server.life = self.server.life, Life(float("inf"))
        importing = Importing(_of_clone(self.server, self.place("other")), Event())
        importing._recorded = new_clone()
        done, found = self.request(lambda: list(importing.list()[0].blocks(100)))
        self.server.life = life
        if not done:
            return
        blocks: Any = found
        listed = {name: (size, version) for block in blocks for name, size, version in block}
        expected = {name: body for name, body in self.server.files.items() if not name.startswith(TEMPORARY)}
        assert {name: size for name, (size, _) in listed.items()} == {name: len(expected[name]) for name in expected}
        for name, (_, version) in listed.items():
            assert self.versions.setdefault(version, expected[name]) == expected[name]

    @invariant()
    def nothing_is_lost(self) -> None:
        files = self.server.files
        for name, file in self.known.items():
            assert not file.is_owed or file.is_in(files), f"the content of {name} is lost"


def _with(files: dict[str, bytes], edited: dict[str, bytes | None]) -> dict[str, bytes]:
    return {name: body for name, body in {**files, **edited}.items() if body is not None}


def new_clone() -> Any:
    """What git-annex has recorded there: nothing."""
    return Mock(has_files=lambda: False, last_tree=lambda: "", names=lambda _tree: iter(()))


def _of_clone(server: Server, place: StoreConfig) -> Backend:
    seen = Layer(server)
    seen.place = place
    return seen
