"""Sets up what Alice and Bob share in the demo: a folder, or a WebDAV server on this machine."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import NamedTuple

PASSWORDS = {"Alice": "alices-password", "Bob": "bobs-password"}
"""Logins of a server that runs for seconds and listens on this machine only."""


class Share(NamedTuple):
    """A store that both can reach."""

    what: str
    """Description for the story."""
    url: str
    """Value of `url=`."""
    folder: str
    """The folder that holds the content, for comparisons."""
    passwords: Mapping[str, str] = {}
    """First name → password; empty if no login is needed."""


@contextmanager
def folder_share(place: str) -> Iterator[Share]:
    """A folder that both reach, like a network drive."""
    folder = _made(place)
    yield Share("a folder that both reach, like a network drive", os.path.join(folder, "DataLad-101"), folder)


@contextmanager
def webdav_share(place: str) -> Iterator[Share]:
    """A WebDAV server with a login for each, like a Nextcloud."""
    folder = _made(place)
    with _served(folder) as address:
        yield Share(
            "a WebDAV server with a login for each, like a Nextcloud", f"{address}/DataLad-101", folder, PASSWORDS
        )


def _made(place: str) -> str:
    folder = os.path.join(place, "shared")
    os.mkdir(folder)
    return folder


@contextmanager
def _served(folder: str) -> Iterator[str]:
    """Run a WebDAV server for the folder; yields its address."""
    from cheroot.wsgi import Server  # noqa: PLC0415  # of the extra "demo", and slow to import
    from wsgidav.wsgidav_app import WsgiDAVApp  # noqa: PLC0415  # as above

    logins = {name.lower(): {"password": password} for name, password in PASSWORDS.items()}
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": folder},
            "simple_dc": {"user_mapping": {"*": logins}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "verbose": 0,
            "logging": {"enable": False},
        }
    )
    server = Server(("127.0.0.1", 0), app)
    server.prepare()
    thread = Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()
