"""Whose files an address of Nextcloud leads to: `/remote.php/dav/files/USER` shows each user their own files only.

To anyone else the server shows an empty folder there (Nextcloud, apps/dav/lib/Files/RootCollection.php,
getChildForPrincipal). So what another user's login does not find is not absent, and must not be called so.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.webdav import propfind
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.errors import NotAStore, PermissionDenied
from git_annex_remote_pyshare.safe_text import command

_FILES = re.compile(r"(.*/remote\.php/dav/files/)([^/]+)((?:/.*)?)", re.DOTALL)
_USER = "/ocs/v1.php/cloud/user?format=json"
_SHARED = "/ocs/v2.php/apps/files_sharing/api/v1/shares?shared_with_me=true&format=json"
_LONGEST = 1 << 20
"""Bytes of an answer that are read."""


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
