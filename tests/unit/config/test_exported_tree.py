"""The last export by any clone, as git-annex's log tells it; anyone who pushes to the dataset may write that log."""

import pytest

from git_annex_remote_pyshare.config import annex_branch

OLD, NEW, OTHER = "a" * 40, "b" * 40, "c" * 40


@pytest.mark.parametrize(
    ("log", "tree"),
    [
        (f"2s clone:store {NEW}\n1s clone-2:store {OLD}\n3s clone:other {OTHER}\n", NEW),
        (f"1.5s clone:store {OLD} {OTHER}\n1.25s clone-2:store {NEW}\n", OLD),
        (f"{'9' * 400}s clone:store {OLD}\nnan clone:store {OLD}\n1s clone:store --upload-pack=x\n", ""),
        ("", ""),
    ],
)
def test_the_newest_line_of_the_store_counts(monkeypatch: pytest.MonkeyPatch, log: str, tree: str) -> None:
    monkeypatch.setattr(annex_branch, "texts", lambda _git_dir, _path: iter([log]))
    assert annex_branch.exported_tree("git", "store") == tree
