"""Logs in at Nextcloud through a browser, which grants a revocable app password, and reads the user's address.

Login flow v2: https://docs.nextcloud.com/server/latest/developer_manual/client_apis/LoginFlow/index.html
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import host_of, is_confidential
from git_annex_remote_pyshare.errors import Busy, NotAStore, PermissionDenied, Unreachable
from git_annex_remote_pyshare.safe_text import command, one_line

PAUSE = 2.0
"""Seconds between two polls for the browser's grant."""
LIMIT = 20 * 60.0
"""Seconds after which the server drops the flow (its LoginFlowV2Mapper)."""

_LONGEST_NAME = 60
"""Characters of a server's name that are shown."""
_OCS = {"OCS-APIRequest": "true"}
_MARKS = ("/remote.php", "/public.php", "/index.php", "/ocs/", "/apps/", "/s/", "/dav/")
"""What follows the server's own address in URLs that users copy."""


class Flow(NamedTuple):
    """A login waiting for the browser; its token is a secret."""

    server: str
    link: str
    """The link to open in a browser, on any machine."""
    endpoint: str
    token: str

    def __repr__(self) -> str:
        """Without the token."""
        return f"Flow(server={self.server!r}, link=…, endpoint={self.endpoint!r}, token=…)"


def find_server(url: str) -> str | None:
    """The base URL of the cloud that `url` belongs to; None for any other server.

    Raises:
        Unreachable: There is no response.
    """
    for base in _bases(url):
        with suppress(NotAStore):  # some servers redirect every unknown path to their home page
            if "productname" in _json(web.ask("GET", f"{base}/status.php")):
                return base
    return None


def name_of(server: str) -> str:
    """Product and main version of the cloud, e.g. `Nextcloud 31`; empty if it does not report them.

    Raises:
        Unreachable: There is no response.
    """
    status = _json(web.ask("GET", f"{server}/status.php"))
    version = str(status.get("versionstring") or status.get("version") or "").partition(".")[0]
    return one_line(f"{status.get('productname') or ''} {version}")[:_LONGEST_NAME]


def begin(server: str) -> Flow | None:
    """Start the flow; None if the server has none (ownCloud, Infinite Scale).

    Raises:
        NotAStore: The response names another host, or a URL without TLS.
    """
    response = web.ask("POST", f"{server}/index.php/login/v2")
    content = _json(response)
    poll = content.get("poll")
    if not isinstance(poll, dict):
        return None
    flow = Flow(server, str(content.get("login")), str(poll.get("endpoint")), str(poll.get("token")))
    for address in (flow.link, flow.endpoint):
        _check_same(server, address)
    return flow


def wait(
    flow: Flow, *, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
) -> tuple[str, Credential]:
    """The server's base URL and the app password, once the user has granted access in the browser.

    Raises:
        PermissionDenied: Access was not granted within 20 minutes.
        NotAStore: The response names another host, or contains no app password.
    """
    end = clock() + LIMIT
    while clock() < end:
        if granted := _poll(flow):
            server = str(granted.get("server")).rstrip("/")
            _check_same(flow.server, server)
            return server, Credential(str(granted["loginName"]), str(granted["appPassword"]), "pyshare login")
        sleep(PAUSE)
    raise PermissionDenied(
        "access was not granted in the browser within 20 minutes",
        remedy=f"Type: {command('pyshare', 'login', flow.server)}",
    )


def user_id(server: str, login: Credential) -> str | None:
    """The user's id, which is the last part of the DAV address and need not be the login name.

    None if the server does not report it.

    Raises:
        PermissionDenied: The server refuses the login.
    """
    address = f"{server}/ocs/v1.php/cloud/user?format=json"
    response = web.ask("GET", address, headers=_OCS, auth=web.basic(login))
    if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise web.Refused(host_of(server), command("pyshare", "login", server))
    try:
        return str(_json(response)["ocs"]["data"]["id"])
    except (KeyError, TypeError):
        return None


def dav_address(server: str, user: str) -> str:
    """The WebDAV address of the user's files."""
    return f"{server}/remote.php/dav/files/{quote(user, safe='')}"


def revoke(server: str, login: Credential) -> bool:
    """Revoke the app password `login` at the server; whether the server confirms it.

    Raises:
        Unreachable: There is no response.
    """
    address = f"{server}/ocs/v2.php/core/apppassword"
    return web.ask("DELETE", address, headers=_OCS, auth=web.basic(login)).status_code == HTTPStatus.OK


def _bases(url: str) -> Iterator[str]:
    """Possible parents of the cloud's `status.php`: before a known path, else the path, its first segment, the root."""
    parts = urlsplit(url)
    root = f"{parts.scheme.replace('dav', 'http')}://{parts.netloc}"
    path = parts.path.rstrip("/")
    marks = [path.index(mark) for mark in _MARKS if mark in path]
    paths = [path[: min(marks)]] if marks else [path, "/".join(path.split("/")[:2]), ""]
    yield from dict.fromkeys(root + path for path in paths)


def _poll(flow: Flow) -> Mapping[str, Any] | None:
    try:
        response = web.ask("POST", flow.endpoint, data={"token": flow.token})
    except (Unreachable, Busy):  # the user is still logging in; a short network failure does not end the flow
        return None
    if response.status_code == HTTPStatus.NOT_FOUND or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    granted = _json(response)
    if not {"server", "loginName", "appPassword"} <= granted.keys():
        raise NotAStore(
            f"{host_of(flow.server)} responded to the login with status {response.status_code} and no app password",
            remedy=f"Type: {command('pyshare', 'login', flow.server, '--user', 'NAME')}",
        )
    return granted


def _check_same(server: str, address: str) -> None:
    if not is_confidential(address) or host_of(address) != host_of(server):
        raise NotAStore(
            f"{server} wants to continue the login at {address}",
            remedy="Use the server's own https address; its administrator can set overwrite.cli.url and"
            " overwriteprotocol.",
        )


def _json(response: Any) -> Mapping[str, Any]:
    try:
        content = response.json()
    except (ValueError, RecursionError):  # RecursionError: nested too deeply
        return {}
    return content if isinstance(content, dict) else {}
