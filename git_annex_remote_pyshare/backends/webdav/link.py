"""Finds the address of a public link: Nextcloud since 29 has a new one, everybody else the old one."""

from git_annex_remote_pyshare.backends.webdav import propfind
from git_annex_remote_pyshare.backends.webdav.client import Client
from git_annex_remote_pyshare.errors import NotAStore

_WHAT = "open the public link"


def settle(client: Client) -> None:
    """Let the client use the address that the server knows.

    Only a clear answer about the shared folder itself counts, since later a 404 must mean a missing object.

    Raises:
        NotAStore: There is no such link, or it leads to a single file.
        Denied: It has a password that we do not have.
    """
    address = client.address
    try:
        thing = propfind.stat(client, "", _WHAT)
    except NotAStore:
        thing = None
    if thing is None:
        client.base = address.older
        client.auth.as_guest(address.token)
        thing = propfind.stat(client, "", _WHAT)
    if thing is None:
        raise NotAStore(f"{client.doing(_WHAT)}: there is no such link any more", remedy="Ask its owner for a new one.")
    if not thing.is_folder:
        raise NotAStore(f"{client.doing(_WHAT)}: it leads to a file", remedy="Share the folder instead.")
