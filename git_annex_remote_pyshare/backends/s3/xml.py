"""Reads the XML of an S3 server's responses, within bounds."""

from contextlib import suppress
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.errors import NotAStore
from git_annex_remote_pyshare.transport.exchange import EXCERPT
from git_annex_remote_pyshare.transport.response import HTTPResponse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element  # the type only; parsing is defusedxml's

_MAX_BYTES = 1 << 24
"""Most bytes of a response: a thousand keys of 1024 bytes, up to three times as long encoded, and their metadata."""

_MAX_ELEMENTS = 250_000
"""Most elements of a response, each about a hundred bytes of memory; a thousand keys have about ten each."""

_MAX_DEPTH = 20
"""Most levels of nested elements."""


class UnexpectedResponse(NotAStore):
    """The response is not the XML that S3 would send."""


def send(client: Client, request: Request, kind: str) -> "Element":
    """The XML of the response to a request; tags have no namespace, which some servers omit.

    Args:
        client: Sends it.
        request: The request.
        kind: Prefix of the expected root tag; servers add ...Result, ...Response or nothing.

    Raises:
        UnexpectedResponse: The response is not such a document.
        PyshareError: The server refuses the request, or does not respond.
    """
    with client.send(request) as response:
        return read(client, request, response, kind)


def read(client: Client, request: Request, response: HTTPResponse, kind: str) -> "Element":
    """The XML of a response, as in `send`; a response with a success status may still report a failure."""
    text = _BoundedBody(response)
    document = _parsed(text)
    if document is None:
        text.skip()  # fails if the response was cut off
    elif document.tag.startswith(kind):
        return document
    elif document.tag == "Error":
        raise client.failure(request, response, text.beginning)
    raise UnexpectedResponse(
        f"cannot {request.what} on {client.address.shown}: the response is not a {kind}",
        remedy="Check url= and endpoint=.",
    )


class _TooLarge(Exception):
    """The response is larger than a valid one."""


class _BoundedBody:
    """A response's body as a file of bounded length."""

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response
        self._left = _MAX_BYTES
        self.beginning = b""
        """Enough of the body to find the reason of a failure."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; raises _TooLarge beyond the bound."""
        block = self._response.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise _TooLarge
        if len(self.beginning) < EXCERPT:
            self.beginning += block
        return block

    def skip(self) -> None:
        """Read to the end, or to the bound."""
        with suppress(_TooLarge):
            while self.read(EXCERPT):
                pass


def _parsed(text: _BoundedBody) -> "Element | None":
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415  # only the exception; defusedxml parses

    from defusedxml import DefusedXmlException  # noqa: PLC0415  # few requests need XML
    from defusedxml.ElementTree import iterparse  # noqa: PLC0415

    document: Element | None = None
    depth = count = 0
    try:
        for event, element in iterparse(text, ("start", "end"), forbid_dtd=True):
            if event == "start":
                document = element if document is None else document
                depth, count = depth + 1, count + 1
                if depth > _MAX_DEPTH or count > _MAX_ELEMENTS:
                    return None
            else:
                element.tag = element.tag.rpartition("}")[2]
                depth -= 1
    except (ParseError, DefusedXmlException, ValueError, LookupError, _TooLarge):
        return None
    return document
