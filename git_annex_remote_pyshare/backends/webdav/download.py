"""Looks at objects and retrieves them."""

from urllib3.response import BaseHTTPResponse

from git_annex_remote_pyshare.backends.base import Stat
from git_annex_remote_pyshare.backends.webdav import errors, propfind
from git_annex_remote_pyshare.backends.webdav.client import REDIRECTS, Client, Request
from git_annex_remote_pyshare.backends.webdav.url import in_path
from git_annex_remote_pyshare.errors import NotFound, PyshareError
from git_annex_remote_pyshare.transfer import Progress, Sink
from git_annex_remote_pyshare.transport.content_range import (
    ContentRange,
    fill,
    goes_on,
    length_of,
    rest,
    span_of,
    whole,
)

_GONE = {404, 410}
_NO_SUCH_METHOD = {405, 501}
_BEHIND_THE_END = {416, 500}
"""The file is longer than the object; the second is said by servers that do not know the first."""


def stat(client: Client, path: str, what: str) -> Stat | None:
    """What is at a path, by HEAD; see `Backend.stat`. A page for people is looked at a second time."""
    request = Request("HEAD", path, what)
    with client.ask(request) as answer:
        # What comes here as a redirect is one to the same URL with a slash: a folder.
        if answer.status in _GONE | REDIRECTS:
            return None
        unheard = answer.status in _NO_SUCH_METHOD
        if not unheard and not _may_be_page(answer):
            if answer.status != 200:
                raise client.failure(request, answer)
            return Stat(length_of(answer))
    thing = propfind.look(client, path, what)
    if thing is None and not unheard:
        raise errors.login_page(client.doing(what))
    return None if thing is None or thing.is_folder else Stat(thing.size)


class Downloads:
    """All retrievals from one store.

    Args:
        client: Sends the requests.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        """Retrieve one object; see `Backend.get`."""
        request = Request("GET", in_path(name), "read the file")
        if sink.size and self._go_on(request, sink, progress):
            return
        with self._client.ask(request) as answer:
            if answer.status != 200:
                raise self._failure(request, answer)
            self._fill(request, answer, sink, whole(answer), progress)

    def _go_on(self, request: Request, sink: Sink, progress: Progress) -> bool:
        """Get the rest; False where only a new beginning helps. Content-Range decides, not the status."""
        start, headers = rest(sink, "If-Range")
        request = request._replace(headers=headers)
        with self._client.ask(request) as answer:
            if answer.status in _BEHIND_THE_END:
                return False
            if answer.status not in {200, 206}:
                raise self._failure(request, answer)
            span = span_of(answer)
            if not goes_on(span, start, sink):
                return False
            self._fill(request, answer, sink, span, progress)
        return True

    def _fill(
        self, request: Request, answer: BaseHTTPResponse, sink: Sink, span: ContentRange, progress: Progress
    ) -> None:
        """Write the answer's body into the sink; a body that is cut leaves what came of it."""
        self._refuse_page(request, answer, span)
        fill(answer, sink, span, progress, str(self._client.doing(request.what)))

    def _refuse_page(self, request: Request, answer: BaseHTTPResponse, span: ContentRange) -> None:
        """A page may be the object itself; a login's page, or the listing of a folder, is not."""
        if not _is_page(answer):
            return
        thing = propfind.look(self._client, request.path, request.what)
        if thing is not None and thing.is_folder:
            raise _nothing_there(self._client, request)
        if thing is None or thing.size not in {None, span.total}:
            raise errors.login_page(self._client.doing(request.what))

    def _failure(self, request: Request, answer: BaseHTTPResponse) -> PyshareError:
        if answer.status in REDIRECTS:
            return _nothing_there(self._client, request)
        if answer.status in _NO_SUCH_METHOD:  # said of a folder by rclone and by sabre
            thing = propfind.look(self._client, request.path, request.what)
            if thing is None or thing.is_folder:
                return _nothing_there(self._client, request)
        return self._client.failure(request, answer)


def _is_page(answer: BaseHTTPResponse) -> bool:
    return answer.headers.get("Content-Type", "").startswith("text/html")


def _may_be_page(answer: BaseHTTPResponse) -> bool:
    """Whether the answer may be a login's page or the listing of a folder instead of an object."""
    if answer.status != 200:
        return False
    # sabre says 200 to a HEAD for a folder (lib/DAV/CorePlugin.php, httpHead), without either of these.
    return _is_page(answer) or ("Content-Length" not in answer.headers and "ETag" not in answer.headers)


def _nothing_there(client: Client, request: Request) -> NotFound:
    return NotFound(f"{client.doing(request.what)}: the server does not have it")
