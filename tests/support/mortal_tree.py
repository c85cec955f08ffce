"""A tree in memory whose processes may die at any moment, one after another, in one clone."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from unittest.mock import patch

from git_annex_remote_pyshare.annex.import_ import ImportRemote
from git_annex_remote_pyshare.annex.session import Session
from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.testing.faults import Fault
from git_annex_remote_pyshare.testing.memory import MemoryBackend


class KilledError(BaseException):
    """The process is dead: no code catches this, and nothing happens after it."""


class Life:
    """How many moments a process still has: one before and one after all that leaves a trace."""

    def __init__(self, moments: float) -> None:
        self._left = moments
        self.is_short = moments < float("inf")

    def moment(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise KilledError


class Version(bytes):
    """One version of a file. It keeps its number when it is renamed, and no other one gets that."""

    number: int

    @staticmethod
    def of(body: bytes, number: int) -> "Version":
        version = Version(body)
        version.number = number
        return version


class Server(MemoryBackend):
    """Folders exist only with objects in them, and a process that uses it may die at any moment."""

    life = Life(float("inf"))
    edit: tuple[int, Callable[[], object]] | None = None
    """What other people do before a later call: how many calls come first, and what."""

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._numbers = count()

    @contextmanager
    def _met(self, verb: str) -> Iterator[Fault | None]:
        self.life.moment()
        if self.edit:
            calls, edit = self.edit
            self.edit = (calls - 1, edit) if calls else None
            if not calls:
                edit()
        with super()._met(verb) as fault:
            yield fault
            self.life.moment()

    def _id_of(self, body: bytes) -> str:
        return f"{len(body)}-{body.number}" if isinstance(body, Version) else ""

    def _change(self, name: str, body: bytes | None) -> None:
        super()._change(name, None if body is None else Version.of(body, next(self._numbers)))

    def remove_folder(self, name: str) -> None:
        with self._met("delete"):
            self.life.moment()

    @property
    def files(self) -> dict[str, bytes]:
        return dict(self._objects)

    def others_put(self, name: str, body: bytes | None) -> None:
        self._change(name, body)


class Mortal:
    """Passes calls on to the notes of a process, which may die before and after each."""

    def __init__(self, notes: object, life: Life) -> None:
        self._notes = notes
        self._life = life

    def __getattr__(self, name: str) -> Callable[..., object]:
        call = getattr(self._notes, name)

        def mortal(*args: object) -> object:
            self._life.moment()
            done = call(*args)
            self._life.moment()
            return done

        return mortal


class OneStore(Session):
    def __init__(self, store: Backend) -> None:
        super().__init__()
        self._store = store


class Quiet:
    """git-annex, which hears of nothing."""

    def progress(self, done: int) -> None:
        """Bytes that are done."""

    def info(self, text: str) -> None:
        """One line for the user."""


class File:
    """What git-annex has stored under a name, and where its content may be."""

    def __init__(self, key: str, body: bytes, name: str, *, is_owed: bool = True) -> None:
        self.key = key
        self.body = body
        self.at = {name}
        """Several names after a rename that was not confirmed."""
        self.is_owed = is_owed
        """Whether its removal was not asked for, and no other people have changed a name that it may have."""
        self.is_replaceable = False
        """Whether git-annex has sent its removal, whatever came of it: the process may have been killed before."""
        self.is_unsettled = False
        """Whether a rename has failed, and git-annex has not sent the removal that follows."""

    def is_in(self, files: dict[str, bytes]) -> bool:
        return any(files.get(name) == self.body for name in self.at)


def process(store: Backend, parent: int, life: Life) -> tuple[ImportRemote, Any]:
    """The next process, started by the git-annex with that process id: what git-annex talks to, and its tree."""
    annex: Any = Quiet()
    remote = ImportRemote(annex, OneStore(store))
    with patch.object(os, "getppid", return_value=parent):
        tree: Any = remote.session.tree(annex)
    for notes in ("_renames", "_kept"):
        setattr(tree, notes, Mortal(getattr(tree, notes), life))
    tree._inventory = tree._guard._inventory = tree._looking._inventory = Mortal(tree._inventory, life)
    return remote, tree
