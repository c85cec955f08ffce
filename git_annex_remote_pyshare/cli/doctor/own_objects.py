"""The objects with which `pyshare doctor` tries a store: stored, read and removed through all layers.

Their names are the same in each run of a clone, so that a run finds what a killed one left, and are not those of keys.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.cli.output import warn
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import Corrupt, PyshareError
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import BLOCK, Sink, Source

_PATIENCE = 15.0
"""Seconds for which a request that fails is tried again: a person waits for the report."""

_SIZE = 192 << 10
_CUT_SIZE = 3 * BLOCK
"""Bytes of the object that is read, and of the one whose upload breaks off after its first block."""

_CUT, MOVED = "-cut", "-moved"
"""Endings of the names of other objects."""

_LOOKS = (0.1, 0.2, 0.4)
"""Seconds before each look for what is left of a broken upload: the server notices the end of a connection late."""


class _CutError(Exception):
    """The first block has been sent."""


class OwnObjects:
    """The doctor's objects in one store.

    Args:
        place: The store.
        folder: For local files.
    """

    def __init__(self, place: StoreConfig, folder: Path) -> None:
        self._place = _patient(place, {})
        self._folder = folder
        self._stores: list[Backend] = []
        seed = f"{place.clone.id} {place.clone.remote}".encode("utf-8", "surrogateescape")
        self.name = f"pyshare-doctor-{hashlib.sha256(seed).hexdigest()[:16]}"
        self._sent: set[str] = set()
        """Names of objects that may be there."""
        self.content = os.urandom(_SIZE)
        self.store = self.opened()

    def opened(self, **more: str) -> Backend:
        """The store with all its layers, and with other options of git config for this run only.

        Args:
            more: Option, with underscores for dashes → value.
        """
        from git_annex_remote_pyshare.store.open import open_store  # noqa: PLC0415  # not for help and wrong words

        config = {name.replace("_", "-"): value for name, value in more.items()}
        self._stores.append(open_store(_patient(self._place, config), Event(), warn, first_contact=_PATIENCE))
        return self._stores[-1]

    def put(self, store: Backend, name: str, content: bytes) -> None:
        """Store an object; it is removed by `remove_all`."""
        self._sent.add(name)
        store.put(name, Source(self._file("source", content)), _nothing)

    def read(self) -> bytes:
        """The object, downloaded from its beginning."""
        path = self._folder / "whole"
        path.unlink(missing_ok=True)
        return self._got(Sink(str(path)), path)

    def is_resumed(self) -> bool | None:
        """Whether a download gets only the rest of an object that is partly here; None if it brings wrong bytes.

        The first half of the file has other bytes than the object, and a restart replaces them.
        """
        half = len(self.content) // 2
        # The last byte that is there is downloaded again (transport/content_range.py).
        other = bytes(byte ^ 0xFF for byte in self.content[: half - 1]) + self.content[half - 1 : half]
        path = Path(self._file("part", other))
        found = self._got(Sink(str(path), is_checked=True), path)
        return {other + self.content[half:]: True, self.content: False}.get(found)

    def shows_half(self, store: Backend) -> bool:
        """Whether an object is there after its upload broke off in the middle."""
        name = f"{self.name}{_CUT}"
        self._sent.add(name)
        source = Source(self._file("large", os.urandom(_CUT_SIZE)))
        # Without the outermost layer, which reports progress a few times a second only.
        inner = store.backend if isinstance(store, Layer) else store
        with suppress(_CutError):
            inner.put(name, source, _cut)
        for seconds in _LOOKS:
            time.sleep(seconds)
            if found := store.stat(name):
                store.delete(name)
                return found.size != _CUT_SIZE  # some programs finish an upload before they can be stopped
        return False

    def remove_left(self) -> None:
        """Remove what an earlier run left that was killed; the store responds."""
        self._removed({self.name, *(f"{self.name}{ending}" for ending in (_CUT, MOVED))})

    @contextmanager
    def cleaned_up(self) -> Iterator[None]:
        """Remove in the end all that was stored, however the block ends."""
        try:
            yield
        finally:
            if left := self._removed(self._sent):
                fix = command("pyshare", "doctor", self._place.clone.remote)
                warn(f"This test may have left objects: {', '.join(left)}. Later, type: {fix}")
            for store in self._stores:
                store.close()

    def _removed(self, names: Iterable[str]) -> list[str]:
        """Remove objects, and return the names of those that may still be there."""
        left = []
        for name in sorted(names):
            try:
                if self.store.stat(name) is not None:
                    self.store.delete(name)
            except PyshareError:  # noqa: PERF203  # these are few
                left.append(name)
        return left

    def _got(self, sink: Sink, path: Path) -> bytes:
        """What a download brings; one byte more than the object has, if there is more."""

        def limit(done: int) -> None:
            if done > 2 * len(self.content):
                raise Corrupt("the server sends more bytes than the object has")

        self.store.get(self.name, sink, limit)
        with path.open("rb") as file:
            return file.read(len(self.content) + 1)

    def _file(self, name: str, content: bytes) -> str:
        path = self._folder / name
        path.write_bytes(content)
        return str(path)


def _patient(place: StoreConfig, config: Mapping[str, str]) -> StoreConfig:
    """The same store for a user who waits, and without a git directory: nothing is recorded in the dataset."""
    clone, name = place.clone, place.clone.remote
    made = LocalConfig("", name)
    timeout = str(min(clone.timeout, _PATIENCE))
    ours = {f"remote.{name}.{option}": value for option, value in {options.TIMEOUT.name: timeout, **config}.items()}
    made.__dict__["config"] = {**clone.config, **ours}
    return place._replace(clone=made)


def _nothing(_done: int) -> None:
    """Progress that nothing needs."""


def _cut(done: int) -> None:
    if done:
        raise _CutError
