"""Knocks where guests are let in: does a public link want a password, and is this the one?"""

from http import HTTPStatus

from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.credentials.account import Account, Door
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import host_of
from git_annex_remote_pyshare.errors import Denied, NotAStore, Unreachable

_HEADERS = {"Depth": "0", "X-Requested-With": "XMLHttpRequest"}
"""Without the second one a cloud refuses guests, link password or not (nextcloud/server publicremote.php)."""


def locked_door(account: Account) -> Door | None:
    """The door that wants the account's password; None when guests are let in without one.

    Raises:
        NotAStore: No door is known to the server.
        Unreachable: Nobody answers, or the server is broken.
    """
    status = 0
    for door in account.doors:
        status = _knock(door, "")
        if status == HTTPStatus.UNAUTHORIZED:
            return door
        if status == HTTPStatus.MULTI_STATUS:
            return None
    raise NotAStore(
        f"the server knows no public link {account.name} (it answers {status})", remedy="Ask its owner for a new one."
    )


def check(account: Account, door: Door, password: str) -> None:
    """Try the password once.

    Raises:
        Denied: It is not taken.
        Unreachable: Nobody answers, or the server is broken.
    """
    if (status := _knock(door, password)) != HTTPStatus.MULTI_STATUS:
        raise Denied(
            f"the public link {account.name} refuses this password (the server answers {status})",
            remedy="Type it again, or ask the link's owner whether it has changed.",
        )


def _knock(door: Door, password: str) -> int:
    login = web.basic(Credential(door.user, password, "pyshare login"))
    # The slash keeps servers from sending a folder's request on to the folder's own address.
    status: int = web.ask("PROPFIND", f"{door.url}/", headers=_HEADERS, auth=login).status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED:
        raise Unreachable(f"{host_of(door.url)} is broken: it answers {status}", remedy="Try again later.")
    return status
