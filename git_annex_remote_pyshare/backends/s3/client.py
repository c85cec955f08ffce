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
from git_annex_remote_pyshare.backends.s3.errors import ClockWrong, Doing, Elsewhere, LoginExpired
from git_annex_remote_pyshare.backends.s3.response import clock_of, is_marked, is_page, said
from git_annex_remote_pyshare.backends.s3.signing import NOTHING, Unsigned, signed_headers
from git_annex_remote_pyshare.backends.s3.url import Address
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError, tracing
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.connection import Connections
from git_annex_remote_pyshare.transport.exchange import excerpt, exchange, release
from git_annex_remote_pyshare.transport.headers import HEADERS
from git_annex_remote_pyshare.transport.preconnect import Preconnector
from git_annex_remote_pyshare.transport.response import HTTPResponse

_READS = {"GET", "HEAD"}
_OF_UPLOADS = {"uploads", "uploadId"}
"""Words of a query that is about unfinished uploads."""
_MUTE = {301, 307, 400, 403}
"""Statuses whose reason stands in the body, which the answer to HEAD does not have."""
_ABSENT = 404

_SLOW_ANSWER = 300.0
"""Seconds that a server may think after it got everything."""

_MOST_AHEAD = 86_400.0
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
    payload: str = NOTHING
    """The body's SHA-256 in hex, or `signing.UNSIGNED`."""
    awaited: tuple[int, ...] = ()
    """Statuses beside successes that the asker understands himself."""
    patience: float = _SLOW_ANSWER
    """Seconds that the answer may take to begin, if it is no reading and that is longer than the time limit."""

    @property
    def reads_data(self) -> bool:
        """Whether it reads objects or their list, which a bucket's owner may have opened to anyone."""
        return self.method in _READS and not _OF_UPLOADS & {name for name, _ in self.query}


class Client:
    """One bucket as HTTP sees it, shared by all jobs, with all that was learned of it.

    Args:
        place: Where the store is.
        address: The same, understood.
        ahead: Has the connections that were opened while nobody could send.
    """

    def __init__(self, place: StoreConfig, address: Address, ahead: Preconnector | None = None) -> None:
        self.address = address
        """Where the bucket is, as far as the server has told."""
        self.login = Login(place)
        self._place = place
        self._connections = Connections(place.clone, ahead)
        self._headers = _own_headers(place)
        # Some services let nobody read without a login but at another host of theirs.
        self._published = address.published if place.settings["publicurl"] else ""
        self._ahead = 0.0
        self.is_settled = bool(address.server.region)
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
            exchange(doing, self._place.clone, partial(self._settle_and_send, request)) as answer,
        ):
            if is_page(answer.headers):
                raise self.failure(request, answer)
            yield answer

    def failure(
        self, request: Request, answer: HTTPResponse, body: bytes | None = None, *, anonymous: bool = False
    ) -> PyshareError:
        """The error that an answer means, also one that began as a success.

        Args:
            request: What was asked.
            answer: What came.
            body: As much of it as was read; None for reading it now.
            anonymous: Whether the request bore no login.
        """
        if body is None:
            body = excerpt(answer) if request.method != "HEAD" else b""
        doing = self._doing(request)._replace(anonymous=anonymous)
        error = errors.from_answer(doing, answer.status, answer.headers, body)
        if isinstance(error, PermissionDenied):  # only then it is worth to look what the user may type
            doing = doing._replace(advice=self.login.advice(error))
            error = errors.from_answer(doing, answer.status, answer.headers, body)
        error.request = self._trace(request)
        return error

    def close(self) -> None:
        """Close all idle connections."""
        self._connections.close()

    def _settle_and_send(self, request: Request) -> HTTPResponse:
        """Until the region is known one job asks alone, so that the others need not all learn it the hard way."""
        if not self.is_settled and isinstance(request.body, Body) and request.body.size > _LARGE:
            with suppress(PyshareError):  # what it is told is for others to say better
                release(self._settle_and_send(Request("HEAD", self.address.bucket_path, request.what)))
        with self._turn():
            answer = self._send(request)
            self.is_settled = True
        return answer

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait while the first request learns what all need to know; not for another one when it got no answer."""
        with self._first if not (self.is_settled or self._first_is_over) else nullcontext():
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
            answer = self._once(request, address, login)
            if answer.status < 300 or answer.status in request.awaited:
                return answer
            if _is_mute(request, answer):
                release(answer)
                request = request._replace(method="GET", headers={"Range": "bytes=0-0"}, awaited=(416,))
                continue
            error = self.failure(request, answer, anonymous=login is None)
            release(answer)
            if type(error) in tried or not self._learn(error, answer, address, login):
                raise error
            tried.add(type(error))

    def _once(self, request: Request, address: Address, login: Credential | None) -> HTTPResponse:
        headers = {**self._headers, **request.headers}
        patience = 0 if request.method in _READS else request.patience
        if login is None and self._published and request.method in _READS and not request.query:
            url = self._published + request.path.removeprefix(f"{address.bucket_path.rstrip('/')}/")
            return self._connections.send(request.method, url, headers)
        unsigned = Unsigned(request.method, address.host, request.path, request.query, headers, request.payload)
        if login is not None:
            headers = signed_headers(unsigned, login, address.region, time.time() + self._ahead)
        url = f"{address.server.scheme}://{address.host}{unsigned.target}"
        return self._connections.send(request.method, url, headers, request.body, patience=patience)

    def _learn(self, error: PyshareError, answer: HTTPResponse, address: Address, login: Credential | None) -> bool:
        """Whether the same request may succeed now, since we know better or another job has learned meanwhile."""
        self.is_settled = self.is_settled or not isinstance(error, Elsewhere)
        if isinstance(error, Elsewhere):
            if self.address == address:
                self.address = address.in_region(error.region)
            return self.address != address
        if isinstance(error, LoginExpired):
            return self.login.renew(login)
        if isinstance(error, ClockWrong) and (clock := clock_of(answer.headers)):
            ahead = clock - time.time()
            if abs(ahead) > _MOST_AHEAD:
                return False
            self._ahead = ahead
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
            ahead=self._ahead,
            remote=self._place.clone.remote,
        )


def _is_mute(request: Request, answer: HTTPResponse) -> bool:
    """Whether only a GET can tell what the answer to a HEAD means, or that it is S3's at all and no proxy's."""
    if request.method != "HEAD":
        return False
    if answer.status == _ABSENT:
        return not is_marked(answer.headers)
    words = said(answer.headers)
    return answer.status in _MUTE and not (words.code or words.region)


def _own_headers(place: StoreConfig) -> dict[str, str]:
    """What every request says."""
    headers = dict(HEADERS)
    if place.settings["requesterpays"] == "yes" and place.trusted():
        headers["x-amz-request-payer"] = "requester"
    return headers
