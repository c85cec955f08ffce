"""Conformance: a beginning of one version of an object is never joined to the rest of another."""

import os
from functools import partial
from time import monotonic, sleep

import pytest

from git_annex_remote_pyshare.backends.base import Backend, ReadsRanges
from git_annex_remote_pyshare.errors import RangeRefused
from git_annex_remote_pyshare.testing.conformance.suite import KEY, LARGE, Suite
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.transfer import ByteRange, PartialFile, Sink

_PATIENCE = 10.0
"""Seconds within which a server must call another version otherwise; some tell the second, and no more."""

_FIRST_SECONDS = 2.5
"""Seconds within which Apache gives an object that was just stored a weak tag."""


class Versions(Suite):
    """A store names the versions of its objects: what has the same size need not be the same (encrypted anew, say)."""

    @pytest.mark.parametrize("left", [pytest.param(LARGE // 2, id="PR21-half"), pytest.param(LARGE, id="PR21-all")])
    def test_what_is_there_of_a_replaced_object_is_not_gone_on_with(
        self, store: Backend, elsewhere: Backend, desk: Desk, left: int
    ) -> None:
        desk.put(store, KEY, body_of(LARGE))
        sink = desk.sink()
        store.get(KEY, sink, nobody)
        os.truncate(sink.path, left)
        body = _replaced(store, desk, sink.validator)
        found = _as_by_another_process(sink)
        elsewhere.get(KEY, found, nobody)
        assert content(found) == body

    def test_what_is_there_of_the_same_object_is_gone_on_with(
        self, store: Backend, elsewhere: Backend, desk: Desk
    ) -> None:
        desk.put(store, KEY, body_of(LARGE))
        sink, told = desk.sink(), [LARGE]
        store.get(KEY, sink, nobody)
        os.truncate(sink.path, LARGE // 2)
        found = _as_by_another_process(sink)
        elsewhere.get(KEY, found, told.append)
        assert content(found) == body_of(LARGE)
        assert min(told) >= LARGE // 2

    def test_the_beginning_of_an_object_of_unknown_version_is_gone_on_with(self, store: Backend, desk: Desk) -> None:
        """It may have come from another store."""
        desk.put(store, KEY, body_of(LARGE))
        sink, told = desk.sink(body_of(LARGE)[: LARGE // 2]), [LARGE]
        store.get(KEY, sink, told.append)
        assert content(sink) == body_of(LARGE)
        assert min(told) >= LARGE // 2

    def test_a_range_is_of_one_version_or_refused(self, store: Backend, elsewhere: Backend, desk: Desk) -> None:
        if not store.has(ReadsRanges):
            return
        desk.put(store, KEY, body_of(LARGE))
        version = _exact_version(store, desk)
        if not version:
            return
        part = ByteRange(version, 1000, LARGE // 2, LARGE)
        told: list[int] = []
        came = store.call(ReadsRanges, lambda reads: reads.read_range(KEY, part, told.append))
        assert came == body_of(LARGE)[1000 : 1000 + part.size]
        assert told[-1] == part.size
        _replaced(elsewhere, desk, version)
        with pytest.raises(RangeRefused):
            store.call(ReadsRanges, lambda reads: reads.read_range(KEY, part, nobody))


def _exact_version(store: Backend, desk: Desk) -> str:
    """The server's identifier of the object once it belongs to no other bytes; empty if it never does."""
    end = monotonic() + _FIRST_SECONDS
    while True:
        sink = desk.sink()
        store.get(KEY, sink, nobody)
        version = sink.validator
        if store.call(ReadsRanges, partial(ReadsRanges.is_exact, version=version)):
            return version
        if monotonic() > end:
            return ""
        sleep(0.2)


def _replaced(store: Backend, desk: Desk, known: str) -> bytes:
    """Another object of the same size that now has the old one's place, and that the server calls otherwise."""
    assert known, "the backend must tell `Sink.writing` which version of the object it writes"
    end = monotonic() + _PATIENCE
    while True:
        body = body_of(LARGE, f"{monotonic()}".encode())
        desk.put(store, KEY, body)
        sink = desk.sink()
        store.get(KEY, sink, nobody)
        if sink.validator != known:
            return body
        assert monotonic() < end, f"two versions of an object are both called {known}"
        sleep(0.1)


def _as_by_another_process(sink: Sink) -> Sink:
    """The same file, with the record that a later process would read."""
    return Sink(sink.path, partial=PartialFile(sink.path, sink.validator))
