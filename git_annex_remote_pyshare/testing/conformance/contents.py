"""Conformance: versions of files, for stores that can be imported from."""

from collections.abc import Callable, Mapping, Sequence
from time import monotonic, sleep

import pytest

from git_annex_remote_pyshare.backends.base import Backend, Content, ListsContents
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.errors import Busy, ContentChanged, PyshareError
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
        assert listed(lister) == found
        for name in FILES:
            seen = content_of(lister, name)
            assert seen is not None
            assert seen._replace(version="") == found[name]  # which only a look has
        assert content_of(lister, "a/nothing") is None

    def test_the_listed_version_is_delivered(self, lister: Backend, desk: Desk) -> None:
        desk.put(lister, NAME, body_of(LARGE))
        wanted = listed(lister)[NAME]
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

        assert listed(lister)[NAME].id.removesuffix(YOUNG) != wanted.id

    def test_a_file_that_is_gone_is_not_delivered_and_not_listed(self, lister: Backend, desk: Desk) -> None:
        desk.put(lister, NAME, b"content")
        desk.put(lister, "a/other", b"other")
        wanted = listed(lister)[NAME]
        lister.delete(NAME)

        with pytest.raises(PyshareError):
            lister.get(NAME, ExactSink(desk.sink().path, wanted.id), nobody)

        assert set(listed(lister)) == {"a/other"}


def listed(store: Backend) -> Mapping[str, Content]:
    """All files but our temporary ones, by their names.

    Raises Busy if the service has forgotten the listing, which must begin again.
    """
    seen: list[Content] = []
    walk(store, seen.append)
    found = [each for each in seen if not each.is_temporary]
    by_name = {each.name: each for each in found}
    assert len(by_name) == len(found), "a file was listed twice"
    return by_name


def walk(store: Backend, add: Callable[[Content], None]) -> None:
    """List all parts; raises as `listed`."""
    waiting = [""]
    while waiting:
        waiting += _part(store, waiting.pop(), add)
        if "" in waiting:
            raise Busy("the listing must begin again")


def _part(store: Backend, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
    return store.call(ListsContents, lambda able: able.list_contents(cursor, add))


def _settled(store: Backend) -> Mapping[str, Content]:
    """All files, once none of them is young."""
    end = monotonic() + PATIENCE
    while True:
        found = listed(store)
        if not any(each.id.endswith(YOUNG) for each in found.values()):
            return found
        assert monotonic() < end, "a file stays young"
        sleep(0.1)


def content_of(store: Backend, name: str) -> Content | None:
    """The version of one file, through all layers."""
    return store.call(ListsContents, lambda able: able.content_of(name))
