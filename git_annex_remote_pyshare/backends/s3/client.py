"""Sends requests to one bucket, signed, and once more where the answer tells what was wrong: region, clock or login."""

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
from git_annex_remote_pyshare.backends.s3.response import error_details, is_from_s3, is_web_page, server_time
from git_annex_remote_pyshare.backends.s3.signing import EMPTY_SHA256, Unsigned, signed_headers
from git_annex_remote_pyshare.backends.s3.url import Address
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError, tracing
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.connection import Connections
from git_annex_remote_pyshare.transport.exchange import excerpt, exchange, release
from git_annex_remote_pyshare.transport.headers import HEADERS
from git_annex_remote_pyshare.transport.preconnect import Preconnector
from git_annex_remote_pyshare.transport.response import HTTPResponse

_READ_METHODS = {"GET", "HEAD"}
_UPLOAD_QUERIES = {"uploads", "uploadId"}
"""Words of a query that is about unfinished uploads."""
_UNEXPLAINED = {301, 307, 400, 403}
"""Statuses whose reason stands in the body, which the answer to HEAD does not have."""
_NOT_FOUND = 404

RESPONSE_TIMEOUT = 300.0
"""Seconds that a server may think after it got everything."""

_MAX_CLOCK_OFFSET = 86_400.0
"""Seconds that we follow a server's clock. What is signed for a time far away could be used by others then, and without
TLS who is on the way names the time."""

_LARGE = 1 << 20
"""From this size on, in bytes, a body is not sent before a small request has shown that region and login are right."""


class Request(NamedTuple):
    """One request to the bucket's server."""

    method: str
    path: str
    """Encoded, with a leading slash."""
    what: str
    """For error texts: "store the file", without the object's name."""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = {}
    body: Body | bytes | None = None
    payload: str = EMPTY_SHA256
    """The body's SHA-256 in hex, or `signing.UNSIGNED`."""
    expected_statuses: tuple[int, ...] = ()
    """Statuses beside successes that the asker understands himself."""
    response_timeout: float = RESPONSE_TIMEOUT
    """Seconds that the answer may take to begin, if it is no reading and that is longer than the time limit."""

    @property
    def reads_data(self) -> bool:
        """Whether it reads objects or their list, which a bucket's owner may have opened to anyone."""
        return self.method in _READ_METHODS and not _UPLOAD_QUERIES & {name for name, _ in self.query}


class Client:
    """One bucket as HTTP sees it, shared by all jobs, with all that was learned of it.

    Args:
        place: Where the store is.
        address: The same, understood.
        preconnector: Has the connections that were opened while nobody could send.
    """

    def __init__(self, place: StoreConfig, address: Address, preconnector: Preconnector | None = None) -> None:
        self.address = address
        """Where the bucket is, as far as the server has told."""
        self.login = Login(place)
        self._place = place
        self._connections = Connections(place.clone, preconnector)
        self._headers = _own_headers(place)
        # Some services let nobody read without a login but at another host of theirs.
        self._published = address.published if place.settings["publicurl"] else ""
        self._clock_offset = 0.0
        self.is_region_known = bool(address.server.region)
        """Whether the region is known, so that nobody need find it out first."""
        self._first = Lock()
        self._first_is_over = False

    @contextmanager
    def send(self, request: Request) -> Iterator[HTTPResponse]:
        """The answer to a request, a success or an awaited one, its body not yet read.

        Raises:
            PyshareError: Any other answer, or none; also while the block reads the body.
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
        """The error that an answer means, also one that began as a success.

        Args:
            request: What was asked.
            response: What came.
            body: As much of it as was read; None for reading it now.
            anonymous: Whether the request bore no login.
        """
        if body is None:
            body = excerpt(response) if request.method != "HEAD" else b""
        doing = self._doing(request)._replace(anonymous=anonymous)
        error = errors.from_response(doing, response.status, response.headers, body)
        if isinstance(error, PermissionDenied):  # only then it is worth to look what the user may type
            doing = doing._replace(advice=self.login.advice(error))
            error = errors.from_response(doing, response.status, response.headers, body)
        error.request = self._trace(request)
        return error

    def close(self) -> None:
        """Close all idle connections."""
        self._connections.close()

    def _send_when_region_known(self, request: Request) -> HTTPResponse:
        """Until the region is known one job asks alone, so that the others need not all learn it the hard way."""
        if not self.is_region_known and isinstance(request.body, Body) and request.body.size > _LARGE:
            with suppress(PyshareError):  # what it is told is for others to say better
                release(self._send_when_region_known(Request("HEAD", self.address.bucket_path, request.what)))
        with self._first_request():
            response = self._send(request)
            self.is_region_known = True
        return response

    @contextmanager
    def _first_request(self) -> Iterator[None]:
        """Wait while the first request learns what all need to know; not for another one when it got no answer."""
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
            return self._connections.send(request.method, url, headers)
        unsigned = Unsigned(request.method, address.host, request.path, request.query, headers, request.payload)
        if login is not None:
            headers = signed_headers(unsigned, login, address.region, time.time() + self._clock_offset)
        url = f"{address.server.scheme}://{address.host}{unsigned.target}"
        return self._connections.send(request.method, url, headers, request.body, patience=response_timeout)

    def _adapt(self, error: PyshareError, response: HTTPResponse, address: Address, login: Credential | None) -> bool:
        """Whether the same request may succeed now, since we know better or another job has learned meanwhile."""
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
        )


def _needs_body(request: Request, response: HTTPResponse) -> bool:
    """Whether only a GET can tell what the answer to a HEAD means, or that it is S3's at all and no proxy's."""
    if request.method != "HEAD":
        return False
    if response.status == _NOT_FOUND:
        return not is_from_s3(response.headers)
    words = error_details(response.headers)
    return response.status in _UNEXPLAINED and not (words.code or words.region)


def _own_headers(place: StoreConfig) -> dict[str, str]:
    """What every request says."""
    headers = dict(HEADERS)
    if place.settings["requesterpays"] == "yes" and place.trusted():
        headers["x-amz-request-payer"] = "requester"
    return headers
