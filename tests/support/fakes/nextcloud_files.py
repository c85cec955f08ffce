"""A Nextcloud with several users, as far as addresses go: its web pages, whose files are whose, and what is shared.

What it says is what Nextcloud says: `/` is no WebDAV folder (lib/base.php), a user sees other users' files as an empty
folder (apps/dav/lib/Files/RootCollection.php), and an unknown user's are no folder at all.
"""

import base64
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from support.fakes.dav import DAVHandler, ScriptedDAV
from support.scripted import Answer, Seen, served

FILES = "/remote.php/dav/files"


class _Handler(DAVHandler):
    scripted: "ScriptedNextcloud"

    def proper(self, seen: Seen) -> Answer:
        if seen.path == "/status.php":
            return _json({"installed": True, "productname": "Nextcloud", "version": "31.0.0.1"})
        if not seen.path.startswith(("/remote.php/", "/ocs/")):
            return self._page(seen)
        user = self._user(seen)
        if not user:
            return 401, {"WWW-Authenticate": 'Basic realm="Nextcloud"'}, b""
        if seen.path == "/ocs/v1.php/cloud/user":
            return _ocs({"id": user, "display-name": user.title()})
        if seen.path.endswith("/files_sharing/api/v1/shares"):
            return self._shares(user, seen)
        return self._files(user, seen)

    def _user(self, seen: Seen) -> str:
        """Whose login it is: people log in by id or by e-mail address."""
        _, _, value = seen.headers.get("Authorization", "").partition(" ")
        name, _, password = base64.b64decode(value).decode().partition(":")
        user = name.partition("@")[0]
        return user if value and self.scripted.users.get(user) == password else ""

    def _page(self, seen: Seen) -> Answer:
        if seen.method in {"GET", "HEAD"}:
            known = seen.path == "" or seen.path.startswith(("/apps/", "/login", "/index.php"))
            return (200 if known else 404), {"Content-Type": "text/html; charset=UTF-8"}, b"<html>Nextcloud</html>"
        return 405, {"Content-Type": "text/html; charset=UTF-8"}, b""

    def _shares(self, user: str, seen: Seen) -> Answer:
        if parse_qs(urlsplit(seen.target).query).get("shared_with_me") != ["true"]:
            return _ocs([])
        return _ocs(
            [
                {"item_type": "folder", "uid_owner": owner, "uid_file_owner": owner, "file_target": target}
                for (friend, target), (owner, _) in self.scripted.shares.items()
                if friend == user
            ]
        )

    def _files(self, user: str, seen: Seen) -> Answer:
        owner, _, folder = seen.path.removeprefix(f"{FILES}/").partition("/")
        if not seen.path.startswith(f"{FILES}/"):
            return super().proper(seen) if seen.path == FILES else (404, {}, b"")
        if owner not in self.scripted.users:
            return _said(404, f"Principal with name {owner} not found")
        if owner != user:
            is_root = seen.method == "PROPFIND" and not folder
            return super().proper(seen) if is_root and seen.headers["Depth"] == "0" else _said(404, "File not found")
        for (friend, target), (sharer, shared) in self.scripted.shares.items():
            if friend == user and f"/{folder}/".startswith(f"{target}/"):
                there = f"{FILES}/{sharer}{shared}{f'/{folder}'.removeprefix(target)}"
                return super().proper(seen._replace(path=there))
        return super().proper(seen)


def _json(content: object) -> Answer:
    return 200, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(content).encode()


def _ocs(data: object) -> Answer:
    return _json({"ocs": {"meta": {"status": "ok", "statuscode": 100}, "data": data}})


def _said(status: int, message: str) -> Answer:
    body = f'<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:message>{message}</s:message></d:error>'
    return status, {"Content-Type": "application/xml; charset=utf-8"}, body.encode()


class ScriptedNextcloud(ScriptedDAV):
    """The server's state."""

    handler = _Handler

    def __init__(self) -> None:
        super().__init__()
        self.server_name = "Apache"
        self.users = {"alice": "wonderland", "bob": "builder"}
        """Id → password."""
        self.shares: dict[tuple[str, str], tuple[str, str]] = {}
        """User and path of a folder that is shared with them → its owner and path there."""
        self.folders |= {"/remote.php", "/remote.php/dav", FILES, *(f"{FILES}/{user}" for user in self.users)}

    def address(self, user: str, folder: str) -> str:
        """What to give as `url=` for a folder of a user's own."""
        return f"{self.url}{FILES}/{user}/{folder}"


def login(user: str, server: ScriptedNextcloud) -> dict[str, str]:
    """The user's login as environment variables."""
    return {"WEBDAV_USERNAME": user, "WEBDAV_PASSWORD": server.users[user]}


@pytest.fixture
def nextcloud() -> Iterator[ScriptedNextcloud]:
    """The server on loopback."""
    with served(ScriptedNextcloud()) as server:
        yield server
