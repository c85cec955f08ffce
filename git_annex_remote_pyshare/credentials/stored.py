"""Keeps the logins of `pyshare login`: an index of accounts, and each secret in the keyring or a private file.

The index records where each secret is, but contains no secrets. So for an account without a login, pyshare reads one
small file, and uses neither the keyring nor D-Bus.
"""

import os
from typing import Any, NamedTuple

from git_annex_remote_pyshare.credentials import keyring as keyrings
from git_annex_remote_pyshare.credentials import private
from git_annex_remote_pyshare.credentials.credential import Credential

INDEX = "logins.json"
SECRETS = "secrets.json"
KEYRING = "system keyring"
FILE = "private file"


class Kept(NamedTuple):
    """A login in the index."""

    service: str
    account: str
    """The name of the `Account`: a host, or a public link there that has its own password."""
    user: str
    """Empty for a bearer token."""
    where: str
    """`KEYRING` or `FILE`."""
    server: str = ""
    """Base URL of the cloud that created this password for pyshare and can revoke it; empty for other logins."""
    words: tuple[str, ...] = ()
    """The arguments of `pyshare login` (URL and settings), to test the login again; empty if an earlier version kept
    the login."""

    @property
    def place(self) -> str:
        """The place of the secret, to show to the user: the keyring, or the path of the file."""
        return f"{FILE} {os.path.join(private.folder(), SECRETS)}" if self.where == FILE else self.where


def entries() -> list[Kept]:
    """All kept logins, sorted by service and account; raises BadSetting if the index cannot be read."""
    index = private.load(INDEX)
    return [
        _entry(service, account, row)
        for service, rows in sorted(index.items())
        for account, row in sorted(rows.items())
    ]


def entry(service: str, account: str) -> Kept | None:
    """The kept login for exactly this account, or None; raises BadSetting if the index cannot be read."""
    row = private.load(INDEX).get(service, {}).get(account)
    return _entry(service, account, row) if row else None


def read(kept: Kept) -> Credential | None:
    """The login with its secret; None if the keyring is locked or does not respond. Never prompts and never hangs."""
    if kept.where == KEYRING:
        secret = keyrings.read(*label(kept))
    else:
        secret = private.load(SECRETS).get(kept.service, {}).get(kept.account)
    return Credential(kept.user, secret, "pyshare login") if secret else None


def keep(service: str, account: str, credential: Credential, server: str = "", words: tuple[str, ...] = ()) -> Kept:
    """Keep the login, instead of an earlier one for this account, and return its entry in the index.

    Args:
        service: The kind of store, e.g. "webdav".
        account: The name of the account, as in Kept.
        credential: The login.
        server: The cloud that can revoke the password, as in Kept.
        words: The arguments of `pyshare login`, as in Kept.

    Raises:
        BadSetting: Neither the keyring nor the file can store it.
    """
    kept = Kept(service, account, credential.user, KEYRING, server, words)
    if keyrings.write(*label(kept), credential.secret):
        _forget_in_file(service, account)
    else:
        kept = kept._replace(where=FILE)
        with private.changing(SECRETS) as secrets:
            secrets.setdefault(service, {})[account] = credential.secret
    # Last, so that the index never refers to a missing secret.
    with private.changing(INDEX) as index:
        row = {"user": kept.user, "where": kept.where, "server": kept.server, "words": list(words)}
        index.setdefault(service, {})[account] = row
    return kept


def forget(kept: Kept) -> bool:
    """Remove the login; return False if its secret remains in the keyring.

    Raises:
        BadSetting: The file cannot be written.
    """
    with private.changing(INDEX) as index:
        index.get(kept.service, {}).pop(kept.account, None)
    if kept.where == KEYRING:
        return keyrings.remove(*label(kept))
    _forget_in_file(kept.service, kept.account)
    return True


def _forget_in_file(service: str, account: str) -> None:
    if account in private.load(SECRETS).get(service, {}):
        with private.changing(SECRETS) as secrets:
            secrets.get(service, {}).pop(account, None)


def _entry(service: str, account: str, row: dict[str, Any]) -> Kept:
    words = tuple(map(str, row.get("words", ())))
    return Kept(service, account, row.get("user", ""), row.get("where", FILE), row.get("server", ""), words)


def label(kept: Kept) -> tuple[str, str]:
    """The service and user under which the keyring stores a secret and shows it to the user."""
    return f"pyshare {kept.service} {kept.account}", kept.user or "token"
