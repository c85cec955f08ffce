"""Every place that a dataset can be shared through, as the tests of the whole program use it."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from annex import Home, Repository
from s3_servers import S3Server
from servers import Server

PLACES = (
    *("folder", "apache", "rclone", "wsgidav"),
    *("rclone_s3", "moto", pytest.param("ceph", marks=pytest.mark.ceph)),
)


class SharedPlace(NamedTuple):
    """A store, and how its owner and friends get in."""

    settings: Mapping[str, str]
    """What `git annex initremote` is told besides the usual."""
    login: Mapping[str, str] = {}
    """The owner's login as environment variables; empty for a place without logins."""
    words: tuple[str, ...] = ()
    """What a friend types behind `pyshare login`."""
    answers: str = ""
    """What the friend types then."""

    def log_in(self, home: Home) -> None:
        """Log in as a friend who was told a password."""
        if self.words:
            home.run("pyshare", "login", *self.words, cwd=home.folder, input=self.answers)

    def initremote(self, repository: Repository, settings: Mapping[str, str] | None = None) -> None:
        """Make the remote `store`, as its owner, whose login stays in the environment."""
        repository.home.environment.update(self.login)
        repository.initremote(self.settings["url"], {**self.settings, **(settings or {})})


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> SharedPlace:
    """The place that the test's parameter names; on a server, a folder or bucket of its own that is not made yet."""
    if request.param == "folder":
        return SharedPlace({"url": str(tmp_path / "share")})
    server = request.getfixturevalue(f"{request.param}_server")
    return _bucket(server) if isinstance(server, S3Server) else _folder(server)


def _folder(server: Server) -> SharedPlace:
    url = f"{server.url}/{uuid.uuid4().hex}/share"
    login = {"WEBDAV_USERNAME": server.user, "WEBDAV_PASSWORD": server.password}
    return SharedPlace({"url": url}, login, ("--user", server.user, url), f"{server.password}\n")


def _bucket(server: S3Server) -> SharedPlace:
    url = f"s3://annex-{uuid.uuid4().hex}/share"
    answers = f"{server.access_key}\n{server.secret_key}\n"
    return SharedPlace({"url": url, **server.settings}, server.login, (url, f"endpoint={server.endpoint}"), answers)
