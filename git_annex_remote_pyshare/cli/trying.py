"""Trying kept logins again, for `pyshare whoami --check`: whether the server still takes them."""

from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.spec import LoginFlow
from git_annex_remote_pyshare.cli.login_request import settings_of
from git_annex_remote_pyshare.credentials.stored import Kept, read
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command

WORKS = "works"
REFUSED = "refused"
UNKNOWN = "unknown"


class Trial(NamedTuple):
    """What came of trying a login."""

    state: str
    """`WORKS`, `REFUSED` (the server's clear word) or `UNKNOWN`."""
    why: str = ""
    """Why it is not `WORKS`, and what to type."""


def try_login(entry: Kept) -> Trial:
    """Try a kept login once."""
    spec = registry.spec_named(entry.service)
    flow = spec.login if spec else None
    if flow is None:
        return Trial(UNKNOWN, f"This pyshare cannot try logins of the kind {entry.service}.")
    login = read(entry)
    if login is None:
        return Trial(UNKNOWN, f"The {entry.where} is locked or does not answer.")
    try:
        flow.check(lambda: _settings(entry, flow), login)
    except PermissionDenied as error:
        words = entry.words or (entry.account,)
        again = error.remedy if flow.says_how else f"Type: {command('pyshare', 'login', *words)}"
        return Trial(REFUSED, str(PermissionDenied(error.what, remedy=again)))
    except PyshareError as error:
        return Trial(UNKNOWN, str(error))
    return Trial(WORKS)


def _settings(entry: Kept, flow: LoginFlow) -> Mapping[str, str]:
    """The settings that the login was made with; never those of another account than it is kept for."""
    words = entry.words or ((entry.server,) if entry.server else ())
    if words:
        settings = settings_of(words[0], words[1:])
        if registry.account_of(settings).name == entry.account:
            return settings
    raise BadSetting(
        "an earlier version kept this login, without the address to try it at",
        remedy=f"To have it tried, log in again: {command('pyshare', 'login', *flow.words_for(entry.account))}",
    )
