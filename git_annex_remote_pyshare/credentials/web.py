"""Sends the HTTP requests of a login to one server, without `~/.netrc` and without redirects to another host.

It reads at most MOST bytes of a response: no login needs more, and a hostile server could fill the memory.
"""

import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import requests.adapters
import requests.auth
from urllib3.exceptions import HTTPError

from git_annex_remote_pyshare.config.proxies import proxy_of
from git_annex_remote_pyshare.credentials.authorities import authority_of
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import host_of
from git_annex_remote_pyshare.errors import Busy, NotAStore, PermissionDenied, Unreachable, Untrusted
from git_annex_remote_pyshare.transport.headers import HEADERS
from git_annex_remote_pyshare.transport.interim import POOLS, EndlessResponse
from git_annex_remote_pyshare.transport.statuses import ASKS_FOR_PAUSE
from git_annex_remote_pyshare.transport.tls import Trust, context_of

TIMEOUT = (15, 60)
"""Seconds to connect, and seconds to wait for the next byte."""

MOST = 1 << 20
"""Most bytes of a response to read; the rest is dropped."""

_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}
"""The names that versions of OpenSSL use for a response that is not TLS."""

_SYSTEM = Trust()
_REDIRECTS = {301, 302, 303, 307, 308}
_HOPS = 3


class Bearer(requests.auth.AuthBase):
    """Logs in with a bearer token (RFC 6750), or not at all if it is empty; requests then ignores `~/.netrc`."""

    def __init__(self, token: str = "") -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token to a request; requests calls this for each one that it sends."""
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Session(requests.Session):
    """Uses the proxy as `proxy_of` parses it, since requests would quote the proxy's password in errors."""

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Set the proxy; requests calls this for each request."""
        settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        proxy = proxy_of(str(url))
        settings["proxies"] = {urlsplit(str(url)).scheme: proxy.with_login} if proxy else {}
        settings["verify"] = True  # with the adapter's own context
        return settings


class _Adapter(requests.adapters.HTTPAdapter):
    """Connects as transfers do, with a limit for interim responses."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Set up direct connections; requests calls this when it creates the adapter."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Set up connections through a proxy; requests calls this for each of them."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager


