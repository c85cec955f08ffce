"""Names that a stranger chose: of a branch, of a remote; none of them becomes an option or a command."""

import subprocess
from pathlib import Path

import pytest

from git_annex_remote_pyshare.cli import completion
from git_annex_remote_pyshare.cli.dataset import branch_of
from git_annex_remote_pyshare.config import remotes
from git_annex_remote_pyshare.config.git_config import LocalConfig


def _on_branch(folder: Path, name: str) -> LocalConfig:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    subprocess.run(["git", "symbolic-ref", "HEAD", f"refs/heads/{name}"], cwd=folder, check=True)
    return LocalConfig(str(folder / ".git"), "")


@pytest.mark.parametrize(
    ("branch", "pushed"),
    [
        ("main", "main"),
        ("adjusted/work/it(unlocked)", "work/it"),
        ("--delete", "refs/heads/--delete"),
        ("--receive-pack=touch${IFS}x", "refs/heads/--receive-pack=touch${IFS}x"),
        ("+main", "refs/heads/+main"),
    ],
)
def test_a_branch_that_git_push_could_misread_is_written_in_full(tmp_path: Path, branch: str, pushed: str) -> None:
    assert branch_of(_on_branch(tmp_path / "clone", branch)) == pushed


def test_a_tab_completes_no_name_that_a_shell_would_run() -> None:
    names = ["fine-1.x", "a$(touch${IFS}x)", "a;b", "a b", "a`b`", "-o", "ä"]
    assert [item.value for item in completion._beginning("", names)] == ["fine-1.x"]


def test_the_name_of_a_remote_may_have_dots() -> None:
    clone = LocalConfig()
    clone.__dict__["config"] = {"remote.my.cloud.url": "x", "remote.hub.fetch": "y", "core.bare": "false"}
    assert remotes.all_names(clone) == {"my.cloud", "hub"}


def test_a_remote_whose_name_looks_like_an_option_is_named_by_its_uuid(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {
        "uuid-1": {"name": "-cNAME=VALUE", "externaltype": "pyshare"},
        "uuid-2": {"name": "cloud", "externaltype": "pyshare"},
    }
    monkeypatch.setattr(remotes, "all_remotes", lambda _git_dir: rows)
    clone = LocalConfig()
    clone.__dict__["config"] = {}
    assert set(remotes.waiting(clone)) == {"uuid-1", "cloud"}
