"""The XML that S3 servers answer with."""

from contextlib import suppress
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.errors import NotAStore
from git_annex_remote_pyshare.transport.exchange import EXCERPT
from git_annex_remote_pyshare.transport.response import HTTPResponse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element  # the type only; parsing is defusedxml's

_MAX_BYTES = 1 << 24
"""Bytes of a page: a thousand keys of 1024 bytes, three times as long when encoded, and their metadata."""

_MAX_ELEMENTS = 250_000
"""Elements of a page, each of which takes a hundred bytes of memory: a thousand keys have about ten each."""

_MAX_DEPTH = 20
"""Elements within one another."""


class UnexpectedResponse(NotAStore):
    """The server answers with something else than S3 would."""


def send(client: Client, request: Request, kind: str) -> "Element":
    """What the server answers to a request; its tags are without a namespace, which some servers leave out.

    Args:
        client: Sends it.
        request: What is asked.
        kind: How the document's tag begins that is expected; servers call it ...Result, ...Response or nothing.

    Raises:
        NoDocument: The answer is another one.
        PyshareError: The server refuses the request, or does not answer.
    """
    with client.send(request) as response:
        return read(client, request, response, kind)


def read(client: Client, request: Request, response: HTTPResponse, kind: str) -> "Element":
    """The same for an answer that is there; also one that began as a success may tell a failure."""
    text = _BoundedBody(response)
    document = _parsed(text)
    if document is None:
        text.skip()  # fails where the answer was cut
    elif document.tag.startswith(kind):
        return document
    elif document.tag == "Error":
        raise client.failure(request, response, text.beginning)
    raise UnexpectedResponse(
        f"cannot {request.what} on {client.address.shown}: the answer is not a {kind}",
        remedy="Check url= and endpoint=.",
    )


class _TooLarge(Exception):
    """The answer has more bytes, or more elements, than a proper one."""


class _BoundedBody:
    """An answer as a file of bounded length."""

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response
        self._left = _MAX_BYTES
        self.beginning = b""
        """Enough of it to tell a failure's reason."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; raises _TooLong behind the bound."""
        block = self._response.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise _TooLarge
        if len(self.beginning) < EXCERPT:
            self.beginning += block
        return block

    def skip(self) -> None:
        """Read on to the end, or to the bound."""
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