class _TLSAdapter(_Adapter):
    """Trusts the same certificates as transfers do."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Set up direct connections; requests calls this when it creates the adapter."""
        self._context = context_of(self._trust)
        super().init_poolmanager(*args, **options, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Set up connections through a proxy; requests calls this for each of them."""
        return super().proxy_manager_for(proxy, **options, ssl_context=self._context)

    def cert_verify(self, *_: Any) -> None:
        """Do nothing; the base class would add requests' own certificate authorities for each connection."""


def session_of(auth: requests.auth.AuthBase, trust: Trust = _SYSTEM) -> requests.Session:
    """A session that logs in with `auth` and therefore never reads `~/.netrc`.

    It uses the proxies and the CA bundle (REQUESTS_CA_BUNDLE, SSL_CERT_FILE) that the environment names.

    Raises:
        BadSetting: The certificates to trust cannot be read.
    """
    session = _Session()
    session.auth = auth
    session.mount("https://", _TLSAdapter(trust))
    session.mount("http://", _Adapter())
    session.headers.update(HEADERS)
    return session


def basic(login: Credential) -> requests.auth.AuthBase:
    """Basic authentication in UTF-8 (RFC 7617 section 2.1; requests defaults to Latin-1), or Bearer for a token."""
    if not login.user:
        return Bearer(login.secret)
    user, secret = (word.encode("utf-8", "surrogateescape") for word in (login.user, login.secret))
    return requests.auth.HTTPBasicAuth(user, secret)


def digest(login: Credential) -> requests.auth.AuthBase:
    """Digest authentication (RFC 7616), for a server that responds to Basic with a Digest challenge."""
    return requests.auth.HTTPDigestAuth(login.user, login.secret)


def ask(method: str, url: str, *, auth: requests.auth.AuthBase | None = None, **options: Any) -> requests.Response:
    """Send a request, and follow redirects within the same host with the same method.

    Reads at most MOST bytes of the response's body.

    Raises:
        BadSetting: The environment names an invalid proxy, or the certificates for the host cannot be read.
        NotAStore: The server redirects to another host, from https to http, or more than twice.
        Busy: The server asks to wait; another request would only make the wait longer.
        Unreachable: The server does not respond.
        Untrusted: The certificate of the server cannot be trusted.
    """
    for _ in range(_HOPS):
        response = _send(method, url, auth or Bearer(), options)
        if response.status_code not in _REDIRECTS:
            return _not_busy(response, url)
        target = urljoin(url, response.headers.get("Location", ""))
        if url.lower().startswith("https:") and not target.lower().startswith("https:"):
            raise NotAStore(
                f"{url} sends on to {target.partition('?')[0]}, without encryption",
                remedy="Nothing was sent there. Tell who runs the server.",
            )
        if host_of(target) != host_of(url):
            raise NotAStore(f"{url} sends on to {target}", remedy="If you know that server, give its address instead.")
        url = target
    raise NotAStore(f"{url} sends on without end", remedy="Check the address in a browser.")


class Refused(PermissionDenied):
    """The server refuses the login.

    Args:
        host: The host of the server.
        again: The command that you paste to log in again.
    """

    def __init__(self, host: str, again: str) -> None:
        self.host = host
        super().__init__(
            f"{host} refuses this login",
            remedy=f"Type: {again} (with two-factor login, or after an app password was revoked, make a new app"
            " password in the server's security settings and give that).",
        )


def _send(method: str, url: str, auth: requests.auth.AuthBase, options: dict[str, Any]) -> requests.Response:
    trust = Trust(authority_of(host_of(url)))
    try:
        with session_of(auth, trust) as session:
            response = session.request(method, url, timeout=TIMEOUT, allow_redirects=False, stream=True, **options)
            with response:
                # requests itself would read without limit. Decoded, since a server may compress unasked.
                response._content = response.raw.read(MOST, decode_content=True)  # noqa: SLF001
            return response
    # ValueError, which includes UnicodeError: a name or token that is invalid in a header.
    except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
        raise unreachable(host_of(url), error) from None  # the cause may quote the login


def _not_busy(response: requests.Response, url: str) -> requests.Response:
    if response.status_code in ASKS_FOR_PAUSE:
        raise Busy(
            f"{host_of(url)} asks to wait ({response.status_code})",
            remedy="After too many wrong passwords, or during maintenance, that can take half an hour.",
        )
    return response


def unreachable(host: str, error: Exception) -> Unreachable:
    """The error for a failed request to the host: Untrusted for a bad certificate, else Unreachable."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Untrusted(
                f"the certificate of {host} cannot be trusted ({cause.verify_message})",
                remedy="If your institution signs its own, set SSL_CERT_FILE to a file with its CA.",
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in _NOT_TLS:
            return Unreachable(
                f"{host} does not speak TLS there", remedy="Is it an http:// address? Then type that.", retryable=False
            )
    return Unreachable(f"cannot reach {host}: {_why(causes)}", remedy="Check the address and the network.")


def _why(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ValueError) and not isinstance(cause, (ssl.SSLError, requests.RequestException)):
            return "the login or the address has a sign that HTTP cannot carry"
        if isinstance(cause, socket.gaierror):
            return "there is no host of this name, or no network"
        if isinstance(cause, (requests.Timeout, TimeoutError)):
            return "it does not answer in time"
        if isinstance(cause, ConnectionRefusedError):
            return "it refuses the connection (is the port right, and the server up?)"
    return _short(causes[-1])


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes, which libraries keep as an argument, as `reason`, cause or context."""
    seen: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in seen:
        seen.append(found)
        yield found
        parts = [*found.args, getattr(found, "reason", None), found.__cause__, found.__context__]
        found = next((part for part in parts if isinstance(part, BaseException) and part not in seen), None)


def _short(error: BaseException) -> str:
    """The text of the innermost cause in one line; for an error that is not from the system, only its type.

    Texts from libraries contain names of their objects, and may quote a header or the proxy's password.
    """
    if isinstance(error, EndlessResponse):
        return str(error)
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        text = error.strerror or str(error).rpartition(": ")[2]
        return text.strip("' ")[:200] or type(error).__name__
    return type(error).__name__
