"""The WebDAV server that all are measured on: Apache's mod_dav, its requests counted from its access log."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from relay import relay

USER = "benchmark"
PASSWORD = "throw-away"
MODULES = Path("/usr/lib/apache2/modules")
STARTING = 10.0
"""Seconds that the server may take to listen."""

# "User" counts only where root starts Apache; its processes may then write below files/ alone.
CONFIG = """\
User nobody
Group #65534
ServerRoot "{folder}"
ServerName localhost
Listen 127.0.0.1:{port}
PidFile "{folder}/pid"
ErrorLog "{folder}/error.log"
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authn_file_module {modules}/mod_authn_file.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_basic_module {modules}/mod_auth_basic.so
LoadModule dav_module {modules}/mod_dav.so
LoadModule dav_fs_module {modules}/mod_dav_fs.so
CustomLog "{folder}/access.log" "%m %U"
DavLockDB "{folder}/files/locks"
LimitRequestBody 0
DocumentRoot "{folder}/files"
<Directory "{folder}/files">
  Dav On
  AuthType Basic
  AuthName benchmark
  AuthUserFile "{folder}/users"
  Require valid-user
</Directory>
"""


class Server:
    """A running server.

    Args:
        port: Where it, or the relay before it, listens.
        folder: Where its configuration, log and files are.
    """

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.url = f"http://localhost:{port}"
        self._files = folder / "files"
        self._log = folder / "access.log"
        self._counted = 0

    def requests(self) -> int:
        """Requests answered since this was last asked."""
        answered = self._log.read_bytes().count(b"\n")
        new, self._counted = answered - self._counted, answered
        return new

    def make_folder(self, name: str) -> str:
        """Make an empty folder; returns its URL."""
        (self._files / name).mkdir()
        (self._files / name).chmod(0o777)
        return f"{self.url}/{name}"

    def remove_folder(self, name: str) -> None:
        """Remove a folder and what is in it, without a request."""
        shutil.rmtree(self._files / name)


@contextlib.contextmanager
def apache(folder: Path, rtt: float) -> Iterator[Server]:
    """Apache on a free port; a folder of WebDAV, for one user.

    Args:
        folder: An empty folder for its configuration, log and files.
        rtt: Round trip in seconds to put before it.

    Raises:
        SystemExit: Apache is not installed, or does not start.
    """
    port = _free_port()
    (folder / "files").mkdir()
    (folder / "files").chmod(0o777)
    (folder / "users").write_text(f"{USER}:{_hashed(PASSWORD)}\n")
    config = folder / "httpd.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, modules=MODULES))
    process = subprocess.Popen([_program(), "-f", str(config), "-DFOREGROUND"], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process, folder)
        with contextlib.ExitStack() as stack:
            yield Server(stack.enter_context(relay(port, rtt)) if rtt else port, folder)
    finally:
        process.terminate()
        process.wait()


def _program() -> str:
    program = shutil.which("apache2", path="/usr/sbin:/usr/bin") or shutil.which("httpd")
    return program or sys.exit("Apache is not installed; type: apt-get install apache2-bin")


def _hashed(password: str) -> str:
    done = subprocess.run(["openssl", "passwd", "-apr1", password], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    end = time.monotonic() + STARTING
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    sys.exit(f"Apache does not start:\n{(folder / 'error.log').read_text()}")
