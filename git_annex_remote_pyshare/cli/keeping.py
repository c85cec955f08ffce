"""What all kinds of login do once they have one: keep it, in place of an earlier one that is revoked."""

from typing import TYPE_CHECKING

from git_annex_remote_pyshare.cli.login_request import LoginRequest
from git_annex_remote_pyshare.cli.output import say
from git_annex_remote_pyshare.cli.prompt import confirm
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command

if TYPE_CHECKING:
    from git_annex_remote_pyshare.credentials.stored import Kept


def keep(account: Account, service: str, login: Credential, wish: LoginRequest, granted_by: str = "") -> "Kept":
    """Keep a login; says which one it replaces, and returns where it lies.

    Args:
        account: Whom it is for.
        service: The kind of store, e.g. "webdav".
        login: What the server took.
        wish: What was typed.
        granted_by: The cloud that made this password for us and can revoke it; empty for one that was typed.
    """
    from git_annex_remote_pyshare.cli.commands.logout import revoke  # noqa: PLC0415  # it and the keyring only when we got here
    from git_annex_remote_pyshare.credentials import stored as kept  # noqa: PLC0415

    if earlier := kept.entry(service, account.name):
        if earlier.server:
            revoke(earlier)
        else:
            say(f"This replaces the earlier login{f' as {earlier.user}' if earlier.user else ''}.")
    return kept.keep(service, account.name, login, granted_by, wish.words)


def check_owner(account: Account, service: str, login: Credential, wish: LoginRequest, granted_by: str) -> None:
    """Ask whether it was the user who logged in by a browser, where another account was logged in before.

    On a machine with several users another one may have answered with an account of their own.

    Raises:
        Denied: It was not, or there is no terminal to ask at; the login is revoked and the earlier one stays.
    """
    from git_annex_remote_pyshare.cli.commands.logout import REVOKERS, revoke_at  # noqa: PLC0415  # as above
    from git_annex_remote_pyshare.credentials import stored as kept  # noqa: PLC0415

    earlier = kept.entry(service, account.name)
    if earlier is None or earlier.user in {"", login.user}:
        return
    if confirm(f"You were logged in at {account.name} as {earlier.user}; now {login.user} logged in. Is this you?"):
        return
    try:
        revoked = service in REVOKERS and revoke_at(service, granted_by, login)
    except PyshareError:
        revoked = False
    again = f"{command('pyshare', 'logout', account.name)} && {wish.command()}"
    raise PermissionDenied(
        f"the browser logged in as {login.user}, and the login as {earlier.user} is kept"
        + ("" if revoked else f"; remove the new one in the settings of {granted_by}"),
        remedy=f"If {login.user} is you, type: {again}",
    )
