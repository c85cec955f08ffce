"""OpenSSH's SFTP server on pipes: a program `ssh` that leads to it, and stores there."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.sftp.backend import SFTPBackend
from git_annex_remote_pyshare.testing.memory import place

_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server")
SERVER = next(filter(os.path.exists, _SERVERS), _SERVERS[0])
"""Debian: openssh-sftp-server; the others are those of Fedora and macOS."""

SSH = """#!/bin/sh
# In place of ssh: notes its words, and is the server itself.
printf '%s\\n' "$*" >> "$0.words"
exec {server} {options} 2>>"$0.errors"
"""


class StandIn(NamedTuple):
    """The program `ssh` in a folder that is first in PATH."""

    folder: Path

    def words(self) -> list[str]:
        """The command lines so far."""
        path = self.folder / "ssh.words"
        return path.read_text().splitlines() if path.exists() else []

    def becomes(self, text: str) -> None:
        """Replace the program by this script."""
        program = self.folder / "ssh"
        program.write_text(text)
        program.chmod(0o755)

    def serves(self, *options: str) -> None:
        """Be a server with these options: `-P posix-rename,fsync` is one that is not OpenSSH's."""
        self.becomes(SSH.format(server=SERVER, options=" ".join(options)))


@pytest.fixture
def ssh(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """A program `ssh` that is first in PATH."""
    made = StandIn(tmp_path_factory.mktemp("bin"))
    made.serves()
    monkeypatch.setenv("PATH", f"{made.folder}:{os.environ['PATH']}")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return made


def place_at(folder: Path | str) -> StoreConfig:
    """A store in a folder, as the user of the remote reaches it."""
    return place(f"sftp://bob@sftp.example.org{folder}")._replace(trusted=lambda: True)


@pytest.fixture
def sftp(ssh: StandIn, tmp_path: Path) -> Iterator[SFTPBackend]:
    """A store that is ready, in the folder `share`."""
    store = SFTPBackend(place_at(tmp_path / "share"))
    store.initialize()
    yield store
    store.close()
