"""Calls of Dropbox's HTTP API: three styles of routes, one login, and errors with a meaning.

Source: https://www.dropbox.com/developers/documentation/http/documentation ("Request and response formats").
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.dropbox import errors
from git_annex_remote_pyshare.backends.dropbox.auth import Access, PathRoot
from git_annex_remote_pyshare.backends.dropbox.errors import Refusal
from git_annex_remote_pyshare.backends.dropbox.name_case import NameCase
from git_annex_remote_pyshare.errors import NotFound, PyshareError, tracing
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.connection import Connections
from git_annex_remote_pyshare.transport.exchange import EXCERPT, exchange
from git_annex_remote_pyshare.transport.headers import HEADERS
from git_annex_remote_pyshare.transport.response import HTTPResponse

_API = "https://api.dropboxapi.com/2/"
_CONTENT = "https://content.dropboxapi.com/2/"

_RESPONSE_TIMEOUT = 300.0
"""Seconds that Dropbox may think after it got everything."""

_RECOVERABLE = {HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY}
_DOWNLOADED = {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}
_RANGE_PAST_END = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
_UNSATISFIABLE = "range/not_satisfiable"
"""What the official SDKs look for instead of that status (dropbox-sdk-python, file_transfer.py)."""

RESULT = "Dropbox-API-Result"
"""Header that each download has: what is known of the file, as JSON."""

_NO_RANGE: Mapping[str, str] = {}
"""No part of a file."""

_MAX_JSON = 32 << 20
"""Bytes of JSON that an answer may have: a page of a listing has at most 2000 entries."""


class Call(NamedTuple):
    """One call of a route."""

    route: str
    """As in the documentation's URLs: `files/get_metadata`."""
    arg: Mapping[str, Any] | None
    what: str
    """For error texts: "store the file", without the object's name."""
    expected: tuple[str, ...] = ()
    """Tags of errors that are an answer, too (`path/not_found`), with all that are below them."""
    requires: tuple[str, ...] = ()
    """Fields of the result that a success must have: other programs on the way can answer 200, and with JSON, too."""


class Reply(NamedTuple):
    """What came of a call."""

    result: Mapping[str, Any]
    """The route's result; of an error that was expected, the value of its innermost union."""
    tag: str = ""
    """The tags of an error that was expected; empty after a success."""
    error: Mapping[str, Any] = {}
    """The error as it came."""


