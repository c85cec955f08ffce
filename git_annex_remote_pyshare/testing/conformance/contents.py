"""Conformance: versions of files, for stores that can be imported from."""

from collections.abc import Mapping, Sequence
from time import monotonic, sleep

import pytest

from git_annex_remote_pyshare.backends.abilities import YOUNG
from git_annex_remote_pyshare.backends.base import Backend, Content, ListsContents
from git_annex_remote_pyshare.errors import ContentChanged, PyshareError
from git_annex_remote_pyshare.testing.conformance.suite import LARGE, Suite
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.transfer import ExactSink

FILES = {"top.txt": b"content", "a/b/deep #&%41.txt": b"content", "a/ü": b"another", "empty": b""}
NAME = "a/file.bin"
PATIENCE = 10.0
"""Seconds within which a file must no longer count as young."""


class Contents(Suite):
    """A listing has every file once with the version it has; only that version is delivered under its identifier."""

    @pytest.fixture
    def lister(self, store: Backend) -> Backend:
        if not store.has(ListsContents):
            pytest.skip("this kind of store does not tell versions, so nothing is imported from it")
        return store

    def test_a_list_has_every_file_with_its_size_and_the_same_identifier_until_it_changes(
        self, lister: Backend, desk: Desk
    ) -> None:
        for name, body in FILES.items():
            desk.put(lister, name, body)

        found = _settled(lister)

        assert {name: each.size for name, each in found.items()} == {name: len(body) for name, body in FILES.items()}
        assert len({each.id for each in found.values()}) >= len(set(FILES.values()))
        assert _listed(lister) == found
        for name in FILES:
            seen = _content_of(lister, name)
            assert seen is not None
            assert seen._replace(version="") == found[name]  # which only a look has
        assert _content_of(lister, "a/nothing") is None

    def test_the_listed_version_is_delivered(self, lister: Backend, desk: Desk) -> None:
        desk.put(lister, NAME, body_of(LARGE))
        wanted = _listed(lister)[NAME]
        sink = ExactSink(desk.sink().path, wanted.id)
        lister.get(NAME, sink, nobody)
        assert content(sink) == body_of(LARGE)

    def test_another_version_of_the_same_size_is_not_delivered_as_the_listed_one(
        self, lister: Backend, elsewhere: Backend, desk: Desk
    ) -> None:
        desk.put(lister, NAME, b"content A")
        wanted = _settled(lister)[NAME]
        desk.put(elsewhere, NAME, b"content B")
        sink = ExactSink(desk.sink().path, wanted.id)

        with pytest.raises(ContentChanged):
            lister.get(NAME, sink, nobody)

        assert _listed(lister)[NAME].id.removesuffix(YOUNG) != wanted.id

    def test_a_file_that_is_gone_is_not_delivered_and_not_listed(self, lister: Backend, desk: Desk) -> None:
        desk.put(lister, NAME, b"content")
        desk.put(lister, "a/other", b"other")
        wanted = _listed(lister)[NAME]
        lister.delete(NAME)

        with pytest.raises(PyshareError):
            lister.get(NAME, ExactSink(desk.sink().path, wanted.id), nobody)

        assert set(_listed(lister)) == {"a/other"}


def _listed(store: Backend) -> Mapping[str, Content]:
    """All files, by their names."""
    found: list[Content] = []
    waiting = [""]
    while waiting:
        waiting += _part(store, waiting.pop(), found)
    by_name = {each.name: each for each in found}
    assert len(by_name) == len(found), "a file was listed twice"
    return by_name


def _part(store: Backend, cursor: str, found: list[Content]) -> Sequence[str]:
    return store.call(ListsContents, lambda able: able.list_contents(cursor, found.append))


def _settled(store: Backend) -> Mapping[str, Content]:
    """All files, once none of them is young."""
    end = monotonic() + PATIENCE
    while True:
        found = _listed(store)
        if not any(each.id.endswith(YOUNG) for each in found.values()):
            return found
        assert monotonic() < end, "a file stays young"
        sleep(0.1)


def _content_of(store: Backend, name: str) -> Content | None:
    return store.call(ListsContents, lambda able: able.content_of(name))
