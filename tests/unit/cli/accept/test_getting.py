"""What git-annex says about files, and what a clone says without it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from git_annex_remote_pyshare.annex.keys import size_in_report
from git_annex_remote_pyshare.cli.accept.getting import (
    Amount,
    Gotten,
    get,
    in_subdatasets,
    is_whole,
    missing,
    without_content,
)
from git_annex_remote_pyshare.errors import PyshareError

TARGET = ".git/annex/objects/1/2/MD5-s1--x/MD5-s1--x"
Says = Callable[..., None]


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """Let git and git-annex print lines and end with an error, if one is given."""
    program = tmp_path / "git"
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def prepared(*lines: str, error: str = "") -> None:
        said = "".join(f"{line}\n" for line in lines)
        program.write_text(f"#!{sys.executable}\nimport sys\nsys.stdout.write({said!r})\nsys.exit({error or 0!r})\n")
        program.chmod(0o755)

    return prepared


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository without a file, which is the working directory."""
    return repository(tmp_path / "clone", monkeypatch)


def repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    monkeypatch.chdir(folder)
    return folder


def added(*paths: str) -> None:
    subprocess.run(["git", "add", *paths], check=True)


@pytest.mark.parametrize(
    ("size", "number"), [("12", 12), ("unknown", None), (None, None), ("", None), ("²", None), ("9" * 5000, None)]
)
def test_a_size_that_git_annex_does_not_know_is_none(size: str | None, number: int | None) -> None:
    assert size_in_report({} if size is None else {"bytesize": size}) == number


def test_a_file_of_unknown_size_is_counted(says: Says) -> None:
    says('{"bytesize":"unknown","file":"a"}', '{"bytesize":"12","file":"b"}')
    assert missing() == Amount(2, 12)


def test_files_that_git_annex_cannot_list_are_not_called_none(says: Says) -> None:
    says('{"bytesize":"12","file":"b"}', error="git-annex: the index is damaged")
    with pytest.raises(PyshareError, match="git annex find failed: git-annex: the index is damaged"):
        missing()


OK, FAILED = '{"success":true}', '{"success":false,"error-messages":["gone"]}'


@pytest.mark.parametrize(
    ("lines", "error", "gotten"),
    [
        ([OK, FAILED], "get: 1 failed", Gotten(1, 1, "gone")),
        ([OK, OK], "", Gotten(2, 0, "")),
        ([OK], "killed", Gotten(1, 1, "git annex get failed: killed")),
        ([], "no remote cloud", Gotten(0, 1, "git annex get failed: no remote cloud")),
        (['{"error-messages":["a line of another kind"]}'], "", Gotten(0, 1, "a line of another kind")),
    ],
)
def test_why_git_annex_ended_early_is_kept(says: Says, lines: list[str], error: str, gotten: Gotten) -> None:
    says(*lines, error=error)
    assert get("cloud", (), 2) == gotten


def test_only_links_and_pointers_to_content_that_is_not_here_lack_it(clone: Path) -> None:
    (clone / "link").symlink_to(TARGET)
    (clone / "pointer").write_text("/annex/objects/MD5-s1--x\n")
    (clone / "plain").write_text("1;2\n")
    (clone / "elsewhere").symlink_to("plain")
    (clone / "ä\n").symlink_to(f"./{TARGET}")
    added(".")
    assert without_content() == 3
    (clone / TARGET).parent.mkdir(parents=True)
    (clone / TARGET).touch()
    assert without_content() == 1
    (clone / "pointer").unlink()
    os.mkfifo(clone / "pointer")
    assert without_content() == 0


def test_the_datasets_below_the_wanted_paths_are_found(clone: Path) -> None:
    for name in ("a/one", "two"):
        subprocess.run(["git", "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{name}"], check=True)
    assert in_subdatasets(()) == {"a/one": [], "two": []}
    assert in_subdatasets(["."]) == {"a/one": [], "two": []}
    assert in_subdatasets(["a", "tw"]) == {"a/one": []}
    assert in_subdatasets(["a/one/x.csv", "./two"]) == {"a/one": ["a/one/x.csv"], "two": ["./two"]}


def test_a_dataset_in_another_one_is_whole_with_all_its_content(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (clone / "sub").mkdir()
    assert not is_whole("sub"), "an empty folder, not cloned"
    repository(clone / "sub", monkeypatch)
    (clone / "sub" / "link").symlink_to(TARGET)
    added("link")
    monkeypatch.chdir(clone)
    assert not is_whole("sub")
    (clone / "sub" / TARGET).parent.mkdir(parents=True)
    (clone / "sub" / TARGET).touch()
    assert is_whole("sub")
    (clone / "other").symlink_to("sub")
    assert not is_whole("other"), "a link, which git did not check out"
    (clone / "sub" / ".git" / "HEAD").write_text("damaged")
    assert not is_whole("sub")


def test_a_clone_that_git_cannot_read_is_not_called_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PyshareError, match=r"git -C \. failed"):
        without_content()
