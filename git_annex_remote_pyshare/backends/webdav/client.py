"""Sends requests to one store: URLs, login, redirects and timeouts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.webdav import errors
from git_annex_remote_pyshare.backends.webdav.auth import Auth
from git_annex_remote_pyshare.backends.webdav.errors import Doing
from git_annex_remote_pyshare.backends.webdav.server_features import UNKNOWN, detect
from git_annex_remote_pyshare.backends.webdav.url import Address
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.credentials.host import host_of
from git_annex_remote_pyshare.errors import BadSetting, ContentChanged, PyshareError, tracing
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.connection import Connections, peer_of
from git_annex_remote_pyshare.transport.exchange import excerpt, exchange, release
from git_annex_remote_pyshare.transport.fence import Fence, Private
from git_annex_remote_pyshare.transport.headers import HEADERS, UNCACHED
from git_annex_remote_pyshare.transport.preconnect import Preconnector
from git_annex_remote_pyshare.transport.response import HTTPResponse

REDIRECTS = {301, 302, 303, 307, 308}
_KEEPS_METHOD = {307, 308}
_GONE = {404, 410}
_READS = {"GET", "HEAD", "PROPFIND"}
_STORES = {"PUT", "MOVE"}
_SHOWS_FEATURES = {"PUT", "MKCOL", "MOVE"}
_HOPS = 5
_CHANGED = 412
_CONDITIONS = {"If", "If-Match", "If-None-Match"}
"""Headers by which the server compares the version of a file before it changes it."""

_RESPONSE_TIMEOUT = 300.0
"""Seconds to wait for a response after the body was sent: virus scanners and object stores take minutes."""


class Request(NamedTuple):
    """One request to the store."""

    method: str
    path: str
    """Relative to the store's folder, percent-encoded; empty for the folder itself, absolute for paths outside it."""
    what: str
    """For error texts: "store the file", without the object's name."""
    headers: Mapping[str, str] = {}
    body: Body | bytes | None = None
    destination: str | None = None
    """Target path of a MOVE."""
    fence: Fence | None = None
    """IP addresses that it may connect to, after a redirect by a server that the user has not verified."""


