"""Reads the size of objects and downloads them."""

from git_annex_remote_pyshare.backends.base import Stat
from git_annex_remote_pyshare.backends.webdav import contents, errors, propfind
from git_annex_remote_pyshare.backends.webdav.client import REDIRECTS, Client, Request
from git_annex_remote_pyshare.backends.webdav.url import in_path
from git_annex_remote_pyshare.errors import ContentChanged, NotFound, PyshareError, RangeRefused
from git_annex_remote_pyshare.transfer import ByteRange, Progress, Sink
from git_annex_remote_pyshare.transport.content_range import (
    ContentRange,
    fill,
    goes_on,
    headers_of,
    length_of,
    read_part,
    rest,
    span_of,
    validator_of,
    whole,
)
from git_annex_remote_pyshare.transport.response import HTTPResponse

_GONE = {404, 410}
_NO_SUCH_METHOD = {405, 501}
_BEYOND = 416
_BEHIND_THE_END = {_BEYOND, 500}
"""The file is longer than the object; some servers send 500 in place of 416."""


def stat(client: Client, path: str, what: str) -> Stat | None:
    """The object at a path, by HEAD; see `Backend.stat`. A response that may be a web page is checked by PROPFIND."""
    request = Request("HEAD", path, what)
    with client.send(request) as response:
        # A redirect that the client does not follow leads to the same URL with a slash: a folder.
        if response.status in _GONE | REDIRECTS:
            return None
        unheard = response.status in _NO_SUCH_METHOD
        if not unheard and not _may_be_page(response):
            if response.status != 200:
                raise client.failure(request, response)
            return Stat(length_of(response))
    resource = propfind.stat(client, path, what)
    if resource is None and not unheard:
        raise errors.login_page(client.doing(what))
    return None if resource is None or resource.is_folder else Stat(resource.size)


class Downloads:
    """All downloads from one store.

    Args:
        client: Sends the requests.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        """Download one object; see `Backend.get`."""
        request = Request("GET", in_path(name), "read the file")
        if sink.size and self._resume(name, request, sink, progress):
            return
        with self._client.send(request) as response:
            if response.status != 200:
                raise self._failure(request, response)
            self._fill(name, request, response, sink, whole(response), progress)

    def read_range(self, name: str, part: ByteRange, progress: Progress) -> bytearray:
        """See `ReadsRanges.read_range`. A login page has another tag, so it is not taken for the part."""
        request = Request("GET", in_path(name), "read the file", headers_of(part, "If-Range"))
        with self._client.send(request) as response:
            if response.status == _BEYOND:
                raise RangeRefused("the object is shorter now")
            if response.status not in {200, 206}:
                raise self._failure(request, response)
            return read_part(response, span_of(response), part, progress, str(self._client.doing(request.what)))

    def _resume(self, name: str, request: Request, sink: Sink, progress: Progress) -> bool:
        """Resume the download; False if it must restart at 0. Content-Range decides, not the status."""
        start, headers = rest(sink, "If-Range")
        request = request._replace(headers=headers)
        with self._client.send(request) as response:
            if response.status in _BEHIND_THE_END:
                return False
            if response.status not in {200, 206}:
                raise self._failure(request, response)
            span = span_of(response)
            if not goes_on(span, start, sink):
                return False
            self._fill(name, request, response, sink, span, progress)
        return True

    def _fill(
        self, name: str, request: Request, response: HTTPResponse, sink: Sink, span: ContentRange, progress: Progress
    ) -> None:
        """Write the response's body into the sink; an incomplete body leaves what was received."""
        self._refuse_page(request, response, span)
        doing = str(self._client.doing(request.what))
        if not sink.content:
            fill(response, sink, span, progress, doing)
            return
        names_it = contents.is_of(name, response, span.total, sink.content)
        if not names_it:
            self._require(name, sink)
        fill(response, sink, span, progress, doing)
        self._require(name, sink)  # a file can be changed while the server reads it
        if not names_it and self._validator(request) != span.validator:
            raise ContentChanged("the file changed while it was being read")

    def _require(self, name: str, sink: Sink) -> None:
        """Raise ContentChanged unless the server still has the version that the sink accepts."""
        found = contents.content_of(self._client, name)
        sink.require(*(contents.ids_of(found) if found else ()))

    def _validator(self, request: Request) -> str:
        """The tag of what is there now, as the server sends it with the file itself."""
        with self._client.send(request._replace(method="HEAD", headers={})) as response:
            return validator_of(response)

    def _refuse_page(self, request: Request, response: HTTPResponse, span: ContentRange) -> None:
        """Raise if the response is a login page or a folder's listing; an object may be a web page itself."""
        if not _is_page(response):
            return
        resource = propfind.stat(self._client, request.path, request.what)
        if resource is not None and resource.is_folder:
            raise _nothing_there(self._client, request)
        if resource is None or resource.size not in {None, span.total}:
            raise errors.login_page(self._client.doing(request.what))

    def _failure(self, request: Request, response: HTTPResponse) -> PyshareError:
        if response.status in REDIRECTS:
            return _nothing_there(self._client, request)
        if response.status in _NO_SUCH_METHOD:  # the response of rclone and sabre for a folder
            resource = propfind.stat(self._client, request.path, request.what)
            if resource is None or resource.is_folder:
                return _nothing_there(self._client, request)
        return self._client.failure(request, response)


def _is_page(response: HTTPResponse) -> bool:
    return response.headers.get("Content-Type", "").startswith("text/html")


def _may_be_page(response: HTTPResponse) -> bool:
    """Whether the response may be a login page or the listing of a folder instead of an object."""
    if response.status != 200:
        return False
    # sabre sends 200 to a HEAD for a folder (lib/DAV/CorePlugin.php, httpHead), without either of these.
    return _is_page(response) or ("Content-Length" not in response.headers and "ETag" not in response.headers)


def _nothing_there(client: Client, request: Request) -> NotFound:
    return NotFound(f"{client.doing(request.what)}: it is not on the server")
