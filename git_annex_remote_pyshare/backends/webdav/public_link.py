"""Public links: finds the address of one, and makes and revokes those to the store's folder by the OCS API.

Nextcloud developer manual, "OCS Share API"; the same on ownCloud.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlencode

from git_annex_remote_pyshare.backends.base import Share, Terms
from git_annex_remote_pyshare.backends.webdav import errors, propfind
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.credentials.host import host_of
from git_annex_remote_pyshare.errors import BadSetting, NotAStore, NotFound
from git_annex_remote_pyshare.safe_text import command

_API = "/ocs/v2.php/apps/files_sharing/api/v1/shares"
_PUBLIC_LINK = 3
_READ = 1
_CHANGES = 2 | 4 | 8
"""Permissions to update, create and delete."""
_WHAT = "share the folder"
_OPENING = "open the public link"
_MAX_BYTES = 1 << 20
"""Bytes of a response that are read."""
_NOT_FOUND = 404
_PAGE = re.compile(r"https?://([^/?#\\\s]+)((?:/[\w.~%-]+)*/s/[A-Za-z0-9_-]{3,64})", re.ASCII)
"""A link's page: host and path."""

_Link = Mapping[str, Any]
"""A share as the API describes it."""


def find_address(client: Client) -> None:
    """Let the client use the link's address that the server supports: the one since Nextcloud 29, or the older one.

    The shared folder itself must be found, since later a 404 must mean a missing object.

    Raises:
        NotAStore: The link does not exist, or it leads to a single file.
        PermissionDenied: It requires a password.
    """
    address = client.address
    try:
        resource = propfind.stat(client, "", _OPENING)
    except NotAStore:
        resource = None
    if resource is None:
        client.base = address.older
        client.auth.as_guest(address.token)
        resource = propfind.stat(client, "", _OPENING)
    if resource is None:
        raise NotAStore(
            f"{client.doing(_OPENING)}: there is no such link any more", remedy="Ask its owner for a new one."
        )
    if not resource.is_folder:
        raise NotAStore(f"{client.doing(_OPENING)}: it leads to a file", remedy="Share the folder instead.")


def share(client: Client, terms: Terms) -> Share | None:
    """The read-only public link of the store's folder: an existing one, else a new one.

    Raises:
        NotAStore: The server has no such API, or returns a link that is not its own.
        NotFound: The folder does not exist yet.
        PermissionDenied: The server does not allow links, or requires a password or an end date for them.
    """
    shares = _Shares.of(client)
    if shares is None:
        if any(terms):
            raise BadSetting(
                f"{client.doing(_WHAT)}: only Nextcloud and ownCloud have links with an end date or a password"
            )
        return None
    wanted = _fields(terms)
    links = shares.links()
    # Prefer one without a password: friends can use it without a login.
    known = next((link for link in links if not _has_password(link)), links[0] if links else None)
    if known is None:
        link = shares.send("POST", "", path=shares.folder, shareType=_PUBLIC_LINK, permissions=_READ, **wanted)[0]
    elif wanted:
        link = {**known, **shares.send("PUT", str(known["id"]), **wanted)[0]}
    else:
        link = known
    url = _checked_url(client, link)
    has_password = bool(terms.password) or _has_password(link)
    login = command("pyshare", "login", url) if has_password else ""
    ends = terms.ends or str(link.get("expiration") or "")[:10]
    return Share(url, login, is_new=known is None, ends=ends, has_password=has_password)


def revoke(client: Client) -> Sequence[str]:
    """Withdraw the read-only public links of the store's folder; see `Shares.revoke`."""
    shares = _Shares.of(client)
    if shares is None:
        raise BadSetting(f"{client.doing('withdraw the link')}: this server has no links that pyshare could withdraw")
    links = shares.links()
    for link in links:
        shares.send("DELETE", str(link["id"]))
    return [str(link["url"]) for link in links]


