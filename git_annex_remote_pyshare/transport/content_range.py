"""Finds which part of an object a response contains, and writes it into a sink."""

import re
from http import HTTPStatus
from typing import NamedTuple

from git_annex_remote_pyshare.errors import RangeRefused, Unreachable
from git_annex_remote_pyshare.transfer import BLOCK, ByteRange, Progress, Sink
from git_annex_remote_pyshare.transport.bounds import number
from git_annex_remote_pyshare.transport.response import HTTPResponse

_CONTENT_RANGE = re.compile(r"bytes (?:([0-9]{1,19})-([0-9]{1,19})|\*)/([0-9]{1,19}|\*)")
_STRONG = re.compile(r'"[!#-~]*"')
"""A strong entity tag, which conditions need (RFC 9110 §13.1.1, §13.1.5), in ASCII only."""


class ContentRange(NamedTuple):
    """The part of an object that a response body contains."""

    start: int
    """Offset of the first byte in the object; -1 if the response does not say, so that its body cannot be used."""
    total: int | None
    """Bytes of the whole object; None if the server does not report it."""
    validator: str = ""
    """The server's identifier of this version of the object; empty if it sends none."""
    last: int = -1
    """Offset of the last byte; -1 if the response does not say."""


def rest(sink: Sink, condition: str = "") -> tuple[int, dict[str, str]]:
    """The offset at which to resume, and the headers that request the rest of the object.

    The last byte in the sink is requested again. Without it, the range of a complete file would begin behind the end of
    the object, and the server's refusal would not say which version of the object it has.

    Args:
        sink: Has some bytes.
        condition: Header to send with the validator, if the validator can be used in one: `If-Match` or `If-Range`.
    """
    start = sink.size - 1
    headers = {"Range": f"bytes={start}-"}
    if condition and _STRONG.fullmatch(sink.validator):
        headers[condition] = sink.validator
    return start, headers


def whole(response: HTTPResponse) -> ContentRange:
    """The range of a response to a request for the whole object."""
    return ContentRange(0, length_of(response), validator_of(response))


def span_of(response: HTTPResponse) -> ContentRange:
    """The range in Content-Range, for any status: rclone's S3 server sends the right part with a 200."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if match:
        total = int(match[3]) if match[3] != "*" else None
        return ContentRange(int(match[1] or -1), total, validator_of(response), int(match[2] or -1))
    if response.status == HTTPStatus.OK:
        return whole(response)
    # A 206 that does not say which part it is cannot be used, and a refusal's length is that of its page.
    return ContentRange(-1, None)


def length_of(response: HTTPResponse) -> int | None:
    """The value of Content-Length, in bytes."""
    return number(response.headers.get("Content-Length"))


def validator_of(response: HTTPResponse) -> str:
    """The identifier of this version of the object: its entity tag, otherwise the time of its last change."""
    return response.headers.get("ETag", "") or response.headers.get("Last-Modified", "")


def goes_on(span: ContentRange, start: int, sink: Sink) -> bool:
    """Whether the body fits the sink: it begins at offset 0, or at `start` of the same version."""
    return span.start == 0 or (span.start == start and sink.fits(span.validator))


def is_strong(validator: str) -> bool:
    """Whether a validator is an entity tag that belongs to these bytes and no others (RFC 9110 §8.8.1)."""
    return bool(_STRONG.fullmatch(validator))


def headers_of(part: ByteRange, condition: str = "") -> dict[str, str]:
    """The headers that request a part of an object.

    Args:
        part: The part; its version is a strong entity tag if there is a condition.
        condition: Header to send with the version: `If-Match` or `If-Range`.
    """
    headers = {"Range": f"bytes={part.start}-{part.start + part.size - 1}"}
    return {**headers, condition: part.version} if condition else headers


def read_part(response: HTTPResponse, span: ContentRange, part: ByteRange, progress: Progress, doing: str) -> bytearray:
    """The bytes of a part of an object, from the body of the response.

    Args:
        response: Its body is not read yet.
        span: What it contains.
        part: What was requested.
        progress: Called with the bytes of the part that have arrived.
        doing: The start of an error text.

    Raises:
        RangeRefused: The response contains something else.
        Unreachable: The body is too short.
    """
    wanted = ContentRange(part.start, part.total, part.version, part.start + part.size - 1)
    if span != wanted:
        raise RangeRefused(f"{doing}: the server sent {span} instead of {wanted}")
    body, done = bytearray(part.size), 0  # all at once: one that grows takes an eighth more
    while done < part.size and (block := response.read(min(BLOCK, part.size - done))):
        body[done : done + len(block)] = block
        done += len(block)
        progress(done)
    if done < part.size:
        raise Unreachable(f"{doing}: only {done} of {part.size} bytes came")
    return body


def fill(response: HTTPResponse, sink: Sink, span: ContentRange, progress: Progress, doing: str) -> None:
    """Write the body of the response into the sink at the offset in `span`; of a body that is cut, keep the beginning.

    Raises:
        Unreachable: The body is too short or too long; `doing` begins the text.
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
