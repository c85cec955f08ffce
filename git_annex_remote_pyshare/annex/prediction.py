"""Predicts what git-annex asks for next: the other chunks of a content, and the files behind the current one.

`git annex get` goes through the files in the order of git's index. The index is read in the background, once a process
has got three contents; then a position in it follows git-annex. A key that is not among the next ones is a jump: the
position is looked for again, a few times.
"""

import os
from collections import OrderedDict, deque
from collections.abc import Callable
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

_FURTHEST = _NEAR
"""Missing files that the position may be ahead of git-annex. Of large files none is predicted; without a bound the
position would run through all of them. The bound is smaller than the patience of store/readahead.py."""

_MOST_STEPS = 256
"""Entries of the index that one call looks at, so that no request waits for long."""

_SEARCHES = 4
"""Times that the position is looked for; then git-annex follows another order."""

_ABANDONED = 32
"""Requests for other contents after which git-annex no longer gets a content by its chunks."""


class _Run:
    """The chunks of one content: how far git-annex has asked, and how far we have predicted."""

    def __init__(self, key: str, size: int, place: int) -> None:
        self.asked = 0
        self.next = 1
        self.size = size
        """Bytes of each chunk; one store may have contents in chunks of several sizes."""
        self.last = max(1, -(-(expected_size(key) or 0) // size))
        """The number of the last chunk; 1 if the key has no size."""
        self.place = place
        """Place of the file, if it is predicted; its turn has come when git-annex has reached that."""
        self.seen = 0
        """Number of requests when git-annex last waited for a chunk of this content, or its turn had not come."""
        self.is_waited_for = False

    @property
    def waiting(self) -> int:
        """Number of chunks that are predicted, and that git-annex has not asked for."""
        return self.next - 1 - self.asked


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
        self._asked: OrderedDict[str, int] = OrderedDict()
        """What git-annex has asked for lately; some of it may be on its way to another job, so none is predicted."""
        self._since_jump: OrderedDict[str, int] = OrderedDict()
        """Those of them that tell the position."""
        self._predicted: OrderedDict[str, int] = OrderedDict()
        """The missing files that the position has passed and git-annex has not asked for, with their places."""
        self._place = 0
        """Number of missing files that the position has passed."""
        self._reached = 0
        """The furthest of these places that git-annex has asked for; it need not ask for each before."""
        self._runs: OrderedDict[str, _Run] = OrderedDict()
        self._upcoming: deque[str] = deque()
        self._order: IndexOrder | None = None
        self._entries: Iterator[str] | None = None
        """The entries of the index behind the position; None if that is unknown."""
        self._overtaken: frozenset[str] = frozenset()
        """The entries directly before the first position: a job that is slow to begin may still ask for one."""
        self._is_searching = False
        self._searches = 0
        self._gets = 0
        self._chunk = 0
        """Bytes of a chunk, as git-annex asked for it last; 0 if it asked for a whole content."""
        self._requests = 0
        self._postponed: Callable[[], object] | None = None
        self._steps = 0
        """Entries of the index that this call may still look at."""

    def asked(self, key: str) -> None:
        """Note that git-annex asks for `key` now, and waits until `answered`."""
        chunk = chunk_field(key)
        with self._lock:
            self._requests += 1
            if is_checked(key):
                self._chunk = chunk.size if chunk else 0
                if chunk:
                    self._follow_chunk(chunk.key, chunk.number)
                else:
                    self._runs.pop(key, None)
                whole = chunk.key if chunk else key
                if whole not in self._asked:
                    self._follow_file(whole)
            self._forget_abandoned()

    def answered(self, key: str) -> None:
        """Note that git-annex no longer waits for `key`."""
        if chunk := chunk_field(key):
            with self._lock:
                if run := self._runs.get(chunk.key):
                    run.is_waited_for = False
                    run.seen = self._requests

    def after_reply(self, work: Callable[[], object]) -> None:
        """Do `work` when git-annex has its reply; once, if several jobs ask for the same."""
        with self._lock:
            self._postponed = work

    def replied(self) -> None:
        """Do what was postponed until git-annex has its reply."""
        with self._lock:
            work, self._postponed = self._postponed, None
        if work:
            work()

    def next(self) -> Wanted | None:
        """The next object that git-annex has not asked for yet; None if there is none, or none is known now."""
        with self._lock:
            if (chunk := self._next_chunk()) is not None:
                return chunk
            self._search()
            self._steps = _MOST_STEPS
            while (key := self._next_key()) is not None:
                if not _is_predictable(key) or not self._is_missing_here(key):
                    continue
                self._place += 1
                _keep(self._predicted, key, self._place)
                if self._chunk:
                    self._run(key, self._place)
                    return self._next_chunk()
                if wanted := self._wanted(key):
                    return wanted
            return None

    def _follow_chunk(self, key: str, number: int) -> None:
        run = self._run(key, 0)
        if number >= run.last:
            del self._runs[key]
            return
        if number >= run.next or number < run.asked:
            run.next = number + 1
        run.asked = number
        run.is_waited_for = True

    def _forget_abandoned(self) -> None:
        """Forget contents that git-annex no longer gets: their chunks would take up the window."""
        for key, run in list(self._runs.items()):
            if run.is_waited_for or run.place > self._reached:
                run.seen = self._requests
            elif self._requests - run.seen > _ABANDONED:
                del self._runs[key]
                if run.waiting > 1:  # a single one is dropped in time, and that costs the others less
                    self.jumps += 1

    def _run(self, key: str, place: int) -> _Run:
        run = self._runs.get(key)
        if run is None or run.size != self._chunk:
            run = self._runs[key] = _Run(key, self._chunk, place)
        while len(self._runs) > _NEAR:
            self._runs.popitem(last=False)
        return run

    def _follow_file(self, key: str) -> None:
        self._gets += 1
        _keep(self._asked, key, 0)
        _keep(self._since_jump, key, 0)
        if place := self._predicted.pop(key, None):
            self._reached = max(self._reached, place)
            return
        if self._entries is None or key in self._overtaken:
            return
        self._steps = _MOST_STEPS
        self._look_ahead()
        self._reached = self._place
        try:
            self._upcoming.remove(key)
        except ValueError:
            self.jumps += 1
            self._entries = None
            self._upcoming.clear()
            self._predicted.clear()
            self._runs = OrderedDict((key, run) for key, run in self._runs.items() if run.asked)
            self._since_jump = OrderedDict({key: 0})  # the earlier ones say nothing about the new position

    def _next_chunk(self) -> Wanted | None:
        """The next chunk of the content that is least ahead."""
        open_runs = [(run.next - run.asked, key) for key, run in self._runs.items() if run.next <= run.last]
        for _, key in sorted(open_runs):
            run = self._runs[key]
            chunk = chunk_of(key, run.size, run.next)
            run.next += 1
            if wanted := self._wanted(chunk):
                return wanted
        return None

    def _next_key(self) -> str | None:
        """The next key of the index, not yet asked for; None at the end, far ahead, or if the position is unknown."""
        self._look_ahead()
        while self._upcoming and self._place - self._reached < _FURTHEST:
            key = self._upcoming.popleft()
            if key not in self._asked and key not in self._predicted:
                return key
        return None

    def _look_ahead(self) -> None:
        while self._entries is not None and len(self._upcoming) < _NEAR and self._steps > 0:
            self._steps -= 1
            if (key := next(self._entries, None)) is None:
                return
            if key:
                self._upcoming.append(key)

    def _search(self) -> None:
        """Find the position in the background, if it is unknown and enough was got."""
        is_known = self._entries is not None or self._is_searching
        if is_known or self._gets < _FIRST or self._searches >= _SEARCHES or not self._clone.git_dir:
            return
        self._is_searching = True
        try:
            Thread(target=self._find_position, name="read-ahead index", daemon=True).start()
        except RuntimeError:  # there are too many threads; a later request tries it again
            self._is_searching = False
        else:
            self._searches += 1

    def _find_position(self) -> None:
        from git_annex_remote_pyshare.annex.index_order import IndexOrder  # noqa: PLC0415  # see its top

        found: Iterator[str] | None = None
        before: deque[str] = deque(maxlen=_NEAR)
        with suppress(Exception):  # without it, nothing is predicted; that is no news for the user
            self._order = self._order or IndexOrder(self._clone)
            entries = self._order.keys()
            for key in entries:
                if key in self._since_jump:
                    found = entries
                    break
                before.append(key)
        with self._lock:
            self._entries = found
            self._overtaken = frozenset(before)
            self._upcoming.clear()
            self._is_searching = False

    def _wanted(self, key: str) -> Wanted | None:
        size = expected_size(key)
        if size is None or size > LARGEST or not _is_predictable(key):
            return None
        return Wanted(name_of(self._layout, key), size)

    def _is_missing_here(self, key: str) -> bool:
        objects = os.path.join(self._clone.git_dir, "annex", "objects")
        return not any(os.path.lexists(os.path.join(objects, path)) for path in local_paths(key))


def _is_predictable(key: str) -> bool:
    return is_checked(key) and not is_of_repository(key)


def _keep(known: OrderedDict[str, int], key: str, place: int) -> None:
    """Add a key, and forget the oldest."""
    known[key] = place
    while len(known) > 4 * _NEAR:
        known.popitem(last=False)
