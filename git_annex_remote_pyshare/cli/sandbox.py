"""Runs programs as another person on this machine: in a temporary folder, with a HOME of their own and no login.

The demo's people and the stranger of `pyshare rehearse` have nothing of the user: no environment variable, git config,
keyring or file of HOME. They have the programs on PATH and the way to the network.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NamedTuple

from git_annex_remote_pyshare.config.git_config import program
from git_annex_remote_pyshare.errors import PyshareError

NO_KEYRING = "keyring.backends.fail.Keyring"
"""A keyring that refuses everything: the user's keyring does not depend on HOME and must not be used."""

TIMEOUT = 1800.0
"""Seconds after which a command counts as hung; the clone of a large history takes minutes."""

_SYSTEM = ("TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT")
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SYSTEM_CERTIFICATE_PATH")
"""Files with the certificates that this machine trusts: for OpenSSL, requests, curl, and the TLS of git-annex."""
_PROXIES = tuple(f"{scheme}_proxy" for scheme in ("http", "https", "all", "no"))

_POLITE = ("SIGTERM", "SIGHUP")
"""Signals by which other programs ask for an end."""

_MOST_OUTPUT = 16384
"""Bytes of the end of a command's output that are kept; a server or a dataset can make it print any number."""

_SSH = (
    *("ssh", "-F", os.devnull, "-o", "BatchMode=yes", "-o", "PreferredAuthentications=none"),
    *("-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={os.devnull}", "-o", "LogLevel=ERROR"),
)
"""ssh without the user's keys and settings, which it finds without HOME."""

_GIT_CONFIG = """[user]
\tname = A stranger
\temail = stranger@localhost
[credential]
\thelper =
[gc]
\tauto = 0
[maintenance]
\tauto = false
[init]
\tdefaultBranch = main
"""


@contextmanager
def temporary_place(prefix: str) -> Iterator[str]:
    """A new folder that is always removed at the end, with the write-protected objects of git-annex in it."""
    with kept_place(prefix) as place:
        try:
            yield place
        finally:
            _remove(place)


@contextmanager
def kept_place(prefix: str) -> Iterator[str]:
    """A new folder that stays."""
    # Resolved, since git shows and compares real paths (macOS has a link at the beginning of this one).
    yield os.path.realpath(tempfile.mkdtemp(prefix=prefix))


@contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """Let a polite end from outside clean up, as Ctrl-C does."""
    polite = [getattr(signal, name) for name in _POLITE if hasattr(signal, name)]
    before = {number: signal.signal(number, _leave) for number in polite}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def search_path() -> str:
    """PATH with this Python's own programs first: a virtual environment need not be activated."""
    own = (os.path.dirname(sys.executable), sysconfig.get_path("scripts"))
    return os.pathsep.join(dict.fromkeys((*own, *os.environ.get("PATH", os.defpath).split(os.pathsep))))


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    output: str
    """The end of what it printed to standard output and error, undecodable bytes replaced."""


