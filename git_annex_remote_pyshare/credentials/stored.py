"""Keeps the logins of `pyshare login`: an index of accounts, and each secret in the keyring or a private file.

The index says where a secret lies and holds none. So an account without a login costs one look into a small file: no
keyring is imported and no D-Bus is asked.
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
    """One line of the index."""

    service: str
    account: str
    """The host, or one thing there that has a password of its own: the name of an `Account`."""
    user: str
    """Empty for a bearer token."""
    where: str
    """`KEYRING` or `FILE`."""
    server: str = ""
    """Base URL of the cloud that made this password for us and can revoke it; empty for others."""
    words: tuple[str, ...] = ()
    """What was typed behind `pyshare login`: URL and settings, by which the login can be tried again. Empty for one
    that an earlier version kept."""

    @property
    def place(self) -> str:
        """Where the secret lies, for a person: the keyring, or the path of the file."""
        return f"{FILE} {os.path.join(private.folder(), SECRETS)}" if self.where == FILE else self.where


def entries() -> list[Kept]:
    """All logins that are kept, by service and account."""
    index = private.load(INDEX)
    return [
        _entry(service, account, row)
        for service, rows in sorted(index.items())
        for account, row in sorted(rows.items())
    ]


def entry(service: str, account: str) -> Kept | None:
    """The login for exactly this account, or None."""
    row = private.load(INDEX).get(service, {}).get(account)
    return _entry(service, account, row) if row else None


def read(kept: Kept) -> Credential | None:
    """The login with its secret; None when the keyring is locked, gone or silent. Never prompts, never hangs."""
    if kept.where == KEYRING:
        secret = keyrings.read(*label(kept))
    else:
        secret = private.load(SECRETS).get(kept.service, {}).get(kept.account)
    return Credential(kept.user, secret, "pyshare login") if secret else None


def keep(service: str, account: str, credential: Credential, server: str = "", words: tuple[str, ...] = ()) -> Kept:
    """Keep the login, in place of an earlier one for this account; says where it lies.

    Args:
        service: The kind of store, e.g. "webdav".
        account: As in Kept.
        credential: The login.
        server: As in Kept.
        words: As in Kept.

    Raises:
        BadSetting: Neither the keyring nor the file can take it.
    """
    kept = Kept(service, account, credential.user, KEYRING, server, words)
    if keyrings.write(*label(kept), credential.secret):
        _forget_in_file(service, account)
    else:
        kept = kept._replace(where=FILE)
        with private.changing(SECRETS) as secrets:
            secrets.setdefault(service, {})[account] = credential.secret
    # Last, so that the index never names a secret that is not there.
    with private.changing(INDEX) as index:
        row = {"user": kept.user, "where": kept.where, "server": kept.server, "words": list(words)}
        index.setdefault(service, {})[account] = row
    return kept


def forget(kept: Kept) -> bool:
    """Remove the login; False when its secret had to be left in the keyring.

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
    """The keyring's own two names of a secret: service and user, as a person sees them in its window."""
    return f"pyshare {kept.service} {kept.account}", kept.user or "token"
