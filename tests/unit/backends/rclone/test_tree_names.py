"""Names of a tree that are one to the service, as `a` and `A` on SMB (on real remotes: test_conformance.py)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest

from git_annex_remote_pyshare.backends.rclone.errors import Refused
from git_annex_remote_pyshare.backends.rclone.tree import TreeNames
from git_annex_remote_pyshare.errors import BadName, FolderInTheWay


class Remote:
    """Stands for a remote whose files are these; counts the lists."""

    def __init__(self, *files: str, is_tree: bool = True) -> None:
        self.place = SimpleNamespace(is_tree=is_tree)
        self.traits = SimpleNamespace(is_case_insensitive=True, has_empty_folders=True)
        self.target = SimpleNamespace(shown="rclone:smb:/data")
        self.files = set(files)
        self.lists = 0

    def items(self, folder: str) -> list[Any]:
        self.lists += 1
        inside = (name.rpartition("/") for name in self.files)
        return [SimpleNamespace(name=last) for above, _, last in inside if above.lower() == folder.lower()]

    items_of_folder = items

    def has_folder(self, name: str) -> bool:
        return any(each.startswith(f"{name}/") for each in self.files)

    def find(self, name: str) -> bool:
        return name in self.files


def names_of(remote: Any) -> TreeNames:
    return TreeNames(remote)


def store(names: TreeNames, name: str) -> None:
    remote: Any = names._remote
    with names.storing(name):
        remote.files.add(name)


def test_another_file_that_the_service_takes_for_this_one_is_named_and_nothing_is_sent() -> None:
    names = names_of(Remote("a/Data.csv"))
    with pytest.raises(BadName, match=r"Data.csv is there, which rclone:smb:/data takes for the same name"):
        store(names, "a/data.csv")
    store(names, "a/Data.csv")
    store(names, "a/data2.csv")


def test_of_two_such_names_that_are_stored_at_once_one_is_refused() -> None:
    names, meeting = names_of(Remote()), Barrier(2)

    def job(name: str) -> str:
        meeting.wait(10)
        try:
            store(names, name)
        except BadName:
            return ""
        return name

    with ThreadPoolExecutor(2) as jobs:
        stored = list(jobs.map(job, ("a/x", "a/X")))
    assert sorted(map(bool, stored)) == [False, True]


def test_who_is_not_there_but_has_a_namesake_is_hidden_by_it() -> None:
    names = names_of(Remote("a/x"))
    assert names.hides("a/X")
    assert names.hides("A/X")
    assert not names.hides("a/x")
    assert not names.hides("a/other")


def test_what_was_removed_frees_its_name() -> None:
    remote = Remote("a/x")
    names = names_of(remote)
    assert names.hides("a/X")
    remote.files.clear()
    names.removed("a/x")
    store(names, "a/X")


def test_what_failed_may_be_there_all_the_same_so_the_folder_is_listed_again() -> None:
    remote = Remote("a/y")
    names = names_of(remote)
    with suppress(Refused), names.storing("a/x"):
        remote.files.add("a/x")  # the reply was lost
        raise Refused(500, "disk on fire")
    with pytest.raises(BadName):
        store(names, "a/X")


def test_a_file_that_is_under_way_is_in_no_new_list_and_counts() -> None:
    remote, now = Remote(), 0.0
    names = TreeNames(remote, lambda: now)  # type: ignore[arg-type]  # as much of one as is asked
    with names.storing("a/x"):
        now = TreeNames.LASTS
        with pytest.raises(BadName):
            store(names, "a/X")


def test_a_namesake_that_another_clone_has_renamed_since_hides_nothing() -> None:
    remote = Remote("a/x")
    names = names_of(remote)
    assert names.hides("a/X")
    remote.files = {"a/X"}
    assert not names.hides("a/X")


def test_a_folder_is_listed_once_a_minute_and_not_for_each_file() -> None:
    remote, now = Remote("a/x"), 0.0
    names = TreeNames(remote, lambda: now)  # type: ignore[arg-type]  # as much of one as is asked
    for number in range(10):
        store(names, f"a/{number}")
    assert remote.lists == 1
    remote.files.add("a/theirs")
    now = TreeNames.LASTS
    with pytest.raises(BadName):
        store(names, "a/THEIRS")


def test_a_folder_of_people_is_named_and_so_is_a_file_that_has_the_name_of_a_folder() -> None:
    names = names_of(Remote("a/x/theirs", "b"))
    with pytest.raises(FolderInTheWay):
        store(names, "a/x")
    with pytest.raises(BadName, match="has the name of a folder of b/c/d"), names.storing("b/c/d"):
        raise Refused(500, "400 Bad Request")


def test_for_a_store_of_keys_nothing_is_asked() -> None:
    remote = Remote("a/X", is_tree=False)
    names = names_of(remote)
    store(names, "a/x")
    assert not names.hides("a/x")
    assert not names.is_below_a_file("a/X/y")
    assert remote.lists == 0
