"""Reads objects: their size and checksum, and their content, resumed where possible."""

import time

from git_annex_remote_pyshare.backends.base import Content, Stat
from git_annex_remote_pyshare.backends.recent import Recent
from git_annex_remote_pyshare.backends.s3.archive import Archive
from git_annex_remote_pyshare.backends.s3.checksums import md5_of
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.errors import Archived, NoSuchBucket
from git_annex_remote_pyshare.backends.s3.listing import content_id
from git_annex_remote_pyshare.errors import NotFound, RangeRefused, Unreachable
from git_annex_remote_pyshare.transfer import ByteRange, Progress, Sink
from git_annex_remote_pyshare.transport.content_range import (
    ContentRange,
    fill,
    goes_on,
    headers_of,
    read_part,
    rest,
    span_of,
    whole,
)
from git_annex_remote_pyshare.transport.response import HTTPResponse

_CHANGED = 412
_BEHIND_THE_END = 416

_RECHECK_DELAY = 0.5
"""Seconds until a second lookup of an object that was just stored."""


class Downloads:
    """Reads from one store.

    Args:
        client: Sends the requests.
        archive: Restores objects that must be restored before they can be read.
        recent: Knows what was just stored.
    """

    def __init__(self, client: Client, archive: Archive, recent: Recent) -> None:
        self._client = client
        self._archive = archive
        self._recent = recent

    def stat(self, name: str) -> Stat | None:
        """See `Backend.stat`."""
        found = self._stat(name)
        if found is None and self._recent.has(name):
            time.sleep(_RECHECK_DELAY)
            return self._stat(name)
        return found

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        """Download one object; see `Backend.get`.

        Raises:
            Archived: It must be restored first; the restore has been requested, if git-annex waits for the object.
        """
        try:
            if sink.size and self._resume(name, sink, progress):
                return
            with self._client.send(self._request(name)) as response:
                self._fill(name, response, sink, whole(response), progress)
        except Archived as error:
            if not sink.is_wanted:
                raise
            raise self._archive.request_restore(name, error) from error

    def read_range(self, name: str, part: ByteRange, progress: Progress) -> bytearray:
        """See `ReadsRanges.read_range`."""
        request = self._request(name)._replace(
            headers=headers_of(part, "If-Match"), expected_statuses=(_CHANGED, _BEHIND_THE_END)
        )
        with self._client.send(request) as response:
            if response.status in request.expected_statuses:
                raise RangeRefused(f"the object changed: {response.status}")
            doing = f"cannot read the file on {self._client.address.shown}"
            return read_part(response, span_of(response), part, progress, doing)

    def content_of(self, name: str) -> Content | None:
        """See `ListsContents.content_of`. A bucket that is gone says nothing about its objects."""
        request = Request("HEAD", self._client.address.path_of(name), "look for the file")
        try:
            with self._client.send(request) as response:
                total = 0 if response.status == _BEHIND_THE_END else span_of(response).total
                tag = response.headers.get("ETag", "")
        except NotFound:
            return None
        return Content(name, total or 0, content_id(self._client, total, tag), version=tag)

    def _stat(self, name: str) -> Stat | None:
        try:
            with self._client.send(
                Request("HEAD", self._client.address.path_of(name), "look for the file")
            ) as response:
                total = span_of(response).total
                # The client may have sent a GET with a range in place of HEAD; an empty object has no range (416).
                if total is None and response.status != _BEHIND_THE_END:
                    raise self._size_missing("look for the file")
                md5 = md5_of(response.headers)
                return Stat(total or 0, {"md5": md5} if md5 else {})
        except (NotFound, NoSuchBucket):
            return None

    def _request(self, name: str) -> Request:
        return Request("GET", self._client.address.path_of(name), "read the file")

    def _resume(self, name: str, sink: Sink, progress: Progress) -> bool:
        """Download the rest; False if the download must start at offset 0. Content-Range decides, not the status."""
        start, headers = rest(sink, "If-Match")
        request = self._request(name)._replace(headers=headers, expected_statuses=(_CHANGED, _BEHIND_THE_END))
        with self._client.send(request) as response:
            span = span_of(response)
            if not goes_on(span, start, sink):  # as with 412 and 416
                return False
            self._fill(name, response, sink, span, progress)
        return True

    def _fill(self, name: str, response: HTTPResponse, sink: Sink, span: ContentRange, progress: Progress) -> None:
        """Write the response's body into the sink; if the body is cut off, the sink keeps what arrived."""
        if span.total is None:
            span = span._replace(total=self._size(name))
        if span.total is None:
            raise self._size_missing("read the file")
        if sink.content:
            # An object never changes: what the response says of itself is true for its whole body.
            sink.require(content_id(self._client, span.total, response.headers.get("ETag", "")))
        fill(response, sink, span, progress, f"cannot read the file on {self._client.address.shown}")

    def _size_missing(self, what: str) -> Unreachable:
        """S3 always gives the size (API Reference, "HeadObject"); so this is another server, or a proxy removed it."""
        return Unreachable(
            f"cannot {what} on {self._client.address.shown}: the server does not say how large it is",
            remedy="Check url= and endpoint=, and whether a proxy responds in place of the server.",
            retryable=False,
        )

    def _size(self, name: str) -> int | None:
        found = self._stat(name)
        return found.size if found else None
