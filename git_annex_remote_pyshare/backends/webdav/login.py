"""`pyshare login https://…`: prompts for a login, tries it once, and keeps it for its host or public link."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from git_annex_remote_pyshare.backends.login import (
    LoginRequest,
    Terminal,
    ask_guest,
    ask_password,
    ask_secret_word,
    check_owner,
    keep,
)
from git_annex_remote_pyshare.backends.spec import Settings
from git_annex_remote_pyshare.backends.webdav.url import account_of
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import host_of, is_confidential
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.webdav.nextcloud import Flow
    from git_annex_remote_pyshare.credentials.stored import Kept


class AcceptedLogin(NamedTuple):
    """A login that the server accepted."""

    login: Credential
    address: str = ""
    """WebDAV address of the user's files at a cloud; empty for any other server."""
    granted_by: str = ""
    """The cloud that issued this app password and can revoke it; empty for a password that was typed."""


def login(request: LoginRequest, terminal: Terminal) -> str | None:
    """Log in at a WebDAV server, or enter the password of a public link.

    Returns the address of the user's files; empty for a link, None if the user was told what to type there.
    """
    _check_address(request)
    account = request.account
    if not account.is_link:
        accepted = _obtain(to_web(request.url), request, terminal)
        if accepted.granted_by:
            check_owner(request, terminal, accepted.login, accepted.granted_by)
        return _report(accepted, keep(request, terminal, accepted.login, accepted.granted_by), request, terminal)
    if guest := _as_guest(account, request, terminal):
        now = keep(request, terminal, guest)
        terminal.say(f"The password of the public link {account.name} is kept in the {now.place}.")
    else:
        terminal.say("This is a public link without a password: all who have it can read there; you need no login.")
    return ""


def _check_address(request: LoginRequest) -> None:
    host = host_of(request.url)
    if not (request.insecure or is_confidential(request.url)):
        safe = request._replace(words=(f"https{request.url[request.url.index('://') :]}", *request.words[1:]))
        raise BadSetting(
            f"others on the network could read the password on its way to {host}",
            remedy=f"Add --insecure if you accept that, or type: {safe.command()}",
        )


def _as_guest(account: Account, request: LoginRequest, terminal: Terminal) -> Credential | None:
    """The password of a public link after the server accepted it; None if the link has none."""
    from git_annex_remote_pyshare.backends.webdav import verify_login  # noqa: PLC0415  # as below

    if request.user or request.token:
        raise BadSetting(
            "a public link has one password for all", remedy=f"Type: {request.command(without=('user', 'token'))}"
        )
    if request.no_check:
        return ask_guest(terminal, account.endpoints[0].user)
    if endpoint := verify_login.locked_endpoint(account):
        login = ask_guest(terminal, account.endpoints[0].user)
        verify_login.check_guest(account, endpoint, login.secret)
        return login
    return None


def to_web(url: str) -> str:
    """The URL with http(s) for dav(s), as HTTP libraries require."""
    scheme, _, rest = url.partition("://")
    return f"{'https' if scheme.lower() in {'https', 'davs'} else 'http'}://{rest}"


def _obtain(url: str, request: LoginRequest, terminal: Terminal) -> AcceptedLogin:
    # Imported here, so that --help and usage errors load no HTTP library.
    from git_annex_remote_pyshare.backends.webdav import nextcloud  # noqa: PLC0415

    server = None if request.no_check else nextcloud.find_server(url)
    if server and not (request.user or request.token) and (flow := nextcloud.begin(server)):
        return _through_browser(flow, request, terminal)
    login = ask_secret_word(terminal, "", "token") if request.token else _ask_login(request.user, terminal)
    return AcceptedLogin(login) if request.no_check else _try_login(url, server, login, request)


def _ask_login(user: str, terminal: Terminal) -> Credential:
    """User and password; prompts for the user only if it is not given.

    Raises:
        BadSetting: One of them is empty or cannot be sent.
    """
    user = user or terminal.ask("User")
    if ":" in user:  # RFC 7617 section 2: the first colon ends the name
        raise BadSetting(f"the user name {user} has a colon, which no login can have", remedy="Check the name.")
    return ask_password(terminal, user, f"Password of {user}")


def _through_browser(flow: "Flow", request: LoginRequest, terminal: Terminal) -> AcceptedLogin:
    from git_annex_remote_pyshare.backends.webdav import nextcloud  # noqa: PLC0415  # as above

    with nullcontext(enter_result=False) if request.no_browser else terminal.browser_at(flow.link) as opened:
        terminal.warn(
            f"Your browser shows a page of {host_of(flow.link)}: log in and press Grant access there. Nothing? Then"
            " open this link, on any machine:"
            if opened
            else "Open this link in a browser, on any machine, log in and press Grant access:"
        )
        terminal.warn(f"\n  {flow.link}\n\nWaiting up to {nextcloud.LIMIT / 60:.0f} minutes ... (Ctrl-C ends it.)")
        try:
            server, login = nextcloud.wait(flow)
        except PermissionDenied as error:
            raise PermissionDenied(error.what, remedy=f"Type again: {request.command()}") from None
    user = nextcloud.user_id(server, login) or login.user
    return AcceptedLogin(login, nextcloud.dav_address(server, user), granted_by=server)


def _try_login(url: str, server: str | None, login: Credential, request: LoginRequest) -> AcceptedLogin:
    """The login after the server accepted it; a cloud also reports the user's id, a part of its addresses."""
    from git_annex_remote_pyshare.backends.webdav.verify_login import own_address  # noqa: PLC0415  # as above
    from git_annex_remote_pyshare.credentials.web import Refused  # noqa: PLC0415  # as above

    try:
        return AcceptedLogin(login, own_address(url, server, login))
    except Refused as error:
        raise Refused(error.host, request.command()) from None


def _report(accepted: AcceptedLogin, now: "Kept", request: LoginRequest, terminal: Terminal) -> str | None:
    account = request.account
    who = accepted.login.user or "the owner of the token"
    terminal.say(f"Logged in at {account.name} as {who}; the login is kept in the {now.place}.")
    if not accepted.address:
        return request.url
    from git_annex_remote_pyshare.backends.webdav.other_users import hints  # noqa: PLC0415  # as above

    for hint in (hinted := hints(account, accepted.address, request.url)):
        terminal.say(hint)
    return None if hinted else accepted.address


def check(settings: Settings, login: Credential) -> None:
    """Try a stored login once.

    Raises:
        BadSetting: Others on the network could read it.
        PyshareError: The server refuses it, or does not respond.
    """
    from git_annex_remote_pyshare.backends.webdav import nextcloud, verify_login  # noqa: PLC0415  # as above

    url = to_web(settings["url"])
    if not is_confidential(url):
        raise BadSetting("it was not tried, since others on the network could read it over http")
    account = account_of(settings)
    if not account.is_link:
        verify_login.own_address(url, nextcloud.find_server(url), login)
    elif endpoint := verify_login.locked_endpoint(account):
        verify_login.check_guest(account, endpoint, login.secret)
