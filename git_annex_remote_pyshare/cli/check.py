"""Compares the objects of a store with their keys: by size, or by downloading them."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from git_annex_remote_pyshare.annex.keys import digests, expected_size, is_of_repository
from git_annex_remote_pyshare.backends.base import Backend, Stat
from git_annex_remote_pyshare.cli.contents import File, Object, copies_of
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.errors import Corrupt, NotFound, PyshareError
from git_annex_remote_pyshare.transfer import BLOCK, Progress, Sink, local_path

_AT_ONCE = 8
"""Concurrent requests."""

COMPLETE, UNCHECKED, MISSING, DAMAGED, UNKNOWN = STATES = ("complete", "unchecked", "missing", "damaged", "unknown")
"""The states of a file. An unchecked one has objects, but its key has neither size nor checksum to compare; for an
unknown one the store gave no response."""

Look = Callable[[str, Iterable[Object]], bool]
"""Compares the objects of a content, in order, with its key. True if the comparison covers the whole content.
Raises NotFound, Corrupt, or another PyshareError if the store gives no response."""


class Verdict(NamedTuple):
    """The result for one file."""

    file: File
    state: str
    """One of STATES."""
    why: str = ""


class Listing:
    """All objects of a store, from one listing.

    Args:
        store: The store to list.
    """

    def __init__(self, store: Backend) -> None:
        self._stats = {entry.name: Stat(entry.size, entry.digests) for entry in store.list()}
        self._rest = set(self._stats)

    def stat(self, name: str) -> Stat | None:
        """See `Backend.stat`."""
        self._rest.discard(name)
        return self._stats.get(name)

    def foreign(self, remote: Remote, files: Iterable[File], layout: str) -> list[str]:
        """Names of the objects that belong to no file."""
        for file in files:
            if not self._rest:
                break
            with suppress(PyshareError):  # its verdict has the error
                for things in copies_of(remote, file.key, layout):
                    self._rest.difference_update(thing.name for thing in things)
        return sorted(name for name in self._rest if not _holds_history(name, remote.uuid))


def _holds_history(name: str, uuid: str) -> bool:
    """Whether an object is a part of the git repository that is pushed into the remote of this UUID."""
    key = name.rpartition("/")[2]
    return is_of_repository(key) and key.partition("--")[2].startswith(uuid)


def verdicts(remote: Remote, files: list[File], layout: str, look: Look) -> Iterator[Verdict]:
    """The verdict on each file, in order."""

    def verdict(file: File) -> Verdict:
        missing = []
        try:
            for things in copies_of(remote, file.key, layout):
                state, why = _state(file.key, things, look)
                if state != MISSING:
                    return Verdict(file, state, why)
                missing.append(why)
        except PyshareError as error:
            return Verdict(file, UNKNOWN, str(error))
        return Verdict(file, MISSING, missing[0])

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(verdict, files)


def _state(key: str, things: Iterable[Object], look: Look) -> tuple[str, str]:
    """The state of one copy of a content, and why."""
    try:
        return (COMPLETE if look(key, things) else UNCHECKED), ""
    except NotFound as error:
        return MISSING, error.what
    except Corrupt as error:
        return DAMAGED, error.what


def by_size(stat: Callable[[str], Stat | None]) -> Look:
    """Compares without downloading: sizes, and checksums if the store has one that the key also has.

    Args:
        stat: Of the store, or of a listing.
    """

    def look(key: str, things: Iterable[Object]) -> bool:
        is_compared, total = True, 0
        for thing in things:
            found = stat(thing.name)
            if found is None:
                raise NotFound(f"{thing.shown} is not in the store")
            size = expected_size(thing.key)
            _require_size(thing.shown, found.size, size)
            is_compared &= _has_digest_of(thing, found) or None not in {size, found.size}
            total += size or 0
        _require_size("the content", total, expected_size(key))
        return is_compared

    return look


def by_content(store: Backend, folder: Path, count: Callable[[int], None]) -> Look:
    """Downloads the objects one by one and compares the checksum of the content with the key.

    Args:
        store: The store with the objects.
        folder: For temporary files, one for each file that is checked.
        count: Called with the number of bytes that have come since the last call, from several threads.
    """

    def look(key: str, things: Iterable[Object]) -> bool:
        wanted = digests(key)
        hashers = {algorithm: hashlib.new(algorithm, usedforsecurity=False) for algorithm in wanted}
        total = 0
        with tempfile.TemporaryDirectory(dir=folder) as own:
            path = Path(own) / "object"
            for thing in things:
                size = expected_size(thing.key)
                store.get(thing.name, Sink(local_path(str(path))), _at_most(thing.shown, size, count))
                _require_size(thing.shown, path.stat().st_size, size)
                total += path.stat().st_size
                _feed(hashers.values(), path)
                path.unlink()
        _require_size("the content", total, expected_size(key))
        for algorithm, digest in wanted.items():
            if hashers[algorithm].hexdigest() != digest:
                raise Corrupt(f"the content has another {algorithm}")
        return bool(wanted)

    return look


def _has_digest_of(thing: Object, found: Stat) -> bool:
    """Whether store and key have a checksum in common; raises Corrupt if they differ."""
    common = {name: digest for name, digest in digests(thing.key).items() if name in found.digests}
    for name, digest in common.items():
        if found.digests[name] != digest:
            raise Corrupt(f"{thing.shown} has another {name}")
    return bool(common)


def _require_size(what: str, found: int | None, wanted: int | None) -> None:
    if None not in {found, wanted} and found != wanted:
        raise Corrupt(f"{what} has {found} bytes instead of {wanted}")


def _at_most(what: str, size: int | None, count: Callable[[int], None]) -> Progress:
    """Stops a download that is longer than the object, before the disk is full, and counts its bytes."""
    before = 0

    def progress(done: int) -> None:
        nonlocal before
        count(done - before)
        before = done
        if size is not None and done > size:
            raise Corrupt(f"{what} has more than {size} bytes")

    return progress


def _feed(hashers: "Iterable[hashlib._Hash]", path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            for hasher in hashers:
                hasher.update(block)
