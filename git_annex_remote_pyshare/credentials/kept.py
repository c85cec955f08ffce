"""What `pyshare login` keeps: for which host there is a login, and its secret in the keyring or a private file.

The index says where a secret lies and holds none. So a host without a login costs one look into a small file: no
keyring is imported and no D-Bus is asked.
"""

from typing import Any, NamedTuple

from git_annex_remote_pyshare.credentials import keyrings, private
from git_annex_remote_pyshare.credentials.credential import Credential

INDEX = "logins.json"
SECRETS = "secrets.json"
KEYRING = "system keyring"
FILE = "private file"


class Kept(NamedTuple):
    """One line of the index."""

    service: str
    host: str
    user: str
    """Empty for a bearer token."""
    where: str
    """`KEYRING` or `FILE`."""
    server: str = ""
    """Base URL of the cloud that made this password for us and can revoke it; empty for others."""


def entries() -> list[Kept]:
    """All logins that are kept, by service and host."""
    index = private.load(INDEX)
    return [
        _entry(service, host, row) for service, hosts in sorted(index.items()) for host, row in sorted(hosts.items())
    ]


def entry(service: str, host: str) -> Kept | None:
    """The login for exactly this host, or None."""
    row = private.load(INDEX).get(service, {}).get(host)
    return _entry(service, host, row) if row else None


def read(kept: Kept) -> Credential | None:
    """The login with its secret; None when the keyring is locked, gone or silent. Never prompts, never hangs."""
    if kept.where == KEYRING:
        secret = keyrings.read(*label(kept))
    else:
        secret = private.load(SECRETS).get(kept.service, {}).get(kept.host)
    return Credential(kept.user, secret, "pyshare login") if secret else None


def keep(service: str, host: str, credential: Credential, server: str = "") -> Kept:
    """Keep the login, in place of an earlier one for this host; tells where it lies.

    Raises:
        BadSetting: Neither the keyring nor the file can take it.
    """
    kept = Kept(service, host, credential.user, KEYRING, server)
    if keyrings.write(*label(kept), credential.secret):
        _forget_in_file(service, host)
    else:
        kept = kept._replace(where=FILE)
        with private.changing(SECRETS) as secrets:
            secrets.setdefault(service, {})[host] = credential.secret
    # Last, so that the index never names a secret that is not there.
    with private.changing(INDEX) as index:
        index.setdefault(service, {})[host] = {"user": kept.user, "where": kept.where, "server": kept.server}
    return kept


def forget(kept: Kept) -> bool:
    """Remove the login; False when its secret had to be left in the keyring.

    Raises:
        BadSetting: The file cannot be written.
    """
    with private.changing(INDEX) as index:
        index.get(kept.service, {}).pop(kept.host, None)
    if kept.where == KEYRING:
        return keyrings.remove(*label(kept))
    _forget_in_file(kept.service, kept.host)
    return True


def _forget_in_file(service: str, host: str) -> None:
    if host in private.load(SECRETS).get(service, {}):
        with private.changing(SECRETS) as secrets:
            secrets.get(service, {}).pop(host, None)


def _entry(service: str, host: str, row: dict[str, Any]) -> Kept:
    return Kept(service, host, row.get("user", ""), row.get("where", FILE), row.get("server", ""))


def label(kept: Kept) -> tuple[str, str]:
    """The keyring's own two names of a secret: service and user, as a person sees them in its window."""
    return f"pyshare {kept.service} {kept.host}", kept.user or "token"
