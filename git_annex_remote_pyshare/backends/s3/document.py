"""The XML that S3 servers answer with."""

from typing import TYPE_CHECKING

from urllib3.response import BaseHTTPResponse

from git_annex_remote_pyshare.backends.s3.http import Client, Request
from git_annex_remote_pyshare.errors import NotAStore

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element  # the type only; parsing is defusedxml's

_LONGEST = 1 << 24
"""Bytes of a page: a thousand keys of 1024 bytes, three times as long when encoded, and their metadata."""


class NoDocument(NotAStore):
    """The server answers with something else than S3 would."""


def ask(client: Client, request: Request, kind: str) -> "Element":
    """What the server answers to a request; its tags are without a namespace, which some servers leave out.

    Args:
        client: Sends it.
        request: What is asked.
        kind: How the document's tag begins that is expected; servers call it ...Result, ...Response or nothing.

    Raises:
        NoDocument: The answer is another one.
        PyshareError: The server refuses the request, or does not answer.
    """
    with client.ask(request) as answer:
        return read(client, request, answer, kind)


def read(client: Client, request: Request, answer: BaseHTTPResponse, kind: str) -> "Element":
    """The same for an answer that is there; also one that began as a success may tell a failure."""
    text = answer.read(_LONGEST + 1)
    answer.read(1)  # fails where the answer was cut
    document = _parsed(text) if len(text) <= _LONGEST else None
    if document is not None and document.tag.startswith(kind):
        return document
    if document is not None and document.tag == "Error":
        raise client.failure(request, answer, text)
    raise NoDocument(
        f"cannot {request.what} on {client.address.shown}: the answer is not a {kind}",
        remedy="Check url= and endpoint=.",
    )


def _parsed(text: bytes) -> "Element | None":
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415  # only the exception; defusedxml parses

    from defusedxml import DefusedXmlException  # noqa: PLC0415  # few requests need XML
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415

    try:
        document: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    for node in document.iter():
        node.tag = node.tag.rpartition("}")[2]
    return document
