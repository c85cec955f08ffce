"""Conformance: many jobs at once, and readers in the middle of a store."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.testing.conformance.suite import KEY, LARGE, Suite
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.transfer import BLOCK

JOBS = 8


class Concurrency(Suite):
    """Many jobs at once, and readers in the middle of a store."""

    def test_many_jobs_store_and_retrieve_at_once(self, store: Backend, desk: Desk) -> None:
        bodies = {f"{number % 3}/object-{number}": body_of(1000 * number + 1) for number in range(3 * JOBS)}
        sources = {name: desk.source(body) for name, body in bodies.items()}
        sinks = {name: desk.sink() for name in bodies}

        def work(name: str) -> bytes:
            store.put(name, sources[name], nobody)
            assert store.stat(name) is not None
            store.get(name, sinks[name], nobody)
            store.delete(name)
            return content(sinks[name])

        with ThreadPoolExecutor(JOBS) as pool:
            assert dict(zip(bodies, pool.map(work, bodies), strict=True)) == bodies
        assert list(store.list()) == []

    def test_many_jobs_store_the_same_name_and_one_of_them_stays(self, store: Backend, desk: Desk) -> None:
        bodies = [body_of(BLOCK + number, bytes([number])) for number in range(JOBS)]
        sources = [desk.source(body) for body in bodies]
        with ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(lambda source: store.put(KEY, source, nobody), sources))
        assert desk.get(store, KEY) in bodies
        assert [entry.name for entry in store.list()] == [KEY]

    # The old one is as long as the new one, as it is for a key of git-annex: some servers (Apache) look up an object's
    # size before they open it, and send so much of the one that has come in between.
    @pytest.mark.parametrize("there", [None, body_of(LARGE, b"old")], ids=["new", "replacing"])
    def test_readers_never_see_a_part(
        self, store: Backend, elsewhere: Backend, desk: Desk, there: bytes | None
    ) -> None:
        if there is not None:
            desk.put(store, KEY, there)
        seen = []

        def look(_done: int) -> None:
            seen.append(desk.get(elsewhere, KEY) if elsewhere.stat(KEY) else None)

        store.put(KEY, desk.source(body_of(LARGE)), look)
        assert seen
        assert set(seen) <= {None, there, body_of(LARGE)}
        assert desk.get(elsewhere, KEY) == body_of(LARGE)
