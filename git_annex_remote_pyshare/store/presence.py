"""Answers that an object is absent without a request, where a listing of the store says so.

`git annex copy --to` asks for each file whether the store has it already, which is a round trip for an answer that is
almost always no. The rule: a listing may say *absent*, never *present*. It counts only if it was begun in this process,
is at most a minute old, and this process stores: it has asked for objects, was told that they are absent, and then
stored them. So `fsck`, `drop` and the like always ask the server. A wrong *absent*, for an object that another clone
stored meanwhile, leads to an upload that was not needed.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import NamedTuple
from unicodedata import normalize

from git_annex_remote_pyshare.backends.base import Backend, Receipt, Stat
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.transfer import Progress, Source

LONGEST_AGE = 60.0
"""Age in seconds up to which a listing counts, from its begin."""

_RENEWED = 40.0
"""Age in seconds from which a process that stores makes a new listing."""

MOST_NAMES = 20_000
"""Names in a store that is listed; in a larger one a listing costs more than it saves."""

LONGEST = 5.0
"""Seconds that a listing may take."""

FIRST = 8
"""Objects that this process must store before a listing is made: for fewer, a listing costs more than it saves."""

_MOST_ABSENT = 1000
"""Names that were absent and may still be stored, over all jobs."""

_LISTED_LAYOUTS = {"shard", "flat", "annex-s3"}
"""Layouts with few folders; the others have thousands, and each would be a request."""

_ALWAYS_ASKED = ("GITMANIFEST", "GITBUNDLE", "GPGHMAC", "%~")
"""Parts of names about which only the server is believed: of git repositories, which other clones push to, and names
that hide what they are (encrypted, or too long)."""


class _Listed(NamedTuple):
    """What a listing found."""

    begun: float
    """When it began, by the clock."""
    begun_at: float
    """The same by the wall clock, which goes on while the machine sleeps."""
    names: frozenset[str]
    """As `_folded` makes them."""


class Presence(Layer):
    """Answers `stat` for absent objects from a listing, by the rule above; passes on everything else.

    It stands outside of the layer that stores in parts, so that it sees the name of everything that is stored.

    Args:
        backend: Gets the requests.
        lister: Makes the listing: a layer below the one that retries, since a failed listing is not worth a wait.
        stopping: When it is set, a listing ends.
        clock: Time in seconds; only differences matter.
    """

    def __init__(
        self, backend: Backend, lister: Backend, stopping: Event, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(backend)
        self._lister = lister
        self._stopping = stopping
        self._clock = clock
        self._lock = Lock()
        self._absent: OrderedDict[str, None] = OrderedDict()
        self._changed: set[str] = set()
        self._stores = 0
        self._last_store = 0.0
        self._listed: _Listed | None = None
        self._is_listing = False
        self._is_off = self.place.is_tree or self.place.settings.get("layout") not in _LISTED_LAYOUTS

    def stat(self, name: str) -> Stat | None:
        if self._says_absent(name):
            self._note_absent(name)
            return None
        found = self.backend.stat(name)
        if found is None:
            self._note_absent(name)
        return found

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        self._note_change(name)
        self._note_store(name)
        return self.backend.put(name, source, progress)

    def delete(self, name: str) -> None:
        self._note_change(name)
        self.backend.delete(name)

    def _says_absent(self, name: str) -> bool:
        """Whether a listing says, by the rule, that the object is absent."""
        with self._lock:
            listed = self._listed
            if listed is None or name in self._changed or any(part in name for part in _ALWAYS_ASKED):
                return False
        now = self._clock()
        is_recent = now - listed.begun <= LONGEST_AGE and abs(time.time() - listed.begun_at) <= LONGEST_AGE
        return is_recent and now - self._last_store <= LONGEST_AGE and _folded(name) not in listed.names

    def _note_absent(self, name: str) -> None:
        if self._is_off:
            return
        with self._lock:
            self._absent[name] = None
            while len(self._absent) > _MOST_ABSENT:
                self._absent.popitem(last=False)

    def _note_change(self, name: str) -> None:
        """From now on, whatever comes of the change, only the server is believed about this object."""
        if self._is_off:
            return
        with self._lock:
            self._changed.add(name)
            if len(self._changed) > MOST_NAMES:
                self._turn_off()

    def _note_store(self, name: str) -> None:
        """Note that an object is about to be stored, and list the store if that is what this process does."""
        with self._lock:
            if self._is_off or name not in self._absent:
                return
            del self._absent[name]
            self._stores += 1
            self._last_store = now = self._clock()
            is_due = self._listed is None or now - self._listed.begun > _RENEWED
            if self._stores < FIRST or self._is_listing or not is_due:
                return
            self._is_listing = True
        try:
            Thread(target=self._list, name="presence", daemon=True).start()
        except RuntimeError:  # there are too many threads; a later object tries it again
            with self._lock:
                self._is_listing = False

    def _list(self) -> None:
        begun, begun_at = self._clock(), time.time()
        names = None
        with suppress(Exception):  # silent, whatever it is: connections close when the process ends
            names = self._names(begun)
        with self._lock:
            self._is_listing = False
            if names is None:
                self._turn_off()
            elif not self._is_off:
                self._listed = _Listed(begun, begun_at, names)

    def _names(self, begun: float) -> frozenset[str] | None:
        """All names in the store; None if there are too many, or they take too long."""
        names = set()
        for entry in self._lister.list():
            names.add(_folded(entry.name))
            if len(names) > MOST_NAMES or self._clock() - begun > LONGEST or self._stopping.is_set():
                return None
        return None if self._clock() - begun > LONGEST else frozenset(names)

    def _turn_off(self) -> None:
        """Believe only the server from now on. Called with the lock."""
        self._is_off = True
        self._listed = None
        self._absent.clear()
        self._changed.clear()


def _folded(name: str) -> str:
    """The name as a store may show it that ignores case, or changes how characters are composed."""
    return name if name.isascii() and name.islower() else normalize("NFC", name).casefold()
