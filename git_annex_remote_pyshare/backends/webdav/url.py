"""Parses and checks the URL of a WebDAV store, and encodes object names in URLs."""

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
"""Web pages of Nextcloud and ownCloud whose addresses users copy by mistake."""
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATHS = _UNRESERVED | frozenset(b"/%!$&'()*+,;=:@")
GUEST = "anonymous"
"""User name at public links since Nextcloud 29; earlier versions use the link's token."""
_FOLDERS = ("path", "dir")
"""Query parameters for the folder that a public link's page shows."""


class WebPage(BadSetting):
    """The address is a web page's; the folder's WebDAV address differs."""


class Address(NamedTuple):
    """The parsed URL of a store."""

    base: str
    """URL of the store's folder, percent-encoded, without a trailing slash."""
    token: str = ""
    """Token of a public link; empty for a store with accounts."""
    older: str = ""
    """The same public link's address on servers before Nextcloud 29."""
    public: bool = False
    """Whether requests to this address are a guest's."""
    server: str = ""
    """Base URL of the cloud that a public link belongs to, which may be below the host's root."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return "/".join(self.base.split("/", 3)[:3])

    @property
    def cloudy(self) -> bool:
        """Whether it looks like an address of Nextcloud or ownCloud; no request is sent."""
        return "/remote.php/" in self.base or "/public.php/" in self.base


def check(settings: Mapping[str, str]) -> None:
    """Raise BadSetting, with what to type instead, if the URL is not valid for a WebDAV store."""
    address_of(settings["url"])


def address_of(url: str) -> Address:
    """Parse the URL in `url=`.

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
        raise BadSetting(f"url={url} has an empty, . or .. segment in its path", remedy="Write the full path.")
    if link := _LINK.fullmatch(path):
        return _public_link(origin + link[1], link[2], query)
    if rest := query or fragment:
        if page := _PAGE.fullmatch(path):
            raise web_page(url, origin + page[1])
        instead = command(f"url={scheme}://{host}{path}")
        raise BadSetting(
            f"url= continues after the path with {rest[0]}",
            remedy=f"Type instead: {instead} (in a folder's name write %23 for # and %3F for ?).",
        )
    public = _PUBLIC.fullmatch(path)
    if public is None:
        return Address(origin + path)
    return Address(origin + path, token=public[2] or "", public=True, server=origin + public[1])


def account_of(settings: Mapping[str, str]) -> Account:
    """The account that a login for the store is bound to: the host, or for a public link that link only.

    Raises:
        BadSetting: The URL contains no host.
    """
    url = settings["url"]
    host = bound_host(url)
    try:
        address = address_of(url.partition("#")[0])
    except BadSetting:  # an invalid `url=`, perhaps copied from a browser, is not a public link
        return Account(host, words=(url,))
    if not address.token:
        return Account(host, words=(_login_address(url),))
    below = address.server.removeprefix(address.origin)
    link = f"{host}{below}/s/{address.token}"
    page = f"{address.origin.partition(':')[0]}://{link.removeprefix(OPEN)}"
    return Account(link, _endpoints(address.server, address.token), (page,))


def _login_address(url: str) -> str:
    """The argument for `pyshare login`: a cloud's base URL, whose login is valid for all folders; else the folder."""
    cloud = _CLOUD.fullmatch(url)
    return cloud[1] if cloud else url


def web_page(url: str, server: str) -> WebPage:
    """The error for a web page's address, if the user's id, a part of the WebDAV address, is unknown."""
    return WebPage(
        f"{url} is the web page of a Nextcloud or ownCloud",
        remedy=f"Type: {command('pyshare', 'login', server)}; it prints the address of your files, to which you add a"
        " folder's name.",
    )


def web_url(url: str) -> str:
    """The URL with http(s) for dav(s), without a trailing slash."""
    scheme, _, rest = url.partition("://")
    return f"{_web_scheme(scheme)}://{rest.rstrip('/')}"


def in_path(name: str) -> str:
    """A name, percent-encoded segment by segment (RFC 3986 §2.3).

    Raises:
        BadName: The name is invalid.
    """
    return _quote(encode_name(name), _UNRESERVED | {0x2F})


def _quote(text: bytes, kept: frozenset[int]) -> str:
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in text)


def _in_url(path: str) -> str:
    """Encode the characters of a typed path that are not valid in a URL; existing escapes stay."""
    return re.sub("%(?![0-9A-Fa-f]{2})", "%25", _quote(path.encode("utf-8", "surrogateescape"), _IN_PATHS))


def _web_scheme(scheme: str) -> str:
    return {"dav": "http", "davs": "https"}.get(scheme.lower(), scheme.lower())


def _public_link(server: str, token: str, query: str) -> Address:
    folder = _folder_shown(query)
    newer, older = (endpoint.url + folder for endpoint in _endpoints(server, token))
    return Address(newer, token=token, older=older, public=True, server=server)


def _endpoints(server: str, token: str) -> tuple[Endpoint, Endpoint]:
    """The endpoints of a public link: since Nextcloud 29, and before that and on ownCloud."""
    return Endpoint(f"{server}/public.php/dav/files/{token}", GUEST), Endpoint(f"{server}/public.php/webdav", token)


def _folder_shown(query: str) -> str:
    """The folder inside the share that the page of a link shows, encoded, with a leading slash; empty if none."""
    for pair in query.lstrip("?").split("&"):
        name, _, value = pair.partition("=")
        if name in _FOLDERS and value:
            path = re.sub("%2f", "/", value.replace("+", "%20"), flags=re.IGNORECASE)
            segments = [segment for segment in path.split("/") if segment not in {"", ".", ".."}]
            return "".join(f"/{_in_url(segment)}" for segment in segments)
    return ""
