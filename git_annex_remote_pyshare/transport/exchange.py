"""Sends one request, and leaves its connection clean for the next one."""

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from http.client import HTTPException

from urllib3.exceptions import HTTPError

from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.transport.errors import from_exception
from git_annex_remote_pyshare.transport.response import HTTPResponse

EXCERPT = 1 << 16
"""Bytes of a response that are read and dropped to use its connection again; and bytes of an error response that are
read for its reason."""

_FIRST_ERROR = 400
"""The lowest HTTP status of an error (RFC 9110 §15)."""


@contextmanager
def exchange(doing: str, clone: LocalConfig, send: Callable[[], HTTPResponse]) -> Iterator[HTTPResponse]:
    """The response to a request, its body not read yet; after the block its connection can serve the next request.

    Args:
        doing: The start of an error text: "cannot store the file on cloud.example.org".
        clone: Its git config is named in remedies.
        send: Sends the request, once.

    Raises:
        PyshareError: There is no response, or it breaks off; also while the block reads the body.
    """
    response = None
    try:
        response = send()
        yield response
        release(response)
    except (HTTPError, HTTPException, TimeoutError) as error:
        raise from_exception(doing, error, clone.key(options.CA)) from error
    finally:
        if response is not None:
            abandon(response)


def excerpt(response: HTTPResponse, explained_by_body: Container[int] = ()) -> bytes:
    """The first EXCERPT bytes of an error response; fewer if the connection breaks, since the status remains known.

    Args:
        response: A response with its body unread.
        explained_by_body: Error statuses whose meaning depends on the body.

    Raises:
        HTTPError: The body of such a response, or of one that is no error, breaks off; `exchange` converts that.
    """
    received = bytearray()
    try:
        # In small pieces, since what arrived before the connection broke is lost with the piece.
        while len(received) < EXCERPT and (piece := response.read1(EXCERPT - len(received))):
            received += piece
    except HTTPError:
        response.close()
        if response.status < _FIRST_ERROR or response.status in explained_by_body:
            raise
    return bytes(received)


def release(response: HTTPResponse) -> None:
    """Give the connection back for the next request; close it if too much is left to read."""
    try:
        if response.read(EXCERPT):
            response.read(1)
    except (HTTPError, HTTPException, OSError):
        response.close()
    abandon(response)


def abandon(response: HTTPResponse) -> None:
    """Give the connection back, closed if the response was not read to its end."""
    original = getattr(response, "_original_response", None)
    if original is not None and not original.isclosed():
        response.close()
    response.release_conn()
