"""Whose requests we sign: the login of one store, looked up once for all jobs, and again when it may have changed."""

import time
from threading import Lock

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.s3.aws_credentials import renewal
from git_annex_remote_pyshare.backends.s3.errors import LoginExpired
from git_annex_remote_pyshare.backends.s3.url import Address, address_of
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import is_confidential
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command

RECHECK_INTERVAL = 60.0
"""Seconds after which a login that expires is asked for again: whoever keeps it renews it well before its end
(botocore does so ten minutes before), and asking costs nothing while there is nothing to renew."""


class Login:
    """The login of one store.

    In a clone that nobody has verified, what anyone may read is read without a login, since those that lie around
    there may be for somebody else's buckets, and a wrong login is refused where none would do. Nor does a stranger's
    setting send a login over plain http to Amazon, or to another host than the one that it was made for.

    Args:
        place: Where the login comes from.
    """

    def __init__(self, place: StoreConfig) -> None:
        self._place = place
        self._credential: Credential | None = None
        self._looked_up_at: float | None = None
        self._lookup_lock = Lock()
        self._is_anonymous = place.settings["signature"] == "anonymous"
        is_public = place.settings["public"] == "yes" or bool(place.settings["publicurl"])
        self._writes_only = is_public and not place.trusted()
        self._address = address_of(place.settings)
        self._objection = "" if place.trusted() else _objection(self._address)

    def for_request(self, *, writing: bool) -> Credential | None:
        """The login to sign with; None for a request without one.

        Raises:
            Denied: There is one, but it must not be used here, or has ended.
            Unreachable: Whoever gives it does not answer.
        """
        if self._is_anonymous or self._objection or (self._writes_only and not writing):
            return None
        with self._lookup_lock:
            if self._looked_up_at is None or self._may_have_been_renewed(self._looked_up_at):
                self._look_up()
            return self._credential

    def renew(self, used: Credential | None) -> bool:
        """Whether there is another login than the one that was refused as expired; looked up by the first job only."""
        with self._lookup_lock:
            if used is not None and used == self._credential:
                self._look_up()
            return used is not None and used != self._credential

    def advice(self, refusal: PermissionDenied) -> str:
        """What to type for a login, or for another one, after a refusal."""
        if isinstance(refusal, LoginExpired) and self._credential is not None:
            return renewal(self._credential)
        if self._is_anonymous:
            return "Leave signature=anonymous out to log in."
        if self._objection:
            return f"No login is used, since {self._objection}. If you trust that, type: {self._acceptance()}"
        if self._writes_only:
            return f"To read it with a login of yours, type: {self._acceptance()}"
        return self._place.advice()

    def _acceptance(self) -> str:
        named = command("git", "annex", "verifyremote", self._place.clone.remote or "NAME")
        return self._place.acceptance() or named

    def _may_have_been_renewed(self, looked_up_at: float) -> bool:
        expires = self._credential is not None and bool(self._credential.session_token)
        return expires and time.monotonic() - looked_up_at > RECHECK_INTERVAL

    def _look_up(self) -> None:
        """After a failure the next request asks again: without a login it would be told something else."""
        try:
            # What worked a minute ago may work still, although the place it came from does not answer now.
            self._credential = self._confidential(_valid_in_header(self._place.credential())) or self._credential
        except PyshareError:
            if self._credential is None:
                raise
        self._looked_up_at = time.monotonic()

    def _confidential(self, login: Credential | None) -> Credential | None:
        """The login, whose session token, unlike a secret key, is sent as it is."""
        origin, clone = self._address.server.origin, self._place.clone
        if login is None or not login.session_token or is_confidential(origin) or clone.get(options.INSECURE):
            return login
        name = clone.remote or "NAME"
        raise PermissionDenied(
            f"over http:// everybody on the way to {origin} could read the session token from {login.origin}",
            remedy=f"If it speaks https, type: {command('git', 'annex', 'enableremote', name, *self._with_tls())}"
            f" (or, in a network that you trust: git config {clone.key(options.INSECURE)} true)",
        )

    def _with_tls(self) -> tuple[str, ...]:
        """The settings that change http into https, by the words that the remote already has."""
        if self._place.settings["endpoint"]:
            return (f"endpoint=https://{self._address.server.host}",)
        return ("protocol=https", "port=443")


def _objection(address: Address) -> str:
    """Why a login must not be used with settings that the user has not accepted; empty where it may."""
    if address.is_amazon:
        plain = "this remote speaks plain http with Amazon, so that anyone on the way can read and answer"
        return plain if address.server.scheme == "http" else ""
    named = f"addressing=virtual sends it to {address.host}, and it is for {address.server.host}"
    return named if address.virtual else ""


def _valid_in_header(login: Credential | None) -> Credential | None:
    """The login, which has to fit into a header; a key that was copied with its line break does not."""
    if login is None:
        return None
    sent = login.user + login.session_token
    if not (sent.isascii() and sent.isprintable() and login.secret.isprintable()):
        raise PermissionDenied(
            f"the login from {login.origin} contains a line break, or another character that is not valid in a key",
            remedy="Write it there again, without what was copied with it.",
        )
    return login
