"""A Nextcloud with public links: the OCS API of its shares, and the folders as guests see them through a link.

What it says is what Nextcloud's apps/files_sharing says (Nextcloud developer manual, "OCS Share API"): passwords are
shown masked, a link ends when its day is over, and a basic login is not looked at.
"""

import base64
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from support.fakes.nextcloud import FILES, CloudHandler, ScriptedCloud
from support.scripted import Answer, Seen, served
from support.sharing import Owner

_API = "/ocs/v2.php/apps/files_sharing/api/v1/shares"
_GUEST = re.compile("/public.php/dav/files/([A-Za-z0-9]+)(/.*)?")
_MASK = "***redacted***"


class Link:
    """A public link to a folder."""

    def __init__(self, number: int, path: str, server: str, fields: dict[str, str]) -> None:
        self.id = str(number)
        self.path = path
        self.token = f"T0ken{number}"
        self.url = f"{server}/s/{self.token}"
        self.permissions = int(fields.get("permissions", "17"))
        self.password = ""
        self.expires = ""
        self.change(fields)

    def change(self, fields: dict[str, str]) -> None:
        """Take what a request says of it."""
        self.password = fields.get("password", self.password)
        self.expires = fields.get("expireDate", self.expires)

    @property
    def described(self) -> dict[str, Any]:
        """As the API shows it."""
        masked = _MASK if self.password else None
        return {
            "id": self.id,
            "share_type": 3,
            "permissions": self.permissions,
            "path": self.path,
            "item_type": "folder",
            "token": self.token,
            "url": self.url,
            "share_with": masked,
            "password": masked,
            "expiration": f"{self.expires} 00:00:00" if self.expires else None,
        }


class _SharingHandler(CloudHandler):
    scripted: "SharingCloud"

    def proper(self, seen: Seen) -> Answer:
        if seen.path.startswith(_API):
            return self._shares(seen)
        if guest := _GUEST.fullmatch(seen.path):
            return self._as_guest(seen, guest[1], guest[2] or "")
        if seen.path.startswith("/public.php/"):
            return 404, {}, b""
        return super().proper(seen)

    def _shares(self, seen: Seen) -> Answer:
        if seen.headers.get("OCS-APIRequest") != "true":
            return 412, {}, b""
        cloud = self.scripted
        fields = {name: values[0] for name, values in parse_qs(urlsplit(seen.target).query).items()}
        fields |= {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        number = seen.path.removeprefix(_API).strip("/")
        if number and number not in cloud.links:
            return _ocs(404, "Wrong share ID, share does not exist")
        if seen.method == "DELETE":
            del cloud.links[number]
            return _ocs(200, data=[])
        if "path" in fields and f"{FILES}{fields['path']}" not in cloud.folders:
            return _ocs(404, "Wrong path, file/folder does not exist")
        if seen.method == "GET":
            return _ocs(200, data=[link.described for link in cloud.links.values() if link.path == fields["path"]])
        return self._changed(number, fields)

    def _changed(self, number: str, fields: dict[str, str]) -> Answer:
        cloud = self.scripted
        if fields.get("expireDate", "9999") <= date.today().isoformat():  # noqa: DTZ011  # the server's own day
            return _ocs(404, "Expiration date is in the past")
        if cloud.enforces_passwords and not (number or fields.get("password")):
            return _ocs(403, "Passwords are enforced for link and mail shares")
        if number:
            cloud.links[number].change(fields)
        else:
            number = cloud.add_link(**fields).id
        return _ocs(200, data=cloud.links[number].described)

    def _as_guest(self, seen: Seen, token: str, rest: str) -> Answer:
        """The folder behind a link, whose names in answers are those that the guest asked by."""
        cloud = self.scripted
        link = next((link for link in cloud.links.values() if link.token == token), None)
        is_over = link and link.expires and link.expires < cloud.today
        if link is None or is_over:
            return 404, {}, b""
        user = base64.b64decode(seen.headers.get("Authorization", "").partition(" ")[2]).decode()
        if link.password and user != f"anonymous:{link.password}":
            return 401, {"WWW-Authenticate": 'Basic realm="link"'}, b""
        if seen.method not in {"GET", "HEAD", "PROPFIND"}:
            return 403, {}, b""
        own = f"{FILES}{link.path}"
        status, headers, body = super().proper(seen._replace(path=f"{own}{rest}"))
        if seen.method == "PROPFIND":
            body = body.replace(own.encode(), f"/public.php/dav/files/{token}".encode())
        return status, headers, body


def _ocs(status: int, message: str = "OK", data: object = None) -> Answer:
    meta = {"status": "ok" if status == 200 else "failure", "statuscode": status, "message": message}
    body = json.dumps({"ocs": {"meta": meta, "data": [] if data is None else data}}).encode()
    return status, {"Content-Type": "application/json; charset=utf-8"}, body


class SharingCloud(ScriptedCloud):
    """The server's links besides its files."""

    handler = _SharingHandler

    def __init__(self) -> None:
        super().__init__()
        self.links: dict[str, Link] = {}
        """By their ids."""
        self.today = date.today().isoformat()  # noqa: DTZ011  # the server's own day
        self.enforces_passwords = False
        self._last = 0

    def add_link(self, path: str, **fields: str) -> Link:
        """A link as somebody makes it in the browser."""
        self._last += 1
        link = Link(self._last, path, self.url, fields)
        self.links[link.id] = link
        return link


@pytest.fixture
def sharing_cloud() -> Iterator[SharingCloud]:
    """A Nextcloud of this test alone."""
    with served(SharingCloud()) as cloud:
        yield cloud


def make_link(owner: Owner, cloud: SharingCloud, folder: str = "/our share") -> Link:
    """A link and its remote, as `pyshare share for-friends -y` makes them, without the time that datalad takes."""
    link = cloud.add_link(folder, permissions="1")
    words = ("type=external", "externaltype=pyshare", "autoenable=true", f"url={link.url}")
    owner.type("git", "annex", "initremote", "for-friends-link", "--sameas=for-friends", *words)
    owner.type("git", "annex", "configremote", "for-friends", "autoenable=false")
    return link
