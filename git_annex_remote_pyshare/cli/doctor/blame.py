"""Names what stands between this machine and a store, from the error and the responses before it."""

import os
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.proxies import is_proxied
from git_annex_remote_pyshare.errors import (
    Busy,
    Corrupt,
    NotAStore,
    NotFound,
    NotReached,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    Unreachable,
    Untrusted,
)
from git_annex_remote_pyshare.log import Exchange
from git_annex_remote_pyshare.safe_text import command

_GIT_PROXY = "http.proxy"


class Blame(NamedTuple):
    """What is wrong."""

    check: str
    """A word for it."""
    text: str
    fix: str = ""
    """The command that mends it; empty if none is known."""


def blame(error: PyshareError, exchanges: Sequence[Exchange], remote: Remote) -> Blame:
    """Name the cause of an error.

    Args:
        error: What a request to the store ended with.
        exchanges: The requests so far, the last one that of the error.
        remote: The store's remote.
    """
    name = remote.place.clone.remote
    last = exchanges[-1] if exchanges else None
    if isinstance(error, Untrusted):
        return Blame(
            "certificate",
            f"{error.what}: the server has a certificate of its own institution, or a firewall or virus scanner opens"
            " the connection (TLS interception). Get that authority's certificate as a FILE from its administrator",
            command("git", "config", f"remote.{name}.{options.CA.name}", "FILE"),
        )
    if last and last.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return Blame("proxy", f"{error.what}: put USER:PASSWORD@ before the proxy's name", _PROXY_WITH_LOGIN)
    if isinstance(error, (Unreachable, NotReached)) and (fix := _unused_proxy(remote)):
        return Blame(
            "proxy",
            f"{error.what}: this network needs a proxy, which git knows ({_GIT_PROXY}) and the environment does not",
            fix,
        )
    if last and _is_portal(error, last):
        return Blame(
            "portal",
            f"{error.what}: a web page answers in place of the store, as a captive portal does (the login page of a"
            " hotel's or guest network). Open any page in a browser, log in to the network, and look again; if there is"
            " no such login, url= is not the address of a store",
            command("pyshare", "doctor", name),
        )
    return _by_kind(error, remote)


_PROXY_WITH_LOGIN = "export https_proxy=http://USER:PASSWORD@PROXY:PORT"


def _by_kind(error: PyshareError, remote: Remote) -> Blame:
    """The cause by the type of the error."""
    name = remote.place.clone.remote
    if isinstance(error, NotReached) and not registry.spec_of(remote.place.url).local:
        text = f"{error.what}. Is the server down? If its address is wrong, give the right one"
        return Blame("reach", text, command("git", "annex", "enableremote", name, "url=ADDRESS"))
    if isinstance(error, Corrupt):
        return Blame("failed", str(error), command("git", "annex", "fsck", "--from", name))
    if isinstance(error, QuotaExceeded):
        text = f"the store is full: {error.what}. See what no file uses any more, or ask for more space"
        return Blame("full", text, command("git", "annex", "unused", "--from", name))
    if isinstance(error, PermissionDenied) and registry.spec_of(remote.place.url).takes_login:
        login = command("pyshare", "login", *registry.account_of(remote.place.settings).words)
        return Blame("permission", error.what, login)
    return Blame("busy" if isinstance(error, Busy) else "failed", str(error))


def _is_portal(error: PyshareError, last: Exchange) -> bool:
    """Whether a page for people came in place of an answer of the store, or a redirect to one (RFC 6585 §6)."""
    if last.status == HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED:
        return True
    is_page = last.status == HTTPStatus.OK and last.headers.get("Content-Type", "").startswith("text/html")
    is_moved = HTTPStatus.MULTIPLE_CHOICES <= last.status < HTTPStatus.BAD_REQUEST
    return isinstance(error, (NotAStore, NotFound)) and (is_page or is_moved)


def _unused_proxy(remote: Remote) -> str:
    """The command that gives the environment the proxy of git; empty if git has none or the environment has one.

    It names no proxy itself, since the address in git's configuration may hold a password.
    """
    url = _address(remote)
    if not url or not remote.place.clone.config.get(_GIT_PROXY) or is_proxied(url):
        return ""
    variable = "http_proxy" if url.startswith("http:") else "https_proxy"
    if os.environ.get(variable):  # no_proxy names this server
        return ""
    return f'export {variable}="$(git config {_GIT_PROXY})"'


def _address(remote: Remote) -> str:
    """A URL on the store's server, with the scheme that decides on the proxy; empty for a store on this machine."""
    settings = remote.place.settings
    spec = registry.spec_of(remote.place.url)
    if spec.local or not spec.takes_login:  # nothing there speaks HTTP
        return ""
    for url in (settings.get("endpoint", ""), remote.place.url):
        if url.startswith(("http:", "https:", "dav:", "davs:")):
            return url.replace("dav", "http", 1) if url.startswith("dav") else url
    return f"https://{registry.account_of(settings).host}"
