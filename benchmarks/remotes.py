"""The remotes that are compared, as a table: how git-annex is told to make each, and how each gets a login."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from server import Server
from workspace import Workspace

OURS_FOLDER = "pyshare, folder"
OURS_WEBDAV = "pyshare, WebDAV"
OURS_S3 = "pyshare, S3"
OURS_SFTP = "pyshare, SFTP"
OURS_RCLONE = "pyshare, rclone"
DIRECTORY = "builtin directory"
WEBDAV = "builtin webdav"
S3 = "builtin S3"
RCLONE = "rclone gitannex"
CURL = "curl"
SCP = "scp"


class Place(NamedTuple):
    """Where a remote may begin: an empty folder, by its path, and an empty place on a server, by that one's URL."""

    path: Path
    server: str
    name: str

    @property
    def url(self) -> str:
        """The place on the server."""
        return f"{self.server}/{self.name}"


class Remote(NamedTuple):
    """One row of the comparison.

    Attributes:
        title: What the tables call it.
        settings: What `git annex initremote NAME` is given, for a place.
        far: Whether the server is between, so that a round trip matters.
        process: A pattern for the command lines of its own processes; empty when git-annex does the work itself.
        program: How to start such a process by hand; empty as before.
        config: Options below `remote.NAME.` that its user sets.
    """

    title: str
    settings: Callable[[Place], Sequence[str]]
    far: bool = True
    process: str = ""
    program: Sequence[str] = ()
    config: Sequence[tuple[str, str]] = ()


class Service(NamedTuple):
    """What servers of one kind have in common.

    Attributes:
        remotes: Who takes part.
        login: Environment variables for name and password, as git-annex and we know them.
        rclone: Its section in rclone's configuration; empty where the server knows it.
        curl: What curl is told for each transfer.
        line: The program that shows what the line allows.
    """

    remotes: tuple[Remote, ...]
    login: tuple[str, str] = ("", "")
    rclone: str = ""
    curl: str = ""
    line: str = CURL


def _ours(title: str, settings: Callable[[Place], Sequence[str]], *, far: bool = True, child: str = "") -> Remote:
    """Ours; `child` is a pattern for the program that it starts."""
    program = "git-annex-remote-pyshare"
    made = lambda place: ("type=external", "externaltype=pyshare", *settings(place))  # noqa: E731
    return Remote(title, made, far, process=f"{program}|{child}" if child else program, program=(program,))


_OURS_RCLONE = _ours(OURS_RCLONE, lambda place: (f"url=rclone:server:/{place.name}",), child="rclone rcat")


_RCLONE = Remote(
    RCLONE,
    lambda place: ("type=rclone", "rcloneremotename=server", f"rcloneprefix={place.name}", "rclonelayout=lower"),
    process="rclone gitannex",
    program=("rclone", "gitannex"),
)


def _builtin_s3(place: Place) -> Sequence[str]:
    """Signed in the old way, which costs the same here; in the new one it is refused on all ports but 80."""
    parts = urlsplit(place.server)
    where = (f"host={parts.hostname}", f"port={parts.port}", "protocol=http", f"bucket={place.name}")
    return ("type=S3", *where, "requeststyle=path", "signature=v2")


SERVICES: Mapping[str, Service] = {
    "webdav": Service(
        (
            _ours(OURS_FOLDER, lambda place: (f"url={place.path}",), far=False),
            Remote(DIRECTORY, lambda place: ("type=directory", f"directory={place.path}"), far=False),
            _ours(OURS_WEBDAV, lambda place: (f"url={place.url}",)),
            Remote(WEBDAV, lambda place: ("type=webdav", f"url={place.url}")),
            _RCLONE,
        ),
        login=("WEBDAV_USERNAME", "WEBDAV_PASSWORD"),
        rclone="type = webdav\nurl = {url}\nvendor = other\nuser = {user}\npass = {obscured}\n",
        curl='user = "{user}:{password}"\n',
    ),
    "s3": Service(
        (
            _ours(OURS_S3, lambda place: (f"url=s3://{place.name}", f"endpoint={place.server}")),
            Remote(S3, _builtin_s3),
            _OURS_RCLONE,
            _RCLONE,
        ),
        login=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        rclone="type = s3\nprovider = Other\nendpoint = {url}\n"
        "access_key_id = {user}\nsecret_access_key = {password}\n",
        curl='header = "x-amz-acl: public-read"\n',
    ),
    "sftp": Service(
        (
            _ours(OURS_SFTP, lambda place: (f"url={place.url}",), child="ssh .*-s .*sftp"),
            _OURS_RCLONE,
            _RCLONE,
        ),
        line=SCP,
    ),
}


def log_in(workspace: Workspace, server: Server) -> None:
    """Give everybody the server's login, each in the way that it expects one."""
    service = SERVICES[server.service]
    path = (*map(str, server.programs), workspace.environment["PATH"])
    workspace.environment["PATH"] = os.pathsep.join(path)
    config = workspace.home / ".config/rclone/rclone.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    if server.rclone:
        config.write_text(server.rclone)
        return
    workspace.environment.update(zip(service.login, (server.user, server.password), strict=True))
    obscured = workspace.run(("rclone", "obscure", server.password)).strip()
    login = {"url": server.url, "user": server.user, "password": server.password, "obscured": obscured}
    config.write_text("[server]\n" + service.rclone.format_map(login))
