"""nginx as a WebDAV server, and in front of sabre/dav, the PHP library that Nextcloud and ownCloud are made with.

As `support.servers`: ordinary processes of the current user, on free loopback ports, that end with their context.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from support.servers import (
    HOST,
    PASSWORD,
    REALM,
    USER,
    Missing,
    Server,
    existing,
    free_port,
    or_skip,
    password_line,
    running,
    served_folder,
)

_MODULES = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules")
_SABRE = Path("/usr/share/php/Sabre/autoload.php")
_SERVER_PHP = Path(__file__).with_name("sabre.php")
_CHILDREN = "4"
"""Processes of PHP, each of which answers one request at a time."""

Nodes = Literal["FS", "FSExt"]
"""sabre's two kinds of files on a disk: without entity tags, and with tags of their content."""


@contextmanager
def nginx(folder: Path) -> Iterator[Server]:
    """nginx's own module for WebDAV, and the one that adds PROPFIND."""
    program = _program()
    module = next((each for text in _MODULES if (each := Path(text, "ngx_http_dav_ext_module.so")).exists()), None)
    if not module:
        raise Missing("nginx with its module dav-ext (Debian: nginx libnginx-mod-http-dav-ext)")
    location = f"""
        root "{folder}";
        auth_basic {REALM};
        auth_basic_user_file passwords;
        dav_methods PUT DELETE MKCOL COPY MOVE;
        dav_ext_methods PROPFIND OPTIONS LOCK UNLOCK;
        dav_ext_lock zone=locks;
    """
    with tempfile.TemporaryDirectory(prefix="pyshare-nginx-") as text:
        run, port = Path(text), free_port()
        (run / "passwords").write_text(password_line("basic"))
        zone = "dav_ext_lock_zone zone=locks:1m;"
        with _running(program, run, _conf(port, location, zone, f'load_module "{module}";'), port):
            yield Server(f"http://{HOST}:{port}", folder, log=run / "access.log")


@contextmanager
def sabre(folder: Path, nodes: Nodes = "FS") -> Iterator[Server]:
    """sabre/dav over a folder, in PHP behind nginx, as clouds are run."""
    program, php = _program(), shutil.which("php-cgi")
    if not php or not _SABRE.exists():
        raise Missing("sabre/dav (Debian: php-cgi php-sabre-dav)")
    with tempfile.TemporaryDirectory(prefix="pyshare-sabre-") as text:
        run, port, behind = Path(text), free_port(), free_port()
        (run / "php").mkdir()
        # Much of this old version is deprecated, which PHP would otherwise say in the middle of a response.
        command = [php, "-d", "display_errors=0", "-d", "error_reporting=0", "-b", f"{HOST}:{behind}"]
        environment = {"PHP_FCGI_CHILDREN": _CHILDREN, "PHP_FCGI_MAX_REQUESTS": "0"}
        location = f"""
            fastcgi_pass {HOST}:{behind};
            fastcgi_param SCRIPT_FILENAME "{_SERVER_PHP}";
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param SERVED_FOLDER "{folder}";
            fastcgi_param SABRE_NODES {nodes};
            fastcgi_param SABRE_LOCKS "{run}/locks";
            fastcgi_param DAV_USER "{USER}";
            fastcgi_param DAV_PASSWORD "{PASSWORD}";
        """
        with (
            running(command, behind, run / "php", environment),
            _running(program, run, _conf(port, location), port),
        ):
            yield Server(f"http://{HOST}:{port}", folder, log=run / "access.log")


@pytest.fixture(scope="session")
def nginx_server() -> Iterator[Server]:
    with or_skip(), served_folder() as folder, nginx(folder) as server:
        yield server


@pytest.fixture(scope="session")
def sabre_server() -> Iterator[Server]:
    with or_skip(), served_folder() as folder, sabre(folder) as server:
        yield server


@pytest.fixture(scope="session")
def sabre_tags_server() -> Iterator[Server]:
    with or_skip(), served_folder() as folder, sabre(folder, "FSExt") as server:
        yield server


def _program() -> str:
    program = shutil.which("nginx") or existing("/usr/sbin/nginx")
    if not program:
        raise Missing("nginx (Debian: nginx)")
    return program


@contextmanager
def _running(program: str, run: Path, configuration: str, port: int) -> Iterator[None]:
    (run / "nginx.conf").write_text(configuration)
    command = [program, "-p", f"{run}/", "-c", f"{run}/nginx.conf", "-e", f"{run}/error.log"]
    with running(command, port, run):
        yield


def _conf(port: int, location: str, http: str = "", first: str = "") -> str:
    """The whole configuration; what nginx keeps for itself is in its own folder, not in the system's."""
    user = "" if os.geteuid() else "user root root;"
    kept = "\n".join(
        f"{name}_temp_path {name}-temporary;" for name in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi")
    )
    return f"""
{first}
{user}
daemon off;
pid nginx.pid;
worker_processes 2;
events {{ worker_connections 512; }}
http {{
    {kept}
    {http}
    log_format short "$request_method $uri";
    access_log access.log short;
    default_type application/octet-stream;
    keepalive_requests 100000;
    client_max_body_size 0;
    server {{
        listen {HOST}:{port};
        location / {{ {location} }}
    }}
}}
"""
