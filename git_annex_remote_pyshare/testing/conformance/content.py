"""Conformance: what is stored comes back, and what is removed is gone."""

import os
from collections.abc import Callable
from hashlib import algorithms_available, new
from itertools import pairwise

import pytest

from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.errors import NotFound
from git_annex_remote_pyshare.testing.conformance.suite import KEY, LARGE, Suite
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.transfer import BLOCK

SIZES = (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7)


class Content(Suite):
    """What is stored comes back, and what is removed is gone."""

    @pytest.mark.parametrize("size", SIZES)
    def test_what_is_stored_comes_back(self, store: Backend, elsewhere: Backend, desk: Desk, size: int) -> None:
        body = body_of(size)
        desk.put(store, KEY, body)
        stat = elsewhere.stat(KEY)
        assert stat is not None
        assert stat.size in {None, size}
        assert desk.get(elsewhere, KEY) == body

    def test_receipt_tells_the_truth(self, store: Backend, desk: Desk) -> None:
        body = body_of(LARGE)
        source = desk.source(body)
        receipt = store.put(KEY, source, nobody)
        assert receipt.size in {None, len(body)}
        for algorithm, digest in receipt.digests.items():
            known = algorithm in algorithms_available
            assert digest == (new(algorithm, body).hexdigest() if known else source.digest(algorithm))

    def test_progress_counts_from_the_beginning_up_to_the_size(self, store: Backend, desk: Desk) -> None:
        body, up, down = body_of(LARGE), [0], [0]
        store.put(KEY, desk.source(body), up.append)
        store.get(KEY, desk.sink(), down.append)
        for told in (up, down):
            assert all(before <= after for before, after in pairwise(told))
            assert told[-1] == LARGE

    @pytest.mark.parametrize(
        "later",
        [
            pytest.param(body_of(5000, b"other"), id="PR13-same-size"),
            pytest.param(body_of(17, b"other"), id="PR10-shorter"),
            pytest.param(body_of(LARGE, b"other"), id="PR10-longer"),
        ],
    )
    def test_storing_again_replaces(self, store: Backend, elsewhere: Backend, desk: Desk, later: bytes) -> None:
        desk.put(store, KEY, body_of(5000))
        assert desk.get(elsewhere, KEY) == body_of(5000)
        desk.put(store, KEY, later)
        assert desk.get(store, KEY) == desk.get(elsewhere, KEY) == later

    @pytest.mark.parametrize("size", [10, LARGE])
    @pytest.mark.parametrize(
        "there",
        [
            pytest.param(lambda _body: b"", id="PR20-empty"),
            pytest.param(lambda body: body[: len(body) // 2], id="PR20-partial"),
            pytest.param(lambda body: body[:-1], id="PR20-all-but-one"),
            pytest.param(lambda body: body, id="PR20-complete"),
            pytest.param(lambda body: body + b"tail", id="PR20-longer"),
        ],
    )
    def test_retrieving_goes_on_behind_what_is_there(
        self, store: Backend, desk: Desk, size: int, there: Callable[[bytes], bytes]
    ) -> None:
        body = body_of(size)
        desk.put(store, KEY, body)
        sink = desk.sink(there(body))
        store.get(KEY, sink, nobody)
        assert content(sink) == body

    def test_an_empty_object_empties_the_file_that_is_there(self, store: Backend, desk: Desk) -> None:
        desk.put(store, KEY, b"")
        sink = desk.sink(b"stale")
        store.get(KEY, sink, nobody)
        assert content(sink) == b""

    def test_what_was_never_stored_is_absent_pr12(self, store: Backend, desk: Desk) -> None:
        sink = desk.sink()
        assert store.stat(KEY) is None
        with pytest.raises(NotFound):
            store.get(KEY, sink, nobody)
        assert not os.path.exists(sink.path)
        store.delete(KEY)

    def test_removed_is_gone_for_everybody_pr11(self, store: Backend, elsewhere: Backend, desk: Desk) -> None:
        desk.put(store, KEY, b"content")
        assert elsewhere.stat(KEY) is not None
        store.delete(KEY)
        for client in (store, elsewhere):
            assert client.stat(KEY) is None
            with pytest.raises(NotFound):
                client.get(KEY, desk.sink(), nobody)
            client.delete(KEY)

    def test_removing_leaves_the_others(self, store: Backend, desk: Desk) -> None:
        for name in ("a/one", "a/other", "b/one"):
            desk.put(store, name, name.encode())
        store.delete("a/one")
        assert desk.get(store, "a/other") == b"a/other"
        assert desk.get(store, "b/one") == b"b/one"

    def test_what_was_removed_can_be_stored_again(self, store: Backend, elsewhere: Backend, desk: Desk) -> None:
        desk.put(store, KEY, b"first")
        elsewhere.delete(KEY)
        desk.put(store, KEY, b"second")
        assert desk.get(elsewhere, KEY) == b"second"
