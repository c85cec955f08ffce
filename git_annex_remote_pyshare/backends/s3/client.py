"""Sends signed requests to one bucket, and repeats one after a response that corrects the region, clock or login."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from threading import Lock
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.s3 import errors
from git_annex_remote_pyshare.backends.s3.auth import Login
from git_annex_remote_pyshare.backends.s3.errors import ClockSkewed, Doing, LoginExpired, WrongRegion
from git_annex_remote_pyshare.backends.s3.redirect import follow, leads_elsewhere
from git_annex_remote_pyshare.backends.s3.response import error_details, is_from_s3, is_web_page, server_time
from git_annex_remote_pyshare.backends.s3.signing import EMPTY_SHA256, Unsigned, signed_headers
from git_annex_remote_pyshare.backends.s3.url import Address
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError, tracing
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.connection import Connections
from git_annex_remote_pyshare.transport.exchange import excerpt, exchange, release
from git_annex_remote_pyshare.transport.headers import HEADERS, UNCACHED
from git_annex_remote_pyshare.transport.preconnect import Preconnector
from git_annex_remote_pyshare.transport.response import HTTPResponse

_READ_METHODS = {"GET", "HEAD"}
_UPLOAD_QUERIES = {"uploads", "uploadId"}
"""Query parameters of requests about unfinished uploads."""
_UNEXPLAINED = {301, 307, 400, 403}
"""Statuses that only a body explains, and the response to HEAD has none."""
_NOT_FOUND = 404

RESPONSE_TIMEOUT = 300.0
"""Seconds until a server must respond after it has received the whole request."""

_MAX_CLOCK_OFFSET = 86_400.0
"""Seconds up to which a server's clock is accepted. A request signed for a distant time could be
replayed then, and without TLS anyone on the network path can forge the Date header."""

_LARGE = 1 << 20
"""A body of more bytes is sent only after a small request has confirmed the region and the login."""

_CONDITIONS = {"If-Match", "If-None-Match", "x-amz-copy-source-if-match"}
"""Headers by which the server compares the version of an object before it changes it."""


class Request(NamedTuple):
    """One request to the bucket's server."""

    method: str
    path: str
    """Encoded, with a leading slash."""
    what: str
    """What the request does, for error texts: "store the file", without the object's name."""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = {}
    body: Body | bytes | None = None
    payload: str = EMPTY_SHA256
    """The body's SHA-256 in hex, or `signing.UNSIGNED`."""
    expected_statuses: tuple[int, ...] = ()
    """Statuses, besides those of success, that the caller handles."""
    response_timeout: float = RESPONSE_TIMEOUT
    """Seconds until the response must begin, if longer than the time limit; not for requests that read."""

    @property
    def reads_data(self) -> bool:
        """Whether it reads or lists objects, which may be public."""
        return self.method in _READ_METHODS and not _UPLOAD_QUERIES & {name for name, _ in self.query}


