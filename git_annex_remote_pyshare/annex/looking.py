"""Looks which content a name of a tree has: by its size, by its version if people may edit it, else by what was noted.

A size alone does not tell two contents apart. Where this clone has noted that the name may have content of another key,
of the same size, the file is downloaded to see what it is, or counts as absent if it is large.
"""

from threading import Lock

from git_annex_remote_pyshare.annex.guard import Guard
from git_annex_remote_pyshare.annex.keys import digests, expected_size
from git_annex_remote_pyshare.annex.proof import MOST, downloaded, is_of
from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.errors import BadName
from git_annex_remote_pyshare.state.inventory import Inventory


class Looking:
    """Looks at the files of one tree.

    Args:
        store: The store.
        guard: Knows which versions git has.
        inventory: What this clone has noted about each name.
    """

    def __init__(self, store: Backend, guard: Guard, inventory: Inventory) -> None:
        self._store = store
        self._guard = guard
        self._inventory = inventory
        self._absent: set[str] = set()
        """Names that the store has just reported as absent."""
        self._lock = Lock()

    def has(self, key: str, name: str) -> bool:
        """Whether a file of the key's size is there, and nothing says that it has other content.

        Raises:
            PyshareError: The store does not say what is there.
        """
        expected = expected_size(key)
        try:
            if self._guard.guards(name):
                found = self._guard.look(name)
                return found is not None and expected in {None, found.size} and self._guard.may_be(key, name, found)
            stat = self._store.stat(name)
        except BadName:
            return False
        if stat is None or (expected is not None and stat.size not in {None, expected}):
            return False
        known = digests(key)
        return all(stat.digests.get(algorithm, digest).lower() == digest for algorithm, digest in known.items())

    def is_known(self, key: str, name: str) -> bool:
        """As `has`; and no doubt is left about other content that may be there."""
        if not self._guard.guards(name):
            return self.has(key, name) and (not self._may_be_other(key, name) or self._is_proved(key, name))
        try:
            found = self._guard.look(name)
        except BadName:
            return False
        if found is None:
            with self._lock:
                self._absent.add(name)
            return False
        return expected_size(key) in {None, found.size} and self._guard.has(key, name, found)

    def is_other(self, key: str, name: str) -> bool:
        """Whether content that this clone has noted there is there, and it is that of other keys only.

        An edit that git does not know is left to the guard. The store is asked only if there are such notes, since
        another clone may have changed what they tell.
        """
        noted = {known.key for known in self._inventory.find(name)}
        if not noted or key in noted or self.is_known(key, name):
            return False
        is_there = self.is_known if self._guard.guards(name) else self.has
        return any(is_there(other, name) for other in noted)

    def was_absent(self, name: str) -> bool:
        """Whether the last `is_known` found no file there; says it once."""
        with self._lock:
            is_absent = name in self._absent
            self._absent.discard(name)
        return is_absent

    def _may_be_other(self, key: str, name: str) -> bool:
        size = expected_size(key)
        others = [known.key for known in self._inventory.find(name) if known.key != key]
        return any(None in {size, expected_size(other)} or expected_size(other) == size for other in others)

    def _is_proved(self, key: str, name: str) -> bool:
        """Whether the file was downloaded, and has the content of the key."""
        stat = self._store.stat(name)
        if stat is None or (stat.size or 0) > MOST:
            return False
        with downloaded(self._store, name) as file:
            is_proved = is_of(key, file)
        if is_proved:
            self._inventory.replace(name, key)
        return is_proved
