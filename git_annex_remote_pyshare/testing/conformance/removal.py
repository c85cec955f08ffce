"""Conformance: the removal of one version, by which of two pushes at once one fails."""

import pytest

from git_annex_remote_pyshare.backends.base import Backend, ListsContents, RemovesVersions
from git_annex_remote_pyshare.errors import ContentChanged, NotFound
from git_annex_remote_pyshare.testing.conformance.suite import Suite
from git_annex_remote_pyshare.testing.files import Desk

NAME = "a/GITMANIFEST--6b1f2f0e-7d5b-4c53-9c1e-0f3f8f6f1d2a"


class Removal(Suite):
    """An object is removed only in the version that was looked at."""

    @pytest.fixture
    def remover(self, store: Backend) -> Backend:
        if not (store.has(RemovesVersions) and store.has(ListsContents)):
            pytest.skip("this kind of store does not compare versions when it removes an object")
        return store

    def test_the_version_that_was_looked_at_is_removed(self, remover: Backend, desk: Desk) -> None:
        desk.put(remover, NAME, b"content")
        _remove(remover, _id_of(remover))
        assert remover.stat(NAME) is None

    def test_another_version_stays(self, remover: Backend, elsewhere: Backend, desk: Desk) -> None:
        desk.put(remover, NAME, b"content")
        seen = _id_of(remover)
        desk.put(elsewhere, NAME, b"other content")
        with pytest.raises(ContentChanged):
            _remove(remover, seen)
        assert remover.stat(NAME) is not None

    def test_what_another_client_has_removed_is_not_removed_again(
        self, remover: Backend, elsewhere: Backend, desk: Desk
    ) -> None:
        desk.put(remover, NAME, b"content")
        seen = _id_of(remover)
        elsewhere.delete(NAME)
        with pytest.raises(NotFound):
            _remove(remover, seen)


def _id_of(store: Backend) -> str:
    found = store.call(ListsContents, lambda able: able.content_of(NAME))
    assert found is not None
    return found.id


def _remove(store: Backend, content: str) -> None:
    store.call(RemovesVersions, lambda able: able.remove_version(NAME, content))
