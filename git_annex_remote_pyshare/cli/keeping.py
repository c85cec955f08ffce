"""What all kinds of login do once they have one: keep it, in place of an earlier one that is revoked."""

from typing import TYPE_CHECKING

from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential

if TYPE_CHECKING:
    from git_annex_remote_pyshare.credentials.kept import Kept


def keep(account: Account, service: str, login: Credential, granted_by: str = "") -> "Kept":
    """Keep a login; tells where it lies.

    Args:
        account: Whom it is for.
        service: The kind of store, e.g. "webdav".
        login: What the server took.
        granted_by: The cloud that made this password for us and can revoke it; empty for one that was typed.
    """
    from git_annex_remote_pyshare.cli.logout import revoke  # noqa: PLC0415  # it and the keyring only when we got here
    from git_annex_remote_pyshare.credentials import kept  # noqa: PLC0415

    if (earlier := kept.entry(service, account.name)) and earlier.server:
        revoke(earlier)
    return kept.keep(service, account.name, login, granted_by)
