"""Asks at the endpoints of a public link: does it want a password, and is this the one?"""

from http import HTTPStatus

from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.credentials.account import Account, Endpoint
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import host_of
from git_annex_remote_pyshare.errors import NotAStore, PermissionDenied, Unreachable

_HEADERS = {"Depth": "0", "X-Requested-With": "XMLHttpRequest"}
"""Without the second one a cloud refuses guests, link password or not (nextcloud/server publicremote.php)."""


def locked_endpoint(account: Account) -> Endpoint | None:
    """The endpoint that wants the account's password; None when guests are let in without one.

    Raises:
        NotAStore: The server knows no endpoint of it.
        Unreachable: Nobody answers, or the server is broken.
    """
    status = 0
    for endpoint in account.endpoints:
        status = _status_at(endpoint, "")
        if status == HTTPStatus.UNAUTHORIZED:
            return endpoint
        if status == HTTPStatus.MULTI_STATUS:
            return None
    raise NotAStore(
        f"the server knows no public link {account.name} (it answers {status})", remedy="Ask its owner for a new one."
    )


def check(account: Account, endpoint: Endpoint, password: str) -> None:
    """Try the password once.

    Raises:
        Denied: It is not taken.
        Unreachable: Nobody answers, or the server is broken.
    """
    if (status := _status_at(endpoint, password)) != HTTPStatus.MULTI_STATUS:
        raise PermissionDenied(
            f"the public link {account.name} refuses this password (the server answers {status})",
            remedy="Try again, or ask the link's owner whether it has changed.",
        )


def _status_at(endpoint: Endpoint, password: str) -> int:
    login = web.basic(Credential(endpoint.user, password, "pyshare login"))
    # The slash keeps servers from sending a folder's request on to the folder's own address.
    status: int = web.ask("PROPFIND", f"{endpoint.url}/", headers=_HEADERS, auth=login).status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED:
        raise Unreachable(f"{host_of(endpoint.url)} is broken: it answers {status}", remedy="Try again later.")
    return status
