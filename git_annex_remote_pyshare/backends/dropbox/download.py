"""Reads objects: whether they are there, and their bytes."""

import json
import math
import re
from collections.abc import Mapping
from threading import Event
from typing import Any

from git_annex_remote_pyshare.backends.base import Stat
from git_annex_remote_pyshare.backends.dropbox.client import RESULT, Call, Client
from git_annex_remote_pyshare.backends.recent import Recent
from git_annex_remote_pyshare.errors import Cancelled, NotFound, RangeRefused
from git_annex_remote_pyshare.transfer import ByteRange, Progress, Sink
from git_annex_remote_pyshare.transport.content_range import (
    ContentRange,
    fill,
    goes_on,
    headers_of,
    read_part,
    rest,
    span_of,
)
from git_annex_remote_pyshare.transport.response import HTTPResponse

NOTHING = ("path/not_found", "path/not_file")
"""Tags that prove that there is no object."""

_REVISION = re.compile(r"[0-9a-f]{9,}")
"""A file's revision (`Rev` in files.stone of https://github.com/dropbox/dropbox-api-spec)."""

_REMEMBERED = 1000
_ATTEMPTS = 4
_PAUSE = 0.5
"""Seconds between two checks for an object that must be there."""


class Presence:
    """Checks for objects; one that this process has stored is checked again before it counts as absent.

    Dropbox may need a moment to show what it has just committed (https://github.com/rclone/rclone/issues/8881).

    Args:
        client: Sends the requests.
        closing: Ends all waiting when it is set.
    """

    def __init__(self, client: Client, closing: Event) -> None:
        self._client = client
        self._closing = closing
        self._recent = Recent(math.inf, _REMEMBERED)

    def stat(self, path: str, what: str) -> Stat | None:
        """The object at a path; see `Backend.stat`."""
        for _ in range(_ATTEMPTS):
            found = self._stat(path, what)
            if found or not self._recent.has(path):
                return found
            if self._closing.wait(_PAUSE):
                raise Cancelled(f"stopped before Dropbox showed what was stored: {path}")
        self.removed(path)
        return None

    def is_recent(self, path: str) -> bool:
        """Whether this process has stored an object there, so that it may only not be shown yet."""
        return self._recent.has(path)

    def stored(self, path: str) -> None:
        """Remember that an object was stored."""
        self._recent.stored(path)

    def removed(self, path: str) -> None:
        """Forget an object."""
        self._recent.removed(path)

    def _stat(self, path: str, what: str) -> Stat | None:
        reply = self._client.rpc(Call("files/get_metadata", {"path": path}, what, NOTHING, (".tag",)))
        is_ours = reply.result.get(".tag") == "file" and self._client.name_case.fits(reply.result, path)
        return Stat(reply.result["size"]) if is_ours else None


def get(client: Client, call: Call, sink: Sink, progress: Progress) -> None:
    """Download an object to a sink, after the bytes that it already has; see `Backend.get`.

    Args:
        client: Sends the requests.
        call: Of a route that returns the object's bytes.
        sink: Receives them.
        progress: Called with the bytes that the sink has.
    """
    if sink.size and _resume(client, call, sink, progress):
        return
    with client.download(call) as response:
        if response is not None:  # as it is without a range
            _check(client, call, response, sink)
            fill(response, sink, _span(response), progress, client.doing(call.what))


def is_exact(version: str) -> bool:
    """Whether it is a revision; see `ReadsRanges.is_exact`."""
    return bool(_REVISION.fullmatch(version))


def read_range(client: Client, call: Call, part: ByteRange, progress: Progress) -> bytearray:
    """The bytes of a part of an object; see `ReadsRanges.read_range`. Each response has the file's revision.

    Args:
        client: Sends the request.
        call: Of a route that returns the object's bytes.
        part: Which part.
        progress: Called with the bytes of it that have arrived.
    """
    with client.download(call, headers_of(part)) as response:
        if response is None:
            raise RangeRefused("the object is shorter now")
        return read_part(response, _span(response), part, progress, client.doing(call.what))


def _resume(client: Client, call: Call, sink: Sink, progress: Progress) -> bool:
    """Download the rest; False if only a restart helps. Content-Range decides, not the status."""
    start, headers = rest(sink)
    with client.download(call, headers) as response:
        if response is None or not goes_on(span := _span(response), start, sink):
            return False
        _check(client, call, response, sink)
        fill(response, sink, span, progress, client.doing(call.what))
    return True


def _span(response: HTTPResponse) -> ContentRange:
    """The range from HTTP's headers; the revision, and a missing total, from Dropbox's own header."""
    span, metadata = span_of(response), _metadata(response)
    total = metadata.get("size") if span.total is None else span.total
    return span._replace(total=total, validator=str(metadata.get("rev", span.validator)))


def _check(client: Client, call: Call, response: HTTPResponse, sink: Sink) -> None:
    """Raise NotFound if the response is the object of another key, ContentChanged if it is another version."""
    sink.require(str(_metadata(response).get("content_hash", "")))
    if call.arg and not client.name_case.fits(_metadata(response), call.arg["path"]):
        raise NotFound(
            f"{client.doing(call.what)}: Dropbox has no file there whose name has the same upper and lower case"
        )


def _metadata(response: HTTPResponse) -> Mapping[str, Any]:
    """The file's metadata in Dropbox's own header; empty if it is invalid."""
    try:
        metadata = json.loads(response.headers.get(RESULT, ""))
    except (ValueError, RecursionError):  # the latter: nested without end
        return {}
    return metadata if isinstance(metadata, dict) else {}
