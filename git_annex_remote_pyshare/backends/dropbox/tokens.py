"""Access tokens of Dropbox: one for all jobs and processes of a user, renewed before it expires.

An access token lasts four hours. It is in a private file under a hash of the refresh token that it came from, so
that a login from the environment never serves another one. Neither `requests` nor the SDK is imported as long as the
token is valid; renewing it takes one request, for which the SDK would cost five times as much to import.

Source: https://developers.dropbox.com/oauth-guide (refresh tokens), and `refresh_access_token` of the official SDK.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from threading import Lock
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.dropbox.credential import Login, expired, revoked
from git_annex_remote_pyshare.credentials import private
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError, Unreachable

FILE = "dropbox-tokens.json"
LOCK = "dropbox-tokens.lock"
"""Apart from the lock of all private files, since it is held during a request to Dropbox."""
RENEW_BEFORE = 300.0
"""Seconds before its expiry from which on a token counts as expired, as in the SDK: it must outlast a request."""


class Token(NamedTuple):
    """An access token."""

    access: str
    expires: float
    """Seconds since the epoch."""

    def __repr__(self) -> str:
        """Without the token."""
        return f"Token(…, expires={self.expires!r})"


NO_TOKEN = Token("", 0.0)


class Tokens:
    """The access tokens of one login; all jobs of a process share one of these.

    Args:
        login: With a refresh token, or with an access token that cannot be renewed.
    """

    def __init__(self, login: Login) -> None:
        self.login = login
        self._lock = Lock()
        self._token = NO_TOKEN

    def access(self) -> str:
        """A token that is valid for at least some minutes.

        Raises:
            PermissionDenied: Dropbox no longer renews it.
            Unreachable: No response.
        """
        return self._other_than("")

    def refresh(self, rejected: str) -> str:
        """A new token after Dropbox refused `rejected` as expired; concurrent callers get the same one.

        Raises:
            PermissionDenied, Unreachable: As `access`; also without a refresh token.
        """
        return self._other_than(rejected)

    def _other_than(self, rejected: str) -> str:
        if not self.login.refresh_token:
            if rejected:
                raise expired(self.login)
            return self.login.access_token
        with self._lock:
            if not _is_valid(self._token, rejected):
                self._token = _shared(self.login, rejected)
            return self._token.access


def remember(login: Login, token: Token) -> None:
    """Keep the access token that came with a new login, so that its first use needs no renewal."""
    with _exclusive():
        _save({**_load(), _label(login): token})


def forget(login: Login) -> None:
    """Remove the access token of a login that was revoked."""
    with _exclusive():
        _save({label: token for label, token in _load().items() if label != _label(login)})


def _shared(login: Login, rejected: str) -> Token:
    """The token that all processes share; renewed here unless another process has renewed it meanwhile."""
    label = _label(login)
    if _is_valid(token := _load().get(label, NO_TOKEN), rejected):
        return token
    with _exclusive():
        tokens = _load()
        if _is_valid(token := tokens.get(label, NO_TOKEN), rejected):
            return token
        token = _renew(login)
        _save({**tokens, label: token})
        return token


def _is_valid(token: Token, rejected: str) -> bool:
    return token.expires - RENEW_BEFORE > time.time() and token.access != rejected


def _label(login: Login) -> str:
    return hashlib.sha256(login.refresh_token.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _renew(login: Login) -> Token:
    if not login.app_key:
        raise PermissionDenied(
            "DROPBOX_REFRESH_TOKEN is set without the key of its app", remedy="Set DROPBOX_APP_KEY, too."
        )
    access, seconds = renew(login)
    return Token(access, time.time() + seconds)


@contextmanager
def _exclusive() -> Iterator[None]:
    """Exclude all other processes; without a writable folder (e.g. in a container), no process waits."""
    with ExitStack() as stack:
        with suppress(BadSetting):
            stack.enter_context(private.holding(LOCK))
        yield


def _load() -> dict[str, Token]:
    """Label → token. What cannot be read is ignored: a token can always be renewed."""
    with suppress(BadSetting):
        return {label: token for label, row in private.load(FILE).items() if (token := _token(row))}
    return {}


def _token(row: Any) -> Token | None:
    try:
        return Token(str(row["access"]), float(row["expires"]))
    except (KeyError, TypeError, ValueError):
        return None


def _save(tokens: dict[str, Token]) -> None:
    alive = {label: token._asdict() for label, token in tokens.items() if token.expires > time.time()}
    with suppress(BadSetting):
        private.save(FILE, alive)


ENDPOINT = "https://api.dropboxapi.com/oauth2/token"


def renew(login: Login) -> tuple[str, float]:
    """An access token and the seconds that it lasts.

    Raises:
        PermissionDenied: The refresh token was revoked, or Dropbox does not know the app.
        Busy, Unreachable: Dropbox does not respond now.
    """
    # Loads an HTTP library, which is needed here only, every four hours.
    from git_annex_remote_pyshare.credentials import web  # noqa: PLC0415

    form = {"grant_type": "refresh_token", "refresh_token": login.refresh_token, "client_id": login.app_key}
    if login.app_secret:
        form["client_secret"] = login.app_secret
    response = web.ask("POST", ENDPOINT, data=form)
    content = _json_object(response)
    if response.status_code != HTTPStatus.OK:
        raise _refusal(login, response.status_code, str(content.get("error", "")))
    try:
        return str(content["access_token"]), float(content["expires_in"])
    except (KeyError, TypeError, ValueError):
        raise Unreachable("cannot renew the login at Dropbox: the response is not from Dropbox") from None


def _json_object(response: Any) -> dict[str, Any]:
    try:
        content = response.json()
    except (ValueError, RecursionError):  # the latter: nested without end
        return {}
    return content if isinstance(content, dict) else {}


def _refusal(login: Login, status: int, error: str) -> PyshareError:
    """The exception for an error of RFC 6749 section 5.2; a page from a captive portal has none of them."""
    if error == "invalid_grant":
        return revoked(login)
    if error and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        why = f"Dropbox does not renew the login of the app {login.app_key} ({error})"
        return PermissionDenied(why, remedy=f"Check the app's key and secret. {login.remedy}")
    return Unreachable(f"cannot renew the login at Dropbox: it responds with status {status}")
