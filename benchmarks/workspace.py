"""Where a benchmark runs: a temporary folder with its own HOME, programs and git configuration."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PASSED_ON = ("LANG", "LC_ALL", "TMPDIR")
ROOMY = 6 << 30
"""Free bytes from which on memory (/dev/shm) is used by default: three copies of a 1 GiB file, and some."""

GIT_CONFIG = """\
[user]
\tname = Benchmark
\temail = benchmark@example.org
[init]
\tdefaultBranch = main
[annex "security"]
\tallowed-ip-addresses = all
"""


class Workspace:
    """A temporary folder, and commands that run as if it were somebody's home.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = self.subfolder("home")
        (self.home / ".gitconfig").write_text(GIT_CONFIG)
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        # Nothing of PYTHON* is passed on: PYTHONDONTWRITEBYTECODE would have every start compile our modules anew.
        self.environment = {
            **kept,
            "HOME": str(self.home),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }

    def subfolder(self, name: str) -> Path:
        """A new folder in the workspace."""
        made = self.folder / name
        made.mkdir()
        return made

    def run(self, command: Sequence[str | Path], cwd: Path | None = None) -> str:
        """What a command prints.

        Raises:
            SystemExit: It failed.
        """
        done = subprocess.run(
            command, cwd=cwd or self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} exited with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def install(self, project: Path = PROJECT) -> Path:
        """Install a project's wheel, as its users do, and put its programs first on the PATH.

        Start-up is measured: an editable install, or modules without compiled bytecode, would not be what users have.

        Args:
            project: Source tree of the project.

        Returns:
            The Python that it is installed for.
        """
        folder = self.folder / "installed"
        venv.create(folder, with_pip=False)
        python = next(path for path in (folder / "bin/python", folder / "Scripts/python.exe") if path.exists())
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", str(project)]
        # pip runs in the caller's environment, since that knows where packages come from.
        subprocess.run(pip, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.environment["PATH"] = os.pathsep.join((str(python.parent), self.environment["PATH"]))
        return python


@contextlib.contextmanager
def temporary_workspace(parent: str | None) -> Iterator[Workspace]:
    """A workspace that is gone afterwards.

    Args:
        parent: Folder to make it in; None: memory where there is enough of it, else the system's temporary folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="pyshare-benchmark-", dir=parent or _memory()))
    folder.chmod(0o755)  # a server started by root goes on as somebody else
    try:
        yield Workspace(folder)
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder that may hold git-annex repositories, whose objects are protected."""
    for root, _, _ in os.walk(folder):
        os.chmod(root, 0o755)
    shutil.rmtree(folder)


def _memory() -> str | None:
    memory = "/dev/shm"
    return memory if os.path.isdir(memory) and shutil.disk_usage(memory).free > ROOMY else None
