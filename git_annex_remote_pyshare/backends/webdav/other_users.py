"""Finds out whether an address of Nextcloud leads to the files of another user, and what to type to reach them.

To anyone else the server shows an empty folder there (Nextcloud, apps/dav/lib/Files/RootCollection.php,
getChildForPrincipal). So what another user's login does not find is not absent, and must not be called so.
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
_LONGEST = 1 << 20
"""Bytes of an answer that are read."""

_OWN_FILES = re.compile(r".*/remote\.php/dav/files/([^/?#]+)((?:/[^?#]*)?)", re.DOTALL)
"""Where a cloud has each user's own files, and a folder of those."""


class Stranger(NamedTuple):
    """A user who came to another user's files."""

    owner: str
    """Id of the user whose files these are."""
    user: str
    """Id of the user whose login it is."""
    files: str
    """URL of all users' files, with a slash at its end."""
    folder: str
    """Path of the store below the owner's files, percent-encoded, with a slash at its beginning unless empty."""

    @property
    def why(self) -> str:
        """What is wrong, as error texts tell it."""
        return f"these are {self.owner}'s own files, and you are {self.user}"

    @property
    def own_url(self) -> str:
        """The same folder among the user's own files."""
        return f"{self.files}{quote(self.user, safe='')}{self.folder}"


def stranger(client: Client) -> Stranger | None:
    """The stranger that the login's user is at this address; None where the files are theirs, or nothing tells.

    Asks the server only where the name of the login is not the one in the address: people log in with an e-mail
    address, too. What can be seen there is theirs, whatever names say.

    Raises:
        PyshareError: There is no answer.
    """
    found, login = _FILES.fullmatch(client.base), client.auth.login
    if not found or login is None or not login.user:
        return None
    owner = unquote(found[2])
    if login.user.casefold() == owner.casefold():
        return None
    user = _said(client, _USER, "ask whose login it is", "id")
    if not isinstance(user, str) or user.casefold() in {"", owner.casefold()}:
        return None
    is_seen = bool(found[3]) and propfind.stat(client, "", "look for the folder") is not None
    return None if is_seen else Stranger(owner, user, found[1], found[3])


def refusal(client: Client, place: StoreConfig) -> PermissionDenied | None:
    """Why the login's user cannot see what is at the address, so that nothing there counts as absent; None if they can.

    Says how to reach the files where their owner has shared them with this user.

    Raises:
        PyshareError: There is no answer.
    """
    someone = stranger(client)
    return PermissionDenied(f"{place.url}: {someone.why}", remedy=_way_in(client, place, someone)) if someone else None


def _way_in(client: Client, place: StoreConfig, someone: Stranger) -> str:
    """What the user types to reach the same folder among their own files, if its owner has shared it with them."""
    shared = _shared_folder(client, someone)
    if not shared:
        return f"Ask {someone.owner} to share the folder with you, or for a link: pyshare share makes one."
    name = place.clone.remote or "NAME"
    url = f"{someone.files}{quote(someone.user, safe='')}{shared}"
    typed = ("type=external", "externaltype=pyshare", f"url={url}")
    here = command("git", "annex", "initremote", f"{name}-here", f"--sameas={name}", *typed)
    return f"{someone.owner} has shared the folder with you. Type: {here}"


def _shared_folder(client: Client, someone: Stranger) -> str:
    """Where the user has what its owner shares of the store's path: percent-encoded; empty if nothing is shared.

    Nextcloud does not tell a share's path on its owner's side, so the deepest folder of the same name counts.
    """
    segments = [unquote(segment) for segment in someone.folder.split("/")[1:]]
    shares = _said(client, _SHARED, "ask what is shared")
    mine: dict[str, str] = {}
    for share in shares if isinstance(shares, list) else []:
        if isinstance(share, dict) and share.get("item_type") == "folder" and _is_from(someone.owner, share):
            target = str(share.get("file_target") or share.get("path") or "")
            mine[target.rpartition("/")[2]] = target
    for depth in reversed(range(len(segments))):
        if target := mine.get(segments[depth], ""):
            return quote("/".join((target, *segments[depth + 1 :])))
    return ""


def _is_from(owner: str, share: Mapping[str, Any]) -> bool:
    return owner in {share.get("uid_owner"), share.get("uid_file_owner")}


def _said(client: Client, path: str, what: str, *names: str) -> Any:
    """What the server's OCS API says; None where it does not know the question."""
    server = client.base.partition("/remote.php/")[0].removeprefix(client.address.origin)
    request = Request("GET", server + path, what, {"OCS-APIRequest": "true"})
    try:
        with client.send(request) as response:
            said = json.loads(response.read(_LONGEST))["ocs"]["data"]
        for name in names:
            said = said[name]
    except (NotAStore, ValueError, KeyError, TypeError):
        return None
    return said


def hints(account: Account, address: str, url: str) -> list[str]:
    """What to type instead, for each remote of this clone, or for `url`, that names another user's own files.

    Args:
        account: Where the user has logged in.
        address: The WebDAV address of the user's own files there.
        url: What was typed behind `pyshare login`.
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
    except PyshareError:  # settings that are of no use lead nowhere
        return ""


def _beside(name: str, url: str, layout: str) -> str:
    """The command for a remote beside the one of that name, with the same content at another address."""
    same = (f"--sameas={name}", "type=external", "externaltype=pyshare")
    more = (f"layout={layout}",) if layout else ()
    return command("git", "annex", "initremote", f"{name}-here", *same, *more, f"url={url}")
