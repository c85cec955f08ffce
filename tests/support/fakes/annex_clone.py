"""A clone of a dataset with remotes: git is the real one, and what git-annex does with remotes is a few lines."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from git_annex_remote_pyshare.cli.accept import stores

_UUID = "0badcafe-0000-4000-8000-{:012d}"
_OURS = {"type": "external", "externaltype": "pyshare", "encryption": "none"}


class AnnexClone:
    """A repository in a folder, whose git-annex journal names remotes, as one from before the first commit does."""

    def __init__(self, folder: Path, origin: str = "https://git.example.org/d.git") -> None:
        self.folder = folder
        self.ran: list[tuple[str, ...]] = []
        """The commands of git-annex."""
        self.uses: dict[str, tuple[str, Mapping[str, str]]] = {}
        """Name → UUID and settings, where git-annex takes a name for another remote than the journal says."""
        self._rows: list[tuple[str, Mapping[str, str]]] = []
        self._dead: list[str] = []
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        self.git("config", "annex.uuid", _UUID.format(999))
        if origin:
            self.git("remote", "add", "origin", origin)

    @property
    def git_dir(self) -> str:
        return str(self.folder / ".git")

    def remote(self, name: str, url: str, **settings: str) -> str:
        """Record a remote in the dataset; its UUID."""
        uuid = _UUID.format(len(self._rows))
        self._rows.append((uuid, {**_OURS, "autoenable": "true", "name": name, "url": url, **settings}))
        lines = [f"{uuid} {_words(row)} timestamp=1s\n" for uuid, row in self._rows]
        (self.journal / "remote.log").write_text("".join(lines))
        return uuid

    def bury(self, uuid: str) -> None:
        """Record that a remote is dead."""
        self._dead.append(uuid)
        lines = [f"{each} {trust} timestamp={time}s\n" for each in self._dead for time, trust in ((1, "1"), (2, "X"))]
        (self.journal / "trust.log").write_text("".join(lines))

    @property
    def journal(self) -> Path:
        """Where git-annex keeps what it has not committed yet."""
        folder = Path(self.git_dir) / "annex" / "journal"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def git(self, *words: str) -> str:
        """Run git; what it prints."""
        return subprocess.run(["git", *words], cwd=self.folder, capture_output=True, text=True, check=False).stdout

    def config(self, key: str) -> str:
        return self.git("config", "--get-all", key).removesuffix("\n")

    def state(self, name: str) -> str:
        """What git-annex knows of the user's agreement."""
        return self.config(f"remote.{name}.annex-verified")

    def run(self, *step: str) -> "subprocess.CompletedProcess[str]":
        """Run a command as `programs.run` does; of git-annex, only what is for remotes."""
        if step[:2] != ("git", "annex"):
            return subprocess.run(step, cwd=self.folder, capture_output=True, text=True, check=False)
        self.ran.append(step)
        verb, name = step[2:4]
        living = [(uuid, row) for uuid, row in self._rows if row["name"] == name and uuid not in self._dead]
        if name not in self.uses and len(living) != 1:
            return subprocess.CompletedProcess(step, 1, "", f"there are {len(living)} remotes of this name")
        uuid, row = self.uses.get(name) or living[0]
        if verb == "enableremote":
            self._enable(name, uuid, row)
        if "--safe" in step:
            self.git("config", f"remote.{name}.annex-verified", "verified")
        proposal = Path(self.git_dir) / "annex" / "verifying-remote.log"
        proposal.write_text(f"1s 7 {_words(row)}\n")
        return subprocess.CompletedProcess(step, 0, f"git-annex verifyremote {name} --safe 7", "")

    def _enable(self, name: str, uuid: str, row: Mapping[str, str]) -> None:
        own = {"annex-config-uuid": uuid, "annex-uuid": row["sameas-uuid"]} if "sameas-uuid" in row else {}
        options = {"annex-uuid": uuid, **own, "annex-externaltype": row["externaltype"], "annex-verified": "manual"}
        for key, value in options.items():
            self.git("config", f"remote.{name}.{key}", value)


def _words(row: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value.replace(' ', '&32;')}" for name, value in row.items())


@pytest.fixture
def annex_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AnnexClone:
    """An empty one, which is the working directory; commands for remotes go to it."""
    made = AnnexClone(tmp_path / "clone")
    monkeypatch.chdir(made.folder)
    monkeypatch.setattr(stores, "run", made.run)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return made
