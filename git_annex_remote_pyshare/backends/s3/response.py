"""Reads the error details of an S3 server's response, from its XML or from its headers."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.transport.bounds import moment

_MAX_TEXT = 200
"""Longest text of a server that is shown, in characters."""

_HEADER_PREFIXES = ("x-amz", "x-minio-", "x-guploader-")
"""Prefixes of headers: an S3 server sends at least one of these, a web server's own page none."""

_ETAG = re.compile(r'(?:W/)?"?[0-9a-f]{32}(?:-[0-9]+)?"?', re.IGNORECASE)
"""S3's ETags (S3 API Reference, "Object"); a web server's are shorter."""

_ELEMENTS = ("Code", "Message", "Region", "RequestId", "StorageClass")


class Response(NamedTuple):
    """The parts of an error document that pyshare uses (S3 API Reference, "Error responses").

    Other parts quote the signature, the session token or the whole request, so they are dropped.
    """

    code: str = ""
    message: str = ""
    region: str = ""
    """The bucket's region, if the server gives it."""
    request: str = ""
    """The request's ID, for the server's administrator to find it in the log."""
    storage_class: str = ""

    def __str__(self) -> str:
        """Code and message; empty if the server gives neither."""
        return ": ".join(filter(None, (self.code, self.message)))


def error_details(headers: Mapping[str, str], body: bytes = b"") -> Response:
    """The error details of a response; a missing one is empty.

    Args:
        headers: The response's headers, case-insensitive. For HEAD, which has no body, they give the bucket's region
            (S3 API Reference, "HeadBucket") and, from MinIO, code and message.
        body: The part of the response's body that was read.
    """
    found = _elements(body) if b"<Error" in body else {}
    return Response(
        found.get("Code") or _short(headers.get("x-minio-error-code", "")),
        found.get("Message") or _short(headers.get("x-minio-error-desc", "").strip('"')),
        found.get("Region") or headers.get("x-amz-bucket-region", ""),
        found.get("RequestId") or _short(headers.get("x-amz-request-id", "")),
        found.get("StorageClass", ""),
    )


def is_from_s3(headers: Mapping[str, str]) -> bool:
    """Whether a response has the headers of S3; one from a proxy or another server has none of them."""
    has_sign = any(name.lower().startswith(_HEADER_PREFIXES) for name in headers)
    return has_sign or bool(_ETAG.fullmatch(headers.get("ETag", "")))


def is_web_page(headers: Mapping[str, str]) -> bool:
    """Whether a response, also a success, is a web page from something else than an S3 server, like its console.

    A stored object may also be a web page.
    """
    is_html = headers.get("Content-Type", "").lower().startswith("text/html")
    return is_html and not is_from_s3(headers)


def server_time(headers: Mapping[str, str]) -> float | None:
    """The time of the response by the server's clock, in seconds since 1970; None if it gives none."""
    return moment(headers.get("Date"))


def _elements(body: bytes) -> dict[str, str]:
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415  # only the exception; defusedxml parses

    from defusedxml import DefusedXmlException  # noqa: PLC0415  # only a failure needs XML
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415

    try:
        nodes = list(fromstring(body).iter())
    except (ParseError, DefusedXmlException, ValueError):
        return {}
    named = {node.tag.rpartition("}")[2]: _short(node.text or "") for node in reversed(nodes)}
    return {name: named[name] for name in _ELEMENTS if named.get(name)}


def _short(text: str) -> str:
    return " ".join(text.split())[:_MAX_TEXT]
