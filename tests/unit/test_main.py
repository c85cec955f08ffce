"""One entry, two programs: what git-annex starts, and what people type."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent


def run(*command: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAMS / command[0]), *command[1:]],
        input=typed,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_git_annex_is_served() -> None:
    assert run("git-annex-remote-pyshare").stdout == "VERSION 2\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_a_person_at_a_terminal_gets_help_instead_of_silence() -> None:
    import pty

    ours, theirs = pty.openpty()
    done = subprocess.run(
        [str(PROGRAMS / "git-annex-remote-pyshare")],
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert "pyshare init" in done.stdout + done.stderr
    assert "VERSION" not in done.stdout


@pytest.mark.parametrize("program", ["git-annex-remote-pyshare", "pyshare"])
def test_either_name_understands_what_people_type(program: str) -> None:
    assert run(program, "--version").stdout == run("pyshare", "--version").stdout != ""


def test_pyshare_never_speaks_the_protocol() -> None:
    assert "VERSION" not in run("pyshare", typed="EXTENSIONS INFO\n").stdout


def test_a_broken_installation_is_told_in_one_line_that_git_annex_understands_pr28(tmp_path: Path) -> None:
    (tmp_path / "annexremote.py").write_text("raise ImportError('no module named six')\n")
    done = run("git-annex-remote-pyshare", PYTHONPATH=str(tmp_path))
    assert done.stdout == "ERROR no module named six; type: pipx reinstall git-annex-remote-pyshare\n"
    assert done.stderr == ""
    assert done.returncode == 1
