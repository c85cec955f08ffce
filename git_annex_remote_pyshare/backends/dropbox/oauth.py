"""Logs in at Dropbox by OAuth 2 with PKCE (RFC 7636), which needs no secret in this program; by the official SDK.

The SDK is for logins and accounts only, never for data: it holds whole bodies in memory, and importing it takes half
a second and 50 MB. See https://developers.dropbox.com/oauth-guide.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timezone
from http import HTTPStatus
from typing import Any, NamedTuple

import requests
from dropbox import Dropbox, exceptions, oauth

from git_annex_remote_pyshare.backends.dropbox.credential import COMMAND, Login, expired, lacks, login_of, revoked
from git_annex_remote_pyshare.backends.dropbox.tokens import Token, Tokens, forget
from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.web import unreachable
from git_annex_remote_pyshare.errors import Busy, PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.transport.headers import USER_AGENT

ORIGIN = "pyshare login"

_LASTING: Mapping[str, Any] = {"token_access_type": "offline", "use_pkce": True, "timeout": web.TIMEOUT}
"""Requests a refresh token, and proves by PKCE that this process may use the code."""


class Granted(NamedTuple):
    """The login that Dropbox granted."""

    login: Login
    token: Token
    """The first access token."""
    email: str


class Stray(Exception):
    """A response that does not belong to this login: from another window, or forged."""


class WrongCode(PermissionDenied):
    """Dropbox does not accept the typed code; the same flow accepts another one."""


class BrowserFlow:
    """A login that the browser completes by a redirect to our page.

    Args:
        app_key: The app that requests access.
        scopes: The scopes to request.
        redirect: Address of our own page, as registered with the app.
        again: The command as the user typed it, for errors.
    """

    def __init__(self, app_key: str, scopes: Iterable[str], redirect: str, again: str = COMMAND) -> None:
        self._app_key, self._scopes, self._again = app_key, list(scopes), again
        self._flow = oauth.DropboxOAuth2Flow(app_key, redirect, {}, "state", scope=self._scopes, **_LASTING)
        self._flow.requests_session = web.session_of(web.Bearer())
        self.link: str = self._flow.start()

    def finish(self, query: Mapping[str, str]) -> Granted:
        """The login, from the query of the browser's request to our page.

        Raises:
            Stray: The response is not for this login; the right one may still come.
            PermissionDenied: The user or Dropbox refused access.
            Unreachable: Dropbox does not return the tokens.
        """
        try:
            return _granted(self._app_key, self._scopes, lambda: self._flow.finish(query), self._again)
        except (oauth.BadRequestException, oauth.BadStateException, oauth.CsrfException):
            raise Stray from None  # the cause holds the state
        except oauth.NotApprovedException:
            raise PermissionDenied(
                "access to Dropbox was not allowed", remedy=f"If that was a mistake, type again: {self._again}"
            ) from None
        except oauth.ProviderException as error:
            why = f"Dropbox refuses the login: {str(error)[:200]}"
            raise PermissionDenied(why, remedy=f"Type again: {self._again}") from None


class CodeFlow:
    """A login with a code that the user copies from Dropbox's page, on any machine; arguments as BrowserFlow."""

    def __init__(self, app_key: str, scopes: Iterable[str], again: str = COMMAND) -> None:
        self._app_key, self._scopes, self._again = app_key, list(scopes), again
        self._flow = oauth.DropboxOAuth2FlowNoRedirect(app_key, scope=self._scopes, **_LASTING)
        self._flow.requests_session = web.session_of(web.Bearer())
        self.link: str = self._flow.start()

    def finish(self, code: str) -> Granted:
        """The login for the code; raises PermissionDenied and Unreachable like BrowserFlow, or WrongCode."""
        return _granted(self._app_key, self._scopes, lambda: self._flow.finish(code), self._again)


def revoke(_server: str, login: Credential) -> bool:
    """Revoke a login at Dropbox, with its refresh token and all access tokens; always True.

    Raises:
        PermissionDenied: Dropbox no longer knows the login.
        Unreachable: No response.
    """
    gone = login_of(login)
    try:
        with errors_of(gone, "cannot revoke the login"), client(Tokens(gone).access()) as dropbox:
            dropbox.auth_token_revoke()
    finally:
        forget(gone)
    return True


def check(login: Credential) -> None:
    """Check the login by one request for its account.

    Raises:
        PermissionDenied: Dropbox no longer accepts the login.
        Unreachable, Busy: Dropbox does not respond now.
    """
    ours = login_of(login)
    with errors_of(ours, "cannot check the login"), client(Tokens(ours).access()) as dropbox:
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


def _code_refused(response: requests.Response, again: str) -> PyshareError:
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreachable(f"cannot log in at Dropbox, which has a problem (status {response.status_code})")
    why = f"status {response.status_code}"
    with suppress(ValueError, AttributeError):
        why = response.json().get("error_description") or why
    return WrongCode(f"Dropbox does not accept the code: {str(why)[:200]}", remedy=f"Type again: {again}")


def _check_scopes(wanted: list[str], given: str | None, login: Login) -> None:
    if given is not None and (missing := sorted(set(wanted) - set(given.split()))):
        raise lacks(missing[0], login)


def client(access_token: str) -> Dropbox:
    """The SDK's client for one user's Dropbox; it does not retry, since pyshare's own layer does."""
    return Dropbox(
        access_token,
        session=web.session_of(web.Bearer()),
        user_agent=USER_AGENT,
        timeout=web.TIMEOUT,
        max_retries_on_error=0,
        max_retries_on_rate_limit=0,
    )


@contextmanager
def errors_of(login: Login, doing: str) -> Iterator[None]:
    """Turns the SDK's exceptions in the block into pyshare's; an `ApiError`, a route's own error, passes.

    Args:
        login: The request's login.
        doing: What failed: the start of the error text.
    """
    try:
        yield
    except exceptions.AuthError as error:
        raise _not_let_in(error, login) from None
    except exceptions.RateLimitError as error:
        raise Busy(f"{doing}: Dropbox limits the request rate", retry_after=error.backoff) from None
    except exceptions.InternalServerError as error:
        raise Unreachable(f"{doing}: Dropbox has a problem (status {error.status_code})") from None
    except exceptions.HttpError as error:
        raise PermissionDenied(f"{doing}: Dropbox refuses it (status {error.status_code})") from None
    except (AssertionError, KeyError, TypeError, ValueError):  # the SDK, when a page replaces the response
        raise Unreachable(f"{doing}: the response is not from Dropbox") from None
    except requests.RequestException as error:
        raise unreachable("dropbox.com", error) from None


def _not_let_in(error: Any, login: Login) -> PyshareError:
    """The error for a 401 (`auth.AuthError` of the API)."""
    reason = error.error
    if reason.is_missing_scope():
        return lacks(reason.get_missing_scope().required_scope, login)
    if reason.is_expired_access_token():
        return expired(login)
    if reason.is_user_suspended():
        return PermissionDenied("Dropbox has suspended this user", remedy="Ask Dropbox, or the team's administrator.")
    return revoked(login)
