"""The remotes that are compared, as a table: how git-annex is told to make each."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from room import Room
from server import Server

OURS_FOLDER = "pyshare, folder"
OURS_WEBDAV = "pyshare, WebDAV"
DIRECTORY = "builtin directory"
WEBDAV = "builtin webdav"
RCLONE = "rclone gitannex"
CURL = "curl"


class Place(NamedTuple):
    """An empty folder that a remote may have: by its path, or by its URL and its name on the server."""

    path: Path
    url: str
    name: str


class Remote(NamedTuple):
    """One row of the comparison.

    Attributes:
        title: What the tables call it.
        settings: What `git annex initremote NAME` is given, for a place.
        far: Whether the server is between, so that a round trip matters.
        process: What the command line of its own processes contains; empty when git-annex does the work itself.
        program: How to start such a process by hand; empty as before.
    """

    title: str
    settings: Callable[[Place], Sequence[str]]
    far: bool
    process: str = ""
    program: Sequence[str] = ()


_PYSHARE = "git-annex-remote-pyshare"

REMOTES = (
    Remote(
        OURS_FOLDER,
        lambda place: ("type=external", "externaltype=pyshare", f"url={place.path}"),
        far=False,
        process=_PYSHARE,
        program=(_PYSHARE,),
    ),
    Remote(DIRECTORY, lambda place: ("type=directory", f"directory={place.path}"), far=False),
    Remote(
        OURS_WEBDAV,
        lambda place: ("type=external", "externaltype=pyshare", f"url={place.url}"),
        far=True,
        process=_PYSHARE,
        program=(_PYSHARE,),
    ),
    Remote(WEBDAV, lambda place: ("type=webdav", f"url={place.url}"), far=True),
    Remote(
        RCLONE,
        lambda place: ("type=rclone", "rcloneremotename=server", f"rcloneprefix={place.name}", "rclonelayout=lower"),
        far=True,
        process="rclone gitannex",
        program=("rclone", "gitannex"),
    ),
)


def log_in(room: Room, server: Server) -> None:
    """Give everybody the server's login, each in the way that it expects one."""
    room.environment["WEBDAV_USERNAME"] = server.user
    room.environment["WEBDAV_PASSWORD"] = server.password
    obscured = room.run(("rclone", "obscure", server.password))
    config = room.home / ".config/rclone/rclone.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        f"[server]\ntype = webdav\nurl = {server.url}\nvendor = other\nuser = {server.user}\npass = {obscured}"
    )
