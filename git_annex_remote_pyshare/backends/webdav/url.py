"""Addresses of WebDAV stores: what `url=` means, which ones are refused, and how names go into a URL."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.credentials.account import Account, Endpoint
from git_annex_remote_pyshare.credentials.host import OPEN, bound_host, host_of
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

_URL = re.compile(r"(https?|davs?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.IGNORECASE | re.DOTALL)
_LINK = re.compile(r"(.*?)(?:/index\.php)?/s/([^/]+)/?")
_PUBLIC = re.compile(r"(.*?)/public\.php/(?:webdav|dav/files/([^/]+))(?:/.*)?")
_CLOUD = re.compile(
    r"([a-z]+://[^/?#]+(?:/[^?#]*?)?)/remote\.php/(?:dav|webdav)(?:[/?#].*)?", re.IGNORECASE | re.DOTALL
)
_PAGE = re.compile(r"(.*?)(?:/index\.php)?/(?:apps/[^/]+(?:/.*)?|login)", re.DOTALL)
"""Pages of Nextcloud and ownCloud that people have open while they look for an address."""
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATHS = _UNRESERVED | frozenset(b"/%!$&'()*+,;=:@")
GUEST = "anonymous"
"""User name at public links since Nextcloud 29; before, the link's token is the user."""
_FOLDERS = ("path", "dir")
"""Parameters by which the pages of a public link name the folder that is shown."""


class WebPage(BadSetting):
    """The address is one that a browser shows, of a server on which the folder has another one."""


class Address(NamedTuple):
    """Where a store is, as HTTP wants it."""

    base: str
    """URL of the store's folder, percent-encoded, without a trailing slash."""
    token: str = ""
    """Of a public link; empty for a store with accounts."""
    older: str = ""
    """Where servers from before Nextcloud 29 keep the same public link."""
    public: bool = False
    """Whether the server treats visitors of this address as guests."""
    server: str = ""
    """Base URL of the cloud that a public link belongs to, which may lie below the host's root."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return "/".join(self.base.split("/", 3)[:3])

    @property
    def cloudy(self) -> bool:
        """Whether it looks like one of Nextcloud or ownCloud, whatever answers there."""
        return "/remote.php/" in self.base or "/public.php/" in self.base


def check(settings: Mapping[str, str]) -> None:
    """Raise BadSetting, with what to type instead, when the URL cannot be that of a WebDAV store."""
    address_of(settings["url"])


def address_of(url: str) -> Address:
    """What a URL in `url=` means.

    Public links are `https://HOST/s/TOKEN` (a share's page, also behind `/index.php`) and the addresses below
    `/public.php/` (Nextcloud developer manual, "WebDAV basic APIs", public shares).

    Raises:
        BadSetting: It is not the address of a WebDAV store.
    """
    match = _URL.fullmatch(url)
    if not match:
        raise BadSetting(
            f"url={url} is not the address of a WebDAV folder",
            remedy="Give one like url=https://cloud.example.org/remote.php/dav/files/bob/annex.",
        )
    scheme, host, path, query, fragment = (part or "" for part in match.groups())
    host_of(url)
    origin = f"{_web_scheme(scheme)}://{host.lower()}"
    path = _in_url(path.rstrip("/"))
    if any(segment in {"", ".", ".."} for segment in path.split("/")[1:]):
        raise BadSetting(f"url={url} has an empty or dotted part in its path", remedy="Write the path out.")
    if link := _LINK.fullmatch(path):
        return _public_link(origin + link[1], link[2], query)
    if rest := query or fragment:
        if page := _PAGE.fullmatch(path):
            raise web_page(url, origin + page[1])
        instead = command(f"url={scheme}://{host}{path}")
        raise BadSetting(
            f"url= goes on after the path with {rest[0]}",
            remedy=f"Type instead: {instead} (in a folder's name write %23 for # and %3F for ?).",
        )
    public = _PUBLIC.fullmatch(path)
    if public is None:
        return Address(origin + path)
    return Address(origin + path, token=public[2] or "", public=True, server=origin + public[1])


def account_of(settings: Mapping[str, str]) -> Account:
    """What a login for the store is bound to: the host, or for a public link exactly that link.

    Raises:
        BadSetting: The URL leads to no server.
    """
    url = settings["url"]
    host = bound_host(url)
    try:
        address = address_of(url.partition("#")[0])
    except BadSetting:  # what `url=` would refuse is no link either, and may well be copied from a browser
        return Account(host, words=(url,))
    if not address.token:
        return Account(host, words=(_login_address(url),))
    below = address.server.removeprefix(address.origin)
    link = f"{host}{below}/s/{address.token}"
    page = f"{address.origin.partition(':')[0]}://{link.removeprefix(OPEN)}"
    return Account(link, _endpoints(address.server, address.token), (page,))


def _login_address(url: str) -> str:
    """What to log in at: of a cloud its own address, where one login serves all folders; else the folder itself."""
    cloud = _CLOUD.fullmatch(url)
    return cloud[1] if cloud else url


def web_page(url: str, server: str) -> WebPage:
    """The refusal of a web page's address, where the user's id, which is a part of the right one, is unknown."""
    return WebPage(
        f"{url} is the web page of a Nextcloud or ownCloud",
        remedy=f"Type: {command('pyshare', 'login', server)}; it prints the address of your files, to which you add a"
        " folder's name.",
    )


def web_url(url: str) -> str:
    """The URL with http(s) for dav(s), without a slash at its end."""
    scheme, _, rest = url.partition("://")
    return f"{_web_scheme(scheme)}://{rest.rstrip('/')}"


def in_path(name: str) -> str:
    """A name, percent-encoded segment by segment (RFC 3986 §2.3).

    Raises:
        BadName: It is no legal name.
    """
    return _quote(encode_name(name), _UNRESERVED | {0x2F})


def _quote(text: bytes, kept: frozenset[int]) -> str:
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in text)


def _in_url(path: str) -> str:
    """The path of a URL as people type it: what is encoded stays, only what no URL may hold is encoded."""
    return re.sub("%(?![0-9A-Fa-f]{2})", "%25", _quote(path.encode("utf-8", "surrogateescape"), _IN_PATHS))


def _web_scheme(scheme: str) -> str:
    return {"dav": "http", "davs": "https"}.get(scheme.lower(), scheme.lower())


def _public_link(server: str, token: str, query: str) -> Address:
    folder = _folder_shown(query)
    newer, older = (endpoint.url + folder for endpoint in _endpoints(server, token))
    return Address(newer, token=token, older=older, public=True, server=server)


def _endpoints(server: str, token: str) -> tuple[Endpoint, Endpoint]:
    """Where a public link is reached: since Nextcloud 29, and before as well as on ownCloud."""
    return Endpoint(f"{server}/public.php/dav/files/{token}", GUEST), Endpoint(f"{server}/public.php/webdav", token)


def _folder_shown(query: str) -> str:
    """The folder inside the share that the page of a link shows, encoded, with a leading slash; else empty."""
    for pair in query.lstrip("?").split("&"):
        name, _, value = pair.partition("=")
        if name in _FOLDERS and value:
            path = re.sub("%2f", "/", value.replace("+", "%20"), flags=re.IGNORECASE)
            segments = [segment for segment in path.split("/") if segment not in {"", ".", ".."}]
            return "".join(f"/{_in_url(segment)}" for segment in segments)
    return ""
