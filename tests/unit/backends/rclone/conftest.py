"""A program in the place of rclone without remotes, which notes the dialogue that it is to start."""

from collections.abc import Callable
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.login import LoginRequest
from git_annex_remote_pyshare.backends.rclone import login
from git_annex_remote_pyshare.backends.rclone.spec import SPEC
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.cli.terminal import CommandLine
from git_annex_remote_pyshare.errors import CommandFailed

Asked = Callable[..., str]

PROGRAM = """#!/bin/sh
case $1 in
    version) echo "rclone v{version}" ;;
    config) echo "$*" > {note} ;;
esac
"""


class AtTerminal(CommandLine):
    """A user is there."""

    def is_interactive(self) -> bool:
        return True


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Logs in, and returns the arguments of the dialogue that rclone was to start."""

    def log_in(kind: str, version: str = "1.75.2") -> str:
        program, note = tmp_path / "rclone", tmp_path / "note"
        program.write_text(PROGRAM.format(version=version, note=note))
        program.chmod(0o755)
        monkeypatch.setattr(login, "found", lambda *words: [str(program), *words])
        settings = parse({"url": "rclone:gdrive:/home/bob", "rclonetype": kind})
        with pytest.raises(CommandFailed, match="rclone still has no remote gdrive"):
            login.log_in(LoginRequest(SPEC, settings), AtTerminal())
        return note.read_text().strip()

    return log_in
