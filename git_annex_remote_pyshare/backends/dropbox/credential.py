"""A login at Dropbox: its fields, its form as a Credential, and the command that renews it."""

import json
import os
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied
from git_annex_remote_pyshare.safe_text import command

SERVICE = "dropbox"
ACCOUNT = "dropbox.com"
"""The account's name, in `Account.name` and in `pyshare whoami`."""
COMMAND = "pyshare login dropbox"
CONNECTED_APPS = "https://www.dropbox.com/account/connected_apps"
"""The page where users see the apps with access, and can revoke it."""

STORING = ("account_info.read", "files.metadata.read", "files.content.read", "files.content.write")
"""Scopes that a store needs (https://www.dropbox.com/developers/documentation/http/documentation: each route's
scope)."""
SHARING = ("sharing.read", "sharing.write")
"""The scopes that making and reading shared links needs in addition."""

ENVIRONMENT = "environment"
_REMEDIES = {
    ENVIRONMENT: "Give a new DROPBOX_REFRESH_TOKEN or DROPBOX_ACCESS_TOKEN, or unset both and type: ",
    "git-annex": "git-annex keeps this login for the remote: put a new one into DROPBOX_REFRESH_TOKEN and"
    " DROPBOX_APP_KEY and type git annex enableremote NAME, or remove it from .git/annex/creds and type: ",
}
"""Origin of a login → the start of the remedy when it stops working; the command for a new login follows."""


class Login(NamedTuple):
    """A refresh token, which lasts until it is revoked, or an access token, which lasts four hours."""

    app_key: str = ""
    refresh_token: str = ""
    app_secret: str = ""
    """Empty for a refresh token from PKCE, which needs no secret."""
    access_token: str = ""
    """Only without a refresh token."""
    origin: str = ""
    """As in Credential."""

    def __repr__(self) -> str:
        """For debug output and error texts: without anything that gives access."""
        return f"Login(app_key={self.app_key!r}, origin={self.origin!r}, …)"

    @property
    def remedy(self) -> str:
        """What the user should type when Dropbox rejects this login."""
        return self.remedy_with()

    def remedy_with(self, *options: str) -> str:
        """What the user should type to log in again for the same app, with more options."""
        app = ("--app-key", self.app_key) if self.app_key else ()
        return _REMEDIES.get(self.origin, "Type: ") + command("pyshare", "login", SERVICE, *options, *app)


def credential_of(login: Login, user: str = "") -> Credential:
    """The login as a credential. An access token is not stored, since it expires soon.

    Args:
        login: The login.
        user: The user's e-mail address; empty if unknown.
    """
    if not login.refresh_token:
        return Credential(user, "", login.origin, session_token=login.access_token)
    fields = {"app_key": login.app_key, "refresh_token": login.refresh_token}
    if login.app_secret:
        fields["app_secret"] = login.app_secret
    # Without spaces, which git-annex's protocol cannot transfer.
    return Credential(user, json.dumps(fields, separators=(",", ":")), login.origin)


def login_of(credential: Credential) -> Login:
    """The login in a credential.

    Raises:
        PermissionDenied: It contains something else, e.g. a password.
    """
    if not credential.secret:
        return Login(access_token=_sendable(credential.session_token, credential.origin), origin=credential.origin)
    try:
        fields = json.loads(credential.secret)
        key, refresh, secret = fields["app_key"], fields["refresh_token"], fields.get("app_secret", "")
    except (ValueError, TypeError, LookupError):
        remedy = Login(origin=credential.origin).remedy
        # Not with its cause, which quotes the secret.
        raise PermissionDenied(f"the login from {credential.origin} is not one for Dropbox", remedy=remedy) from None
    return Login(str(key), str(refresh), str(secret), origin=credential.origin)


def account_of(settings: Mapping[str, str]) -> Account:
    """The account that a login is for: Dropbox as a whole, for every folder and shared link."""
    key = settings.get("appkey", "")
    return Account(ACCOUNT, words=("dropbox", "--app-key", key) if key else ("dropbox",), ambient=True)


def from_environment() -> Credential | None:
    """The login in DROPBOX_REFRESH_TOKEN with DROPBOX_APP_KEY and DROPBOX_APP_SECRET, or in DROPBOX_ACCESS_TOKEN."""
    refresh, access = (_variable(f"DROPBOX_{name}_TOKEN") for name in ("REFRESH", "ACCESS"))
    if refresh:
        key, secret = _variable("DROPBOX_APP_KEY"), _variable("DROPBOX_APP_SECRET")
        return credential_of(Login(key, refresh, secret, origin=ENVIRONMENT))
    return credential_of(Login(access_token=access, origin=ENVIRONMENT)) if access else None


def revoked(login: Login) -> PermissionDenied:
    """The error for a login that its owner or a team has revoked (`invalid_grant`, `invalid_access_token`)."""
    return PermissionDenied("Dropbox no longer accepts this login: it was revoked", remedy=login.remedy)


def expired(login: Login) -> PermissionDenied:
    """The error for an expired access token without a refresh token."""
    return PermissionDenied("Dropbox no longer accepts the access token: it expired", remedy=login.remedy)


def lacks(scope: str, login: Login) -> PermissionDenied:
    """The error for a scope that the login does not have (`missing_scope`)."""
    return PermissionDenied(
        f"the login at Dropbox lacks the permission {scope}",
        remedy=f"Tick {scope} under Permissions in Dropbox's app console if the app is yours. "
        + login.remedy_with(*(("--sharing",) if scope in SHARING else ())),
    )


def _sendable(token: str, origin: str) -> str:
    """The token, if it is valid in a header; otherwise a library would quote it in its own error."""
    if token.isascii() and token.isprintable() and " " not in token:
        return token
    raise PermissionDenied(
        f"the access token from {origin} contains characters that are not valid in a token",
        remedy=f"Copy it again. {Login(origin=origin).remedy}",
    )


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()
