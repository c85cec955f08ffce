"""Calls of Dropbox's HTTP API: three styles of routes, one login, and errors that say what to do.

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
"""Seconds to wait for the response after the body was sent."""

_RECOVERABLE = {HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY}
_DOWNLOADED = {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}
_RANGE_PAST_END = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
_UNSATISFIABLE = "range/not_satisfiable"
"""The tag that the official SDKs check instead of that status (dropbox-sdk-python, file_transfer.py)."""

RESULT = "Dropbox-API-Result"
"""Header of each download: the file's metadata as JSON."""

_NO_RANGE: Mapping[str, str] = {}
"""Headers of a request for the whole file."""

_MAX_JSON = 32 << 20
"""Bytes of JSON that a response may have: a page of a listing has at most 2000 entries."""


class Call(NamedTuple):
    """One call of a route."""

    route: str
    """As in the documentation's URLs: `files/get_metadata`."""
    arg: Mapping[str, Any] | None
    what: str
    """For error texts: "store the file", without the object's name."""
    expected: tuple[str, ...] = ()
    """Tags of errors that count as a result (`path/not_found`), including all tags below them."""
    requires: tuple[str, ...] = ()
    """Fields that a success must have: a proxy on the way can send 200 and JSON, too."""


class Reply(NamedTuple):
    """The outcome of a call."""

    result: Mapping[str, Any]
    """The route's result; of an error that was expected, the value of its innermost union."""
    tag: str = ""
    """The tags of an error that was expected; empty after a success."""
    error: Mapping[str, Any] = {}
    """The error as received."""


class Client:
    """The API's client for one store, shared by all jobs.

    Args:
        place: The store's configuration.
        shown: The store's name in error texts.
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
        """The response of a route that returns a file's bytes; None if the file ends before the requested range.

        Args:
            call: The call.
            part: Headers that request a range of the file.

        Raises:
            NotFound: The response is an error that the call expects: there is no object.
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
        """The exception for a refusal."""
        remote = self._place.clone.remote
        error = errors.from_refusal(self.doing(call.what), refusal, self.access.login, remote)
        error.request = _trace(call)
        return error

    def doing(self, what: str) -> str:
        """The start of an error text: what failed, and where."""
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
        """The response; an expired token and a moved home are replaced first, once each."""
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
        response_timeout = _RESPONSE_TIMEOUT if route.startswith("files/upload") else 0
        return self._connections.send("POST", f"{host}{route}", every, body, response_timeout=response_timeout)


def _trace(call: Call) -> str:
    """The call for `--debug`, without a shared link, which gives access to the folder."""
    arg = call.arg or {}
    return f"{call.route} {arg.get('path') or arg.get('commit', {}).get('path', '')}"


def _refusal(response: HTTPResponse) -> Refusal:
    return errors.refusal_of(response.status, response.headers, _body(response, EXCERPT))


def _body(response: HTTPResponse, limit: int) -> bytes:
    """Up to `limit` bytes of the body; a body that ends early raises, since the connection broke."""
    body = response.read(limit)
    if len(body) < limit:
        response.read(1)  # only a read at the end detects missing bytes
    return body


def _in_header(arg: Mapping[str, Any] | None) -> str:
    """JSON that is valid in a header: ASCII without DEL."""
    return json.dumps(arg).replace("\x7f", "\\u007f")