class Client:
    """One store as the API sees it, shared by all jobs.

    Args:
        place: Where the store is.
        shown: How error texts call it.
    """

    def __init__(self, place: StoreConfig, shown: str) -> None:
        self.access = Access(place)
        self.root = PathRoot(place.settings.get("namespace", ""))
        self.name_case = NameCase(place.settings.get("layout", ""))
        self._shown = shown
        self._place = place
        self._connections = Connections(place.clone)

    def rpc(self, call: Call) -> Reply:
        """Call a route whose argument and result are JSON.

        Raises:
            PyshareError: It failed in a way that the call does not expect.
        """
        body = json.dumps(call.arg).encode()
        with self._exchange(call, _API, {"Content-Type": "application/json"}, body) as response:
            return self._reply(call, response)

    def upload(self, call: Call, body: Body | bytes) -> Reply:
        """Call a route that takes a file's bytes; raises as `rpc` does."""
        headers = {"Content-Type": "application/octet-stream", "Dropbox-API-Arg": _in_header(call.arg)}
        with self._exchange(call, _CONTENT, headers, body) as response:
            return self._reply(call, response)

    @contextmanager
    def download(self, call: Call, part: Mapping[str, str] = _NO_RANGE) -> Iterator[HTTPResponse | None]:
        """The answer of a route that gives a file's bytes; None where the file ends before the part that is asked for.

        Args:
            call: The call.
            part: Headers that ask for a part of the file.

        Raises:
            NotFound: The call expects this error, which so means that there is no object.
            PyshareError: As `rpc`; also while the block reads the body.
        """
        headers = {"Dropbox-API-Arg": _in_header(call.arg), **part}
        with self._exchange(call, _CONTENT, headers, None) as response:
            if response.status in _DOWNLOADED:
                if RESULT not in response.headers:
                    raise errors.not_dropbox(self.doing(call.what))
                yield response
                return
            refusal = _refusal(response)
            if not (part and (response.status == _RANGE_PAST_END or refusal.tag == _UNSATISFIABLE)):
                raise self._no_download(call, refusal)
            yield None

    def failure(self, call: Call, refusal: Refusal) -> PyshareError:
        """The error that a refusal means."""
        remote = self._place.clone.remote
        error = errors.from_refusal(self.doing(call.what), refusal, self.access.login, remote)
        error.request = _trace(call)
        return error

    def doing(self, what: str) -> str:
        """How error texts tell what was tried."""
        return f"cannot {what} in {self._shown}"

    def close(self) -> None:
        """Close all idle connections."""
        self._connections.close()

    def _reply(self, call: Call, response: HTTPResponse) -> Reply:
        if response.status != HTTPStatus.OK:
            refusal = _refusal(response)
            if not errors.matches(refusal.tag, call.expected):
                raise self.failure(call, refusal)
            return Reply(refusal.innermost, refusal.tag, refusal.error)
        try:
            result = json.loads(_body(response, _MAX_JSON))
        except (ValueError, RecursionError):  # the latter: nested without end
            raise errors.not_dropbox(self.doing(call.what)) from None
        fields = result if isinstance(result, dict) else {}
        if not fields.keys() >= {*call.requires}:
            raise errors.not_dropbox(self.doing(call.what))
        return Reply(fields)

    def _no_download(self, call: Call, refusal: Refusal) -> PyshareError:
        if errors.matches(refusal.tag, call.expected):
            return NotFound(f"{self.doing(call.what)}: Dropbox has nothing there", detail=refusal.tag)
        return self.failure(call, refusal)

    @contextmanager
    def _exchange(
        self, call: Call, host: str, headers: Mapping[str, str], body: Body | bytes | None
    ) -> Iterator[HTTPResponse]:
        """The answer, after a token that has expired and a home that has moved were replaced, once each."""
        tokens = self.access.tokens
        token = tokens.access()
        for last in (False, False, True):
            sending = partial(self._send, call.route, host, {**headers, "Authorization": f"Bearer {token}"}, body)
            with tracing(_trace(call)), exchange(self.doing(call.what), self._place.clone, sending) as response:
                if last or response.status not in _RECOVERABLE:
                    yield response
                    return
                refusal = _refusal(response)
            if refusal.tag == "expired_access_token":
                token = tokens.refresh(token)
            elif not self.root.moved(refusal.root_info):
                raise self.failure(call, refusal)

    def _send(self, route: str, host: str, headers: Mapping[str, str], body: Body | bytes | None) -> HTTPResponse:
        every = {**HEADERS, **self.root.headers, **headers}
        patience = _RESPONSE_TIMEOUT if route.startswith("files/upload") else 0
        return self._connections.send("POST", f"{host}{route}", every, body, patience=patience)


def _trace(call: Call) -> str:
    """The call for `--debug`: a shared link in its argument is left out, since it opens the folder."""
    arg = call.arg or {}
    return f"{call.route} {arg.get('path') or arg.get('commit', {}).get('path', '')}"


def _refusal(response: HTTPResponse) -> Refusal:
    return errors.refusal_of(response.status, response.headers, _body(response, EXCERPT))


def _body(response: HTTPResponse, limit: int) -> bytes:
    """The body as far as `limit` bytes; one that ends early is a broken connection, whatever came of it."""
    body = response.read(limit)
    if len(body) < limit:
        response.read(1)  # only a read at the end tells that bytes are missing
    return body


def _in_header(arg: Mapping[str, Any] | None) -> str:
    """JSON as a header can hold it: ASCII without DEL."""
    return json.dumps(arg).replace("\x7f", "\\u007f")
