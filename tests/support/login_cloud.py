"""A Nextcloud where people log in by the browser, make links, and keep files: login flow v2 besides `SharingCloud`.

Source: Nextcloud developer manual, "Login Flow".
"""

import base64
import json
from collections.abc import Iterator, Mapping

import pytest

from support.scripted import Answer, Seen, served
from support.sharing_cloud import SharingCloud, _SharingHandler

APP_PASSWORD = "app-pass-word"
_FORM = '<html><form action="/login/v2/grant"><input name="token" value="t"></form></html>'


class _Handler(_SharingHandler):
    scripted: "LoginCloud"

    def proper(self, seen: Seen) -> Answer:
        if found := self._pages().get(seen.path):
            return found
        if seen.path == "/login/v2/grant":
            self.scripted.is_granted = True
            return 200, {"Content-Type": "text/html"}, b"<html>granted</html>"
        if not seen.path.startswith("/public.php/") and not self._is_bob(seen):
            return 401, {"WWW-Authenticate": 'Basic realm="Nextcloud"'}, b""
        if seen.path == "/ocs/v1.php/cloud/user":
            return _json({"ocs": {"data": {"id": "bob"}}})
        return super().proper(seen)

    def _pages(self) -> Mapping[str, Answer]:
        """What is shown without a login."""
        cloud = self.scripted
        poll = {"token": "polltoken", "endpoint": f"{cloud.url}/login/v2/poll"}
        granted = _json({"server": cloud.url, "loginName": "bob", "appPassword": APP_PASSWORD})
        return {
            "/status.php": _json({"installed": True, "productname": "Nextcloud", "versionstring": "31.0.4"}),
            "/index.php/login/v2": _json({"poll": poll, "login": f"{cloud.url}/login/v2/flow/t"}),
            "/login/v2/flow/t": (200, {"Content-Type": "text/html"}, _FORM.encode()),
            "/login/v2/poll": granted if cloud.is_granted else (404, {}, b"[]"),
        }

    def _is_bob(self, seen: Seen) -> bool:
        _, _, value = seen.headers.get("Authorization", "").partition(" ")
        return base64.b64decode(value).decode() == f"bob:{APP_PASSWORD}"


def _json(content: object) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(content).encode()


class LoginCloud(SharingCloud):
    """The server; its only user is bob."""

    handler = _Handler

    def __init__(self) -> None:
        super().__init__()
        self.is_granted = False


@pytest.fixture
def login_cloud() -> Iterator[LoginCloud]:
    """A Nextcloud of this test alone, without any login yet."""
    with served(LoginCloud()) as cloud:
        yield cloud
