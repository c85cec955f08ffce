"""Sends one request, and leaves its connection clean for the next one."""

from collections.abc import Callable, Iterator
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
    answer = None
    try:
        answer = send()
        yield answer
        release(answer)
    except (HTTPError, HTTPException, TimeoutError) as error:
        raise from_exception(doing, error, clone.key(options.CA)) from error
    finally:
        if answer is not None:
            abandon(answer)


def excerpt(answer: HTTPResponse) -> bytes:
    """The first EXCERPT bytes of an error response.

    Raises:
        HTTPError: The response broke off, so its reason may be missing; `exchange` converts that.
    """
    said = answer.read(EXCERPT)
    if len(said) < EXCERPT:
        answer.read(1)  # fails if the response was cut
    return said


def release(answer: HTTPResponse) -> None:
    """Give the connection back for the next request; close it if too much is left to read."""
    try:
        if answer.read(EXCERPT):
            answer.read(1)
    except (HTTPError, HTTPException, OSError):
        answer.close()
    abandon(answer)


def abandon(answer: HTTPResponse) -> None:
    """Give the connection back, closed if the response was not read to its end."""
    original = getattr(answer, "_original_response", None)
    if original is not None and not original.isclosed():
        answer.close()
    answer.release_conn()
