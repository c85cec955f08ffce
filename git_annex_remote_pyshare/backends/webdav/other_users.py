"""Finds out whether an address of Nextcloud leads to the files of another user, and what to type to reach them.

Below `/remote.php/dav/files/USER` each user sees only their own files, and anyone else an empty folder (Nextcloud,
apps/dav/lib/Files/RootCollection.php, getChildForPrincipal). So an object that another user's login does not find must
not count as absent.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.webdav import propfind
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.config.git_config import LocalConfig, git_dir_here
from git_annex_remote_pyshare.config.remotes import enabled
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.errors import NotAStore, PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command

_FILES = re.compile(r"(.*/remote\.php/dav/files/)([^/]+)((?:/.*)?)", re.DOTALL)
_USER = "/ocs/v1.php/cloud/user?format=json"
_SHARED = "/ocs/v2.php/apps/files_sharing/api/v1/shares?shared_with_me=true&format=json"
_MAX_BYTES = 1 << 20
"""Bytes of a response that are read."""

_OWN_FILES = re.compile(r".*/remote\.php/dav/files/([^/?#]+)((?:/[^?#]*)?)", re.DOTALL)
"""The user, and a folder, in the address of a user's own files."""


class OtherUser(NamedTuple):
    """A user whose login is used at another user's files."""

    owner: str
    """Id of the files' owner."""
    user: str
    """Id of the login's user."""
    files: str
    """URL of all users' files, with a trailing slash."""
    folder: str
    """Path of the store below the owner's files, percent-encoded, with a leading slash unless empty."""

    @property
    def why(self) -> str:
        """The reason, for error texts."""
        return f"these are {self.owner}'s own files, and you are {self.user}"

    @property
    def own_url(self) -> str:
        """The same folder among the user's own files."""
        return f"{self.files}{quote(self.user, safe='')}{self.folder}"


def find_other_user(client: Client) -> OtherUser | None:
    """The login's user at another user's address; None if the files are their own, or if it cannot be determined.

    Sends requests only if the login's name differs from the one in the address: users also log in with an e-mail
    address. A folder that the login can see is its user's own, whatever the names are.

    Raises:
        PyshareError: There is no response.
    """
    found, login = _FILES.fullmatch(client.base), client.auth.login
    if not found or login is None or not login.user:
        return None
    owner = unquote(found[2])
    if login.user.casefold() == owner.casefold():
        return None
    user = _get_ocs(client, _USER, "read the login's user id", "id")
    if not isinstance(user, str) or user.casefold() in {"", owner.casefold()}:
        return None
    is_seen = bool(found[3]) and propfind.stat(client, "", "look for the folder") is not None
    return None if is_seen else OtherUser(owner, user, found[1], found[3])


def refusal(client: Client, place: StoreConfig) -> PermissionDenied | None:
    """The error for a login that cannot see the files at the address, so that none counts as absent; None if it can.

    Its remedy says how to reach the files if their owner has shared them with this user.

    Raises:
        PyshareError: There is no response.
    """
    other = find_other_user(client)
    return PermissionDenied(f"{place.url}: {other.why}", remedy=_way_in(client, place, other)) if other else None


def _way_in(client: Client, place: StoreConfig, other: OtherUser) -> str:
    """The remedy: how to reach the same folder among the user's own files, if its owner has shared it."""
    shared = _shared_folder(client, other)
    if not shared:
        return f"Ask {other.owner} to share the folder with you, or for a link: pyshare share makes one."
    name = place.clone.remote or "NAME"
    url = f"{other.files}{quote(other.user, safe='')}{shared}"
    typed = ("type=external", "externaltype=pyshare", f"url={url}")
    here = command("git", "annex", "initremote", f"{name}-here", f"--sameas={name}", *typed)
    return f"{other.owner} has shared the folder with you. Type: {here}"


def _shared_folder(client: Client, other: OtherUser) -> str:
    """Path of the shared store among the user's own files, percent-encoded; empty if nothing is shared.

    Nextcloud does not report a share's path on its owner's side, so the deepest folder of the same name counts.
    """
    segments = [unquote(segment) for segment in other.folder.split("/")[1:]]
    shares = _get_ocs(client, _SHARED, "list what is shared")
    mine: dict[str, str] = {}
    for share in shares if isinstance(shares, list) else []:
        if isinstance(share, dict) and share.get("item_type") == "folder" and _is_from(other.owner, share):
            target = str(share.get("file_target") or share.get("path") or "")
            mine[target.rpartition("/")[2]] = target
    for depth in reversed(range(len(segments))):
        if target := mine.get(segments[depth], ""):
            return quote("/".join((target, *segments[depth + 1 :])))
    return ""


def _is_from(owner: str, share: Mapping[str, Any]) -> bool:
    return owner in {share.get("uid_owner"), share.get("uid_file_owner")}


def _get_ocs(client: Client, path: str, what: str, *names: str) -> Any:
    """The data of a response of the OCS API; None if the server does not support the request."""
    server = client.base.partition("/remote.php/")[0].removeprefix(client.address.origin)
    request = Request("GET", server + path, what, {"OCS-APIRequest": "true"})
    try:
        with client.send(request) as response:
            data = json.loads(response.read(_MAX_BYTES))["ocs"]["data"]
        for name in names:
            data = data[name]
    except (NotAStore, ValueError, KeyError, TypeError):
        return None
    return data


def hints(account: Account, address: str, url: str) -> list[str]:
    """What to type instead, for each remote of this clone, or for `url`, that names another user's own files.

    Args:
        account: The account of the login.
        address: The WebDAV address of the user's own files there.
        url: The argument of `pyshare login`.
    """
    own = _OWN_FILES.fullmatch(address)
    if not own:
        return []
    found = [
        (owner[1], _beside(name, f"{address}{owner[2].rstrip('/')}", settings.get("layout", "")))
        for name, settings in _remotes(account)
        if (owner := _OWN_FILES.fullmatch(settings["url"])) and _differ(owner[1], own[1])
    ]
    typed = _OWN_FILES.fullmatch(url)
    if not found and typed and _differ(typed[1], own[1]):
        found = [(typed[1], _beside("NAME", f"{address}{typed[2].rstrip('/')}", ""))]
    return [
        f"These are the files of {unquote(owner)}, and you are {unquote(own[1])}. If {unquote(owner)} shared the folder"
        f" with you, it is among your own files (look under which name), and you type in the dataset: {line}"
        for owner, line in found
    ]


def _differ(one: str, other: str) -> bool:
    return unquote(one).lower() != unquote(other).lower()


def _remotes(account: Account) -> list[tuple[str, Mapping[str, str]]]:
    """The remotes of this clone at the account, by name."""
    git_dir = git_dir_here()
    if not git_dir:
        return []
    remotes = enabled(LocalConfig(git_dir))
    return [(name, settings) for name, settings in remotes if _account_name(settings) == account.name]


def _account_name(settings: Mapping[str, str]) -> str:
    try:
        return registry.account_of(registry.parse(settings)).name
    except PyshareError:  # invalid settings belong to no account
        return ""


def _beside(name: str, url: str, layout: str) -> str:
    """The command for a second remote with the same content at another address."""
    same = (f"--sameas={name}", "type=external", "externaltype=pyshare")
    more = (f"layout={layout}",) if layout else ()
    return command("git", "annex", "initremote", f"{name}-here", *same, *more, f"url={url}")
