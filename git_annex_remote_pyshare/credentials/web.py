"""The few HTTP requests of a login: to one server, without `~/.netrc`, never carried on to another host."""

import ssl
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import requests
import requests.adapters
import requests.auth
import truststore

from git_annex_remote_pyshare import __version__
from git_annex_remote_pyshare.credentials.authorities import authority_of
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import host_of
from git_annex_remote_pyshare.credentials.unanswered import unreachable
from git_annex_remote_pyshare.errors import Busy, Denied, NotAStore

TIMEOUT = (15, 60)
"""Seconds to connect, and seconds without a byte."""
USER_AGENT = f"git-annex-remote-pyshare/{__version__}"
"""Also the name under which a cloud lists the app password that it makes for us."""

_REDIRECTS = {301, 302, 303, 307, 308}
_HOPS = 3


class Bearer(requests.auth.AuthBase):
    """A bearer token (RFC 6750), or nothing at all; either keeps requests from looking into `~/.netrc`."""

    def __init__(self, token: str = "") -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called by requests for each request that goes out."""
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _SystemTLS(requests.adapters.HTTPAdapter):
    """Trusts what the system trusts, an institution's own authority included, as the data path does."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Called by requests for direct connections."""
        super().init_poolmanager(*args, **options, ssl_context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        """Called by requests for connections through a proxy."""
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return super().proxy_manager_for(*args, **options, ssl_context=context)


def session_of(auth: requests.auth.AuthBase) -> requests.Session:
    """A session that proves who asks by `auth` and, since it has one, never looks into `~/.netrc`.

    Proxies come from the environment, and a CA bundle named there (REQUESTS_CA_BUNDLE, SSL_CERT_FILE) counts, too.
    """
    session = requests.Session()
    session.auth = auth
    session.mount("https://", _SystemTLS())
    session.headers["User-Agent"] = USER_AGENT
    return session


def basic(login: Credential) -> requests.auth.AuthBase:
    """Basic in UTF-8 (RFC 7617 section 2.1; requests alone would take Latin-1), or Bearer for a token."""
    if not login.user:
        return Bearer(login.secret)
    return requests.auth.HTTPBasicAuth(login.user.encode(), login.secret.encode("utf-8", "surrogateescape"))


def digest(login: Credential) -> requests.auth.AuthBase:
    """Digest (RFC 7616), for a server that answered Basic with such a challenge."""
    return requests.auth.HTTPDigestAuth(login.user, login.secret)


def ask(method: str, url: str, *, auth: requests.auth.AuthBase | None = None, **options: Any) -> requests.Response:
    """One request and its answer; redirects within the same host are followed, with the same method.

    Raises:
        NotAStore: The server sends on to another host.
        Busy: It asks to wait; asking again at once would only make it longer.
        Unreachable: No answer.
    """
    for _ in range(_HOPS):
        answer = _send(method, url, auth or Bearer(), options)
        if answer.status_code not in _REDIRECTS:
            return _not_busy(answer, url)
        target = urljoin(url, answer.headers.get("Location", ""))
        if host_of(target) != host_of(url):
            raise NotAStore(f"{url} sends on to {target}", remedy="If you know that server, give its address instead.")
        url = target
    raise NotAStore(f"{url} sends on without end", remedy="Check the address in a browser.")


def refused(host: str) -> Denied:
    """The server does not take the login."""
    return Denied(
        f"{host} refuses this login",
        remedy="Type it again; with two-factor login, or after an app password was revoked, make a new app password in"
        " the server's security settings and give that.",
    )


def _send(method: str, url: str, auth: requests.auth.AuthBase, options: dict[str, Any]) -> requests.Response:
    authority = authority_of(host_of(url)) or None
    try:
        with session_of(auth) as session:
            return session.request(method, url, timeout=TIMEOUT, allow_redirects=False, verify=authority, **options)
    except (requests.RequestException, UnicodeError) as error:  # the latter: a name that no header can carry
        raise unreachable(host_of(url), error) from None  # the cause might quote what was sent


def _not_busy(answer: requests.Response, url: str) -> requests.Response:
    if answer.status_code in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        raise Busy(
            f"{host_of(url)} asks to wait ({answer.status_code})",
            remedy="After too many wrong passwords, or during maintenance, that can take half an hour.",
        )
    return answer
