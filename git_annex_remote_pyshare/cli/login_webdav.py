"""`pyshare login https://…`: ask for a login, try it once, keep it for its host, or for its public link alone."""

from typing import TYPE_CHECKING, NamedTuple

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.ask import ask_guest, ask_login, ask_token, open_browser
from git_annex_remote_pyshare.cli.keeping import keep
from git_annex_remote_pyshare.cli.wish import Wish
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import host_of, is_confidential
from git_annex_remote_pyshare.errors import BadSetting

if TYPE_CHECKING:
    from git_annex_remote_pyshare.credentials.kept import Kept
    from git_annex_remote_pyshare.credentials.nextcloud import Flow


class Got(NamedTuple):
    """A login that the server took."""

    login: Credential
    address: str = ""
    """WebDAV address of the user's files at a cloud; empty for any other server."""
    granted_by: str = ""
    """The cloud that made this password for us and can revoke it; empty for a password that was typed."""


def login(wish: Wish) -> None:
    """Log in at a WebDAV server, or give the password of a public link."""
    _check_address(wish)
    account = registry.account_of(wish.settings)
    if not account.is_link:
        got = _obtain(_to_web(wish.url), wish)
        _tell(account.name, got, keep(account, "webdav", got.login, got.granted_by))
    elif guest := _as_guest(account, wish):
        now = keep(account, "webdav", guest)
        click.echo(f"The password of the public link {account.name} is kept in the {now.where}.")
    else:
        click.echo("This is a public link: whoever has it can read there, and no login is needed.")


def _check_address(wish: Wish) -> None:
    host = host_of(wish.url)
    if not (wish.insecure or is_confidential(wish.url)):
        raise BadSetting(
            f"others on the way to {host} could read the password",
            remedy=f"Type: pyshare login https{wish.url[wish.url.index('://') :]} (or add --insecure).",
        )


def _as_guest(account: Account, wish: Wish) -> Credential | None:
    """The password of a public link after the server took it; None when the link has none."""
    from git_annex_remote_pyshare.credentials import guest  # noqa: PLC0415  # as below

    if wish.user or wish.token:
        raise BadSetting("a public link has one password for all", remedy=f"Type: pyshare login {wish.url}")
    if wish.no_check:
        return ask_guest(account.endpoints[0].user)
    if endpoint := guest.locked_endpoint(account):
        login = ask_guest(account.endpoints[0].user)
        guest.check(account, endpoint, login.secret)
        return login
    return None


def _to_web(url: str) -> str:
    """The URL with http(s) for dav(s), as HTTP libraries want it."""
    scheme, _, rest = url.partition("://")
    return f"{'https' if scheme.lower() in {'https', 'davs'} else 'http'}://{rest}"


def _obtain(url: str, wish: Wish) -> Got:
    # Imported here, so that help and wrong words need no HTTP library.
    from git_annex_remote_pyshare.credentials import nextcloud  # noqa: PLC0415

    server = None if wish.no_check else nextcloud.find_server(url)
    if server and not (wish.user or wish.token) and (flow := nextcloud.begin(server)):
        return _through_browser(flow, wish)
    login = ask_token() if wish.token else ask_login(wish.user)
    return Got(login) if wish.no_check else _tried(url, server, login)


def _through_browser(flow: "Flow", wish: Wish) -> Got:
    from git_annex_remote_pyshare.credentials import nextcloud  # noqa: PLC0415  # as above

    click.echo(f"Open this link in a browser and grant access:\n\n  {flow.link}\n\nWaiting ...", err=True)
    if not wish.no_browser:
        open_browser(flow.link)
    server, login = nextcloud.wait(flow)
    user = nextcloud.user_id(server, login) or login.user
    return Got(login, nextcloud.dav_address(server, user), granted_by=server)


def _tried(url: str, server: str | None, login: Credential) -> Got:
    """The login after the server took it; a cloud also tells the user's id, which its addresses bear."""
    from git_annex_remote_pyshare.credentials import nextcloud  # noqa: PLC0415  # as above
    from git_annex_remote_pyshare.credentials.check import check  # noqa: PLC0415  # as above

    if server and (user := nextcloud.user_id(server, login)):
        return Got(login, nextcloud.dav_address(server, user))
    check(url, login)
    return Got(login)


def _tell(host: str, got: Got, now: "Kept") -> None:
    who = got.login.user or "the owner of the token"
    click.echo(f"Logged in at {host} as {who}; the login is kept in the {now.where}.")
    if got.address:
        click.echo(f"For your files there give git-annex: url={got.address}/FOLDER")
