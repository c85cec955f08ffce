"""Public links to the store's folder, through the OCS API of Nextcloud and ownCloud.

Nextcloud developer manual, "OCS Share API"; the same on ownCloud.
"""

import json
from typing import Any
from urllib.parse import quote, unquote, urlencode

from git_annex_remote_pyshare.backends.base import Share
from git_annex_remote_pyshare.backends.webdav.http import Client, Request
from git_annex_remote_pyshare.errors import Denied, NotAStore, PyshareError

_API = "/ocs/v2.php/apps/files_sharing/api/v1/shares"
_PUBLIC_LINK = 3
_READ = 1
_WHAT = "share the folder"
_LONGEST = 1 << 20
"""Bytes of an answer that are read."""


def share(client: Client) -> Share:
    """The public link of the store's folder: one that is there already, else a new one for reading.

    Raises:
        NotAStore: The server has no such API.
        Denied: It does not allow links, or wants a password or an end date for them.
    """
    server, found, path = client.base.partition("/remote.php/")
    folder = _folder_of(path)
    if not found or not folder:
        raise NotAStore(
            f"{client.doing(_WHAT)}: only Nextcloud and ownCloud can do that for us",
            remedy="Share the folder on the server's own web page, if it has one.",
        )
    api = server.removeprefix(client.address.origin) + _API
    links = _ask(client, Request("GET", f"{api}?{_query(path=folder)}", _WHAT))
    made = next((link for link in links if _is_plain(link)), None)
    if made is None:
        wanted = _query(path=folder, shareType=_PUBLIC_LINK, permissions=_READ)
        made = _ask(client, Request("POST", f"{api}?{wanted}", _WHAT))[0]
    return Share(str(made["url"]), f"pyshare login {made['url']}" if made.get("share_with") else "")


def _folder_of(path: str) -> str:
    """The folder as its user names it, from `dav/files/USER/folder` or the older `webdav/folder`."""
    kind, _, rest = path.partition("/")
    if kind == "dav":
        rest = rest.removeprefix("files/").partition("/")[2]
    return f"/{unquote(rest)}"


def _is_plain(link: dict[str, Any]) -> bool:
    """Whether it is a public link that a friend can read without a password."""
    return link.get("share_type") == _PUBLIC_LINK and not link.get("share_with") and bool(link.get("url"))


def _query(**fields: object) -> str:
    return urlencode({**fields, "format": "json"}, quote_via=quote, errors="surrogateescape")


def _ask(client: Client, request: Request) -> list[dict[str, Any]]:
    request = request._replace(headers={"OCS-APIRequest": "true"})
    with client.ask(request) as answer:
        body = answer.read(_LONGEST)
        status = answer.status
        if status == 404 and request.method == "GET" and b'"ocs"' in body:
            return []  # ownCloud says so of a folder without links
    try:
        ocs = json.loads(body)["ocs"]
        said, data = str(ocs["meta"].get("message") or ""), ocs["data"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise _unheard(client, status) from error
    if status // 100 != 2:
        raise Denied(f"{client.doing(_WHAT)}: {said or f'status {status}'}", remedy="Ask who runs the server.")
    return data if isinstance(data, list) else [data]


def _unheard(client: Client, status: int) -> PyshareError:
    return NotAStore(f"{client.doing(_WHAT)}: no answer of Nextcloud or ownCloud (status {status})")
