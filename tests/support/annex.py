"""The real git-annex and datalad, each in temporary repositories with a HOME of their own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from support.schemas import hold

PROGRAMS = Path(sys.executable).parent
"""Where this environment's git-annex, datalad, rclone and our own programs are."""

PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "COVERAGE_PROCESS_START", "SYSTEMROOT", "TEMP", "TMP")


class Home:
    """A person: a HOME directory, and commands that run with it."""

    def __init__(self, folder: Path, name: str = "Alice", **environment: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self.environment = {
            **kept,
            "PATH": f"{PROGRAMS}{os.pathsep}{kept['PATH']}",
            "HOME": str(folder),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": f"{name.lower()}@example.org",
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": f"{name.lower()}@example.org",
            "DATALAD_LOG_LEVEL": "warning",
            **environment,
        }
        (folder / ".gitconfig").write_text(
            f"[user]\n\tname = {name}\n\temail = {name.lower()}@example.org\n[init]\n\tdefaultBranch = main\n"
        )

    def run(
        self,
        *command: str | os.PathLike[str],
        cwd: Path,
        check: bool = True,
        timeout: float = 120,
        input: str = "",  # noqa: A002  # subprocess's word
        login: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command; a failure is an AssertionError with all that it printed."""
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**self.environment, **(login or {})},
            input=input,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=timeout,
            check=False,
        )
        if command[0] == "pyshare":
            hold(command[1:], done.stdout)
        if check:
            assert done.returncode == 0, f"{command} exited with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


class Repository:
    """A git-annex repository of one person."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home = home
        self.folder = folder

    @classmethod
    def create(cls, home: Home, folder: Path) -> "Repository":
        """A new, initialised repository."""
        folder.mkdir(parents=True)
        home.run("git", "init", "-q", cwd=folder)
        repository = cls(home, folder)
        repository.annex("init", "-q")
        return repository

    def cloned(self, friend: Home) -> tuple["Repository", str]:
        """A friend's clone of this repository that gets no content from here, and what git-annex says in it at once."""
        made = Repository(friend, friend.folder / "clone")
        friend.run("git", "clone", "-q", str(self.folder), str(made.folder), cwd=friend.folder)
        made.git("config", "remote.origin.annex-ignore", "true")
        told = made.annex("init", check=False)
        return made, told.stdout + told.stderr

    def annex(self, *arguments: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
        """`git annex …` in this repository."""
        return self.home.run("git", "annex", *arguments, cwd=self.folder, check=check, **more)

    @contextmanager
    def killed(self, *arguments: str, **more: Any) -> Iterator["subprocess.Popen[Any]"]:
        """`git annex …` for the time of the block, and then killed with all that it started."""
        command = ["git", "annex", *arguments]
        environment = self.home.environment
        with subprocess.Popen(command, cwd=self.folder, env=environment, start_new_session=True, **more) as running:
            try:
                yield running
            finally:
                with suppress(ProcessLookupError):  # it may have ended by itself
                    os.killpg(running.pid, signal.SIGKILL)

    def git(self, *arguments: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
        """`git …` in this repository."""
        return self.home.run("git", *arguments, cwd=self.folder, check=check, **more)

    def initremote(
        self, url: str, settings: Mapping[str, str] | None = None, *, name: str = "store", check: bool = True
    ) -> str:
        """Make our remote; returns what git-annex printed."""
        values = {"type": "external", "externaltype": "pyshare", "encryption": "none", "url": url, **(settings or {})}
        done = self.annex("initremote", name, *(f"{key}={value}" for key, value in values.items()), check=check)
        return done.stdout + done.stderr

    def add(self, files: Mapping[str, bytes]) -> None:
        """Write, annex and commit files."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.annex("add", "-q", ".")
        self.git("commit", "-q", "-m", "files")

    def json(self, *arguments: str, check: bool = True) -> list[dict[str, Any]]:
        """The JSON objects that `git annex … --json --json-error-messages` prints."""
        done = self.annex(*arguments, "--json", "--json-error-messages", check=check)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def key(self, name: str) -> str:
        """The key of an annexed file."""
        return self.annex("lookupkey", name).stdout.strip()


@pytest.fixture
def alice(tmp_path: Path) -> Home:
    """Somebody with an empty HOME."""
    return Home(tmp_path / "alice", "Alice")


@pytest.fixture
def bob(tmp_path: Path) -> Home:
    """Somebody else with an empty HOME."""
    return Home(tmp_path / "bob", "Bob")


@pytest.fixture
def carol(tmp_path: Path) -> Home:
    """A friend who has git-annex but not our program."""
    programs = tmp_path / "carol-programs"
    programs.mkdir()
    (programs / "git-annex").symlink_to(PROGRAMS / "git-annex")
    home = Home(tmp_path / "carol", "Carol")
    elsewhere = home.environment["PATH"].split(os.pathsep)[1:]
    kept = [folder for folder in elsewhere if not (Path(folder) / "git-annex-remote-pyshare").exists()]
    home.environment["PATH"] = os.pathsep.join([str(programs), *kept])
    return home


@pytest.fixture
def repository(alice: Home, tmp_path: Path) -> Iterator[Repository]:
    """Alice's repository; left writable, so that the temporary folder can be removed."""
    made = Repository.create(alice, tmp_path / "alice" / "repository")
    yield made
    unlock(tmp_path)


def unlock(folder: Path) -> None:
    """Make everything below a folder removable: git-annex protects its objects."""
    for root, _, _ in os.walk(folder):
        os.chmod(root, 0o755)
