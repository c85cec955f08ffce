"""Tries a login, or the password of a public link, once before it is kept: repeated wrong ones lock the user out."""

from http import HTTPStatus

import requests

from git_annex_remote_pyshare.backends.webdav import nextcloud
from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.credentials.account import Account, Endpoint
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import host_of
from git_annex_remote_pyshare.errors import NotAStore, PermissionDenied, Unreachable
from git_annex_remote_pyshare.safe_text import command

_FINE = {HTTPStatus.OK, HTTPStatus.MULTI_STATUS, HTTPStatus.NOT_FOUND}
"""404: the folder may not exist yet, which does not depend on the login."""

_GUEST_HEADERS = {"Depth": "0", "X-Requested-With": "XMLHttpRequest"}
"""Without X-Requested-With Nextcloud refuses all guests (nextcloud/server publicremote.php)."""


def own_address(url: str, server: str | None, login: Credential) -> str:
    """The WebDAV address of the user's own files at a cloud; empty for any other server, whose folder `url` is tried.

    Args:
        url: The address that the login is for, http(s).
        server: The cloud's base URL, as `nextcloud.find_server` gives it; None for any other server.
        login: What to try.

    Raises:
        PermissionDenied, NotAStore, Unreachable: As `check`.
    """
    if server and (user := nextcloud.user_id(server, login)):
        return nextcloud.dav_address(server, user)
    check(url, login)
    return ""


def check(url: str, login: Credential) -> None:
    """Send a PROPFIND for the WebDAV folder `url` with the login.

    Raises:
        PermissionDenied: The server refuses the login, or forbids it the folder.
        NotAStore: It is not a WebDAV server.
        Unreachable: There is no response, or a server error.
    """
    # Without the slash some servers redirect a request for a folder.
    response = _look(url.rstrip("/") + "/", login)
    host, status = host_of(url), response.status_code
    if status == HTTPStatus.UNAUTHORIZED:
        raise web.Refused(host, command("pyshare", "login", url))
    if status == HTTPStatus.FORBIDDEN:
        raise PermissionDenied(
            f"{host} accepts the login of {login.user or 'the token'} but forbids {url}",
            remedy="Ask the server's administrator.",
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED:
        raise Unreachable(f"{host} has an internal error (status {status})", remedy="Try again later.")
    if status not in _FINE:
        raise NotAStore(f"{url} is not a WebDAV folder (status {status})", remedy="Check the address.")


def is_wanted(url: str) -> bool:
    """Whether the server requires a login for the WebDAV folder `url`.

    Raises:
        Unreachable: There is no response.
    """
    response = web.ask("PROPFIND", url.rstrip("/") + "/", headers={"Depth": "0"})
    return response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def _look(url: str, login: Credential) -> requests.Response:
    response = web.ask("PROPFIND", url, headers={"Depth": "0"}, auth=web.basic(login))
    challenge = response.headers.get("WWW-Authenticate", "").lower()
    if response.status_code == HTTPStatus.UNAUTHORIZED and login.user and "digest" in challenge:
        return web.ask("PROPFIND", url, headers={"Depth": "0"}, auth=web.digest(login))
    return response


def locked_endpoint(account: Account) -> Endpoint | None:
    """The public link's endpoint that requires a password; None if the link has none.

    Raises:
        NotAStore: The link does not exist on the server.
        Unreachable: There is no response, or a server error.
    """
    status = 0
    for endpoint in account.endpoints:
        status = _status_at(endpoint, "")
        if status == HTTPStatus.UNAUTHORIZED:
            return endpoint
        if status == HTTPStatus.MULTI_STATUS:
            return None
    raise NotAStore(
        f"the server has no public link {account.name} (status {status})", remedy="Ask its owner for a new one."
    )


def check_guest(account: Account, endpoint: Endpoint, password: str) -> None:
    """Try the password of a public link once.

    Raises:
        PermissionDenied: The server refuses it.
        Unreachable: There is no response, or a server error.
    """
    if (status := _status_at(endpoint, password)) != HTTPStatus.MULTI_STATUS:
        raise PermissionDenied(
            f"the public link {account.name} refuses this password (status {status})",
            remedy="Try again, or ask the link's owner whether it has changed.",
        )


def _status_at(endpoint: Endpoint, password: str) -> int:
    login = web.basic(Credential(endpoint.user, password, "pyshare login"))
    # Without the slash some servers redirect a request for a folder.
    status: int = web.ask("PROPFIND", f"{endpoint.url}/", headers=_GUEST_HEADERS, auth=login).status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED:
        raise Unreachable(f"{host_of(endpoint.url)} has an internal error (status {status})", remedy="Try again later.")
    return status
