"""A machine with an empty HOME and no program of this environment, and the wheel that people install on it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.checkout import CHECKOUT

FROM_OUTSIDE = ("PIP_", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SYSTEMROOT")
"""Beginnings of the variables that tell pip how to reach the Python index from here."""

pipx_works = pytest.mark.skipif(
    not os.environ.get("CI") and find_spec("ensurepip") is None,
    reason="pipx needs Python's ensurepip, which is not there (Debian: apt install python3-venv)",
)


class Computer:
    """One with an empty HOME, where pipx puts its programs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            **_from_outside(),
            "HOME": str(home),
            "PATH": os.pathsep.join((str(home / ".local" / "bin"), os.defpath)),
        }

    def finds(self, program: str) -> bool:
        """Whether its PATH has the program."""
        return shutil.which(program, path=self.environment["PATH"]) is not None

    def run(self, *command: str, timeout: float = 60) -> str:
        """Run a command that must succeed; what it prints."""
        done = subprocess.run(
            command,
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def _from_outside() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name.upper().startswith(FROM_OUTSIDE)}
