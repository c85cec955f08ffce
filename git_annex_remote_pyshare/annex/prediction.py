"""Predicts what git-annex asks for next: the other chunks of a content, and the files behind the current one.

`git annex get` goes through the files in the order of git's index. The index is read in the background, once a process
has got three contents; then a position in it follows git-annex. A key that is not among the next ones is a jump: the
position is looked for again, a few times.
"""

import os
from collections import OrderedDict, deque
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.annex.keys import (
    chunk_field,
    chunk_of,
    expected_size,
    is_checked,
    is_of_repository,
)
from git_annex_remote_pyshare.annex.layout import local_paths, name_of
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.store.readahead import LARGEST, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from git_annex_remote_pyshare.annex.index_order import IndexOrder

_FIRST = 3
"""Contents that a process gets before the index is read: one file must not cost a request for another."""

_NEAR = 64
"""Files behind the position among which git-annex may ask in any order: parallel jobs overtake each other."""

_MOST_STEPS = 256
"""Entries of the index that one call looks at, so that no request waits for long."""

_SEARCHES = 4
"""Times that the position is looked for; then git-annex follows another order."""


class _Run:
    """The chunks of one content: how far git-annex has asked, and how far we have predicted."""

    def __init__(self, last: int) -> None:
        self.asked = 0
        self.next = 1
        self.last = last


class Prediction:
    """What git-annex will probably ask for, for all jobs of a process. Thread-safe.

    Only contents with a checksum in their key are predicted, since git-annex then refuses a wrong one.

    Args:
        clone: The clone that git-annex works in.
        layout: Names the objects of keys.
    """

    def __init__(self, clone: LocalConfig, layout: str) -> None:
        self.jumps = 0
        """How often git-annex has asked for something else than expected."""
        self._clone = clone
        self._layout = layout
        self._lock = Lock()
        self._asked: OrderedDict[str, None] = OrderedDict()
        self._predicted: OrderedDict[str, None] = OrderedDict()
        self._runs: OrderedDict[str, _Run] = OrderedDict()
        self._upcoming: deque[str] = deque()
        self._order: IndexOrder | None = None
        self._entries: Iterator[str] | None = None
        """The entries of the index behind the position; None if that is unknown."""
        self._is_searching = False
        self._searches = 0
        self._gets = 0
        self._chunk = 0

    def asked(self, key: str) -> None:
        """Note that git-annex asks for `key` now."""
        if not is_checked(key):
            return
        chunk = chunk_field(key)
        with self._lock:
            whole = chunk.key if chunk else key
            self._chunk = chunk.size if chunk else 0
            if chunk:
                self._follow_chunk(chunk.key, chunk.number)
            if whole not in self._asked:
                self._follow_file(whole)

    def next(self) -> Wanted | None:
        """The next object that git-annex has not asked for yet; None if there is none, or none is known now."""
        with self._lock:
            if (chunk := self._next_chunk()) is not None:
                return chunk
            self._search()
            for _ in range(_MOST_STEPS):
                key = self._next_key()
                if key is None:
                    return None
                if not self._is_missing_here(key):
                    continue
                _keep(self._predicted, key)
                if self._chunk:
                    self._run(key, _last_chunk(key, self._chunk))
                    return self._next_chunk()
                if wanted := self._wanted(key):
                    return wanted
            return None

    def _follow_chunk(self, key: str, number: int) -> None:
        last = _last_chunk(key, self._chunk)
        if number >= last:
            self._runs.pop(key, None)
            return
        run = self._run(key, last)
        if number >= run.next or number < run.asked:
            run.next = number + 1
        run.asked = number

    def _run(self, key: str, last: int) -> _Run:
        run = self._runs.setdefault(key, _Run(last))
        while len(self._runs) > _NEAR:
            self._runs.popitem(last=False)
        return run

    def _follow_file(self, key: str) -> None:
        self._gets += 1
        _keep(self._asked, key)
        if key in self._predicted:
            del self._predicted[key]
            return
        if self._entries is None:
            return
        self._look_ahead()
        try:
            self._upcoming.remove(key)
        except ValueError:
            self.jumps += 1
            self._entries = None
            self._upcoming.clear()
            self._asked = OrderedDict({key: None})  # the earlier ones say nothing about the new position

    def _next_chunk(self) -> Wanted | None:
        """The next chunk of the content that is least ahead."""
        open_runs = [(run.next - run.asked, key) for key, run in self._runs.items() if run.next <= run.last]
        for _, key in sorted(open_runs):
            run = self._runs[key]
            chunk = chunk_of(key, self._chunk, run.next)
            run.next += 1
            if wanted := self._wanted(chunk):
                return wanted
        return None

    def _next_key(self) -> str | None:
        """The next key of the index, not yet asked for; None at the end, or if the position is unknown."""
        self._look_ahead()
        while self._upcoming:
            key = self._upcoming.popleft()
            if key not in self._asked and key not in self._predicted:
                return key
        return None

    def _look_ahead(self) -> None:
        for _ in range(_MOST_STEPS):
            if self._entries is None or len(self._upcoming) >= _NEAR:
                return
            key = next(self._entries, None)
            if key is None:
                return
            if key:
                self._upcoming.append(key)

    def _search(self) -> None:
        """Find the position in the background, if it is unknown and enough was got."""
        is_known = self._entries is not None or self._is_searching
        if is_known or self._gets < _FIRST or self._searches >= _SEARCHES or not self._clone.git_dir:
            return
        self._searches += 1
        self._is_searching = True
        Thread(target=self._find_position, name="read-ahead index", daemon=True).start()

    def _find_position(self) -> None:
        from git_annex_remote_pyshare.annex.index_order import IndexOrder  # noqa: PLC0415  # see its top

        found: Iterator[str] | None = None
        with suppress(Exception):  # without it, nothing is predicted; that is no news for the user
            self._order = self._order or IndexOrder(self._clone)
            entries = self._order.keys()
            found = entries if any(key in self._asked for key in entries) else None
        with self._lock:
            self._entries = found
            self._upcoming.clear()
            self._is_searching = False

    def _wanted(self, key: str) -> Wanted | None:
        size = expected_size(key)
        if size is None or size > LARGEST or not is_checked(key) or is_of_repository(key):
            return None
        return Wanted(name_of(self._layout, key), size)

    def _is_missing_here(self, key: str) -> bool:
        objects = os.path.join(self._clone.git_dir, "annex", "objects")
        return not any(os.path.lexists(os.path.join(objects, path)) for path in local_paths(key))


def _last_chunk(key: str, size: int) -> int:
    """The number of the last chunk; 1 if the key has no size."""
    return max(1, -(-(expected_size(key) or 0) // size))


def _keep(known: OrderedDict[str, None], key: str) -> None:
    """Add a key, and forget the oldest."""
    known[key] = None
    while len(known) > 4 * _NEAR:
        known.popitem(last=False)
