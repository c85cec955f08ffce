"""Which git is started: the one of PATH, and none that lies in the dataset."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from git_annex_remote_pyshare.config import git_config as clone


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A dataset with a git of its own as the working directory, as `os` shows it on Windows; the dataset's folder."""
    (tmp_path / "dataset").mkdir()
    monkeypatch.chdir(tmp_path / "dataset")
    for folder in ("dataset", "dataset/bin", "true git"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "git.exe").touch()
    monkeypatch.setattr(os, "name", "nt")
    return tmp_path / "dataset"


@pytest.mark.parametrize("before", [[], ["."], [""], ["bin"], ["{tmp}/absent"]])
def test_windows_is_given_the_whole_path_of_the_git_in_an_absolute_folder(windows: Path, before: list[str]) -> None:
    tmp = str(windows).removesuffix("/dataset")
    path = os.pathsep.join([*(folder.format(tmp=tmp) for folder in before), f'"{tmp}/true git"'])

    assert clone.program(path) == f"{tmp}/true git/git.exe"


@pytest.mark.parametrize("path", ["", ".", "bin", "bin:.:"])
def test_windows_without_a_git_in_an_absolute_folder_has_none(windows: Path, path: str) -> None:
    assert (windows / "git.exe").exists()
    with pytest.raises(FileNotFoundError, match=r"git\.exe is in no folder of PATH"):
        clone.program(path)


def test_git_on_windows_looks_for_no_program_in_the_dataset(windows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], *, env: dict[str, str], **_more: Any) -> "subprocess.CompletedProcess[bytes]":
        started.append((command, env))
        return subprocess.CompletedProcess(command, 0, b"", b"")

    folder = f"{windows.parent}/true git"
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("PATH", f".{os.pathsep}{folder}")
    clone.git("there", "config", "--list")
    clone.git_dir_here()

    assert [command[0] for command, _ in started] == [f"{folder}/git.exe"] * 2
    assert {env["NoDefaultCurrentDirectoryInExePath"] for _, env in started} == {"1"}
    assert {env["PATH"] for _, env in started} == {f".{os.pathsep}{folder}"}


def test_other_systems_look_into_path_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\ntouch started\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    clone.git("there", "config", "--list")
    assert not (tmp_path / "started").exists()
