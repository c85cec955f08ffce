"""Logging in at Dropbox by OAuth 2 with PKCE (RFC 7636), which needs no secret in this program; by the official SDK.

https://developers.dropbox.com/oauth-guide
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import timezone
from http import HTTPStatus
from typing import Any, NamedTuple

import requests
from dropbox import oauth

from git_annex_remote_pyshare.backends.dropbox.credential import COMMAND, Login, lacks, login_of
from git_annex_remote_pyshare.backends.dropbox.sdk import client, errors_of
from git_annex_remote_pyshare.backends.dropbox.tokens import Token, Tokens, forget
from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError, Unreachable

ORIGIN = "pyshare login"

_LASTING: Mapping[str, Any] = {"token_access_type": "offline", "use_pkce": True, "timeout": web.TIMEOUT}
"""Asks for a refresh token, and proves by PKCE that the code was given to this process."""


class Granted(NamedTuple):
    """What Dropbox gave."""

    login: Login
    token: Token
    """The first access token."""
    email: str


class Stray(Exception):
    """An answer that does not belong to this login: of another window, or forged."""


class WrongCode(PermissionDenied):
    """Dropbox does not know the code that was typed; the same flow takes another one."""


class BrowserFlow:
    """A login whose answer the browser brings to `redirect`.

    Args:
        app_key: The app that asks.
        scopes: What it asks for.
        redirect: Address of our own page, as it is registered with the app.
        again: The command as it was typed, for errors.
    """

    def __init__(self, app_key: str, scopes: Iterable[str], redirect: str, again: str = COMMAND) -> None:
        self._app_key, self._scopes, self._again = app_key, list(scopes), again
        self._flow = oauth.DropboxOAuth2Flow(app_key, redirect, {}, "state", scope=self._scopes, **_LASTING)
        self._flow.requests_session = web.session_of(web.Bearer())
        self.link: str = self._flow.start()

    def finish(self, answer: Mapping[str, str]) -> Granted:
        """The login, after the browser came back with `answer` (the query of its request).

        Raises:
            Stray: The answer is not this login's; the right one may still come.
            Denied: The user, or Dropbox, said no.
            Unreachable: Dropbox does not give the tokens.
        """
        try:
            return _granted(self._app_key, self._scopes, lambda: self._flow.finish(answer), self._again)
        except (oauth.BadRequestException, oauth.BadStateException, oauth.CsrfException):
            raise Stray from None  # the cause holds the state
        except oauth.NotApprovedException:
            raise PermissionDenied(
                "access to Dropbox was not allowed", remedy=f"If that was a slip, type again: {self._again}"
            ) from None
        except oauth.ProviderException as error:
            why = f"Dropbox refuses the login: {str(error)[:200]}"
            raise PermissionDenied(why, remedy=f"Type again: {self._again}") from None


class CodeFlow:
    """A login whose answer the user copies from Dropbox's page, on whatever machine; arguments as BrowserFlow's."""

    def __init__(self, app_key: str, scopes: Iterable[str], again: str = COMMAND) -> None:
        self._app_key, self._scopes, self._again = app_key, list(scopes), again
        self._flow = oauth.DropboxOAuth2FlowNoRedirect(app_key, scope=self._scopes, **_LASTING)
        self._flow.requests_session = web.session_of(web.Bearer())
        self.link: str = self._flow.start()

    def finish(self, code: str) -> Granted:
        """The login for the code; raises Denied and Unreachable as BrowserFlow does, or WrongCode."""
        return _granted(self._app_key, self._scopes, lambda: self._flow.finish(code), self._again)


def revoke(_server: str, login: Credential) -> bool:
    """Have Dropbox forget a login, with its refresh token and all access tokens; True when it has.

    Raises:
        Denied: It does not know the login any more.
        Unreachable: No answer.
    """
    gone = login_of(login)
    try:
        with errors_of(gone, "cannot revoke the login"), client(Tokens(gone).access()) as dropbox:
            dropbox.auth_token_revoke()
    finally:
        forget(gone)
    return True


def check(login: Credential) -> None:
    """Ask Dropbox whose the login is.

    Raises:
        Denied: It does not take the login any more.
        Unreachable, Busy: It does not answer now.
    """
    ours = login_of(login)
    with errors_of(ours, "cannot try the login"), client(Tokens(ours).access()) as dropbox:
        dropbox.users_get_current_account()


def _granted(app_key: str, scopes: list[str], finish: Callable[[], Any], again: str) -> Granted:
    login = Login(app_key, origin=ORIGIN)
    with errors_of(login, "cannot log in at Dropbox"):
        try:
            given = finish()
        except requests.HTTPError as error:
            raise _code_refused(error.response, again) from None
        _check_scopes(scopes, given.scope, login)
        expires = given.expires_at.replace(tzinfo=timezone.utc).timestamp()
        with client(given.access_token) as dropbox:
            email = dropbox.users_get_current_account().email
    return Granted(login._replace(refresh_token=given.refresh_token), Token(given.access_token, expires), email)


def _code_refused(answer: requests.Response, again: str) -> PyshareError:
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreachable(f"cannot log in at Dropbox, which is broken (status {answer.status_code})")
    why = f"status {answer.status_code}"
    with suppress(ValueError, AttributeError):
        why = answer.json().get("error_description") or why
    return WrongCode(f"Dropbox does not take the code: {str(why)[:200]}", remedy=f"Type again: {again}")


def _check_scopes(wanted: list[str], given: str | None, login: Login) -> None:
    if given is not None and (missing := sorted(set(wanted) - set(given.split()))):
        raise lacks(missing[0], login)
