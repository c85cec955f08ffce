"""What to type instead of an address that people copy from the web pages of Nextcloud and ownCloud."""

import re
from contextlib import suppress
from urllib.parse import parse_qs, quote, unquote, urlsplit

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.webdav.url import WebPage, web_page, web_url
from git_annex_remote_pyshare.errors import BadSetting, PyshareError
from git_annex_remote_pyshare.safe_text import command

_PAGE = re.compile(r"(?:/index\.php)?(?:/(?:apps/.*|login(?:/.*)?))?", re.DOTALL)
_OF_ADDRESSES = ("index.php", "remote.php", "dav", "webdav", "files")
"""What stands before a folder's path in addresses of files, whole or half remembered."""

_OTHER_FORMS = ("remote.php/webdav", "remote.php/dav/spaces/", "remote.php/dav/public-files/", "dav/")
"""Beginnings of addresses that are right without a user's id; the last one is Infinite Scale's."""


def better(place: StoreConfig, refusal: BadSetting) -> BadSetting:
    """The refusal of a web page's address with the address to type instead, if the server tells it."""
    found = of_page(place) if isinstance(refusal, WebPage) else None
    return found or refusal


def of_page(place: StoreConfig) -> BadSetting | None:
    """The refusal of an address of a Nextcloud or ownCloud that is not the one of a WebDAV folder there.

    None where the address is right, another server answers, or nothing does.
    """
    from git_annex_remote_pyshare.backends.webdav import nextcloud  # noqa: PLC0415  # imports requests

    url = web_url(place.url)
    with suppress(PyshareError):  # without an answer there is nothing better to say
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
        path = urlsplit(url).path.removeprefix(urlsplit(server).path)
        folder = _folder_shown(url) if _PAGE.fullmatch(path) else _folder_named(path, user)
        address = f"{home}/{quote(folder or _name_of_dataset(place.clone.git_dir))}"
        is_what = "the web page of a" if _PAGE.fullmatch(path) else "not the address of a folder on this"
        return BadSetting(
            f"{place.url} is {is_what} Nextcloud or ownCloud", remedy=f"Type instead: {command(f'url={address}')}"
        )
    return None


def _folder_shown(url: str) -> str:
    """The path of the folder that a page shows; empty where it shows none."""
    return parse_qs(urlsplit(url).query).get("dir", [""])[0].strip("/")


def _folder_named(path: str, user: str) -> str:
    """The path of the folder that an address below the cloud is most likely about."""
    segments = [unquote(segment) for segment in path.split("/") if segment]
    while segments and segments[0] in {*_OF_ADDRESSES, user}:
        del segments[0]
    return "/".join(segments)


def _name_of_dataset(git_dir: str) -> str:
    import os  # noqa: PLC0415  # only a mistake pays for it

    work_tree = os.path.dirname(os.path.abspath(git_dir)) if git_dir else ""
    return os.path.basename(work_tree) or "annex"
