"""Addresses of Dropbox stores: a folder in your own Dropbox, or a shared link to another user's."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends.dropbox import credential as dropbox
from git_annex_remote_pyshare.backends.dropbox.name_case import checked
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.errors import BadName, BadSetting
from git_annex_remote_pyshare.safe_text import command

_FOLDER = re.compile(r"dropbox:(.*)", re.IGNORECASE | re.DOTALL)
_LINK = re.compile(r"https?://(?:www\.)?dropbox\.com(/[^?#]*)(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_SHARED_FOLDER = re.compile(r"/(?:scl/fo|sh)/[^/]+(?:/[^/]*)*", re.IGNORECASE)
_SHARED_FILE = re.compile(r"/(?:scl/fi|s)/.*", re.IGNORECASE | re.DOTALL)
_SECRET = re.compile(r"(?:^|&)(rlkey=[^&]+)")
_HOME = "/home/"


class Address(NamedTuple):
    """A store's address, in the form that Dropbox's API needs."""

    folder: str
    """Path of the store's folder, with a slash at its start only; empty for the root, and behind a link."""
    shown: str
    """The store's name in error texts: without a link's key."""
    link: str = ""
    """The shared link that leads to the folder; empty for a folder in your own Dropbox."""

    def path_of(self, name: str) -> str:
        """The path of the object of that name.

        Raises:
            BadName: Dropbox cannot store it.
        """
        return f"{self.folder}/{checked(name)}"


def check(settings: Mapping[str, str]) -> None:
    """Raise BadSetting, with what to type instead, if the settings are not valid for a folder in Dropbox."""
    address_of(settings["url"])


def check_link(settings: Mapping[str, str]) -> None:
    """The same for a shared link."""
    link_of(settings["url"])
    for name in ("namespace", "share"):
        if settings[name]:
            raise BadSetting(f"{name}= is for your own Dropbox, not for a link", remedy=f"Leave {name}= out.")


def address_of(url: str) -> Address:
    """The address in `dropbox:/FOLDER`; the folder is not percent-decoded.

    Raises:
        BadSetting: It is not a folder in Dropbox.
    """
    match = _FOLDER.fullmatch(url)
    path = match[1].rstrip("/") if match else ""
    if not match or not match[1].startswith("/") or "//" in match[1]:
        hint = re.sub("/+", "/", f"/{path}") if path else "/FOLDER"
        raise BadSetting(
            f"url={url} is not a folder in Dropbox", remedy=f"Type instead: {command(f'url=dropbox:{hint}')}"
        )
    try:
        return Address(f"/{checked(path[1:])}" if path else "", f"dropbox:{path or '/'}")
    except BadName as error:
        raise BadSetting(f"url={url} is not a folder in Dropbox: {error.what}") from error


def link_of(url: str) -> Address:
    """The address in a shared link, without the parameters of Dropbox's page (`dl`, `st`).

    Raises:
        BadSetting: It is not a shared link to a folder.
    """
    match = _LINK.fullmatch(url)
    path, query = (match[1], match[2] or "") if match else ("", "")
    if not _SHARED_FOLDER.fullmatch(path):
        raise BadSetting("url= is not a shared link to a folder in Dropbox", remedy=_instead(path))
    key = _SECRET.search(query)
    if path.lower().startswith("/scl/") and not key:
        raise BadSetting(
            "url= is a shared link without its key, the part rlkey=…",
            remedy="Copy the whole link, and type it in quotes: url='https://www.dropbox.com/…&rlkey=…'",
        )
    address = f"https://www.dropbox.com{path.rstrip('/')}"
    return Address("", address, link=f"{address}?{key[1]}" if key else address)


def account_of_link(settings: Mapping[str, str]) -> Account:
    """The account for a link: any Dropbox login with the permission to read links."""
    account = dropbox.account_of(settings)
    return account._replace(words=(*account.words, "--sharing"))


def _instead(path: str) -> str:
    if path.startswith(_HOME):
        return f"Type instead, as its owner: {command(f'url=dropbox:/{path.removeprefix(_HOME)}')}"
    if _SHARED_FILE.fullmatch(path):
        return "It leads to a file: share the folder instead."
    return "A shared link looks like this: https://www.dropbox.com/scl/fo/…?rlkey=…"
