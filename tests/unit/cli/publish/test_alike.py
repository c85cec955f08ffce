"""Names that are one name for stores which ignore the case of letters."""

from git_annex_remote_pyshare.cli.publish.alike import alike


def test_files_and_folders_that_differ_in_case_or_accents_only_are_found() -> None:
    paths = ["a", "A", "Data/x", "data/y", "data/z", "u\u0308.txt", "\u00fc.txt", "b/c", "b/d"]
    assert alike(paths) == [("A", "a"), ("Data", "data"), ("u\u0308.txt", "\u00fc.txt")]


def test_names_that_differ_otherwise_are_left_alone() -> None:
    assert alike(["a", "b", "a.txt", "aa/a", "ab/a"]) == []
