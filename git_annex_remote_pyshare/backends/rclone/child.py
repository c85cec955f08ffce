"""Runs rclone: one process for all jobs, which waits for the end of a pipe from us and so never outlives us.

`rclone rcat` stores what it reads from its standard input; while it waits for that, it answers requests on a socket
(its "remote control"). The socket is in a folder that only this user can enter; on Windows, where Python has no such
sockets, it is a port of this machine with a random password.

Source: https://rclone.org/rc/.
"""

import atexit
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections import deque
from contextlib import suppress
from threading import Event, Lock, Thread

from git_annex_remote_pyshare.backends.rclone.program import INSTALL, LEAST, environment, found
from git_annex_remote_pyshare.config.git_config import git_environment
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.safe_text import one_line

HAS_SOCKETS = hasattr(socket, "AF_UNIX")

_SERVING = re.compile(rb"Serving remote control on (\S+)")
_CHOOSES = re.compile(r"RCLONE_|(?:HOME|PATH|XDG_CONFIG_HOME)$")
"""Matches the variables that choose a program and a configuration."""

_LONGEST_PATH = 100
"""Bytes that every system allows in the path of a socket (unix(7): 108; macOS: 104)."""

_PATIENCE = 30.0
"""Seconds within which rclone must start."""

_STEP = 0.005
"""Seconds between two looks for its socket, since it does not say when it serves."""

_LONGEST_LINE = 1 << 16
_MOMENT = 0.5
_ENDING = 5.0
"""Seconds that rclone may need to end."""


class Child:
    """One rclone process.

    Raises:
        BadSetting: rclone is not installed, too old, or cannot start.
        PermissionDenied: The configuration is encrypted, and there is no password for it.
    """

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="pyshare-rclone-")
        if len(os.fsencode(self.folder)) > _LONGEST_PATH:
            os.rmdir(self.folder)
            self.folder = tempfile.mkdtemp(prefix="pyshare-rclone-", dir="/tmp")
        self.login = "" if HAS_SOCKETS else f"pyshare:{secrets.token_urlsafe(24)}"
        self.address = os.path.join(self.folder, "s")
        """Path of the socket, or `host:port`."""
        self.reason = ""
        """The first line that rclone calls critical; what it may dump behind that is for its developers."""
        self.last_lines: deque[str] = deque(maxlen=20)
        self._has_served = False
        self._has_port = Event()
        """Set when rclone has said on which port it serves, or has ended."""
        try:
            self._process = self._start()
        except BaseException:  # also after Ctrl-C no folder of ours stays
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._reader = Thread(target=self._read, daemon=True, name="rclone")
        self._reader.start()
        self._has_served = self._serves()
        if not self._has_served:
            self.close()
            raise self.failure()

    def _start(self) -> "subprocess.Popen[bytes]":
        where = f"unix://{self.address}" if HAS_SOCKETS else "127.0.0.1:0"
        words = ["rcat", ":memory:watch/none", "--rc", "--rc-serve", "--rc-addr", where]
        words += ["--rc-server-read-timeout", "0", "--rc-server-write-timeout", "0"]  # of a whole transfer
        words += ["--ask-password=false", "--buffer-size", "0", "--low-level-retries", "3", "--contimeout", "20s"]
        if HAS_SOCKETS:
            words.append("--rc-no-auth")
        return subprocess.Popen(
            found(*words),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.folder,  # else a dataset could contain its configuration
            env=environment(git_environment(), self.login),
            start_new_session=True,  # Ctrl-C is for us, and we end it
        )

    def _serves(self) -> bool:
        """Wait until rclone serves; False if it has ended, or takes too long."""
        if not HAS_SOCKETS:
            return self._has_port.wait(_PATIENCE) and self.is_running()
        end = time.monotonic() + _PATIENCE
        while self.is_running() and time.monotonic() < end:
            with suppress(OSError), socket.socket(socket.AF_UNIX) as trial:
                trial.connect(self.address)
                return True
            time.sleep(_STEP)
        return False

    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def is_ending(self) -> bool:
        """Whether the process ends within a moment: after it has broken a connection."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_MOMENT)
        if self.is_running():
            return False
        self._reader.join(_ENDING)  # its last words
        return True

    def failure(self) -> PyshareError:
        """Why it has ended, in the words of its last lines."""
        told = "\n".join((self.reason, *self.last_lines))
        if "unable to decrypt configuration" in told:
            return PermissionDenied(
                "the configuration of rclone is encrypted, and pyshare has no password for it",
                remedy="Set RCLONE_CONFIG_PASS or RCLONE_PASSWORD_COMMAND.",
            )
        last = one_line(self.reason or (self.last_lines[-1] if self.last_lines else "it said nothing"))[:120]
        if self._has_served:
            return Unreachable(f"rclone ended by itself ({last})")
        return BadSetting(f"rclone cannot start ({last}); pyshare needs {'.'.join(map(str, LEAST))}", remedy=INSTALL)

    def close(self) -> None:
        """End the process; it removes what it has half stored."""
        pipe = self._process.stdin
        if pipe is not None:
            pipe.close()
        try:
            self._process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(_ENDING)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self) -> None:
        """Read what rclone says on its standard error: its address, and why it ends."""
        pipe = self._process.stderr
        if pipe is None:
            return
        with pipe:
            while line := pipe.readline(_LONGEST_LINE):
                if found := _SERVING.search(line):
                    if not HAS_SOCKETS:
                        self.address = found[1].decode("ascii", "replace").partition("://")[2].rstrip("/")
                    self._has_port.set()
                self.last_lines.append(line.decode("utf-8", "replace").strip())
                if b"CRITICAL" in line and not self.reason:
                    self.reason = self.last_lines[-1]
        self._process.wait()
        self._has_port.set()


class Children:
    """The processes of this program: stores with the same environment share one, which ends with the last of them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users: dict[tuple[tuple[str, str], ...], tuple[Child, int]] = {}
        self._abandoned: deque[Child] = deque()

    def take(self) -> Child:
        """A running process, which the caller later gives back with `release`."""
        key = tuple(sorted((name, value) for name, value in os.environ.items() if _CHOOSES.match(name)))
        with self._lock:
            self._drain()
            child, users = self._users.get(key) or (None, 0)
            if child is None or not child.is_running():
                if child is not None:
                    child.close()
                child, users = Child(), 0
            self._users[key] = child, users + 1
            return child

    def release(self, child: Child) -> None:
        """Give a process back; the last user ends it."""
        with self._lock:
            self._drain()
            self._end_use(child)

    def abandon(self, child: Child) -> None:
        """Give a process back from a destructor, which may interrupt the other methods: it must not wait for a lock."""
        self._abandoned.append(child)

    def close(self) -> None:
        """End all processes, when this program ends."""
        with self._lock:
            for child, _ in self._users.values():
                child.close()
            self._users.clear()

    def _drain(self) -> None:
        while self._abandoned:
            self._end_use(self._abandoned.popleft())

    def _end_use(self, child: Child) -> None:
        for key, (other, users) in tuple(self._users.items()):
            if other is child and users > 1:
                self._users[key] = child, users - 1
                return
            if other is child:
                del self._users[key]
        child.close()


CHILDREN = Children()
"""The processes of this program."""

atexit.register(CHILDREN.close)
