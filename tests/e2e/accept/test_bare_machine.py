"""A friend whose machine has only Python, pip and git types one line, and has the data."""

import os
import sys
from pathlib import Path

import pytest
from support.annex import unlock
from support.computer import Computer, pipx_works
from support.sharing import FILES, Owner, has_all


@pipx_works
@pytest.mark.timeout(300)
def test_one_line_gets_the_data_on_a_machine_with_only_python_pip_and_git(
    wheel: Path, sharer: Owner, tmp_path: Path
) -> None:
    sharer.initremote(str(tmp_path / "the lab"))
    sharer.store()
    address = str(sharer.publish())
    computer = Computer(tmp_path / "home")
    computer.home.mkdir()
    # Where this machine's git is, and neither git-annex nor pyshare.
    assert not [name for name in ("git-annex", "pyshare") if computer.finds(name)]
    run = (sys.executable, "-m", "pipx", "run", "--python", sys.executable, "--spec", f"{wheel}[friend]")
    said = computer.run(*run, "pyshare", "accept", address, "--yes", timeout=240)
    clone = computer.home / "DataLad-101"
    assert has_all(clone, FILES)
    assert "Later: cd ./DataLad-101 && datalad get ." in said
    assert "To install for good: pipx install git-annex datalad git-annex-remote-pyshare" in said
    assert [name for name in os.listdir(computer.home) if not name.startswith(".")] == ["DataLad-101"]

    # What comes last is typed as it is printed, with a name in place of the stand-ins.
    _, _, line = said.strip().rpartition("To let git know who you are: ")
    computer.run("sh", "-e", "-c", line.replace("YOUR NAME", "Bob").replace("YOU@EXAMPLE.ORG", "bob@example.org"))
    assert computer.run("git", "config", "user.name") == "Bob\n"
    unlock(computer.home)
