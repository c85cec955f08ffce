"""Whose requests we sign: the login of one store, looked up once for all jobs, and again when it may have changed."""

import time
from threading import Lock

from git_annex_remote_pyshare.backends.base import Place
from git_annex_remote_pyshare.backends.s3.errors import LoginExpired
from git_annex_remote_pyshare.credentials.aws import renewal
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import Denied, PyshareError

RENEWED = 60.0
"""Seconds after which a login that expires is asked for again: whoever keeps it renews it well before its end
(botocore does so ten minutes before), and asking costs nothing while there is nothing to renew."""


class Login:
    """The login of one store.

    In a clone that nobody has verified, what anyone may read is read without a login, since those that lie around
    there may be for somebody else's buckets, and a wrong login is refused where none would do.

    Args:
        place: Where the login comes from.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._credential: Credential | None = None
        self._asked_at: float | None = None
        self._asking = Lock()
        self._never = place.settings["signature"] == "anonymous"
        is_public = place.settings["public"] == "yes" or bool(place.settings["publicurl"])
        self._only_to_write = is_public and not place.trusted()

    def for_request(self, *, writing: bool) -> Credential | None:
        """The login to sign with; None for a request without one.

        Raises:
            Denied: There is one, but it must not be used here, or has ended.
            Unreachable: Whoever gives it does not answer.
        """
        if self._never or (self._only_to_write and not writing):
            return None
        with self._asking:
            if self._asked_at is None or self._may_have_been_renewed(self._asked_at):
                self._ask()
            return self._credential

    def renew(self, used: Credential | None) -> bool:
        """Whether there is another login than the one that was refused as expired; looked up by the first job only."""
        with self._asking:
            if used is not None and used == self._credential:
                self._ask()
            return used is not None and used != self._credential

    def advice(self, refusal: Denied) -> str:
        """What to type for a login, or for another one, after a refusal."""
        if isinstance(refusal, LoginExpired) and self._credential is not None:
            return renewal(self._credential)
        if self._never:
            return "Leave signature=anonymous out to log in."
        if self._only_to_write:
            from shlex import quote  # noqa: PLC0415  # only a failure needs it

            name = self._place.clone.remote or "NAME"
            return f"To read it with a login of yours, type: git annex verifyremote {quote(name)}"
        return self._place.advice()

    def _may_have_been_renewed(self, asked_at: float) -> bool:
        expires = self._credential is not None and bool(self._credential.session_token)
        return expires and time.monotonic() - asked_at > RENEWED

    def _ask(self) -> None:
        """After a failure the next request asks again: without a login it would be told something else."""
        try:
            # What worked a minute ago may work still, although the place it came from does not answer now.
            self._credential = _sendable(self._place.credential()) or self._credential
        except PyshareError:
            if self._credential is None:
                raise
        self._asked_at = time.monotonic()


def _sendable(login: Credential | None) -> Credential | None:
    """The login, which has to fit into a header; a key that was copied with its line break does not."""
    if login is None:
        return None
    sent = login.user + login.session_token
    if not (sent.isascii() and sent.isprintable() and login.secret.isprintable()):
        raise Denied(
            f"the login from {login.origin} contains a line break, or another character that is not valid in a key",
            remedy="Write it there again, without what was copied with it.",
        )
    return login
