"""A tree that people edit, in a clone that imports: what they write survives until it is imported, and so does ours."""

from collections.abc import Iterator
from itertools import count
from threading import Event
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from git_annex_remote_pyshare.annex.importing import Importing
from git_annex_remote_pyshare.state.contents import KeptContents
from support.mortal_tree import Life
from support.tree_machine import KEYS, TEMPORARY, Trees, _of_clone, key_of, places

sizes = st.sampled_from((len(next(iter(KEYS.values()))), 30))
"""Of what other people write: also that of ours, so that sizes do not tell them apart."""


class Records:
    """What git-annex has recorded about the store; stands for `Recorded`, which reads it from git."""

    def __init__(self) -> None:
        self.trees: list[dict[str, str]] = []
        """Name → key; the last one is that of the last import."""
        self.contents: dict[str, set[str]] = {}
        """Key → content identifiers."""

    def key_at(self, name: str, content: str) -> str:
        found = (tree[name] for tree in self.trees if name in tree)
        return next((key for key in found if content in self.contents.get(key, ())), "")

    def keys(self, name: str) -> list[str]:
        return list(dict.fromkeys(tree[name] for tree in self.trees if name in tree))

    def is_of(self, key: str, content: str) -> bool:
        return content in self.contents.get(key, ())

    def last_tree(self) -> str:
        return str(len(self.trees))

    def has_files(self) -> bool:
        return False  # other people may have removed all of them

    def names(self, _tree: str) -> Iterator[str]:
        return iter(self.trees[-1] if self.trees else ())

    def key_in(self, _tree: str, name: str) -> str:
        return self.trees[-1].get(name, "")


class GuardedTrees(Trees):
    """Before the first export there is an import, by another process of the same clone."""

    def __init__(self) -> None:
        self.records = Records()
        self.edits: dict[str, bytes] = {}
        """What other people have written, and git does not have."""
        self._numbers = count()
        super().__init__()

    def begin(self, moments: float = float("inf")) -> None:
        place = self.server.place
        kept = KeptContents(place.clone.git_dir, place.clone.remote_uuid, place.url)
        if not kept.is_there:
            with kept.new() as made:
                made.end()
        super().begin(moments)
        self.tree._guard._recorded = self.records

    def refused(self, text: str) -> None:
        assert any(text.startswith(f"{name} was changed") for name in {*self.edits, *self.edited}), text

    def require_present(self, key: str, name: str) -> None:
        assert self.server.files[name] == self.bodies[key], "another content was taken for it"

    def counts_as_ours(self, name: str) -> bool:
        return name not in self.edits

    def edit(self, name: str, body: bytes | None) -> None:
        before = self.server.files.get(name)
        self.server.others_put(name, body)
        self.edited[name] = body
        self.edits.pop(name, None)
        self.theirs.discard(name)
        if body is not None:
            self.edits[name] = body
            self.theirs.add(name)
        for file in (*self.known.values(), *self.left):
            if before == file.body and not file.is_in(self.server.files):
                file.is_owed = False

    @rule(name=places, size=st.one_of(st.none(), sizes))
    def other_people(self, name: str, size: int | None) -> None:
        self.edit(name, self.new_body(size))

    @rule(calls=st.integers(0, 6), name=places, size=sizes)
    def other_people_will_write(self, calls: int, name: str, size: int) -> None:
        """At any moment of a request."""
        body = self.new_body(size)
        self.server.edit = (calls, lambda: self.edit(name, body))

    def new_body(self, size: int | None) -> bytes | None:
        return None if size is None else f"{next(self._numbers):>{size}}".encode()

    @rule(is_completed=st.booleans())
    def list_for_an_import(self, *, is_completed: bool) -> None:
        """By another process of this clone. An import that is not completed has downloaded the files all the same."""
        if any(name.startswith(TEMPORARY) for name in self.server.files):
            return  # it may be refused
        life, self.server.life = self.server.life, Life(float("inf"))
        self.server.edit = None
        importing: Any = Importing(_of_clone(self.server, self.server.place), Event())
        importing._recorded = self.records
        done, found = self.request(lambda: list(importing.list()[0].blocks(100)))
        self.server.life = life
        if not done:
            return
        blocks: Any = found
        tree = {}
        for name, _, version in (each for block in blocks for each in block):
            body = bytes(self.server.files[name])
            tree[name] = key = key_of(body)
            self.bodies[key] = body
            self.ever.setdefault(key, {f"{TEMPORARY}{key}"}).add(name)
            self.records.contents.setdefault(key, set()).add(version)
        if is_completed:
            self.merged(tree)

    def merged(self, tree: dict[str, str]) -> None:
        """git-annex takes now for exported what it has imported."""
        assert self.server.files.keys() == tree.keys()
        self.records.trees.append(tree)
        self.edits.clear()
        self.theirs.clear()
        self.left.clear()
        self.known.clear()
        for name, key in tree.items():
            self.know(key, name, is_owed=True)

    @invariant()
    def nothing_of_other_people_is_lost(self) -> None:
        files = self.server.files
        for name, body in self.edits.items():
            assert files.get(name) == body, f"their {name} is lost"
