"""Conformance: what goes wrong on this machine."""

import os
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.base import Backend, CanInitialize, ReportsAvailability, ability
from git_annex_remote_pyshare.errors import Cancelled, PyshareError, SourceChanged
from git_annex_remote_pyshare.testing.conformance.suite import KEY, LARGE, Suite
from git_annex_remote_pyshare.testing.files import Desk, Growing, Shrinking, body_of, content, nobody
from git_annex_remote_pyshare.transfer import Sink


class Failures(Suite):
    """What goes wrong on this machine."""

    @pytest.mark.parametrize("there", [None, b"the old object"])
    def test_a_stopped_store_leaves_nothing_new(self, store: Backend, desk: Desk, there: bytes | None) -> None:
        if there is not None:
            desk.put(store, KEY, there)
        for _ in range(2):
            with pytest.raises(Cancelled):
                store.put(KEY, desk.source(body_of(LARGE)), _stop)
        found = store.stat(KEY)
        assert (desk.get(store, KEY) if found else None) in {None, there}
        assert len(list(store.list())) == (found is not None)
        desk.put(store, KEY, body_of(LARGE))
        assert desk.get(store, KEY) == body_of(LARGE)

    def test_a_stopped_retrieval_leaves_a_beginning(self, store: Backend, desk: Desk) -> None:
        desk.put(store, KEY, body_of(LARGE))
        sink = desk.sink()
        with pytest.raises(Cancelled):
            store.get(KEY, sink, _stop)
        assert body_of(LARGE).startswith(content(sink))
        store.get(KEY, sink, nobody)
        assert content(sink) == body_of(LARGE)

    def test_a_file_that_shrinks_while_it_is_stored_is_refused_pr27(self, store: Backend, desk: Desk) -> None:
        with pytest.raises(SourceChanged):
            store.put(KEY, desk.source(body_of(LARGE), Shrinking), nobody)
        assert store.stat(KEY) is None
        assert list(store.list()) == []

    def test_a_file_that_grows_while_it_is_stored_is_refused_or_stored_as_it_was(
        self, store: Backend, desk: Desk
    ) -> None:
        try:
            store.put(KEY, desk.source(body_of(LARGE), Growing), nobody)
        except SourceChanged:
            assert store.stat(KEY) is None
        else:
            assert desk.get(store, KEY) == body_of(LARGE)

    def test_a_file_that_vanished_before_it_was_stored_is_refused_pr27(self, store: Backend, desk: Desk) -> None:
        source = desk.source(b"content")
        os.unlink(source.path)
        with pytest.raises(SourceChanged):
            store.put(KEY, source, nobody)
        assert store.stat(KEY) is None

    @pytest.mark.parametrize("size", [1, LARGE])
    def test_a_file_that_cannot_be_made_is_a_failure_of_this_machine_pr27(
        self, store: Backend, desk: Desk, tmp_path: Path, size: int
    ) -> None:
        desk.put(store, KEY, body_of(size))
        with pytest.raises(PyshareError, match=r"cannot write .*missing") as failure:
            store.get(KEY, Sink(str(tmp_path / "missing" / "file")), nobody)
        assert not failure.value.retryable

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
    def test_a_full_local_disk_is_a_failure_of_this_machine_pr27(self, store: Backend, desk: Desk) -> None:
        desk.put(store, KEY, body_of(LARGE))
        with pytest.raises(PyshareError, match=r"cannot write /dev/full.*No space left") as failure:
            store.get(KEY, Sink("/dev/full"), nobody)
        assert not failure.value.retryable

    def test_closing_twice_is_fine(self, store: Backend, desk: Desk) -> None:
        desk.put(store, KEY, b"content")
        store.close()
        store.close()

    def test_making_ready_twice_keeps_the_objects(self, store: Backend, desk: Desk) -> None:
        desk.put(store, KEY, b"content")
        if store.has(CanInitialize):
            store.call(CanInitialize, lambda able: able.initialize())
        assert desk.get(store, KEY) == b"content"

    def test_a_store_in_use_is_available(self, store: Backend) -> None:
        mounts = ability(store, ReportsAvailability)
        assert mounts is None or mounts.available()


def _stop(_done: int) -> None:
    raise Cancelled("stopped by the test")
