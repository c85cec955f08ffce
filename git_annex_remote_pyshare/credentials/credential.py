"""Defines a login and its origin."""

from typing import NamedTuple


class Credential(NamedTuple):
    """A user name and password, or a bearer token without a user name. The repr never shows the secret.

    For S3, these are the access key ID and the secret access key.
    """

    user: str
    """Empty for a bearer token."""
    secret: str
    origin: str
    """The origin of the login, for `git annex info`: "git-annex", "environment" or "pyshare login"."""

    session_token: str = ""
    """A token that expires, in addition to the secret for S3, instead of it for Dropbox; git-annex never gets it."""

    def __repr__(self) -> str:
        """The login without its secret, for debug output and error texts."""
        return f"Credential(user={self.user!r}, secret=…, origin={self.origin!r})"
