"""What will be sent, renamed and deleted: as git-annex decides it."""

import pytest

from git_annex_remote_pyshare.cli.publish.plan import Plan, plan
from git_annex_remote_pyshare.cli.publish.trees import Content

KEYS = frozenset({"K1", "K2", "K3"})


def tree(**files: str) -> dict[str, Content]:
    """Path → content, by keys."""
    return {path: Content(key, 5) for path, key in files.items()}


def planned(there: dict[str, Content], wanted: dict[str, Content]) -> Plan:
    return plan(there, wanted, KEYS)


def sent(found: Plan) -> dict[str, str]:
    return {each.path: each.change for each in found.sent}


def test_into_an_empty_store_everything_is_sent() -> None:
    found = planned({}, tree(a="K1", b="K2"))
    assert sent(found) == {"a": "new", "b": "new"}
    assert found.bytes == 10
    assert not found.is_empty


def test_the_same_tree_again_is_nothing_to_do() -> None:
    found = planned(tree(a="K1"), tree(a="K1"))
    assert found.is_empty
    assert found.unchanged == 1


def test_content_that_comes_under_another_name_is_renamed_not_sent() -> None:
    found = planned(tree(a="K1", b="K2"), tree(c="K1", b="K2"))
    assert found.renamed == [("a", "c")]
    assert not found.sent
    assert not found.deleted


def test_two_files_that_swap_their_names_are_two_renames() -> None:
    found = planned(tree(a="K1", b="K2"), tree(a="K2", b="K1"))
    assert sorted(found.renamed) == [("a", "b"), ("b", "a")]


def test_a_copy_is_sent_since_no_name_becomes_free() -> None:
    assert sent(planned(tree(a="K1"), tree(a="K1", b="K1"))) == {"b": "new"}


def test_of_two_files_that_need_one_old_content_one_is_renamed_and_one_sent() -> None:
    found = planned(tree(a="K1"), tree(b="K1", c="K1"))
    assert found.renamed == [("a", "b")]
    assert sent(found) == {"c": "new"}


def test_changed_content_is_sent_and_not_counted_as_deleted() -> None:
    found = planned(tree(a="K1"), tree(a="K2"))
    assert sent(found) == {"a": "changed"}
    assert not found.deleted


def test_what_is_no_longer_wanted_is_deleted() -> None:
    assert planned(tree(a="K1", b="K2"), tree(b="K2")).deleted == ["a"]


def test_what_an_earlier_run_did_not_store_is_sent_again() -> None:
    found = plan(tree(a="K1", b="K2"), tree(a="K1", b="K2"), frozenset({"K1"}))
    assert sent(found) == {"b": "again"}
    assert found.unchanged == 1


def test_of_a_file_in_git_no_record_says_whether_it_is_stored() -> None:
    assert plan(tree(a="GIT--1"), tree(a="GIT--1"), frozenset()).is_empty


@pytest.mark.parametrize("size", [None, 5])
def test_files_of_unknown_size_are_counted(size: int | None) -> None:
    found = planned({}, {"a": Content("URL--x", size)})
    assert (found.bytes, found.unsized) == (size or 0, 1 if size is None else 0)
