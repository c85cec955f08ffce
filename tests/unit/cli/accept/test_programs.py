"""The programs that `pyshare accept` starts, and where it runs itself."""

import os
import sys
from pathlib import Path

import pytest

from git_annex_remote_pyshare.cli.accept.programs import environment, lasting_install, use_own_programs
from git_annex_remote_pyshare.errors import BadSetting

UV = "uv tool install datalad --with-executables-from git-annex,git-annex-remote-pyshare"
PIPX = "pipx install git-annex datalad git-annex-remote-pyshare"


@pytest.mark.parametrize(
    ("prefix", "line"),
    [
        (".cache/uv/archive-v0/Ab3dE", UV),
        (".cache/uv/environments-v2/pyshare-1234", UV),
        (".local/share/uv/tools/git-annex-remote-pyshare", ""),
        (".local/share/pipx/.cache/0123abc", PIPX),
        (".cache/pipx/0123abc", PIPX),
        (".local/share/pipx/venvs/git-annex-remote-pyshare", ""),
        ("work/.venv", ""),
    ],
)
def test_only_in_an_environment_that_does_not_last_the_lasting_line_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str, line: str
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / prefix))
    assert lasting_install() == line


def test_the_programs_of_this_environment_are_found_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    use_own_programs()
    assert os.environ["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


@pytest.mark.parametrize("missing", ["git", "git-annex"])
def test_a_program_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("git", "git-annex"):
        if name != missing:
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)
    with pytest.raises(BadSetting, match=f"{missing} is not on this machine"):
        use_own_programs()


def test_variables_for_programs_are_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/mine")
    before = dict(os.environ)
    with environment({"GIT_ALLOW_PROTOCOL": "https"}, without=("GIT_DIR",)):
        assert "GIT_DIR" not in os.environ
        assert os.environ["GIT_ALLOW_PROTOCOL"] == "https"
    assert dict(os.environ) == before
