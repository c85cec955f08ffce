"""Asks Dropbox for a new access token, by the one request that this takes.

Source: https://developers.dropbox.com/oauth-guide (refresh tokens), and `refresh_access_token` of the official SDK,
which would cost five times as much to import.
"""

from http import HTTPStatus
from typing import Any

from git_annex_remote_pyshare.backends.dropbox.credential import Login, revoked
from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError, Unreachable

ENDPOINT = "https://api.dropboxapi.com/oauth2/token"


def renew(login: Login) -> tuple[str, float]:
    """An access token and the seconds that it lasts.

    Raises:
        Denied: The refresh token was revoked, or Dropbox does not know the app.
        Busy, Unreachable: Dropbox cannot answer now.
    """
    form = {"grant_type": "refresh_token", "refresh_token": login.refresh_token, "client_id": login.app_key}
    if login.app_secret:
        form["client_secret"] = login.app_secret
    answer = web.ask("POST", ENDPOINT, data=form)
    content = _table(answer)
    if answer.status_code != HTTPStatus.OK:
        raise _refusal(login, answer.status_code, str(content.get("error", "")))
    try:
        return str(content["access_token"]), float(content["expires_in"])
    except (KeyError, TypeError, ValueError):
        raise Unreachable("cannot renew the login at Dropbox: the answer is not Dropbox's") from None


def _table(answer: Any) -> dict[str, Any]:
    try:
        content = answer.json()
    except (ValueError, RecursionError):  # the latter: nested without end
        return {}
    return content if isinstance(content, dict) else {}


def _refusal(login: Login, status: int, error: str) -> PyshareError:
    """The errors of RFC 6749 section 5.2; a page, as a hotel's network sends it, has none of them."""
    if error == "invalid_grant":
        return revoked(login)
    if error and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        why = f"Dropbox does not renew the login that the app {login.app_key} got ({error})"
        return PermissionDenied(why, remedy=f"Check the app's key and secret. {login.mending}")
    return Unreachable(f"cannot renew the login at Dropbox: it answers {status}")
