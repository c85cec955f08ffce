"""One request and its answer, of which nothing is left over whatever happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException

from urllib3.exceptions import HTTPError

from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.transport.errors import from_exception
from git_annex_remote_pyshare.transport.response import HTTPResponse

EXCERPT = 1 << 16
"""Bytes of an answer that are read for nothing, so that its connection can be used again; and of a refusal, for its
reason."""


@contextmanager
def exchange(doing: str, clone: LocalConfig, send: Callable[[], HTTPResponse]) -> Iterator[HTTPResponse]:
    """The answer to a request, its body not yet read; afterwards its connection serves the next request.

    Args:
        doing: What could not be done if it fails: "cannot store the file on cloud.example.org".
        clone: Its git config is named where it could help.
        send: Sends the request, once.

    Raises:
        PyshareError: There is no answer, or it breaks off; also while the block reads the body.
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
    """What an answer says, as far as EXCERPT goes: for one that is an error.

    Raises:
        HTTPError: It broke off, so its reason may be missing; `exchange` makes an error of that.
    """
    said = answer.read(EXCERPT)
    if len(said) < EXCERPT:
        answer.read(1)  # fails where the answer was cut
    return said


def release(answer: HTTPResponse) -> None:
    """Give the connection back for the next request; close it when there is too much left to read."""
    try:
        if answer.read(EXCERPT):
            answer.read(1)
    except (HTTPError, HTTPException, OSError):
        answer.close()
    abandon(answer)


def abandon(answer: HTTPResponse) -> None:
    """Give the connection back, closed if the answer was not read to its end."""
    original = getattr(answer, "_original_response", None)
    if original is not None and not original.isclosed():
        answer.close()
    answer.release_conn()
