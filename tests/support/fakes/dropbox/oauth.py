"""Logging in to the fake Dropbox: the page that asks the user, the exchange of codes and refresh tokens, revoking."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from support.fakes.dropbox.accounts import Account, App, Caller, Token, basic_login
from support.fakes.dropbox.answers import Answer, Call, as_json, as_page
from support.fakes.dropbox.service import FakeDropbox

CODE_LIFE = 600.0
"""Seconds that a code can be exchanged."""

_LOOPBACK = {"localhost", "127.0.0.1"}


class Code(NamedTuple):
    """What the user allowed, to be exchanged once."""

    account: Account
    app: App
    query: Mapping[str, str]
    """Of the page where it was allowed."""
    end: float


class _Invalid(Exception):
    """A request of the token endpoint that RFC 6749 (5.2) has an error for."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.answer = as_json({"error": error, "error_description": description}, 400)


def authorize(service: FakeDropbox, call: Call) -> Answer:
    """The page with the buttons Allow and Deny, and what follows each."""
    fields = call.form() if call.method == "POST" else dict(call.query)
    wrong = _wrong(service, fields)
    if wrong:
        return as_page(f"<h1>Error (400)</h1><p>{escape(wrong)}</p>", 400)
    if call.method != "POST":
        return as_page(_question(service, fields))
    if "allow" not in fields:
        return _denied(fields)
    code = service.new_name("code")
    service.table("codes")[code] = Code(_visitor(service), service.apps[fields["client_id"]], fields, _end(service))
    if "redirect_uri" in fields:
        return _redirect(fields, {"code": code})
    return as_page(f'<h1>Access code generated</h1><p>Copy it:</p><input id="code" readonly value="{code}">')


def token(service: FakeDropbox, call: Call) -> Answer:
    """The token endpoint."""
    form = call.form()
    try:
        app = _app(service, form, call.headers.get("Authorization", ""))
        return as_json(_granted(service, app, form))
    except _Invalid as invalid:
        return invalid.answer


def revoke(caller: Caller, _arg: Any, _body: bytes) -> None:
    caller.service.revoke(caller.service.tokens[caller.token].refresh)


def _wrong(service: FakeDropbox, query: Mapping[str, str]) -> str:
    """Why the page cannot be shown, or an empty string."""
    app = service.apps.get(query.get("client_id", ""))
    if app is None:
        return "Invalid client_id: no app has this key"
    if query.get("response_type") != "code":
        return 'Invalid response_type: expected "code"'
    if query.get("code_challenge_method", "S256") != "S256":
        return "Invalid code_challenge_method"
    unknown = set(query.get("scope", "").split()) - app.scopes
    if unknown:
        return f"invalid_scope: the app may not ask for {' '.join(sorted(unknown))}"
    return _wrong_redirect(app, query["redirect_uri"]) if "redirect_uri" in query else ""


def _wrong_redirect(app: App, uri: str) -> str:
    is_known = uri in app.redirects if app.redirects else urlsplit(uri).hostname in _LOOPBACK
    return "" if is_known else f"Invalid redirect_uri: {uri} is not registered with this app"


def _question(service: FakeDropbox, fields: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    wanted = escape(fields.get("scope", "everything that it may"))
    buttons = '<button id="deny" name="deny" value="1">Cancel</button><button id="allow" name="allow" value="1">Allow'
    return (
        f"<h1>{escape(fields['client_id'])} would like to see your Dropbox, {_visitor(service).name}</h1>"
        f'<p>{wanted}</p><form method="post" action="/oauth2/authorize">{hidden}{buttons}</button></form>'
    )


def _denied(fields: Mapping[str, str]) -> Answer:
    if "redirect_uri" not in fields:
        return as_page("<h1>You refused access</h1>")
    reason = "The user chose not to give your app access to their Dropbox account."
    return _redirect(fields, {"error": "access_denied", "error_description": reason})


def _redirect(fields: Mapping[str, str], result: Mapping[str, str]) -> Answer:
    state = {"state": fields["state"]} if "state" in fields else {}
    uri = fields["redirect_uri"]
    return Answer(302, {"Location": f"{uri}{'&' if '?' in uri else '?'}{urlencode({**result, **state})}"})


def _visitor(service: FakeDropbox) -> Account:
    return service.visitor or service.people[0]


def _end(service: FakeDropbox) -> float:
    return service.now() + CODE_LIFE


def _app(service: FakeDropbox, form: Mapping[str, str], header: str) -> App:
    """The app that asks, known by its key; a secret that is given must be right."""
    key, secret = form.get("client_id", ""), form.get("client_secret", "")
    if header.startswith("Basic "):
        key, secret = basic_login(header)
    app = service.apps.get(key)
    if app is None or (secret and secret != app.secret):
        raise _Invalid("invalid_client", "Invalid client_id or client_secret")
    return app


def _granted(service: FakeDropbox, app: App, form: Mapping[str, str]) -> dict[str, Any]:
    if form.get("grant_type") == "authorization_code":
        return _exchanged(service, app, form)
    if form.get("grant_type") == "refresh_token":
        return _refreshed(service, app, form)
    raise _Invalid("unsupported_grant_type", "unknown grant_type")


def _exchanged(service: FakeDropbox, app: App, form: Mapping[str, str]) -> dict[str, Any]:
    code = service.table("codes").pop(form.get("code", ""), None)
    if code is None or code.app is not app or code.end < service.now():
        raise _Invalid("invalid_grant", "code doesn't exist or has expired")
    if form.get("redirect_uri") != code.query.get("redirect_uri"):
        raise _Invalid("invalid_grant", "redirect_uri does not match the one of the authorization")
    _check_proof(code, form)
    scopes = frozenset(code.query.get("scope", "").split()) or app.scopes
    login = service.log_in(code.account, app, " ".join(scopes))
    if code.query.get("token_access_type") == "offline":
        more = {"refresh_token": login.refresh}
    else:
        more = {}
        del service.refreshes[login.refresh]
    answer = _answer(service, service.tokens[login.access])
    return {**answer, **more, "uid": code.account.uid, "account_id": code.account.id}


def _check_proof(code: Code, form: Mapping[str, str]) -> None:
    """PKCE (RFC 7636, 4.6), or the app's secret instead."""
    challenge = code.query.get("code_challenge")
    if not challenge:
        if form.get("client_secret") != code.app.secret or not code.app.secret:
            raise _Invalid("invalid_client", "neither client_secret nor a code_challenge")
        return
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
        raise _Invalid("invalid_grant", "invalid code verifier")


def _refreshed(service: FakeDropbox, app: App, form: Mapping[str, str]) -> dict[str, Any]:
    refresh = form.get("refresh_token", "")
    _, owner, granted = service.refreshes.get(refresh, (None, None, frozenset()))
    if owner is not app:
        raise _Invalid("invalid_grant", "refresh token is invalid or revoked")
    wanted = frozenset(form.get("scope", "").split()) or granted
    if not wanted <= granted:
        raise _Invalid("invalid_scope", "more scopes than were granted")
    return _answer(service, service.access(refresh, wanted))


def _answer(service: FakeDropbox, made: Token) -> dict[str, Any]:
    return {
        "access_token": made.text,
        "token_type": "bearer",
        "expires_in": int(service.token_lifetime),
        "scope": " ".join(sorted(made.scopes)),
    }
