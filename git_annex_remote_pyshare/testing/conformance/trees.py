"""Conformance: renames and folders, for stores that can hold a tree."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from git_annex_remote_pyshare.backends.base import Backend, Moves, RemovesFolders
from git_annex_remote_pyshare.errors import BadName, NotFound
from git_annex_remote_pyshare.testing.conformance.suite import Suite
from git_annex_remote_pyshare.testing.files import Desk

OLD, NEW = "before/a name.txt", "after/one/two/a name.txt"
FOLDER = "before"
JOBS = 8


class Trees(Suite):
    """A rename changes the name and nothing else; only empty folders are removed."""

    @pytest.fixture
    def mover(self, store: Backend) -> Backend:
        if not store.has(Moves):
            pytest.skip("this kind of store has no renames, so it holds no trees")
        return store

    def test_a_renamed_object_is_whole_at_its_new_name_only(self, mover: Backend, desk: Desk) -> None:
        desk.put(mover, OLD, b"content")

        _move(mover, OLD, NEW)

        assert desk.get(mover, NEW) == b"content"
        assert mover.stat(OLD) is None

    def test_a_rename_replaces_the_object_at_the_new_name(self, mover: Backend, desk: Desk) -> None:
        desk.put(mover, OLD, b"content")
        desk.put(mover, NEW, b"another, and longer")

        _move(mover, OLD, NEW)

        assert desk.get(mover, NEW) == b"content"
        assert mover.stat(OLD) is None

    def test_a_rename_of_nothing_says_so_and_leaves_the_new_name_alone(self, mover: Backend, desk: Desk) -> None:
        desk.put(mover, NEW, b"content")

        with pytest.raises(NotFound):
            _move(mover, OLD, NEW)

        assert desk.get(mover, NEW) == b"content"

    @pytest.mark.parametrize("name", ["top #?&%41.txt", "ü/grüße", "x/%2e%2e", "Case"])
    def test_a_new_name_stays_as_it_is_or_is_refused(self, mover: Backend, desk: Desk, name: str) -> None:
        desk.put(mover, OLD, b"content")

        try:
            _move(mover, OLD, name)
        except BadName:
            assert desk.get(mover, OLD) == b"content"
            return

        assert [entry.name for entry in mover.list()] == [name]
        _move(mover, name, NEW)
        assert [entry.name for entry in mover.list()] == [NEW]

    def test_many_jobs_rename_into_one_new_folder(self, mover: Backend, desk: Desk) -> None:
        for number in range(JOBS):
            desk.put(mover, f"{FOLDER}/{number}", b"content")

        with ThreadPoolExecutor(JOBS) as jobs:
            list(jobs.map(lambda number: _move(mover, f"{FOLDER}/{number}", f"new/deep/{number}"), range(JOBS)))

        assert {entry.name for entry in mover.list()} == {f"new/deep/{number}" for number in range(JOBS)}

    def test_only_an_empty_folder_is_removed(self, mover: Backend, desk: Desk) -> None:
        if not mover.has(RemovesFolders):
            pytest.skip("this kind of store has no folders of their own")
        desk.put(mover, OLD, b"content")
        _remove_folder(mover, FOLDER)
        assert desk.get(mover, OLD) == b"content"

        mover.delete(OLD)
        _remove_folder(mover, FOLDER)
        _remove_folder(mover, FOLDER)

        desk.put(mover, OLD, b"again")
        assert desk.get(mover, OLD) == b"again"


def _move(store: Backend, source: str, target: str) -> None:
    store.call(Moves, lambda able: able.move(source, target))


def _remove_folder(store: Backend, name: str) -> None:
    store.call(RemovesFolders, lambda able: able.remove_folder(name))
