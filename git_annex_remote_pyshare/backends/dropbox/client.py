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
from git_annex_remote_pyshare.backends.dropbox.auth import Access, Root
from git_annex_remote_pyshare.backends.dropbox.errors import Refusal
from git_annex_remote_pyshare.backends.dropbox.name_case import Spelling
from git_annex_remote_pyshare.errors import NotFound, PyshareError, tracing
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.connection import Connections
from git_annex_remote_pyshare.transport.exchange import EXCERPT, exchange
from git_annex_remote_pyshare.transport.headers import HEADERS
from git_annex_remote_pyshare.transport.response import HTTPResponse

_API = "https://api.dropboxapi.com/2/"
_CONTENT = "https://content.dropboxapi.com/2/"

_SLOW_ANSWER = 300.0
"""Seconds that Dropbox may think after it got everything."""

_MENDABLE = {HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY}
_DOWNLOADED = {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}
_BEHIND_THE_END = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
_UNSATISFIABLE = "range/not_satisfiable"
"""What the official SDKs look for instead of that status (dropbox-sdk-python, file_transfer.py)."""

RESULT = "Dropbox-API-Result"
"""Header that each download has: what is known of the file, as JSON."""

_WHOLE: Mapping[str, str] = {}
"""No part of a file."""

_MOST = 32 << 20
"""Bytes of JSON that an answer may have: a page of a listing has at most 2000 entries."""


class Call(NamedTuple):
    """One call of a route."""

    route: str
    """As in the documentation's URLs: `files/get_metadata`."""
    arg: Mapping[str, Any] | None
    what: str
    """For error texts: "store the file", without the object's name."""
    expects: tuple[str, ...] = ()
    """Tags of errors that are an answer, too (`path/not_found`), with all that are below them."""
    gives: tuple[str, ...] = ()
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
        self.root = Root(place.settings.get("namespace", ""))
        self.spelling = Spelling(place.settings.get("layout", ""))
        self._shown = shown
        self._place = place
        self._connections = Connections(place.clone)

    def rpc(self, call: Call) -> Reply:
        """Call a route whose argument and result are JSON.

        Raises:
            PyshareError: It failed in a way that the call does not expect.
        """
        body = json.dumps(call.arg).encode()
        with self._asked(call, _API, {"Content-Type": "application/json"}, body) as answer:
            return self._reply(call, answer)

    def upload(self, call: Call, body: Body | bytes) -> Reply:
        """Call a route that takes a file's bytes; raises as `rpc` does."""
        headers = {"Content-Type": "application/octet-stream", "Dropbox-API-Arg": _in_header(call.arg)}
        with self._asked(call, _CONTENT, headers, body) as answer:
            return self._reply(call, answer)

    @contextmanager
    def download(self, call: Call, part: Mapping[str, str] = _WHOLE) -> Iterator[HTTPResponse | None]:
        """The answer of a route that gives a file's bytes; None where the file ends before the part that is asked for.

        Args:
            call: The call.
            part: Headers that ask for a part of the file.

        Raises:
            NotFound: The call expects this error, which so means that there is no object.
            PyshareError: As `rpc`; also while the block reads the body.
        """
        headers = {"Dropbox-API-Arg": _in_header(call.arg), **part}
        with self._asked(call, _CONTENT, headers, None) as answer:
            if answer.status in _DOWNLOADED:
                if RESULT not in answer.headers:
                    raise errors.no_answer(self.doing(call.what))
                yield answer
                return
            refusal = _refusal(answer)
            if not (part and (answer.status == _BEHIND_THE_END or refusal.tag == _UNSATISFIABLE)):
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

    def _reply(self, call: Call, answer: HTTPResponse) -> Reply:
        if answer.status != HTTPStatus.OK:
            refusal = _refusal(answer)
            if not errors.matches(refusal.tag, call.expects):
                raise self.failure(call, refusal)
            return Reply(refusal.innermost, refusal.tag, refusal.error)
        try:
            result = json.loads(_body(answer, _MOST))
        except (ValueError, RecursionError):  # the latter: nested without end
            raise errors.no_answer(self.doing(call.what)) from None
        told = result if isinstance(result, dict) else {}
        if not told.keys() >= {*call.gives}:
            raise errors.no_answer(self.doing(call.what))
        return Reply(told)

    def _no_download(self, call: Call, refusal: Refusal) -> PyshareError:
        if errors.matches(refusal.tag, call.expects):
            return NotFound(f"{self.doing(call.what)}: Dropbox has nothing there", detail=refusal.tag)
        return self.failure(call, refusal)

    @contextmanager
    def _asked(
        self, call: Call, host: str, headers: Mapping[str, str], body: Body | bytes | None
    ) -> Iterator[HTTPResponse]:
        """The answer, after a token that has expired and a home that has moved were replaced, once each."""
        tokens = self.access.tokens
        token = tokens.access()
        for last in (False, False, True):
            sending = partial(self._send, call.route, host, {**headers, "Authorization": f"Bearer {token}"}, body)
            with tracing(_trace(call)), exchange(self.doing(call.what), self._place.clone, sending) as answer:
                if last or answer.status not in _MENDABLE:
                    yield answer
                    return
                refusal = _refusal(answer)
            if refusal.tag == "expired_access_token":
                token = tokens.refresh(token)
            elif not self.root.moved(refusal.root_info):
                raise self.failure(call, refusal)

    def _send(self, route: str, host: str, headers: Mapping[str, str], body: Body | bytes | None) -> HTTPResponse:
        every = {**HEADERS, **self.root.headers, **headers}
        patience = _SLOW_ANSWER if route.startswith("files/upload") else 0
        return self._connections.send("POST", f"{host}{route}", every, body, patience=patience)


def _trace(call: Call) -> str:
    """The call for `--debug`: a shared link in its argument is left out, since it opens the folder."""
    arg = call.arg or {}
    return f"{call.route} {arg.get('path') or arg.get('commit', {}).get('path', '')}"


def _refusal(answer: HTTPResponse) -> Refusal:
    return errors.refusal_of(answer.status, answer.headers, _body(answer, EXCERPT))


def _body(answer: HTTPResponse, most: int) -> bytes:
    """The body as far as `most` bytes; one that ends early is a broken connection, whatever came of it."""
    body = answer.read(most)
    if len(body) < most:
        answer.read(1)  # only a read at the end tells that bytes are missing
    return body


def _in_header(arg: Mapping[str, Any] | None) -> str:
    """JSON as a header can hold it: ASCII without DEL."""
    return json.dumps(arg).replace("\x7f", "\\u007f")
