"""Globs of files to leave out: they match what git itself would ignore."""

import subprocess
from pathlib import Path

import pytest

from git_annex_remote_pyshare.cli.publish.patterns import Patterns, literal

PATHS = (
    *("a", "a.tmp", "b/a.tmp", "b/c/a", "b/c/d.txt", "data/x/y/z.bin", "data/z.bin", "drafts/1", "b/drafts/1"),
    *("[x]", "x", "a*b", "aXb", "b\\c", "é.txt", "A.TMP", ".hidden/file", "a b", "ab/cd", "x/a/b/y", "x/y", "-", "^"),
    *("two\nlines.tmp", "drafts", "data"),
)
GLOBS = (
    *(
        "a",
        "*.tmp",
        "/a",
        "/*.tmp",
        "drafts/",
        "/drafts/",
        "b/c",
        "b/*",
        "b/**",
        "**/z.bin",
        "data/**/z.bin",
        "data/*/z.bin",
    ),
    *("x/**/y", "?", "[a-c]", "[!a-c]", "[^a-c]", "[]x]", "[x", "\\[x\\]", "a\\*b", "a*b", "a?b", "é*", ".*", "**"),
    *(
        "b/",
        "*/c",
        "/b/*/d.txt",
        "data/**",
        "**/drafts",
        "**/drafts/",
        "[z-a]",
        "a[/]b",
        "a b",
        "[\\]x]",
        "[a-]",
        "b\\\\c",
    ),
    *("*", "***", "x**y", "[[x]", "[&&a]", "a/", "//a", "nothing"),
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository without files."""
    folder = tmp_path_factory.mktemp("empty")
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


def ignored_by_git(empty: Path, glob: str) -> set[str]:
    """Which of the paths git ignores, when a .gitignore file has this glob."""
    (empty / ".git/info/exclude").write_text(f"{glob}\n", encoding="utf-8")
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=empty,
        input="\0".join(PATHS).encode(),
        capture_output=True,
        check=False,
    )
    return set(done.stdout.decode().split("\0")) - {""}


@pytest.mark.parametrize("glob", GLOBS)
def test_a_glob_leaves_out_what_git_would_ignore(empty: Path, glob: str) -> None:
    patterns = Patterns([glob])
    assert {path for path in PATHS if patterns.excludes(path)} == ignored_by_git(empty, glob)


def test_exclamation_marks_and_hashes_mean_themselves() -> None:
    assert Patterns(["!a"]).excludes("!a")
    assert not Patterns(["!a"]).excludes("a")
    assert Patterns(["#a"]).excludes("b/#a")


def test_without_globs_nothing_is_left_out() -> None:
    assert not Patterns([]).excludes("a")
    assert not Patterns([""]).excludes("a")


def test_a_byte_that_is_not_utf_8_is_one_character() -> None:
    assert Patterns(["a?"]).excludes("a\udcff")


@pytest.mark.parametrize("path", PATHS)
def test_the_glob_of_one_path_leaves_out_that_path_alone(path: str) -> None:
    inside = (f"{path}/", f"{path}\0")
    assert [each for each in PATHS if Patterns([literal(path)]).excludes(each) and not each.startswith(inside)] == [
        path
    ]
