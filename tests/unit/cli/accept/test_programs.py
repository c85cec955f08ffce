"""The programs that `pyshare accept` starts, and where it runs itself."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from git_annex_remote_pyshare.cli.accept.programs import (
    environment,
    forget_other_repositories,
    lasting_install,
    lines_of,
    output_of,
    top_of,
    use_own_programs,
)
from git_annex_remote_pyshare.errors import BadSetting, PyshareError

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


def test_the_variables_of_another_repository_are_forgotten_and_the_users_own_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = subprocess.run(["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True, check=True)
    for name in listed.stdout.split():
        monkeypatch.setenv(name, "1")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    subprocess.run(["git", "init", "-q", str(tmp_path / "here")], check=True, env={"PATH": os.environ["PATH"]})
    monkeypatch.chdir(tmp_path / "here")
    forget_other_repositories()
    assert output_of("git", "rev-parse", "--show-toplevel") == f"{os.path.realpath(tmp_path / 'here')}\n"
    assert not set(listed.stdout.split()) & os.environ.keys()
    assert os.environ["GIT_CONFIG_GLOBAL"] == str(tmp_path / "config")


def test_the_top_of_a_working_tree_is_found_also_where_git_keeps_its_repository_elsewhere(tmp_path: Path) -> None:
    for name in ("plain", "apart"):
        apart = ["--separate-git-dir", str(tmp_path / "kept")] if name == "apart" else []
        subprocess.run(["git", "init", "-q", *apart, str(tmp_path / name)], check=True)
        (tmp_path / name / "folder").mkdir()
        assert top_of(str(tmp_path / name / "folder")) == os.path.realpath(tmp_path / name)
    assert top_of(str(tmp_path / "plain" / ".git")) == ""
    assert top_of(str(tmp_path)) == ""


def test_lines_come_before_the_error_that_ends_them() -> None:
    lines = lines_of(sys.executable, "-c", "import sys; print('a'); sys.exit('no \x1b space')")
    assert next(lines) == "a\n"
    with pytest.raises(PyshareError, match=r"failed: no space$"):
        next(lines)


def test_a_program_whose_lines_are_not_all_read_is_ended() -> None:
    with closing(lines_of(sys.executable, "-c", "print('a', flush=True); import time; time.sleep(60)")) as lines:
        assert next(lines) == "a\n"


def test_the_output_of_a_program_that_failed_is_an_error() -> None:
    with pytest.raises(PyshareError, match="failed: no space"):
        output_of(sys.executable, "-c", "import sys; sys.exit('no space')")
