"""Trying kept logins again, for `pyshare whoami --check`: whether the server still takes them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.login_request import settings_of
from git_annex_remote_pyshare.backends.webdav.login import to_web
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import is_confidential
from git_annex_remote_pyshare.credentials.stored import Kept, read
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command

AMAZON = "amazonaws.com"
"""How the names of Amazon's accounts begin, where a bucket is enough."""

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
    trial = TRIALS.get(entry.service)
    if trial is None:
        return Trial(UNKNOWN, f"This pyshare cannot try logins of the kind {entry.service}.")
    login = read(entry)
    if login is None:
        return Trial(UNKNOWN, f"The {entry.where} is locked or does not answer.")
    try:
        trial(entry, login)
    except PermissionDenied as error:
        words = entry.words or (entry.account,)
        again = error.remedy if entry.service == "dropbox" else f"Type: {command('pyshare', 'login', *words)}"
        return Trial(REFUSED, str(PermissionDenied(error.what, remedy=again)))
    except PyshareError as error:
        return Trial(UNKNOWN, str(error))
    return Trial(WORKS)


def _webdav(entry: Kept, login: Credential) -> None:
    from git_annex_remote_pyshare.backends.webdav import (
        guest,  # HTTP only where it is wanted
        nextcloud,  # HTTP only where it is wanted
    )
    from git_annex_remote_pyshare.backends.webdav.verify_login import own_address  # noqa: PLC0415  # as above

    settings = _settings(entry)
    url = to_web(settings["url"])
    if not is_confidential(url):
        raise BadSetting("it was not tried, since others could read it on its way over http")
    account = registry.account_of(settings)
    if not account.is_link:
        own_address(url, nextcloud.find_server(url), login)
    elif endpoint := guest.locked_endpoint(account):
        guest.check(account, endpoint, login.secret)


def _s3(entry: Kept, login: Credential) -> None:
    from git_annex_remote_pyshare.backends.s3.verify_login import check  # noqa: PLC0415  # as above

    check(_settings(entry), login)


def _dropbox(_entry: Kept, login: Credential) -> None:
    from git_annex_remote_pyshare.backends.dropbox.oauth import check  # noqa: PLC0415  # as above

    check(login)


TRIALS: Mapping[str, Callable[[Kept, Credential], None]] = {"webdav": _webdav, "s3": _s3, "dropbox": _dropbox}
"""Service → what tries a login there; raises a PyshareError unless the server takes it."""


def _settings(entry: Kept) -> Mapping[str, str]:
    """The settings that the login was made with; never those of another account than it is kept for."""
    words = entry.words or ((entry.server,) if entry.server else ())
    if words:
        settings = settings_of(words[0], words[1:])
        if registry.account_of(settings).name == entry.account:
            return settings
    raise BadSetting(
        "an earlier version kept this login, without the address to try it at",
        remedy=f"To have it tried, log in again: {command('pyshare', 'login', *_words_for(entry))}",
    )


def _words_for(entry: Kept) -> list[str]:
    """What to type for an account when only its name is known."""
    if entry.service != "s3":
        return [entry.account]
    return ["s3://BUCKET", *([] if entry.account.startswith(AMAZON) else [f"endpoint=https://{entry.account}"])]
