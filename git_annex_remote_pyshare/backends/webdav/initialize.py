"""Checks an address at `initremote`: names the right one for a web page, else makes the folder and marks it."""

import re
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import parse_qs, quote, unquote, urlsplit

from git_annex_remote_pyshare.backends import ownership
from git_annex_remote_pyshare.backends.base import Initialized, StoreConfig
from git_annex_remote_pyshare.backends.webdav import other_users as home
from git_annex_remote_pyshare.backends.webdav import propfind, public_link
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.folders import Folders
from git_annex_remote_pyshare.backends.webdav.url import Address, WebPage, web_page, web_url
from git_annex_remote_pyshare.credentials.host import host_of
from git_annex_remote_pyshare.errors import (
    BadSetting,
    Busy,
    NotAStore,
    NotFound,
    PermissionDenied,
    PyshareError,
    Unreachable,
)
from git_annex_remote_pyshare.safe_text import command

_CHECK = "check the folder"
_GONE = {404, 410}
_WRITTEN = {200, 201, 204}
_NO_SUCH_METHOD = {405, 501}

_PAGE = re.compile(r"(?:/index\.php)?(?:/(?:apps/.*|login(?:/.*)?))?", re.DOTALL)
_ADDRESS_PARTS = ("index.php", "remote.php", "dav", "webdav", "files")
"""What precedes a folder's path in WebDAV addresses, complete or partial."""

_OTHER_FORMS = ("remote.php/webdav", "remote.php/dav/spaces/", "remote.php/dav/public-files/", "dav/")
"""Prefixes of valid addresses without a user's id; the last one is Infinite Scale's."""


def initialize(place: StoreConfig, address: Address, client: Client, folders: Folders) -> Initialized:
    """See `CanInitialize.initialize`.

    Raises:
        BadSetting: The address is a web page's, another user's, or another remote's place.
        PermissionDenied: The server refuses the login.
        NotAStore: It is not a WebDAV server, or the public link does not exist.
    """
    private = address.cloudy and not address.public
    failure = None
    try:
        notes = _check_link(client) if address.public else _make_and_mark(place, client, folders)
    except (Unreachable, Busy) as error:
        failure, notes = error, (ownership.unchecked(host_of(place.url), error),)
    except PermissionDenied as error:
        if client.auth.login is None:
            notes = (ownership.without_login(place),)
        elif client.auth.is_refused or address.public:
            raise
        else:  # the login may be withheld over http, or the server may forbid PROPFIND only
            notes = (str(error),)
    return Initialized(notes=notes, private=private, failure=failure)


def _check_link(client: Client) -> tuple[str, ...]:
    """Check a public link, which is part of its owner's store and so is not marked."""
    if client.address.older:
        public_link.find_address(client)
    elif propfind.stat(client, "", _CHECK) is None:
        raise NotAStore(f"{client.doing(_CHECK)}: there is no such link", remedy="Ask its owner for a new one.")
    return ()


def _make_and_mark(place: StoreConfig, client: Client, folders: Folders) -> tuple[str, ...]:
    """Make the folder if it does not exist, and mark it; returns notices for the owner."""
    if other := home.find_other_user(client):
        raise BadSetting(f"{place.url}: {other.why}", remedy=f"Type instead: {command(f'url={other.own_url}')}")
    try:
        resource = propfind.stat(client, "", _CHECK)
        if resource is None:
            folders.make("")
    except (NotAStore, NotFound) as error:
        if page := web_page_error(place):
            raise page from error
        if _has_no_propfind(client):
            return (f"{place.url} does not support PROPFIND, so nothing was checked",)
        raise
    # Some servers send no resource type, but a folder has no length.
    if resource is not None and resource.size is not None:
        raise BadSetting(f"{place.url} is a file", remedy="Give the address of a folder as url=.")
    return _mark(place, client)


