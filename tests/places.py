"""Every place that a dataset can be shared through, as the tests of the whole program use it."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

PLACES = ("folder", "apache", "rclone", "wsgidav")


class SharedPlace(NamedTuple):
    """A store's URL and, where it wants one, a login."""

    url: str
    user: str = ""
    password: str = ""

    @property
    def login(self) -> Mapping[str, str]:
        """The login as environment variables; empty for a place without logins."""
        return {"WEBDAV_USERNAME": self.user, "WEBDAV_PASSWORD": self.password} if self.user else {}


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> SharedPlace:
    """The place that the test's parameter names; on a server, a folder of its own that is not made yet."""
    if request.param == "folder":
        return SharedPlace(str(tmp_path / "share"))
    server = request.getfixturevalue(f"{request.param}_server")
    return SharedPlace(f"{server.url}/{uuid.uuid4().hex}/share", server.user, server.password)
