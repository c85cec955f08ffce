"""What was chosen for a remote is kept in the clone's git config, byte for byte, and is no option of git."""

import subprocess
from pathlib import Path

import pytest

from git_annex_remote_pyshare.cli.publish.choice import Choice, keep, kept
from git_annex_remote_pyshare.cli.publish.selection import folder_of
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import BadSetting


@pytest.fixture
def git_dir(tmp_path: Path) -> str:
    subprocess.run(["git", "init", "-q", tmp_path / "clone"], check=True)
    return str(tmp_path / "clone/.git")


@pytest.mark.parametrize(
    "choice",
    [
        Choice(),
        Choice(("*.tmp",), "data/public", page=True),
        Choice(("--unset-all", "-x", " two  words ", '"quoted"\\', "#a;b", "line\nbreak"), "-folder"),
    ],
)
def test_what_is_kept_is_read_again(git_dir: str, choice: Choice) -> None:
    keep(LocalConfig(git_dir, "my.remote"), Choice(("before",), "before", page=True))
    keep(LocalConfig(git_dir, "my.remote"), choice)
    assert kept(LocalConfig(git_dir, "my.remote")) == choice
    assert kept(LocalConfig(git_dir, "another")) == Choice()


@pytest.mark.parametrize(("typed", "folder"), [("", ""), ("data", "data"), ("./a//b/", "a/b"), (".", "")])
def test_a_folder_is_written_as_git_has_it(typed: str, folder: str) -> None:
    assert folder_of(typed) == folder


@pytest.mark.parametrize("typed", ["/data", "..", "a/../b"])
def test_a_folder_outside_of_the_dataset_is_refused(typed: str) -> None:
    with pytest.raises(BadSetting, match="no folder inside of the dataset"):
        folder_of(typed)