def _has_no_propfind(client: Client) -> bool:
    """Whether the server stores files but has no PROPFIND, like nginx's own WebDAV."""
    with client.send(Request("PROPFIND", "", _CHECK, {"Depth": "0"})) as response:
        return response.status in _NO_SUCH_METHOD


def _mark(place: StoreConfig, client: Client) -> tuple[str, ...]:
    try:
        return ownership.claim(place, place.url, lambda: _read(client), lambda mark: _write(client, mark))
    except PyshareError as error:
        if error.retryable or isinstance(error, BadSetting):
            raise
        return (ownership.unmarked(place.url),)


def _read(client: Client) -> bytes:
    request = Request("GET", ownership.MARK, "read which remote the folder belongs to")
    with client.send(request) as response:
        if response.status in _GONE:
            return b""
        if response.status != HTTPStatus.OK:
            raise client.failure(request, response)
        return response.read(ownership.LONGEST)


def _write(client: Client, mark: bytes) -> None:
    request = Request("PUT", ownership.MARK, "mark the folder as this remote's", {"Content-Type": "text/plain"}, mark)
    with client.send(request) as response:
        if response.status not in _WRITTEN:
            raise client.failure(request, response)


def with_hint(place: StoreConfig, refusal: BadSetting) -> BadSetting:
    """The error for a web page's address, with the address to type instead if the server reports it."""
    found = web_page_error(place) if isinstance(refusal, WebPage) else None
    return found or refusal


def web_page_error(place: StoreConfig) -> BadSetting | None:
    """The error for an address on a Nextcloud or ownCloud that is not a WebDAV folder there.

    None if the address is valid, if it is another kind of server, or if there is no response.
    """
    from git_annex_remote_pyshare.backends.webdav import nextcloud  # noqa: PLC0415  # imports requests

    url = web_url(place.url)
    with suppress(PyshareError):  # without a response there is nothing to add
        server = nextcloud.find_server(url)
        if server is None or url.startswith(tuple(f"{server}/{form}" for form in _OTHER_FORMS)):
            return None
        login = place.credential()
        user = nextcloud.user_id(server, login) if login else None
        if user is None:
            return web_page(place.url, server)
        home = nextcloud.dav_address(server, user)
        if f"{url}/".startswith(f"{home}/"):
            return None
        folder = folder_meant(url, server, user)
        address = f"{home}/{quote(folder or _name_of_dataset(place.clone.git_dir))}"
        is_what = "the web page of a" if _is_page(url, server) else "not the address of a folder on this"
        return BadSetting(
            f"{place.url} is {is_what} Nextcloud or ownCloud", remedy=f"Type instead: {command(f'url={address}')}"
        )
    return None


def folder_meant(url: str, server: str, user: str = "") -> str:
    """The path of the folder, below the user's own files, that an address on a cloud most likely means.

    Args:
        url: What the user typed or copied: a web page's address, or an incomplete one, with http(s).
        server: The cloud's base URL.
        user: The user's id, which may be a part of the address.
    """
    return _folder_shown(url) if _is_page(url, server) else _folder_named(_below(url, server), user)


def _below(url: str, server: str) -> str:
    return urlsplit(url).path.removeprefix(urlsplit(server).path)


def _is_page(url: str, server: str) -> bool:
    return _PAGE.fullmatch(_below(url, server)) is not None


def _folder_shown(url: str) -> str:
    """The path of the folder that a web page shows; empty if none."""
    return parse_qs(urlsplit(url).query).get("dir", [""])[0].strip("/")


def _folder_named(path: str, user: str) -> str:
    """The path of the folder that an invalid address most likely means."""
    segments = [unquote(segment) for segment in path.split("/") if segment]
    while segments and segments[0] in {*_ADDRESS_PARTS, user}:
        del segments[0]
    return "/".join(segments)


def _name_of_dataset(git_dir: str) -> str:
    import os  # noqa: PLC0415  # only needed for an error

    work_tree = os.path.dirname(os.path.abspath(git_dir)) if git_dir else ""
    return os.path.basename(work_tree) or "annex"
