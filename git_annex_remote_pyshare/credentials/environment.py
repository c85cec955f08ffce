"""Logins in the environment: which variables hold one for which service."""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

from git_annex_remote_pyshare.credentials.credential import Credential

ORIGIN = "environment"


class Variables(NamedTuple):
    """The environment variables that hold a login for one kind of service; an empty name is none."""

    user: str = ""
    password: str = ""
    token: str = ""
    session_token: str = ""
    """For what must go beside user and password as long as it is set."""


AMBIENT: Mapping[str, Variables] = {
    "webdav": Variables("WEBDAV_USERNAME", "WEBDAV_PASSWORD", "WEBDAV_TOKEN"),
    "s3": Variables("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "", "AWS_SESSION_TOKEN"),
}
"""Service → its variables. They say nothing of the host that they are for."""


READERS: Mapping[str, str] = {"dropbox": "git_annex_remote_pyshare.backends.dropbox.credential:from_environment"}
"""Service whose login is no user and password → `module:function` that gives its Credential or None."""

_TOKENS: Mapping[str, tuple[str, str]] = {"dropbox": ("DROPBOX_REFRESH_TOKEN", "DROPBOX_ACCESS_TOKEN")}
"""Service of `READERS` → the variables by which a user knows a login that lasts, and one that expires."""


def from_environment(service: str) -> Credential | None:
    """The login in the environment, whoever it is for: user and password, else a bearer token."""
    if reader := READERS.get(service):
        module, _, name = reader.partition(":")
        login: Credential | None = getattr(import_module(module), name)()
        return login
    names = AMBIENT.get(service, Variables())
    user, password, token, session_token = (os.environ.get(name, "") for name in names)
    if user and password:
        return Credential(user, password, ORIGIN, session_token)
    return Credential("", token, ORIGIN) if token else None


def variable(service: str, login: Credential) -> str:
    """The variable by which the user knows a login that `from_environment` gave."""
    if service in _TOKENS:
        lasting, expiring = _TOKENS[service]
        return lasting if login.secret else expiring
    names = AMBIENT[service]
    return names.user if login.user else names.token
