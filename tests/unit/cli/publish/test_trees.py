"""Trees in git's store of objects: read and written without the index and the work tree."""

import subprocess
from pathlib import Path

import pytest

from git_annex_remote_pyshare.cli.publish.trees import Entry, contents, object_of, read_tree, write_blob, write_tree
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import CommandFailed

NAMES = ("a", "b/c", "b/d/e", "-x", "two words", "tab\tand\nline", "ü", "a\udcff", "b.txt", "b-", "b0")


@pytest.fixture
def git_dir(tmp_path: Path) -> str:
    """A repository without commits."""
    subprocess.run(["git", "init", "-q", tmp_path / "clone"], check=True)
    return str(tmp_path / "clone/.git")


def test_a_tree_that_is_written_is_read_the_same(git_dir: str) -> None:
    entry = write_blob(git_dir, b"text")
    tree = dict.fromkeys(NAMES, entry)
    written = write_tree(git_dir, tree)
    assert read_tree(git_dir, written) == tree
    # git itself agrees about the order of names
    subprocess.run(["git", f"--git-dir={git_dir}", "fsck", "--strict"], check=True, capture_output=True)


def test_the_index_and_the_work_tree_stay_as_they_are(git_dir: str) -> None:
    write_tree(git_dir, {"a": write_blob(git_dir, b"text")})
    assert not (Path(git_dir) / "index").exists()
    assert [path.name for path in Path(git_dir).parent.iterdir()] == [".git"]


def test_no_hook_of_the_clone_runs(git_dir: str, tmp_path: Path) -> None:
    hook = Path(git_dir) / "hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    write_tree(git_dir, {"a": write_blob(git_dir, b"text")})
    assert not (tmp_path / "ran").exists()


def link(git_dir: str, target: bytes) -> Entry:
    return write_blob(git_dir, target)._replace(mode="120000")


def test_the_contents_are_keys_of_annexed_files_and_objects_of_others(git_dir: str) -> None:
    locked = link(git_dir, b"../../.git/annex/objects/x/y/SHA256E-s7--ab.txt/SHA256E-s7--ab.txt")
    unlocked = write_blob(git_dir, b"/annex/objects/SHA256E-s9--cd.txt\n")
    by_url = link(git_dir, b".git/annex/objects/x/y/z/URL--http&c%%h%x")
    plain = write_blob(git_dir, b"text of a file in git")
    found = contents(git_dir, [locked, unlocked, by_url, plain])
    assert found[locked] == ("SHA256E-s7--ab.txt", 7)
    assert found[unlocked] == ("SHA256E-s9--cd.txt", 9)
    assert found[by_url] == ("URL--http://h/x", None)
    assert found[plain] == (f"GIT--{plain.id}", 21)
    assert not found[plain].is_annexed
    assert found[locked].is_annexed


@pytest.mark.parametrize("target", [b"elsewhere", b"../annex/objects/no key", b"/etc/passwd", b"annex/objects/\n"])
def test_links_that_are_not_annexed_and_submodules_have_no_content(git_dir: str, target: bytes) -> None:
    submodule = Entry("160000", "1" * 40)
    assert contents(git_dir, [link(git_dir, target), submodule]) == {}


def test_a_large_file_that_begins_like_a_pointer_is_none(git_dir: str) -> None:
    entry = write_blob(git_dir, b"/annex/objects/SHA256E-s9--cd\n" + b"x" * 40000)
    assert contents(git_dir, [entry])[entry].key == f"GIT--{entry.id}"


def test_a_version_is_found_by_what_people_type_and_is_never_an_option(git_dir: str) -> None:
    clone = LocalConfig(git_dir)
    tree = write_tree(git_dir, {"data/a": write_blob(git_dir, b"text")})
    assert object_of(clone, f"{tree}:data", "tree") == write_tree(git_dir, {"a": write_blob(git_dir, b"text")})
    assert object_of(clone, tree, "tree") == tree
    for version in (tree, "HEAD", "--all", "--git-dir", "", f"{tree}:nothing"):
        assert object_of(clone, version, "commit") == ""


def test_a_tree_that_is_not_there_is_an_error(git_dir: str) -> None:
    with pytest.raises(CommandFailed, match="git ls-tree failed"):
        read_tree(git_dir, "1" * 40)
