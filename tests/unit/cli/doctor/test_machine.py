"""`pyshare doctor` on machines with other programs: each is a script in a PATH of its own."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from git_annex_remote_pyshare.cli.doctor import machine
from git_annex_remote_pyshare.cli.doctor.check import OK, PROBLEM, UNKNOWN, WARNING, Check

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs here are shell scripts")

LONG_SHEBANG = """#!/bin/sh
'''exec' "PYTHON" "$0" "$@"
' '''
"""
"""What pip writes where the path of Python has spaces."""

PIPX = """#!/bin/sh
printf "#!/bin/sh\\necho 10.20261026\\n" > "$(dirname "$0")/$2"
chmod +x "$(dirname "$0")/$2"
"""
"""Installs a git-annex."""

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a program into the only folder of PATH, besides a shell: it prints a text, or is a script with a Python."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def put(name: str, says: str = "", python: str = "") -> Path:
        path = programs / name
        shebang = f"#!{python}\n" if " " not in python else LONG_SHEBANG.replace("PYTHON", python)
        path.write_text(shebang if python else f"#!/bin/sh\necho {shlex.quote(says)}\n")
        path.chmod(0o755)
        return path

    put("git", "git version 2.39.5")
    put("git-annex", "10.20261026-g351f69fa")
    put("git-annex-remote-pyshare", "VERSION 2")
    return put


def looked_at() -> dict[str, Check]:
    return {check.check: check for check in machine.checks()}


def a_python(folder: Path, said: str) -> str:
    """A Python that says DataLad's version, and whether it has our package."""
    folder.mkdir(parents=True)
    path = folder / "python3"
    path.write_text(f"#!/bin/sh\necho 1.7.1\necho {said}\n")
    path.chmod(0o755)
    return str(path)


def test_a_machine_with_all_programs_is_fine_and_says_their_versions(install: Install, tmp_path: Path) -> None:
    install("datalad", python=a_python(tmp_path / "venv" / "bin", "has"))
    found = looked_at()
    assert {check.state for check in found.values()} == {OK}
    assert found["versions"].text.startswith("git 2.39.5 · git-annex 10.20261026 · datalad 1.7.1 · pyshare ")


def test_without_git_annex_the_tool_that_is_there_installs_it(install: Install) -> None:
    (install("git-annex")).unlink()
    assert looked_at()["versions"] == Check(
        "machine", "versions", PROBLEM, machine.versions().text, "pipx install git-annex"
    )
    install("uv", "uv 0.9")
    assert looked_at()["versions"].fix == "uv tool install git-annex"
    install("pipx", "1.7")
    fix = looked_at()["versions"].fix
    install("pipx").write_text(PIPX)
    subprocess.run(["/bin/sh", "-c", f"PATH=$PATH:/bin:/usr/bin; {fix}"], check=True)
    assert looked_at()["versions"].state == OK


def test_a_git_annex_that_is_too_old_is_named(install: Install) -> None:
    install("git-annex", "8.20210223")
    found = looked_at()["git-annex"]
    assert (found.state, found.fix) == (WARNING, "pipx install --force git-annex")
    install("git-annex", "10.20250101-1~ndall+1")
    assert looked_at()["git-annex"].state == OK


def test_our_program_that_is_beside_pyshare_and_not_in_path_is_found_by_what_is_printed(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "a folder" / "bin"
    elsewhere.mkdir(parents=True)
    install("git-annex-remote-pyshare", "VERSION 2").rename(elsewhere / "git-annex-remote-pyshare")
    monkeypatch.setattr(sys, "argv", [str(elsewhere / "pyshare"), "doctor"])
    found = looked_at()["special-remote"]
    assert found.state == PROBLEM
    told = subprocess.run(["/bin/sh", "-c", f'{found.fix}\necho "$PATH"'], capture_output=True, text=True, check=True)
    monkeypatch.setenv("PATH", told.stdout.strip())
    assert looked_at()["special-remote"].state == OK


def test_our_program_that_is_nowhere_or_broken_is_installed(install: Install) -> None:
    install("git-annex-remote-pyshare", "ERROR no module named click; type: pipx reinstall git-annex-remote-pyshare")
    found = looked_at()["special-remote"]
    assert (found.state, found.fix) == (PROBLEM, "pipx install --force git-annex-remote-pyshare")
    assert "no module named click" in found.text
    install("git-annex-remote-pyshare").unlink()
    assert looked_at()["special-remote"].fix == "pipx install git-annex-remote-pyshare"


@pytest.mark.parametrize(
    ("folder", "fix"),
    [
        ("pipx/venvs/datalad/bin", "pipx inject --include-apps datalad git-annex-remote-pyshare"),
        ("uv/tools/datalad/bin", "uv tool install datalad --with-executables-from git-annex-remote-pyshare"),
        ("my venv/bin", "'{}' -m pip install git-annex-remote-pyshare"),
    ],
)
def test_a_datalad_that_lacks_us_is_told_by_its_own_tool(
    folder: str, fix: str, install: Install, tmp_path: Path
) -> None:
    python = a_python(tmp_path / folder, "lacks")
    install("datalad", python=python)
    found = looked_at()["datalad"]
    assert found.state == WARNING
    assert "lacks create-sibling-pyshare" in found.text
    assert found.fix == fix.format(python)


def test_a_datalad_that_is_no_script_is_unknown(install: Install) -> None:
    install("datalad", "datalad 1.7.1")
    assert looked_at()["datalad"].state == UNKNOWN


def test_modules_of_a_strangers_dataset_are_not_run(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tmp_path / "dataset"
    dataset.mkdir()
    for name in ("csv", "email", "zipfile", "inspect", "datalad"):
        (dataset / f"{name}.py").write_text(f"open({str(tmp_path / 'PWNED')!r}, 'w')\n")
    monkeypatch.chdir(dataset)
    install("datalad", python=sys.executable)
    found = looked_at()
    assert found["datalad"].state == OK
    assert not (tmp_path / "PWNED").exists()
