"""`pyshare login https://…`: ask for a login, try it once, keep it for its host, or for its public link alone."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.browser import browser_at
from git_annex_remote_pyshare.cli.keeping import check_owner, keep
from git_annex_remote_pyshare.cli.login_request import LoginRequest
from git_annex_remote_pyshare.cli.output import say, warn
from git_annex_remote_pyshare.cli.own_files import hints
from git_annex_remote_pyshare.cli.prompt import ask_guest, ask_login, ask_token
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import host_of, is_confidential
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied
from git_annex_remote_pyshare.safe_text import command

if TYPE_CHECKING:
    from git_annex_remote_pyshare.credentials.nextcloud import Flow
    from git_annex_remote_pyshare.credentials.stored import Kept


class Got(NamedTuple):
    """A login that the server took."""

    login: Credential
    address: str = ""
    """WebDAV address of the user's files at a cloud; empty for any other server."""
    granted_by: str = ""
    """The cloud that made this password for us and can revoke it; empty for a password that was typed."""


def login(wish: LoginRequest) -> None:
    """Log in at a WebDAV server, or give the password of a public link."""
    _check_address(wish)
    account = registry.account_of(wish.settings)
    if not account.is_link:
        got = _obtain(to_web(wish.url), wish)
        if got.granted_by:
            check_owner(account, "webdav", got.login, wish, got.granted_by)
        _tell(account, got, keep(account, "webdav", got.login, wish, got.granted_by), wish)
    elif guest := _as_guest(account, wish):
        now = keep(account, "webdav", guest, wish)
        say(f"The password of the public link {account.name} is kept in the {now.place}.")
    else:
        say("This is a public link without a password: all who have it can read there, and you need no login.")


def _check_address(wish: LoginRequest) -> None:
    host = host_of(wish.url)
    if not (wish.insecure or is_confidential(wish.url)):
        safe = wish._replace(words=(f"https{wish.url[wish.url.index('://') :]}", *wish.words[1:]))
        raise BadSetting(
            f"others on the way to {host} could read the password",
            remedy=f"Add --insecure if you accept that, or type: {safe.command()}",
        )


def _as_guest(account: Account, wish: LoginRequest) -> Credential | None:
    """The password of a public link after the server took it; None when the link has none."""
    from git_annex_remote_pyshare.credentials import guest  # noqa: PLC0415  # as below

    if wish.user or wish.token:
        raise BadSetting(
            "a public link has one password for all", remedy=f"Type: {wish.command(without=('user', 'token'))}"
        )
    if wish.no_check:
        return ask_guest(account.endpoints[0].user)
    if endpoint := guest.locked_endpoint(account):
        login = ask_guest(account.endpoints[0].user)
        guest.check(account, endpoint, login.secret)
        return login
    return None


def to_web(url: str) -> str:
    """The URL with http(s) for dav(s), as HTTP libraries want it."""
    scheme, _, rest = url.partition("://")
    return f"{'https' if scheme.lower() in {'https', 'davs'} else 'http'}://{rest}"


def _obtain(url: str, wish: LoginRequest) -> Got:
    # Imported here, so that help and wrong words need no HTTP library.
    from git_annex_remote_pyshare.credentials import nextcloud  # noqa: PLC0415

    server = None if wish.no_check else nextcloud.find_server(url)
    if server and not (wish.user or wish.token) and (flow := nextcloud.begin(server)):
        return _through_browser(flow, wish)
    login = ask_token() if wish.token else ask_login(wish.user)
    return Got(login) if wish.no_check else _tried(url, server, login, wish)


def _through_browser(flow: "Flow", wish: LoginRequest) -> Got:
    from git_annex_remote_pyshare.credentials import nextcloud  # noqa: PLC0415  # as above

    with nullcontext(enter_result=False) if wish.no_browser else browser_at(flow.link) as opened:
        warn(
            f"Your browser shows a page of {host_of(flow.link)}: log in and press Grant access there. Nothing? Then"
            " open this link, on any machine:"
            if opened
            else "Open this link in a browser, on any machine, log in and press Grant access:"
        )
        warn(f"\n  {flow.link}\n\nWaiting up to {nextcloud.LIMIT / 60:.0f} minutes ... (Ctrl-C ends it.)")
        try:
            server, login = nextcloud.wait(flow)
        except PermissionDenied as error:
            raise PermissionDenied(error.what, remedy=f"Type again: {wish.command()}") from None
    user = nextcloud.user_id(server, login) or login.user
    return Got(login, nextcloud.dav_address(server, user), granted_by=server)


def _tried(url: str, server: str | None, login: Credential, wish: LoginRequest) -> Got:
    """The login after the server took it; a cloud also gives the user's id, which its addresses contain."""
    from git_annex_remote_pyshare.credentials.verify_login import own_address  # noqa: PLC0415  # as above
    from git_annex_remote_pyshare.credentials.web import Refused  # noqa: PLC0415  # as above

    try:
        return Got(login, own_address(url, server, login))
    except Refused as error:
        raise Refused(error.host, wish.command()) from None


def _tell(account: Account, got: Got, now: "Kept", wish: LoginRequest) -> None:
    who = got.login.user or "the owner of the token"
    say(f"Logged in at {account.name} as {who}; the login is kept in the {now.place}.")
    if not got.address:
        return
    for hint in (hinted := hints(account, got.address, wish.url)):
        say(hint)
    if not hinted:
        say(f"For your files there give git-annex: {command(f'url={got.address}/FOLDER')}")