class Client:
    """An HTTP client for one store, shared by all jobs.

    Args:
        place: The store's configuration.
        address: Its parsed URL.
        preconnector: Holds connections opened before the first request.
    """

    def __init__(self, place: StoreConfig, address: Address, preconnector: Preconnector) -> None:
        self.address = address
        self.base = address.base
        self._connections = Connections(place.clone, preconnector)
        self.auth = Auth(place, address, while_waiting=preconnector.connect)
        self.features = UNKNOWN
        """The server's features, as detected from its successful responses."""
        self.is_mod_dav = False
        """Whether a PROPFIND was answered by Apache's mod_dav itself, and not by a program behind Apache."""
        self.hides_dots = False
        """Whether a PROPFIND was answered by nginx, which leaves names that begin with a dot out of each list."""
        self._place = place
        self._headers = _own_headers(place, address)

    @contextmanager
    def send(self, request: Request) -> Iterator[HTTPResponse]:
        """The response to a request, with its body not yet read; any status but a refused login or an invalid redirect.

        Raises:
            PyshareError: There is no valid response; also while the block reads the body.
        """
        doing = str(self.doing(request.what))
        with (
            tracing(self._trace(request)),
            exchange(doing, self._place.clone, partial(self._follow, request)) as response,
        ):
            if request.method in _SHOWS_FEATURES:
                self._detect_features(response)
            yield response

    def failure(self, request: Request, response: HTTPResponse) -> PyshareError:
        """The error for a response that is not a success; reads its body."""
        body = excerpt(response, errors.EXPLAINED_BY_BODY) if request.method != "HEAD" else b""
        error = errors.from_response(self.doing(request.what), response.status, response.headers, body)
        if response.status == _CHANGED and not _CONDITIONS.isdisjoint(request.headers):
            error = ContentChanged(f"{self.doing(request.what)}: it was changed a moment ago")
        error.request = self._trace(request)
        return error

    def doing(self, what: str) -> Doing:
        """The request's purpose, for error texts."""
        return Doing(what, self._place.url, self.address.public, self._place.clone.remote)

    def _trace(self, request: Request) -> str:
        return f"{request.method} {self.url(request.path)} {request.destination or ''}"

    def url(self, path: str) -> str:
        """The full URL of a request's path."""
        return self.base.removesuffix(self.base_path) + path if path.startswith("/") else f"{self.base}/{path}"

    @property
    def base_path(self) -> str:
        """Path of the store's folder on its server, with a leading slash and no trailing one."""
        _, slash, path = self.base.partition("://")[2].partition("/")
        return slash + path

    @cached_property
    def _is_trusted(self) -> bool:
        """Whether the user has verified the settings; looked up once, at the first redirect."""
        return self._place.trusted()

    def close(self) -> None:
        """Close all idle connections."""
        self._connections.close()

    def _detect_features(self, response: HTTPResponse) -> None:
        features = detect(response.status, response.headers)
        if features is not UNKNOWN:
            self.features = features

    def _follow(self, request: Request) -> HTTPResponse:
        """Send the request to the store's URL, and follow redirects."""
        url = self.url(request.path)
        left_store = False
        first_fence = None
        for hop in range(_HOPS):
            response = self._with_login(request, url)
            if left_store and response.status in _GONE:
                release(response)  # a 404 from another server says nothing about the store
                raise errors.moved(self.doing(request.what), url)
            if response.status not in REDIRECTS or _is_folder_hint(request, url, response):
                return response
            first_fence = self._fence(response) if hop == 0 else first_fence
            release(response)
            target = self._next_url(request, url, response)
            # Only the store's own server, which sent the first response, may be in a private network.
            fence = first_fence and (first_fence if self.auth.is_for(target) else first_fence._replace(own=""))
            request = request._replace(fence=fence)
            left_store = left_store or not self._is_same_object(request, url, target)
            url = target
        raise errors.endless(self.doing(request.what))

    def _fence(self, response: HTTPResponse) -> Fence | None:
        """The IP addresses that a redirect may lead to; None (any) if the user has verified the settings."""
        return None if self._is_trusted else Fence(self._place.clone.allowed_addresses, peer_of(response))

    def _is_same_object(self, request: Request, url: str, target: str) -> bool:
        """Whether a redirect stays on the store's server and at the same object."""
        return self.auth.is_for(target) and (_fits(request, target) or target.rstrip("/") == url.rstrip("/"))

    def _next_url(self, request: Request, url: str, response: HTTPResponse) -> str:
        """The target of a redirect, if it may be followed (RFC 9110 §15.4)."""
        target = _location(url, response)
        if not target:
            raise errors.no_address(self.doing(request.what))
        if url.startswith("https:") and not target.startswith("https:"):
            raise errors.unencrypted(self.doing(request.what), target)
        fits, stays = _fits(request, target), self.auth.is_for(target)
        reads = request.method in _READS and response.status != 303
        # A write never leaves the server: the user has verified this server, not another one.
        if not (reads or (stays and response.status in _KEEPS_METHOD)) or (
            request.destination is not None and not fits
        ):
            place = target.removesuffix(f"/{request.path}") if fits else target
            raise errors.moved(self.doing(request.what), place)
        if fits and stays:
            # The whole store has moved, or requires https: send later requests there directly.
            self.base = target.removesuffix(f"/{request.path}")
        return target

    def _with_login(self, request: Request, url: str) -> HTTPResponse:
        if not self.auth.is_for(url):
            return self._once(request, url, "")
        return self.auth.send(request.method, url, self.doing(request.what), partial(self._once, request, url))

    def _once(self, request: Request, url: str, login: str) -> HTTPResponse:
        headers = {**self._headers, **request.headers} if self.auth.is_for(url) else dict(request.headers)
        if request.method in _READS:
            headers.update(UNCACHED)
        if login:
            headers["Authorization"] = login.encode("utf-8", "surrogateescape")  # type: ignore[assignment]
        if request.destination is not None:
            headers["Destination"] = self.url(request.destination)
        response_timeout = _RESPONSE_TIMEOUT if request.method in _STORES else 0
        try:
            return self._connections.send(
                request.method, url, headers, request.body, response_timeout=response_timeout, fence=request.fence
            )
        except Private as error:
            allowed = self._place.clone.allowed_addresses
            raise errors.private(self.doing(request.what), url, error.address, allowed) from None


def _fits(request: Request, target: str) -> bool:
    """Whether a redirect keeps the request's path; a login page may contain it, but only in its query."""
    return bool(request.path) and target.endswith(f"/{request.path}") and "?" not in target


def _location(url: str, response: HTTPResponse) -> str:
    """The full target URL of a redirect; empty if it is invalid, or if parsers could disagree about its host."""
    try:
        scheme, host, path, query, _ = urlsplit(urljoin(url, response.headers.get("Location", "")))
        target = urlunsplit((scheme, host, path or "/", query, ""))
        host_of(target)
    except (ValueError, BadSetting):
        return ""
    return target if scheme in {"http", "https"} else ""


def _is_folder_hint(request: Request, url: str, response: HTTPResponse) -> bool:
    """Whether a redirect only adds the slash of a folder's URL: then there is no object."""
    target = _location(url, response).partition("?")[0]
    if request.method == "MKCOL":
        return target.rstrip("/") == url.rstrip("/")
    return request.method in {"GET", "HEAD", "PUT"} and target.partition("//")[2] == f"{url}/".partition("//")[2]


def _own_headers(place: StoreConfig, address: Address) -> dict[str, str]:
    """The headers of every request to the store's server."""
    headers = dict(HEADERS)
    if address.public:
        # Without it Nextcloud refuses all requests of guests but GET (apps/dav/appinfo/v2/publicremote.php).
        headers["X-Requested-With"] = "XMLHttpRequest"
    if wanted := place.clone.get(options.HEADER):
        name, colon, value = (part.strip() for part in wanted.partition(":"))
        if not (colon and name and wanted.isascii() and wanted.isprintable()):
            raise BadSetting(
                f"git config remote.{place.clone.remote}.pyshare-header is not a header",
                remedy="It looks like this: Referer: https://cloud.example.org/",
            )
        headers[name] = value
    return headers
