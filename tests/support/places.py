"""Every place that a dataset can be shared through, as the tests of the whole program use it."""

import os
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from support import dropbox_people
from support.annex import PROGRAMS, Home, Repository
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.dropbox.tree import File
from support.s3_servers import S3Server
from support.servers import Server
from support.sftpkit import StandIn

PLACES = (
    *("folder", "apache", "rclone", "wsgidav", "nginx", "sabre"),
    *("rclone_s3", "moto", pytest.param("ceph", marks=pytest.mark.ceph)),
    "dropbox",
    "sftp",
)


def _nothing(_home: Home) -> None:
    """No login."""


class SharedPlace(NamedTuple):
    """A store, and how its owner and friends get in."""

    settings: Mapping[str, str]
    """What `git annex initremote` is told besides the usual."""
    login: Mapping[str, str] = {}
    """The owner's login as environment variables; empty for a place without logins."""
    log_in: Callable[[Home], object] = _nothing
    """Logs in as a friend."""
    environment: Mapping[str, str] = {}
    """What everybody's programs need to get there."""
    stored: Callable[[], Mapping[str, bytes]] = dict
    """All files that are there, name → content, seen without the program under test."""

    def initremote(self, repository: Repository, settings: Mapping[str, str] | None = None) -> None:
        """Make the remote `store`, as its owner, whose login stays in the environment."""
        repository.home.environment.update({**self.environment, **self.login})
        repository.initremote(self.settings["url"], {**self.settings, **(settings or {})})


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> SharedPlace:
    """The place that the test's parameter names; on a server, a folder or bucket of its own that is not made yet."""
    if request.param == "folder":
        return folder_at(tmp_path / "share")
    if request.param == "dropbox":
        return dropbox_of(request.getfixturevalue("fake_dropbox"))
    if request.param == "sftp":
        return account_at(tmp_path / "share", request.getfixturevalue("ssh"))
    server = request.getfixturevalue(f"{request.param}_server")
    return bucket_on(server) if isinstance(server, S3Server) else folder_on(server)


def folder_at(path: Path) -> SharedPlace:
    """A folder on this machine."""
    return SharedPlace({"url": str(path)}, stored=lambda: _files_below(path))


def account_at(path: Path, ssh: StandIn) -> SharedPlace:
    """A folder on an SFTP server that everybody's ssh reaches."""
    environment = {"PATH": f"{ssh.folder}:{PROGRAMS}:{os.environ['PATH']}"}

    def accept(friend: Home) -> None:
        """Say that ssh may log in there, before any remote is looked at."""
        friend.environment.update(environment)
        for name in ("store", "for-friends"):
            words = ("git", "config", "--global", f"remote.{name}.pyshare-host", "sftp.example.org")
            friend.run(*words, cwd=friend.folder)

    url = f"sftp://sftp.example.org{path}"
    return SharedPlace({"url": url}, {}, accept, environment, stored=lambda: _files_below(path))


def folder_on(server: Server) -> SharedPlace:
    """A new folder on a WebDAV server."""
    name = f"{uuid.uuid4().hex}/share"
    url = f"{server.url}/{name}"
    login = {"WEBDAV_USERNAME": server.user, "WEBDAV_PASSWORD": server.password}
    return SharedPlace(
        {"url": url},
        login,
        _types("--user", server.user, url, answers=f"{server.password}\n"),
        stored=lambda: _files_below(server.folder / name),
    )


def bucket_on(server: S3Server) -> SharedPlace:
    """A new bucket on an S3 server, which is not made yet."""
    bucket = f"annex-{uuid.uuid4().hex}"
    url = f"s3://{bucket}/share"
    answers = f"{server.access_key}\n{server.secret_key}\n"
    log_in = _types(url, f"endpoint={server.endpoint}", answers=answers)
    settings = {"url": url, **server.settings}
    return SharedPlace(settings, server.login, log_in, stored=lambda: _objects(server, bucket, "share/"))


def dropbox_of(running: RunningDropbox) -> SharedPlace:
    """The Dropbox of a group who all use one account."""
    account = running.service.person("Lab")
    login = running.with_login(running.service.log_in(account))
    log_in = partial(dropbox_people.log_in, running=running, account=account)
    folder = "/DataLad-101"
    return SharedPlace(
        {"url": f"dropbox:{folder}"}, login, log_in, running.environment, lambda: _entries(account, f"{folder}/")
    )


def _types(*words: str, answers: str) -> Callable[[Home], object]:
    """How a friend who was told a password types `pyshare login` and what it asks for."""
    return lambda home: home.run("pyshare", "login", *words, cwd=home.folder, input=answers)


def _files_below(root: Path) -> Mapping[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if not path.is_dir()}


def _objects(server: S3Server, bucket: str, prefix: str) -> Mapping[str, bytes]:
    """By botocore; every file of these tests is on the first page."""
    with server.client() as client:
        keys = [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return {key.removeprefix(prefix): client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def _entries(account: Account, folder: str) -> Mapping[str, bytes]:
    files = [entry for entry in account.home.entries.values() if isinstance(entry, File)]
    return {entry.path.removeprefix(folder): entry.content for entry in files}
