"""Defines a login and its origin; the repr never shows the secret."""

from typing import NamedTuple


class Credential(NamedTuple):
    """A user name with a password, or a bearer token without a user name.

    For S3 these are the access key's id and the secret key.
    """

    user: str
    """Empty for a bearer token."""
    secret: str
    origin: str
    """Where it came from, in words for `git annex info`: "git-annex", "environment", "pyshare login"."""

    session_token: str = ""
    """A token that expires: beside the secret for S3, in its place for Dropbox. Such a login is never handed on."""

    def __repr__(self) -> str:
        """For debug output and error texts: without the secret."""
        return f"Credential(user={self.user!r}, secret=…, origin={self.origin!r})"