class _Shares:
    """The sharing API, for one folder."""

    def __init__(self, client: Client, api: str, folder: str) -> None:
        self._client = client
        self._api = api
        self.folder = folder

    @classmethod
    def of(cls, client: Client) -> "_Shares | None":
        """The API of the store's server; None if its address is not one of Nextcloud or ownCloud."""
        server, found, path = client.base.partition("/remote.php/")
        folder = _folder_of(path)
        if not found or not folder:
            return None
        return cls(client, server.removeprefix(client.address.origin) + _API, folder)

    def links(self) -> list[_Link]:
        """The folder's read-only public links."""
        return [link for link in self.send("GET", "", path=self.folder) if _is_for_reading(link)]

    def send(self, method: str, id: str, /, **fields: object) -> list[_Link]:  # noqa: A002  # the API's word
        """The shares in the API's response. A change's fields go into the body, since servers log the query."""
        path = f"{self._api}/{quote(id, safe='')}" if id else self._api
        headers, body = {"OCS-APIRequest": "true"}, None
        query: dict[str, object] = {"format": "json"}
        if method == "GET":
            query |= fields
        elif fields:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = _encoded(fields).encode()
        return self._shares_of(Request(method, f"{path}?{_encoded(query)}", _WHAT, headers=headers, body=body))

    def _shares_of(self, request: Request) -> list[_Link]:
        with self._client.send(request) as response:
            body = response.read(_MAX_BYTES)
            status = response.status
        try:
            ocs = json.loads(body)["ocs"]
            message, data = str(ocs["meta"].get("message") or ""), ocs["data"]
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise errors.no_sharing(self._client.doing(_WHAT), status) from error
        if status == _NOT_FOUND and request.method == "GET":
            return []  # ownCloud's response for a folder without links
        if status == _NOT_FOUND and request.method == "POST" and propfind.stat(self._client, "", _WHAT) is None:
            # The API also sends 404 where sharing is not allowed.
            raise NotFound(f"{self._client.doing(_WHAT)}: nothing is stored there yet")
        if status // 100 != 2:
            raise errors.not_shared(self._client.doing(_WHAT), status, message)
        links = data if isinstance(data, list) else [data]
        return [link for link in links if isinstance(link, dict)] or [{}]


def _folder_of(path: str) -> str:
    """The folder's path as its user sees it, from `dav/files/USER/folder` or the older `webdav/folder`."""
    kind, _, rest = path.partition("/")
    if kind == "dav":
        rest = rest.removeprefix("files/").partition("/")[2]
    return f"/{unquote(rest)}"


def _is_for_reading(link: _Link) -> bool:
    """Whether it allows reading but no changes."""
    try:
        permissions = int(link.get("permissions", _READ))
    except (TypeError, ValueError):
        return False
    is_link = link.get("share_type") == _PUBLIC_LINK and bool(link.get("url"))
    return is_link and bool(permissions & _READ) and not permissions & _CHANGES


def _has_password(link: _Link) -> bool:
    """Whether the link wants one; the API shows it masked (`password` since Nextcloud 15, `share_with` as ever)."""
    return bool(link.get("share_with") or link.get("password"))


def _checked_url(client: Client, link: _Link) -> str:
    """The link's page, checked to be on the store's server; other text from the server is untrusted.

    Raises:
        NotAStore: It leads to another host, or is not the page of a link.
    """
    url, origin = str(link.get("url") or ""), client.address.origin
    page = _PAGE.fullmatch(url)
    try:
        # A server behind a proxy may not know that its clients use https.
        is_ours = page is not None and host_of(f"{origin.partition('://')[0]}://{page[1]}") == host_of(origin)
    except BadSetting:
        is_ours = False
    if page is None or not is_ours:
        raise NotAStore(
            f"{client.doing(_WHAT)}: the server returned the link {url!r}, which is not one of its own",
            remedy="Ask the server's administrator.",
        )
    return f"{origin}{page[2]}"


def _fields(terms: Terms) -> dict[str, object]:
    """The terms as fields of the API."""
    fields = {"expireDate": terms.ends, "password": terms.password}
    return {name: value for name, value in fields.items() if value}


def _encoded(fields: Mapping[str, object]) -> str:
    return urlencode(fields, quote_via=quote, errors="surrogateescape")
