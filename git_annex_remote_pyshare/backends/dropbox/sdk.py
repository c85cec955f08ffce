"""The official Dropbox SDK with our certificates, proxies and errors: for logins, accounts, sharing and quota.

Never for data, since it holds whole bodies in memory; importing it takes half a second and 50 MB.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from dropbox import Dropbox, exceptions

from git_annex_remote_pyshare.backends.dropbox.credential import Login, expired, lacks, revoked
from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.credentials.web import unreachable
from git_annex_remote_pyshare.errors import Busy, PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.transport.headers import USER_AGENT


def client(access_token: str) -> Dropbox:
    """The SDK's client for one user's Dropbox; it tries nothing twice, since our own layer does."""
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
    """Turns what the SDK raises in the block into our errors; an `ApiError`, each route's own, passes.

    Args:
        login: Whose request it is.
        doing: What the request is for, as the beginning of the error's text.
    """
    try:
        yield
    except exceptions.AuthError as error:
        raise _not_let_in(error, login) from None
    except exceptions.RateLimitError as error:
        raise Busy(f"{doing}: Dropbox asks to wait", retry_after=error.backoff) from None
    except exceptions.InternalServerError as error:
        raise Unreachable(f"{doing}: Dropbox is broken (status {error.status_code})") from None
    except exceptions.HttpError as error:
        raise PermissionDenied(f"{doing}: Dropbox refuses it (status {error.status_code})") from None
    except (AssertionError, KeyError, TypeError, ValueError):  # what the SDK does with a page in place of an answer
        raise Unreachable(f"{doing}: the answer is none of Dropbox's") from None
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
        return PermissionDenied("Dropbox has suspended this user", remedy="Ask Dropbox, or who runs the team.")
    return revoked(login)
