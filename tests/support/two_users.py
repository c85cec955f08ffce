"""A shared store with two users in it: the one who stores, whom these tests run as, and a colleague who attacks."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from support.annex import unlock
from support.folderkit import backend_at

OWN, COLLEAGUE, TEAM = 61001, 61002, 61003
"""User and group ids that this machine gives to nobody else."""

ALONE = "one user"
TEAMS = "2775"
EVERYBODYS = "3777"


class Stage:
    """A store, and a home folder with a private file, below `top`.

    Args:
        top: An empty folder that both users may enter.
        kind: ALONE, where the attacks run as the same user, or the store's permissions.
    """

    def __init__(self, top: Path, kind: str) -> None:
        self.kind = kind
        self.folder = top / "store"
        self.home = top / "home"
        self.private = self.home / ".ssh"
        self.secret = self.private / "authorized_keys"
        self.private.mkdir(parents=True)
        for folder in (self.home, self.private):
            folder.chmod(0o700)
        self.secret.write_bytes(b"mine")
        self.secret.chmod(0o600)
        self.folder.mkdir()
        if kind != ALONE:
            os.chown(self.folder, -1, TEAM)
            self.folder.chmod(int(kind, 8))
        self.store = backend_at(self.folder)
        self.store.initialize()

    def attack(self, act: Callable[[], object]) -> None:
        """Let the colleague do something, and wait until it is done."""
        self.ended(self.attacking(act))

    def attacking(self, act: Callable[[], object]) -> int:
        """Let the colleague do something meanwhile; the process."""
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            if self.kind != ALONE:
                os.seteuid(0)
                os.setgroups([TEAM])
                os.setgid(TEAM)
                os.setuid(COLLEAGUE)
            os.umask(0)
            act()
            code = 0
        finally:
            os._exit(code)

    def ended(self, child: int) -> None:
        """Wait for the colleague."""
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def is_untouched(self) -> bool:
        """Whether the home folder is as private, and its file what it was."""
        modes = [path.stat().st_mode & 0o7777 for path in (self.private, self.secret)]
        return modes == [0o700, 0o600] and self.secret.read_bytes() == b"mine" and len(os.listdir(self.private)) == 1

    def new_source(self, content: bytes) -> Path:
        """A file to store."""
        path = self.home / "source"
        path.write_bytes(content)
        return path


def staged(kind: str) -> Iterator[Stage]:
    """A stage, as the user OWN where there is to be another one."""
    if kind != ALONE and os.geteuid() != 0:
        reason = "only root can become two users"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}: run these tests as root")
        pytest.skip(reason)
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        if kind == ALONE:
            yield Stage(top, kind)
            unlock(top)
            return
        top.chmod(0o755)
        os.chown(top, OWN, OWN)
        groups = os.getgroups()
        os.setgroups([TEAM])
        os.setegid(OWN)
        os.seteuid(OWN)
        try:
            yield Stage(top, kind)
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)


def backend_of(stage: Stage, folders: type) -> DirectoryBackend:
    """The stage's store, whose folders are reached in the given way."""
    store = backend_at(stage.folder)
    store.folders = folders
    return store
