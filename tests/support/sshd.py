"""A real sshd on loopback, with keys and a configuration of its own, and a person whose ssh knows only these.

One of them wants a second factor. Only PAM asks for that, and PAM has one folder of services, which only root may
change; so this sshd runs in a namespace of the kernel where another folder is in its place.
"""

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import pytest

from support import servers
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

CODE = "123456"

_WITH_CODE = """\
UsePAM yes
KbdInteractiveAuthentication yes
AuthenticationMethods publickey,keyboard-interactive
"""
"""sshd takes the first value of each setting, so this stands before the others."""

_SERVICE = """\
auth required pam_exec.so expose_authtok quiet {folder}/check
auth required pam_permit.so
account required pam_permit.so
session required pam_permit.so
"""

_CHECK = f"""#!/bin/sh
read -r code
test "$code" = {CODE}
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

    def logins(self, method: str) -> int:
        """How often it let a user in by a method."""
        return (self.folder / "output").read_text().count(f"Accepted {method}")

    @property
    def host_key(self) -> str:
        """Its line in `known_hosts`."""
        kind, key, *_ = (self.folder / "host_key.pub").read_text().split()
        return f"[127.0.0.1]:{self.port} {kind} {key}\n"


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SSHD]:
    """An sshd as this user."""
    with running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def sshd_with_code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SSHD]:
    """An sshd as this user that wants a key, and then the code."""
    folder = tmp_path_factory.mktemp("sshd")
    services = folder / "pam.d"
    services.mkdir()
    program = folder / "pyshare-sshd"
    program.symlink_to(_program())
    (services / program.name).write_text(_SERVICE.format(folder=folder))
    (folder / "check").write_text(_CHECK)
    (folder / "check").chmod(0o755)
    mounts = f"mount --bind {services} /etc/pam.d &&"
    if os.geteuid() == 0:
        apart = ["unshare", "-m", "sh", "-c", f'{mounts} exec "$0" "$@"']
    else:
        # Who mounts is root in the first namespace, and in the second one this user again.
        apart = ["unshare", "-rm", "sh", "-c", f'{mounts} exec unshare -U --map-user={os.geteuid()} "$0" "$@"']
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system gives its users no namespace of their own")
    with running(folder, _WITH_CODE, [*apart, str(program)]) as server:
        yield server


@contextmanager
def running(folder: Path, settings: str = "", program: Sequence[str] = ()) -> Iterator[SSHD]:
    """An sshd as this user.

    Args:
        folder: An empty one for its keys and its log.
        settings: Lines of its configuration that come first.
        program: In place of sshd.
    """
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    _make_key(folder / "host_key")
    port = servers.free_port()
    (folder / "sshd_config").write_text(settings + _SSHD.format(port=port, folder=folder))
    words = [*(program or [_program()]), "-D", "-e", "-f", str(folder / "sshd_config")]
    with servers.running(words, port, folder):
        yield SSHD(port, folder)


def _program() -> str:
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert program, "install openssh-server"
    return program


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
