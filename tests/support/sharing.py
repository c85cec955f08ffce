"""Alice and her friends share a dataset: what `pyshare share` prints is typed in a shell, as it is printed."""

import os
import pty
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from support.annex import Home, Repository, unlock

FILES = {"books/TLCL.pdf": b"%PDF-1.4 The Linux Command Line\n" * 400, "data/Messung \u00e4.csv": b"1;2\n"}
_TYPED = ("  ", "  $ ")


class Owner:
    """Alice with a dataset that has a remote of ours and, if published, a git remote `github`."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home = home
        self.folder = folder

    def type(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command in her dataset."""
        return self.home.run(*words, cwd=self.folder, check=check)

    def share(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`pyshare share for-friends …` in her dataset."""
        return self.type("pyshare", "share", "for-friends", *words, check=check)

    def type_with_answer(self, answer: str, *words: str) -> subprocess.CompletedProcess[str]:
        """A command in her dataset that asks one question at her terminal; what it prints is no terminal."""
        person, terminal = pty.openpty()
        os.write(person, f"{answer}\n".encode())
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.home.environment,
            stdin=terminal,
            capture_output=True,
            text=True,
            check=True,
        )
        os.close(person)
        os.close(terminal)
        return done

    def initremote(self, url: str, **settings: str) -> None:
        """Make the remote `for-friends`, as the README says."""
        values = {"type": "external", "externaltype": "pyshare", "encryption": "none", "autoenable": "true", "url": url}
        words = [f"{name}={value}" for name, value in {**values, **settings}.items()]
        self.type("git", "annex", "initremote", "for-friends", *words)

    def store(self, files: Mapping[str, bytes] = FILES) -> None:
        """Save files, and keep their content in the store only."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        self.type("git", "annex", "add", "-q", ".")
        self.type("git", "commit", "-q", "-m", "files")
        self.type("git", "annex", "move", "--to", "for-friends")

    def publish(self) -> Path:
        """Put the dataset where friends can clone it from."""
        github = self.folder.parent.parent / "our github" / "DataLad-101.git"
        self.home.run("git", "init", "-q", "--bare", str(github), cwd=self.home.folder)
        self.type("git", "remote", "add", "github", str(github))
        # As git-annex itself finds out of GitHub, which keeps no content.
        self.type("git", "config", "remote.github.annex-ignore", "true")
        self.type("git", "push", "-q", "github", "main", "git-annex")
        return github


@pytest.fixture
def sharer(alice: Home, tmp_path: Path) -> Iterator[Owner]:
    """Alice with an empty dataset."""
    repository = Repository.create(alice, alice.folder / "DataLad-101")
    yield Owner(alice, repository.folder)
    unlock(tmp_path)


@pytest.fixture
def publisher(sharer: Owner) -> Owner:
    """Alice's dataset with files that are nowhere else, published on a stand-in of GitHub."""
    for name, content in FILES.items():
        path = sharer.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    sharer.type("git", "annex", "add", "-q", ".")
    sharer.type("git", "commit", "-q", "-m", "files")
    sharer.publish()
    return sharer


@pytest.fixture
def shared_lab(sharer: Owner, tmp_path: Path) -> Owner:
    """Alice's dataset, published, its content in a folder."""
    sharer.initremote(str(tmp_path / "the lab"))
    sharer.store()
    sharer.publish()
    return sharer


def blocks(printed: str) -> list[list[str]]:
    """The commands that are printed, block by block."""
    found: list[list[str]] = [[]]
    for line in printed.splitlines():
        if line.startswith("  "):
            found[-1].append(line.strip())
        elif found[-1]:
            found.append([])
    return [block for block in found if block]


def type_all(home: Home, lines: list[str], cwd: Path, answers: str = "") -> subprocess.CompletedProcess[str]:
    """Paste lines into a shell that stops at the first that fails."""
    return home.run("sh", "-e", "-c", "\n".join(lines), cwd=cwd, input=answers)


def as_friend(home: Home, lines: list[str], answers: str = "") -> Path:
    """Paste into a shell what a friend was sent, on a machine where pipx has nothing left to do; the clone's folder."""
    programs = home.folder / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "pipx").write_text('#!/bin/sh\nprintf "%s " "$@" > "$HOME/installed"\n')
    (programs / "pipx").chmod(0o755)
    home.environment["PATH"] = f"{programs}:{home.environment['PATH']}"
    type_all(home, lines, home.folder, answers)
    assert (home.folder / "installed").read_text().split() == [
        *("install", "git-annex", "datalad", "git-annex-remote-pyshare")
    ]
    (change,) = (line for line in lines if line.startswith("cd "))
    return home.folder / shlex.split(change)[1]


def has_all(clone: Path, files: Mapping[str, bytes] = FILES) -> bool:
    """Whether the bytes are there."""
    return {name: (clone / name).read_bytes() for name in files} == files
