"""Reads logins from the environment variables of a kind of service."""

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
        """All of them, for the documentation."""

    def read(self) -> Credential | None:
        """The login that they hold now; None where they hold none."""

    def name_of(self, login: Credential) -> str:
        """The variable by which the user knows a login that `read` gave."""


class Variables(NamedTuple):
    """Variables for user and password, or for a bearer token; an empty name is none."""

    user: str = ""
    password: str = ""
    token: str = ""
    session_token: str = ""
    """For what must go beside user and password as long as it is set."""

    @property
    def names(self) -> tuple[str, ...]:
        """As LoginVariables has it."""
        return tuple(filter(None, self))

    def read(self) -> Credential | None:
        """User and password where both are set, else the token."""
        user, password, token, session_token = (os.environ.get(name, "") for name in self)
        if user and password:
            return Credential(user, password, ORIGIN, session_token)
        return Credential("", token, ORIGIN) if token else None

    def name_of(self, login: Credential) -> str:
        """As LoginVariables has it."""
        return self.user if login.user else self.token
