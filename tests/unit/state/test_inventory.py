"""The notes about the names of a tree, in this process and in the next."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from git_annex_remote_pyshare.state.inventory import Inventory, Known

ABOUT = ("a UUID", "memory:")


def test_all_that_may_be_there_is_known_to_the_next_process_until_it_is_replaced_or_gone(tmp_path: Path) -> None:
    first = Inventory(str(tmp_path), *ABOUT)
    first.replace("a", "K1", "v1")
    first.add("a", "K2")
    later = Inventory(str(tmp_path), *ABOUT)
    assert set(later.find("a")) == {Known("K1", "v1"), Known("K2", "")}
    first.replace("a", "K2", "v2")
    assert later.find("a") == [Known("K2", "v2")]
    later.forget("a")
    assert first.find("a") == []


def test_a_rename_leaves_nothing_at_the_old_name_and_only_its_key_at_the_new_one(tmp_path: Path) -> None:
    inventory = Inventory(str(tmp_path), *ABOUT)
    inventory.replace("old", "K1", "v1")
    inventory.replace("new", "K2", "v2")
    inventory.add("new", "K1", "v1")
    inventory.move("K1", "old", "new")
    inventory.move("K1", "new", "new")
    assert inventory.find("old") == []
    assert inventory.find("new") == [Known("K1", "v1")]


def test_two_keys_of_the_same_bytes_are_both_known_by_their_version(tmp_path: Path) -> None:
    inventory = Inventory(str(tmp_path), *ABOUT)
    inventory.replace("a.txt", "K.txt", "v")
    inventory.replace("a.dat", "K.dat", "v")
    assert inventory.keys_of("v") == {"K.txt", "K.dat"}


def test_notes_without_a_git_directory_last_as_long_as_the_process_and_a_damaged_file_is_made_anew(
    tmp_path: Path,
) -> None:
    for git_dir in ("", str(tmp_path)):
        inventory = Inventory(git_dir, *ABOUT)
        inventory.replace("a\udcff", "K1")
        assert inventory.find("a\udcff") == [Known("K1", "")]
    (noted,) = (tmp_path / "annex/pyshare/inventory").iterdir()
    noted.write_bytes(b"damaged" * 1000)
    damaged = Inventory(str(tmp_path), *ABOUT)
    assert damaged.find("a\udcff") == []
    damaged.replace("b", "K1")
    assert damaged.find("b") == [Known("K1", "")]
    assert Inventory(str(tmp_path), *ABOUT).find("b") == [Known("K1", "")]


def test_what_another_program_keeps_from_being_noted_is_an_error_before_a_request_relies_on_it(tmp_path: Path) -> None:
    inventory = Inventory(str(tmp_path), *ABOUT)
    inventory.replace("a", "K1")
    (noted,) = (tmp_path / "annex/pyshare/inventory").iterdir()
    with contextlib.closing(sqlite3.connect(noted, isolation_level=None)) as other:
        inventory._database.execute("PRAGMA busy_timeout = 1")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OSError, match="cannot note what the store may have: database is locked"):
            inventory.add("a", "K2")
        inventory.forget("a")
    assert inventory.find("a") == [Known("K1", "")]