class Client:
    """The HTTP client of one bucket, shared by all jobs; it learns the region and the server's clock.

    Args:
        place: Settings and login of the store.
        address: The parsed settings.
        preconnector: Holds connections that were opened before the first request.
    """

    def __init__(self, place: StoreConfig, address: Address, preconnector: Preconnector | None = None) -> None:
        self.address = address
        """The bucket's address, updated when a response gives the region."""
        self.login = Login(place)
        self._place = place
        self._connections = Connections(place.clone, preconnector)
        self._headers = _own_headers(place)
        # Some services allow anonymous reads only at another host.
        self._published = address.published if place.settings["publicurl"] else ""
        self._clock_offset = 0.0
        self.is_region_known = bool(address.server.region)
        """Whether the region is known, so that no request must find it out first."""
        self._first = Lock()
        self._first_is_over = False

    @contextmanager
    def send(self, request: Request) -> Iterator[HTTPResponse]:
        """The response to a request, with a success or expected status, its body not yet read.

        Raises:
            PyshareError: Any other response, or none; also while the block reads the body.
        """
        doing = str(self._doing(request))
        with (
            tracing(self._trace(request)),
            exchange(doing, self._place.clone, partial(self._send_when_region_known, request)) as response,
        ):
            if is_web_page(response.headers):
                raise self.failure(request, response)
            yield response

    def failure(
        self, request: Request, response: HTTPResponse, body: bytes | None = None, *, anonymous: bool = False
    ) -> PyshareError:
        """The error that a response means, even if its status is a success.

        Args:
            request: The request.
            response: The response.
            body: The part that was read; None to read it now.
            anonymous: Whether the request had no login.
        """
        if body is None:
            body = excerpt(response, errors.EXPLAINED_BY_BODY) if request.method != "HEAD" else b""
        doing = self._doing(request)._replace(anonymous=anonymous)
        error = errors.from_response(doing, response.status, response.headers, body)
        if isinstance(error, PermissionDenied):  # only then is the advice needed
            doing = doing._replace(advice=self.login.advice(error))
            error = errors.from_response(doing, response.status, response.headers, body)
        error.request = self._trace(request)
        return error

    def close(self) -> None:
        """Close all idle connections."""
        self._connections.close()

    def _send_when_region_known(self, request: Request) -> HTTPResponse:
        """Send; until the region is known, only one job does, so that the others do not all fail first."""
        if not self.is_region_known and isinstance(request.body, Body) and request.body.size > _LARGE:
            with suppress(PyshareError):  # the real request fails with a better error
                release(self._send_when_region_known(Request("HEAD", self.address.bucket_path, request.what)))
        with self._first_request():
            response = self._send(request)
            self.is_region_known = True
        return response

    @contextmanager
    def _first_request(self) -> Iterator[None]:
        """Wait for the first request, which learns the region; if it gets no response, do not wait for a second one."""
        with self._first if not (self.is_region_known or self._first_is_over) else nullcontext():
            if not self._first_is_over:
                try:
                    yield
                finally:
                    self._first_is_over = True
                return
        yield

    def _send(self, request: Request) -> HTTPResponse:
        tried: set[type[PyshareError]] = set()
        while True:
            login = self.login.for_request(writing=not request.reads_data)
            address = self.address
            response = self._send_once(request, address, login)
            if leads_elsewhere(request.method, request.query, response):
                url = f"{address.server.scheme}://{address.host}{request.path}"
                doing = str(self._doing(request))
                response = follow(doing, url, response, request.headers, self._connections, self._place)
            if response.status < 300 or response.status in request.expected_statuses:
                return response
            if _needs_body(request, response):
                release(response)
                request = request._replace(method="GET", headers={"Range": "bytes=0-0"}, expected_statuses=(416,))
                continue
            error = self.failure(request, response, anonymous=login is None)
            release(response)
            if type(error) in tried or not self._adapt(error, response, address, login):
                raise error
            tried.add(type(error))

    def _send_once(self, request: Request, address: Address, login: Credential | None) -> HTTPResponse:
        headers = {**self._headers, **request.headers}
        response_timeout = 0 if request.method in _READ_METHODS else request.response_timeout
        if login is None and self._published and request.method in _READ_METHODS and not request.query:
            url = self._published + request.path.removeprefix(f"{address.bucket_path.rstrip('/')}/")
            return self._connections.send(request.method, url, {**headers, **UNCACHED})
        unsigned = Unsigned(request.method, address.host, request.path, request.query, headers, request.payload)
        if login is not None:
            headers = signed_headers(unsigned, login, address.region, time.time() + self._clock_offset)
        if request.method in _READ_METHODS:  # after signing: a proxy may change it
            headers = {**headers, **UNCACHED}
        url = f"{address.server.scheme}://{address.host}{unsigned.target}"
        return self._connections.send(request.method, url, headers, request.body, response_timeout=response_timeout)

    def _adapt(self, error: PyshareError, response: HTTPResponse, address: Address, login: Credential | None) -> bool:
        """Apply the correction in the response; returns whether the same request may succeed now."""
        self.is_region_known = self.is_region_known or not isinstance(error, WrongRegion)
        if isinstance(error, WrongRegion):
            if self.address == address:
                self.address = address.in_region(error.region)
            return self.address != address
        if isinstance(error, LoginExpired):
            return self.login.renew(login)
        if isinstance(error, ClockSkewed) and (clock := server_time(response.headers)):
            clock_offset = clock - time.time()
            if abs(clock_offset) > _MAX_CLOCK_OFFSET:
                return False
            self._clock_offset = clock_offset
            return True
        return False

    def _trace(self, request: Request) -> str:
        return f"{request.method} {self.address.server.scheme}://{self.address.host}{request.path}"

    def _doing(self, request: Request) -> Doing:
        return Doing(
            request.what,
            self.address.shown,
            self.address.bucket,
            request.method,
            clock_offset=self._clock_offset,
            remote=self._place.clone.remote,
            is_conditional=request.method not in _READ_METHODS and not _CONDITIONS.isdisjoint(request.headers),
        )


def _needs_body(request: Request, response: HTTPResponse) -> bool:
    """Whether only a GET shows what the response to a HEAD means, or that it comes from S3 and not from a proxy."""
    if request.method != "HEAD":
        return False
    if response.status == _NOT_FOUND:
        return not is_from_s3(response.headers)
    words = error_details(response.headers)
    return response.status in _UNEXPLAINED and not (words.code or words.region)


def _own_headers(place: StoreConfig) -> dict[str, str]:
    """The headers of every request."""
    headers = dict(HEADERS)
    if place.settings["requesterpays"] == "yes" and place.trusted():
        headers["x-amz-request-payer"] = "requester"
    return headers
