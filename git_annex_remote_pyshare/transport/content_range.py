"""Finds which part of an object a response contains, and writes it into a sink."""

import re
from http import HTTPStatus
from typing import NamedTuple

from git_annex_remote_pyshare.errors import Unreachable
from git_annex_remote_pyshare.transfer import BLOCK, Progress, Sink
from git_annex_remote_pyshare.transport.bounds import number
from git_annex_remote_pyshare.transport.response import HTTPResponse

_CONTENT_RANGE = re.compile(r"bytes (?:([0-9]{1,19})-[0-9]{1,19}|\*)/([0-9]{1,19}|\*)")
_STRONG = re.compile(r'"[!#-~]*"')
"""An entity tag that conditions can be made with (RFC 9110 §13.1.1, §13.1.5); we send back no odd bytes."""


class ContentRange(NamedTuple):
    """From where to where a body goes."""

    start: int
    """The object's byte that comes first; -1 where the answer does not say, so that it cannot be used."""
    total: int | None
    """Bytes of the whole object, where the server tells."""
    validator: str = ""
    """What the server calls this version of the object; empty where it does not say."""


def rest(sink: Sink, condition: str = "") -> tuple[int, dict[str, str]]:
    """Where to go on, and the headers that ask for that.

    The last byte that is there comes again: so a complete file is no range behind the end, whose refusal would not say
    whether it is this version that is complete.

    Args:
        sink: Has some bytes.
        condition: `If-Match` or `If-Range`, where the server may know it: the validator, if it is good for that.
    """
    start = sink.size - 1
    headers = {"Range": f"bytes={start}-"}
    if condition and _STRONG.fullmatch(sink.validator):
        headers[condition] = sink.validator
    return start, headers


def whole(response: HTTPResponse) -> ContentRange:
    """The span of an answer to a request that asked for no part."""
    return ContentRange(0, length_of(response), validator_of(response))


def span_of(response: HTTPResponse) -> ContentRange:
    """What Content-Range says, whatever the status: rclone's S3 server sends the right part with a 200."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if match:
        return ContentRange(int(match[1] or -1), int(match[2]) if match[2] != "*" else None, validator_of(response))
    if response.status == HTTPStatus.OK:
        return whole(response)
    # A 206 that does not say which part it is cannot be used, and a refusal's length is that of its page.
    return ContentRange(-1, None)


def length_of(response: HTTPResponse) -> int | None:
    """What Content-Length says, in bytes."""
    return number(response.headers.get("Content-Length"))


def validator_of(response: HTTPResponse) -> str:
    """What tells this version of the object from others: an entity tag, else the time of the last change."""
    return response.headers.get("ETag", "") or response.headers.get("Last-Modified", "")


def goes_on(span: ContentRange, start: int, sink: Sink) -> bool:
    """Whether the body can go into the sink: as a new beginning, or behind byte `start` of the same version."""
    return span.start == 0 or (span.start == start and sink.fits(span.validator))


def fill(response: HTTPResponse, sink: Sink, span: ContentRange, progress: Progress, doing: str) -> None:
    """Write the answer's body into the sink, where `span` says; a body that is cut leaves what came of it.

    Raises:
        Unreachable: The body ended early, or not in time; `doing` begins the text.
    """
    done = span.start
    with sink.writing(span.start, span.total, span.validator) as file:
        while block := response.read(BLOCK):
            done += len(block)
            if span.total is not None and done > span.total:
                raise Unreachable(f"{doing}: more than {span.total} bytes came")
            file.write(block)
            progress(done)
    if span.total not in {None, done}:
        raise Unreachable(f"{doing}: only {done} of {span.total} bytes came")