class Stranger:
    """A person without any login, who runs commands and never answers a question.

    Args:
        place: A new folder; HOME is made in it.
    """

    def __init__(self, place: str) -> None:
        self._home = os.path.join(place, "home")
        self._outputs = os.path.join(place, "output")
        os.mkdir(self._home)
        with open(os.path.join(self._home, ".gitconfig"), "w", encoding="utf-8") as config:
            config.write(_GIT_CONFIG)
        self.environment = stranger_environment(self._home)

    def run(self, *words: str, cwd: str) -> Done:
        """Run a command to its end; it has no input and no terminal.

        Raises:
            PyshareError: There is no such program, or it takes too long.
        """
        with open(self._outputs, "w+b") as output:
            with self._running(words, cwd, output.fileno(), subprocess.STDOUT) as process:
                try:
                    process.wait(TIMEOUT)
                except subprocess.TimeoutExpired:
                    raise PyshareError(
                        f"{' '.join(words[:3])} has not ended after {TIMEOUT / 60:.0f} minutes"
                    ) from None
            output.seek(max(0, output.seek(0, os.SEEK_END) - _MOST_OUTPUT))
            return Done(process.returncode, output.read().decode("utf-8", "replace"))

    def rows(self, *words: str, cwd: str) -> Iterator[dict[str, Any]]:
        """Yield the JSON objects that a command prints, one by one; its errors are not shown.

        Raises:
            PyshareError: There is no such program.
        """
        with self._running(words, cwd, subprocess.PIPE, subprocess.DEVNULL) as process:
            assert process.stdout is not None  # noqa: S101  # for mypy: it is a pipe
            for line in process.stdout:
                if line.startswith(b"{"):
                    yield json.loads(line)

    @contextmanager
    def _running(
        self, words: tuple[str, ...], cwd: str, output: int, errors: int
    ) -> "Iterator[subprocess.Popen[bytes]]":
        """A command during the block, which is killed if the block is left before its end: also by Ctrl-C.

        It has a session of its own, so that no terminal sends it the signal. One that comes while it is started waits
        until it can be ended: Popen forgets what it has started if it is interrupted.
        """
        with _signals_waiting() as let_through:
            process = self._started(words, cwd, output, errors)
            with process:
                try:
                    let_through()
                    yield process
                except BaseException:  # as the docstring says
                    end(process)
                    raise

    def _started(self, words: tuple[str, ...], cwd: str, output: int, errors: int) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(
                (program(self.environment["PATH"], words[0]), *words[1:]),
                cwd=cwd,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,  # no terminal to ask on, and all that it starts can be ended with it
            )
        except FileNotFoundError:
            raise PyshareError(f"{words[0]} is not installed") from None


def stranger_environment(home: str) -> Mapping[str, str]:
    """The environment of programs that must not find any login or setting of the user.

    Args:
        home: Their HOME.
    """
    passed = {name: os.environ[name] for name in (*_SYSTEM, *_AUTHORITIES) if name in os.environ}
    for name in (*_PROXIES, *(each.upper() for each in _PROXIES)):
        if name in os.environ and "@" not in os.environ[name]:  # the login for a proxy is the user's own
            passed[name] = os.environ[name]
    folders = {
        **dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"), home),
        **{f"XDG_{kind}_HOME": os.path.join(home, f".{kind.lower()}") for kind in ("CONFIG", "CACHE", "DATA", "STATE")},
    }
    return {
        **passed,
        **folders,
        "PATH": search_path(),
        "LC_ALL": "C.UTF-8",  # what git says is looked for words
        "PYTHON_KEYRING_BACKEND": NO_KEYRING,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.path.join(home, ".gitconfig"),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:file:annex",
        "GIT_SSH_COMMAND": " ".join(_SSH),
        "GIT_ANNEX_USE_GIT_SSH": "1",
        "NoDefaultCurrentDirectoryInExePath": "1",  # as in config.git_config.git_environment
        "AWS_EC2_METADATA_DISABLED": "true",  # the login of a machine at Amazon
    }


def end(process: "subprocess.Popen[Any]") -> None:
    """Kill a command that was started with a session of its own, and its child processes."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


@contextmanager
def _signals_waiting() -> Iterator[Callable[[], None]]:
    """Let signals that ask to end wait, until the function is called that the block gets, or the block is left."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None  # Python interrupts the main thread only
        return
    came: list[int] = []
    asking = (number for name in ("SIGINT", *_POLITE) if (number := getattr(signal, name, None)) is not None)
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in asking}

    def let_through() -> None:
        while before:
            signal.signal(*before.popitem())
        while came:
            signal.raise_signal(came.pop())

    try:
        yield let_through
    finally:
        let_through()


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _remove(place: str) -> None:
    """Remove a folder in which git-annex has made objects and their folders read-only."""
    for pause in (0.1, 0.3, 1.0):  # a program that was killed may leave a last file behind
        with suppress(OSError):
            _unlock(place)
            shutil.rmtree(place)
            return
        time.sleep(pause)
    _unlock(place)
    shutil.rmtree(place)


def _unlock(place: str) -> None:
    for folder, _, files in os.walk(place):
        os.chmod(folder, 0o700)
        if os.name == "nt":  # elsewhere the mode of a file does not prevent its removal
            for file in files:
                os.chmod(os.path.join(folder, file), 0o600)
