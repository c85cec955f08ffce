"""Provides the login that signs a store's requests; looked up once for all jobs, and again if it may have changed."""

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
"""Seconds after which a temporary login is looked up again. Its provider renews it well before it expires (botocore
does so ten minutes before), and a lookup costs nothing if nothing is to be renewed."""


class Login:
    """The login of one store.

    In a clone where the user has not accepted the settings, a public store is read without a login: a login found on
    this machine may be for other buckets, and servers refuse a wrong login where they accept none. Nor do settings
    that are not accepted send a login to Amazon over plain http, or to another host than the one it is bound to.

    Args:
        place: Finds the login.
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
            PermissionDenied: There is one, but it must not be used here, or it has expired.
            Unreachable: The login's provider does not respond.
        """
        if self._is_anonymous or self._objection or (self._writes_only and not writing):
            return None
        with self._lookup_lock:
            if self._looked_up_at is None or self._may_have_been_renewed(self._looked_up_at):
                self._look_up()
            return self._credential

    def renew(self, used: Credential | None) -> bool:
        """Whether there is a newer login than the one refused as expired; only the first job looks it up."""
        with self._lookup_lock:
            if used is not None and used == self._credential:
                self._look_up()
            return used is not None and used != self._credential

    def advice(self, refusal: PermissionDenied) -> str:
        """What to type to log in, or to use another login, after a refusal."""
        if isinstance(refusal, LoginExpired) and self._credential is not None:
            return renewal(self._credential)
        if self._is_anonymous:
            return "Leave signature=anonymous out to log in."
        if self._objection:
            return f"No login is used, since {self._objection}. To accept that, type: {self._acceptance()}"
        if self._writes_only:
            return f"To read it with your login, type: {self._acceptance()}"
        return self._place.advice()

    def _acceptance(self) -> str:
        named = command("git", "annex", "verifyremote", self._place.clone.remote or "NAME")
        return self._place.acceptance() or named

    def _may_have_been_renewed(self, looked_up_at: float) -> bool:
        expires = self._credential is not None and bool(self._credential.session_token)
        return expires and time.monotonic() - looked_up_at > RECHECK_INTERVAL

    def _look_up(self) -> None:
        """Look up the login; after a failure the next request tries again, instead of failing without a login."""
        try:
            # If the provider returns nothing now, the previous login may still be valid.
            self._credential = self._confidential(_valid_in_header(self._place.credential())) or self._credential
        except PyshareError:
            if self._credential is None:
                raise
        self._looked_up_at = time.monotonic()

    def _confidential(self, login: Credential | None) -> Credential | None:
        """The login, unless others could read its session token, which unlike a secret key is sent as it is."""
        origin, clone = self._address.server.origin, self._place.clone
        if login is None or not login.session_token or is_confidential(origin) or clone.get(options.INSECURE):
            return login
        name = clone.remote or "NAME"
        raise PermissionDenied(
            f"over http:// anyone on the network path to {origin} could read the session token from {login.origin}",
            remedy=f"If it supports https, type: {command('git', 'annex', 'enableremote', name, *self._with_tls())}"
            f" (or, on a network that you trust: git config {clone.key(options.INSECURE)} true)",
        )

    def _with_tls(self) -> tuple[str, ...]:
        """The settings that change http to https, of the same kind as the remote has."""
        if self._place.settings["endpoint"]:
            return (f"endpoint=https://{self._address.server.host}",)
        return ("protocol=https", "port=443")


def _objection(address: Address) -> str:
    """Why a login must not be used with settings that the user has not accepted; empty if it may be used."""
    if address.is_amazon:
        plain = "this remote speaks plain http with Amazon, so anyone on the network path can read and change data"
        return plain if address.server.scheme == "http" else ""
    named = f"addressing=virtual sends it to {address.host}, and it is for {address.server.host}"
    return named if address.virtual else ""


def _valid_in_header(login: Credential | None) -> Credential | None:
    """The login, if it fits into a header; a key that was copied with its line break does not."""
    if login is None:
        return None
    sent = login.user + login.session_token
    if not (sent.isascii() and sent.isprintable() and login.secret.isprintable()):
        raise PermissionDenied(
            f"the login from {login.origin} contains a line break, or another character that is not valid in a key",
            remedy="Enter it there again, without extra characters.",
        )
    return login
