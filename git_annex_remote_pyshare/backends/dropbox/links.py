"""Shared links: to the whole store for friends with a login at Dropbox, to single files for everybody.

Source: https://github.com/dropbox/dropbox-api-spec, sharing.stone.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from git_annex_remote_pyshare.backends.base import Share
from git_annex_remote_pyshare.backends.dropbox.api import Call, Client, Reply
from git_annex_remote_pyshare.backends.dropbox.url import Address, link_of
from git_annex_remote_pyshare.errors import BadSetting, Denied, NotFound

_CREATE = "sharing/create_shared_link_with_settings"
_LIST = "sharing/list_shared_links"
_PUBLIC: Mapping[str, Any] = {"audience": "public", "access": "viewer", "allow_download": True}
"""What anybody can read who has the link; no expiry and no password, which only paying accounts may ask for."""
_EXISTS = "shared_link_already_exists"
_REFUSED = "settings_error"
_HOST = "www.dropbox.com"


def share(client: Client, address: Address) -> Share:
    """The link to the store's folder; see `Shares.share`."""
    if not address.folder:
        raise BadSetting(
            "a whole Dropbox cannot be shared by a link", remedy="Keep the store in a folder: url=dropbox:/FOLDER."
        )
    return Share(link_of(_public(client, address.folder, "share the store")).link, "pyshare login dropbox --sharing")


def publish(client: Client, path: str, what: str) -> str:
    """The URL from which anyone gets the file at `path`, found or made."""
    return as_download(_public(client, path, what))


def as_download(link: str) -> str:
    """A link to a file, made to give the file instead of a page about it (`dl=1`)."""
    parts = urlsplit(link)
    wanted = {**dict(parse_qsl(parts.query)), "dl": "1"}
    wanted.pop("st", None)
    return parts._replace(query=urlencode(wanted), fragment="").geturl()


def may_lead_to(name: str, url: str) -> bool:
    """Whether a URL looks like one that `publish` gave for the object of that name."""
    parts = urlsplit(url)
    base = name.rpartition("/")[2]
    return parts.netloc == _HOST and unquote(parts.path.rpartition("/")[2]).lower() == base.lower()


def _public(client: Client, path: str, what: str) -> str:
    """The URL of a link that anyone can open."""
    reply = _made(client, path, what)
    if reply.tag.startswith("path/not_found"):
        raise NotFound(
            f"{client.doing(what)}: nothing is stored there yet", remedy="First store something: git annex copy --to."
        )
    link = reply.result if "url" in reply.result else _known(client, path, what)
    permissions = link.get("link_permissions", {})
    audience = permissions.get("effective_audience", {}).get(".tag", "public")
    if audience != "public" or permissions.get("require_password"):
        raise Denied(
            f"{client.doing(what)}: the link there is not public, but for {audience}",
            remedy="The team's administrator can allow public links; a password can be removed on Dropbox's page.",
        )
    if end := link.get("expires"):
        raise Denied(
            f"{client.doing(what)}: the link there ends on {end}",
            remedy="Remove the date, or the link, on Dropbox's page.",
        )
    return str(link["url"])


def _made(client: Client, path: str, what: str) -> Reply:
    """Make a link; where the account may not say how, one as Dropbox makes them."""
    expected = (_EXISTS, _REFUSED, "path/not_found")
    reply = client.rpc(Call(_CREATE, {"path": path, "settings": _PUBLIC}, what, expected))
    if reply.tag.startswith(_REFUSED):
        return client.rpc(Call(_CREATE, {"path": path}, what, (_EXISTS, "path/not_found")))
    return reply


def _known(client: Client, path: str, what: str) -> Mapping[str, Any]:
    """The link that is there already, where Dropbox did not tell it."""
    links = client.rpc(Call(_LIST, {"path": path, "direct_only": True}, what)).result.get("links", [])
    if not links:
        raise Denied(f"{client.doing(what)}: Dropbox says that there is a link, but does not show it")
    link: Mapping[str, Any] = links[0]
    return link
