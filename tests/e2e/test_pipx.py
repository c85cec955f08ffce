"""What pipx installs from the wheel works beside git-annex and datalad."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.annex import unlock
from support.computer import Computer, pipx_works
from support.marks import LONG

from git_annex_remote_pyshare import __version__

pytestmark = [pipx_works, *LONG]


@pytest.fixture(scope="session")
def computer(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Computer]:
    computer = Computer(tmp_path_factory.mktemp("home"))
    computer.run(
        *(sys.executable, "-m", "pipx", "install", "--python", sys.executable, f"{wheel}[demo]"),
        timeout=240,
    )
    yield computer
    unlock(computer.home)


@pytest.mark.timeout(300)
def test_pipx_puts_both_programs_where_people_and_git_annex_look(computer: Computer) -> None:
    assert sorted(os.listdir(computer.home / ".local" / "bin")) == ["git-annex-remote-pyshare", "pyshare"]
    assert __version__ in computer.run("pyshare", "--version")


def test_the_installed_remote_greets_git_annex(computer: Computer) -> None:
    assert computer.run("git-annex-remote-pyshare") == "VERSION 2\n"


@pytest.mark.parametrize("options", [(), ("--webdav",)], ids=["folder", "webdav"])
def test_the_installed_demo_finds_git_annex_and_datalad_beside_it(computer: Computer, options: tuple[str, ...]) -> None:
    assert "WRONG" not in computer.run("pyshare", "demo", *options)
