"""Completes the address of a cloud, as the user copies it from the browser, to the WebDAV address of a folder there."""

import re
from contextlib import suppress
from urllib.parse import quote, unquote, urlsplit

from git_annex_remote_pyshare.backends.offer import Found
from git_annex_remote_pyshare.backends.webdav import nextcloud, verify_login
from git_annex_remote_pyshare.backends.webdav.initialize import folder_meant
from git_annex_remote_pyshare.backends.webdav.url import address_of, web_url
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting

USER = "USER"
"""Stands for the user's id in an address that is only shown."""

_OF_USER = re.compile(r".*/remote\.php/dav/files/([^/?#]+)((?:/[^?#]*)?)", re.DOTALL)
_AS_IT_IS = ("/remote.php/", "/public.php/", "/s/", "/dav/")
"""In addresses that are complete: other forms of WebDAV addresses, and public links."""


def look(url: str) -> Found:
    """What is at the address.

    Raises:
        Unreachable: The server does not respond.
    """
    if _is_public(url):
        return Found("a public link", wants_login=False)
    url = web_url(url)
    server = nextcloud.find_server(url)
    if server is None:
        is_root = not urlsplit(url).path.strip("/")
        return Found(needs_folder=is_root, has_links=False, wants_login=verify_login.is_wanted(url))
    return Found(nextcloud.name_of(server), needs_folder=not _folder_in(url, server), is_private=True)


def complete(url: str, folder: str, login: Credential | None) -> str:
    """The WebDAV address of the folder.

    Args:
        url: What the user typed.
        folder: The folder that the user chose, if the address names none.
        login: The user's; without one, the address of a cloud has `USER` in place of the user's id.

    Raises:
        BadSetting: A folder is wanted in a public link.
        PermissionDenied: The server refuses the login.
        Unreachable: The server does not respond.
    """
    if _is_public(url):
        if folder:
            raise BadSetting(
                f"{url} is a public link, in which pyshare makes no folders", remedy="Give your own folder."
            )
        return url
    typed = web_url(url)
    server = nextcloud.find_server(typed)
    if server is None:
        return f"{typed}/{quote(folder)}" if folder else url
    if not _is_incomplete(typed, server):
        return f"{typed}/{quote(folder)}" if folder else url
    user = (nextcloud.user_id(server, login) or login.user) if login else USER
    return f"{nextcloud.dav_address(server, user)}/{quote(folder_meant(typed, server, user) or folder)}"


def _is_public(url: str) -> bool:
    with suppress(BadSetting):  # a web page's address
        return address_of(url).public
    return False


def _is_incomplete(url: str, server: str) -> bool:
    """Whether it is no WebDAV address, or lacks the user's id."""
    if _OF_USER.fullmatch(url):
        return False
    below = url.removeprefix(server)
    return below.startswith("/remote.php/dav/files") or not below.startswith(_AS_IT_IS)


def _folder_in(url: str, server: str) -> str:
    """The folder that the address names; empty if it is the whole cloud, or all files of a user."""
    if own := _OF_USER.fullmatch(url):
        return unquote(own[2]).strip("/")
    return folder_meant(url, server)
