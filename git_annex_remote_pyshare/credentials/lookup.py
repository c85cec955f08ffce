"""Which login goes to an account: what git-annex holds, then the environment, then what `pyshare login` kept."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.trust import Trust


class Variables(NamedTuple):
    """The environment variables that hold a login for one kind of service; an empty name is none."""

    user: str = ""
    password: str = ""
    token: str = ""


AMBIENT: Mapping[str, Variables] = {
    "webdav": Variables("WEBDAV_USERNAME", "WEBDAV_PASSWORD", "WEBDAV_TOKEN"),
}
"""Service → its variables. They say nothing of the host that they are for, so they go to verified remotes only."""


def find(service: str, trust: Trust, held: Credential | None) -> Credential | None:
    """The login for the account that `trust` is about, or None; never prompts, never hangs.

    Args:
        service: The kind of service, e.g. "webdav".
        trust: What the user has accepted, the host, and the account there.
        held: What git-annex holds for the remote (GETCREDS).

    Raises:
        Denied: git-annex holds a login, but not for the host that the remote's URL leads to.
    """
    held = trust.account.fitting(held)
    if held and not trust.withheld:
        return held
    if (ambient := trust.account.fitting(from_environment(service))) and trust.verified:
        return ambient
    if kept := _kept(service, trust.account.name):
        return kept
    if held:
        raise trust.refusal()
    return None


def from_environment(service: str) -> Credential | None:
    """The login in the environment, whoever it is for: user and password, else a bearer token."""
    names = AMBIENT.get(service, Variables())
    user, password, token = (os.environ.get(name, "") for name in names)
    if user and password:
        return Credential(user, password, "environment")
    return Credential("", token, "environment") if token else None


def remedy(service: str, trust: Trust) -> str:
    """What the user should type after `find` gave None and the server wants a login: one sentence or two."""
    from shlex import quote  # noqa: PLC0415  # only a failure needs it

    if (ambient := trust.account.fitting(from_environment(service))) and not trust.verified:
        names = AMBIENT[service]
        variable = names.user if ambient.user else names.token
        return (
            f"{variable} is set but not used, since remote {trust.clone.remote} is not verified."
            f" Type: git annex verifyremote {quote(trust.clone.remote)}"
            f" (or, if your git-annex does not know that: {trust.acceptance()})"
        )
    # The dataset may have chosen the URL, and the user will paste this into a shell.
    command = f"pyshare login {quote(trust.account.url)}"
    return _kept_remedy(service, trust.account.name, command) or f"Type: {command}"


def _kept(service: str, account: str) -> Credential | None:
    # Imported here, since it looks into the user's folders and maybe the keyring.
    from git_annex_remote_pyshare.credentials import kept  # noqa: PLC0415

    entry = kept.entry(service, account)
    return kept.read(entry) if entry else None


def _kept_remedy(service: str, account: str, command: str) -> str:
    from git_annex_remote_pyshare.credentials import kept  # noqa: PLC0415  # as above

    entry = kept.entry(service, account)
    if not entry:
        return ""
    return (
        f"The login for {account} is in the {entry.where}, which is locked or does not answer."
        f" Unlock it, or type: {command}"
    )
