"""A real sshd on loopback, with keys and a configuration of its own, and a person whose ssh knows only these."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import pytest

from support.annex import Home

PASSPHRASE = "a long passphrase"

_SSHD = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile {folder}/authorized_keys
Subsystem sftp internal-sftp
ForceCommand internal-sftp
LogLevel VERBOSE
"""

_SSH = """\
Host lab
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {home}/key
Host *
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile {home}/known_hosts
    GlobalKnownHostsFile none
    # What stands in the way of SFTP, unless the command line says otherwise.
    RemoteCommand /bin/false
    RequestTTY force
    ForwardAgent yes
"""

_PROGRAM = """#!/bin/sh
echo "$@" >> {home}/ssh.words
exec {ssh} -F {home}/ssh_config "$@"
"""


class SSHD(NamedTuple):
    """The server."""

    port: int
    folder: Path

    def admits(self, key: Path) -> None:
        """Let the owner of a key in."""
        shutil.copy(key.with_suffix(".pub"), self.folder / "authorized_keys")

    def admits_no_one(self) -> None:
        (self.folder / "authorized_keys").write_text("")

    @property
    def host_key(self) -> str:
        """Its line in `known_hosts`."""
        kind, key, *_ = (self.folder / "host_key.pub").read_text().split()
        return f"[127.0.0.1]:{self.port} {kind} {key}\n"


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SSHD]:
    """An sshd as this user."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert program, "install openssh-server"
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    folder = tmp_path_factory.mktemp("sshd")
    _make_key(folder / "host_key")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "sshd_config").write_text(_SSHD.format(port=port, folder=folder))
    words = [program, "-D", "-e", "-f", str(folder / "sshd_config")]
    with open(folder / "log", "wb") as log, subprocess.Popen(words, stderr=log) as running:
        try:
            _wait_for(port, running)
            yield SSHD(port, folder)
        finally:
            running.terminate()


class Person(NamedTuple):
    """A person with a key, whose program `ssh` reads only their own configuration."""

    home: Home
    key: Path
    sshd: SSHD
    run: Path
    """The folder for sockets."""

    def url(self, folder: Path) -> str:
        return f"sftp://lab{folder}"

    def knows_the_host(self) -> None:
        (self.home.folder / "known_hosts").write_text(self.sshd.host_key)

    def connections(self) -> int:
        """How often ssh was started."""
        path = self.home.folder / "ssh.words"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def log_out(self) -> None:
        """End the connections that a login left open."""
        for path in self.run.glob("pyshare-*"):
            self.home.run("ssh", "-S", str(path), "-O", "exit", "lab", cwd=self.home.folder, check=False)

    def close(self) -> None:
        self.log_out()
        shutil.rmtree(self.run)


def with_ssh(home: Home, sshd: SSHD, passphrase: str = "") -> Person:
    """Give a person a key and an ssh; the host is not known yet, and the server does not know the key."""
    key = home.folder / "key"
    _make_key(key, passphrase)
    (home.folder / "ssh_config").write_text(_SSH.format(port=sshd.port, user=getpass.getuser(), home=home.folder))
    programs = home.folder / "bin"
    programs.mkdir()
    program = programs / "ssh"
    program.write_text(_PROGRAM.format(home=home.folder, ssh=shutil.which("ssh")))
    program.chmod(0o755)
    run = Path(mkdtemp(prefix="ssh-"))  # paths of sockets are short
    home.environment["PATH"] = f"{programs}{os.pathsep}{home.environment['PATH']}"
    home.environment["XDG_RUNTIME_DIR"] = str(run)
    return Person(home, key, sshd, run)


def _make_key(path: Path, passphrase: str = "") -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)], check=True)


def _wait_for(port: int, running: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 20
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert running.poll() is None, "sshd ended"
        assert time.monotonic() < end
        time.sleep(0.05)
