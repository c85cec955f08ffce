"""The commands that make a clone, and which folder is one."""

import subprocess
from pathlib import Path

import pytest

from git_annex_remote_pyshare.cli.accept import cloning
from git_annex_remote_pyshare.cli.accept.cloning import IGNORED, clone, is_clone_of, require_annex
from git_annex_remote_pyshare.cli.invitation import Invitation

UUID = "5f7a1c7e-0d5b-4a3e-9a43-0c1f6f1b8a11"
STORE = f"annex::{UUID}?type=external&externaltype=pyshare&encryption=none&url=%2Fmnt%2Flab"


def git(*words: str, cwd: Path) -> str:
    return subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


def repository(folder: Path, url: str = "https://git.example.org/d.git") -> Path:
    folder.mkdir(parents=True)
    git("init", "-q", ".", cwd=folder)
    git("remote", "add", "origin", url, cwd=folder)
    git("-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "--allow-empty", "-m", "x", cwd=folder)
    return folder


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that run, all with success; none is really run."""
    commands: list[tuple[str, ...]] = []

    def run(*step: str) -> "subprocess.CompletedProcess[str]":
        commands.append(step)
        is_asked = step[:2] == ("git", "config")
        return subprocess.CompletedProcess(step, int(is_asked), "refs/remotes/origin/main\n", "")

    monkeypatch.setattr(cloning, "run", run)
    monkeypatch.setattr(cloning, "output_of", lambda *step: run(*step).stdout)
    return commands


@pytest.mark.parametrize(
    ("url", "is_ignored"),
    [
        ("https://git.example.org/d.git", True),
        ("http://git.example.org/d.git", True),
        ("ssh://git.example.org/d.git", False),
        ("git.example.org:d.git", False),
        ("/mnt/lab/d.git", False),
        (STORE, False),
    ],
)
def test_before_git_annex_runs_it_is_told_to_leave_a_git_host_on_the_web_alone(
    ran: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, *, is_ignored: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    clone(Invitation("d", url), may_ask=False)
    init = ("git", "annex", "init", "--quiet", "--no-autoenable")
    before = [word for step in ran[: ran.index(init)] for word in step]
    assert (f"--config={IGNORED}=true" in before) is is_ignored
    assert not [step for step in ran if step[:2] == ("git", "config")]


@pytest.mark.parametrize(("url", "is_ignored"), [("https://git.example.org/d.git", True), ("/mnt/lab/d.git", False)])
def test_a_clone_of_git_alone_gets_its_annex_with_no_remote_enabled(
    ran: list[tuple[str, ...]], url: str, *, is_ignored: bool
) -> None:
    require_annex(url)
    assert ran[-1] == ("git", "annex", "init", "--quiet", "--no-autoenable")
    assert (("git", "config", IGNORED, "true") in ran) is is_ignored


def test_a_clone_is_known_wherever_git_keeps_its_repository(tmp_path: Path) -> None:
    main = repository(tmp_path / "main")
    url = "https://git.example.org/d.git"
    git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"), cwd=main)
    outer = repository(tmp_path / "outer", "https://git.example.org/outer.git")
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(main), "sub", cwd=outer)
    git("remote", "set-url", "origin", url, cwd=outer / "sub")
    (main / "folder").mkdir()
    (tmp_path / "link").symlink_to(main)
    known = {path.name: is_clone_of(str(path), url) for path in (main, tmp_path / "linked", outer / "sub", outer)}
    assert known == {"main": True, "linked": True, "sub": True, "outer": False}
    assert not is_clone_of(str(main / "folder"), url), "a folder in a clone"
    assert not is_clone_of(str(tmp_path / "link"), url)
    assert not is_clone_of(str(tmp_path / "nothing"), url)
