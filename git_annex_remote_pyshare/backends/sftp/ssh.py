"""Runs the ssh program of this machine: one process for all jobs of ours, or one that the user logs in with."""

import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread
from typing import IO

from git_annex_remote_pyshare.backends.sftp import errors
from git_annex_remote_pyshare.backends.sftp.url import Address
from git_annex_remote_pyshare.config.git_config import git_environment, program
from git_annex_remote_pyshare.errors import PyshareError

LASTS = "8h"
"""How long a login of `pyshare login` stays open after its last use."""

_NO_FORWARDING = (
    *("-T", "-a", "-x", "-oForwardAgent=no", "-oForwardX11=no", "-oClearAllForwardings=yes", "-oTunnel=no"),
    *("-oPermitLocalCommand=no", "-oRemoteCommand=none"),
)
"""The server gets nothing of this machine, whatever the user's configuration says. `RemoteCommand` would be in the way
of SFTP (ssh: "Cannot execute command-line and remote command")."""

_NO_QUESTIONS = (
    *("-oBatchMode=yes", "-oControlMaster=no", "-oConnectTimeout=15", "-oLogLevel=ERROR"),
    *("-oServerAliveInterval=15", "-oServerAliveCountMax=4"),
)
"""Without BatchMode, ssh would ask in a window (SSH_ASKPASS) even without a terminal. `ControlMaster=no` uses a
connection that is open, but leaves none open."""

_PIPE = 1 << 20
"""Bytes that a pipe may hold. With the usual 64 KiB, the processes would wake each other for each of them."""

_LINES, _LINE = 20, 1000
"""How many of its last lines, and how many bytes of each, are kept of what ssh says."""

_PATIENCE = 5.0
"""Seconds for ssh to end after it has closed its output."""


def missing() -> PyshareError:
    """The error for a machine without ssh."""
    return PyshareError("this machine has no program ssh", remedy="Install OpenSSH's client, then try again.")


def ssh_command(address: Address, *options: str, subsystem: str = "") -> list[str]:
    """The command line for a server; what a stranger may have chosen stands behind `--`, or behind its own option.

    Args:
        address: The server.
        options: For ssh.
        subsystem: What to speak to there; empty for nothing.

    Raises:
        PyshareError: This machine has no ssh.
    """
    try:
        ssh = program(os.environ.get("PATH", ""), "ssh")
    except FileNotFoundError as error:
        raise missing() from error
    where = [*(["-p", str(address.port)] if address.port else []), *(["-l", address.user] if address.user else [])]
    wanted = ["-s"] if subsystem else []
    return [ssh, *_NO_FORWARDING, *options, *wanted, *where, "--", address.host, *([subsystem] if subsystem else [])]


class Ssh:
    """An ssh that speaks SFTP on its pipes.

    Args:
        address: The server.

    Raises:
        PyshareError: It cannot be started.
    """

    def __init__(self, address: Address) -> None:
        import subprocess  # noqa: PLC0415  # not before the first request

        self._address = address
        path = next(filter(is_ours, sockets(address)), None)
        options = (*_NO_QUESTIONS, *(through(path) if path else ()))
        try:
            self._process = subprocess.Popen(
                ssh_command(address, *options, subsystem="sftp"),
                env=git_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,  # no terminal to ask at, and no Ctrl-C in the middle of a packet
            )
        except FileNotFoundError as error:
            raise missing() from error
        except OSError as error:
            raise PyshareError(f"cannot start ssh: {error.strerror}") from error
        _widen(self.input, self.output)
        self._said: deque[str] = deque(maxlen=_LINES)
        self._listener = Thread(target=self._listen, name="pyshare ssh errors", daemon=True)
        self._listener.start()

    @property
    def input(self) -> IO[bytes]:
        """Its standard input, unbuffered."""
        return _pipe(self._process.stdin)

    @property
    def output(self) -> IO[bytes]:
        """Its standard output, unbuffered."""
        return _pipe(self._process.stdout)

    def why(self) -> PyshareError:
        """Why it has ended; call this after its output has ended."""
        import subprocess  # noqa: PLC0415  # as above

        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)
        self._listener.join(_PATIENCE)
        return errors.of_ssh(self._address, tuple(self._said))

    def kill(self) -> None:
        """End it now; may be called twice."""
        with suppress(OSError):
            self._process.kill()

    def dispose(self) -> None:
        """Free what the system keeps of it; call this after its output has ended."""
        self.kill()
        self._process.wait()
        self._listener.join(_PATIENCE)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):
                _pipe(pipe).close()

    def _listen(self) -> None:
        stream = _pipe(self._process.stderr)
        with suppress(OSError, ValueError):
            for line in _lines(stream):
                self._said.append(line.decode("utf-8", "replace"))


def sockets(address: Address) -> list[str]:
    """Where the connection of `pyshare login` to this server and user may be, the best place first.

    The user's runtime directory is not on a network drive; a job of cron has none.
    """
    if os.name == "nt":  # ssh cannot keep one open there
        return []
    name = hashlib.sha256(f"{os.uname().nodename} {address.account}".encode()).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    folders = [runtime] if os.path.isabs(runtime) else []
    return [os.path.join(folder, f"pyshare-{name}") for folder in (*folders, os.path.expanduser("~/.ssh"))]


def through(path: str) -> tuple[str, str]:
    """The option for the connection at a socket; ssh gives a percent sign a meaning."""
    return "-S", path.replace("%", "%%")


def has_login(address: Address) -> bool:
    """Whether `pyshare login` has a connection open there."""
    return any(map(is_ours, sockets(address)))


def is_ours(path: str) -> bool:
    """Whether there is a socket of this user."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()


def _widen(*pipes: IO[bytes]) -> None:
    """Let pipes hold more, where the system can do that and lets this user."""
    try:
        from fcntl import F_SETPIPE_SZ, fcntl  # noqa: PLC0415  # Linux alone
    except ImportError:
        return
    for pipe in pipes:
        with suppress(OSError):
            fcntl(pipe, F_SETPIPE_SZ, _PIPE)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101  # Popen made all three
    return pipe


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines of a stream, each cut off at a length."""
    rest = b""
    while block := stream.read(4096):
        *lines, rest = (rest + block).split(b"\n")
        yield from (line[:_LINE] for line in lines)
        rest = rest[:_LINE]
    if rest:
        yield rest
