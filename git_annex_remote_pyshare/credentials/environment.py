"""Reads logins from the environment variables that a kind of service uses."""

import os
from typing import NamedTuple, Protocol

from git_annex_remote_pyshare.credentials.credential import Credential

ORIGIN = "environment"


class LoginVariables(Protocol):
    """The environment variables that hold a login for one kind of service.

    They do not say which host the login is for.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all variables, for the documentation."""

    def read(self) -> Credential | None:
        """The login that the variables contain now, or None."""

    def name_of(self, login: Credential) -> str:
        """The variable to name in messages about a login from `read`."""


class Variables(NamedTuple):
    """The variables for user and password, or for a bearer token; an empty name means that there is no variable."""

    user: str = ""
    password: str = ""
    token: str = ""
    session_token: str = ""
    """The variable for a token that must accompany user and password if it is set."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all variables (see LoginVariables)."""
        return tuple(filter(None, self))

    def read(self) -> Credential | None:
        """User and password if both are set, else the bearer token, else None."""
        user, password, token, session_token = (os.environ.get(name, "") for name in self)
        if user and password:
            return Credential(user, password, ORIGIN, session_token)
        return Credential("", token, ORIGIN) if token else None

    def name_of(self, login: Credential) -> str:
        """The variable to name in messages about a login (see LoginVariables)."""
        return self.user if login.user else self.token
