"""What an S3 server says of a failure: an XML document, or headers where there can be no body."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.transport.bounds import moment

_MAX_TEXT = 200
"""Characters of a server's own words."""

_HEADER_PREFIXES = ("x-amz", "x-minio-", "x-guploader-")
"""How headers begin of which an S3 server sends at least one, and a web server none with a page of its own."""

_ETAG = re.compile(r'(?:W/)?"?[0-9a-f]{32}(?:-[0-9]+)?"?', re.IGNORECASE)
"""S3's ETags (S3 API Reference, "Object"). Those of a web server's own files are shorter."""

_ELEMENTS = ("Code", "Message", "Region", "RequestId", "StorageClass")


class Response(NamedTuple):
    """The parts of an error document that mean something to us (S3 API Reference, "Error responses").

    Others quote the signature, the session token or the whole request, so they are not kept.
    """

    code: str = ""
    message: str = ""
    region: str = ""
    """Where the bucket is, if the server tells."""
    request: str = ""
    """The request's ID, by which its administrator finds it in the server's log."""
    storage_class: str = ""

    def __str__(self) -> str:
        """For people, so without the request's ID; empty when the server said nothing."""
        return ": ".join(filter(None, (self.code, self.message)))


def error_details(headers: Mapping[str, str], body: bytes = b"") -> Response:
    """What an answer says of its failure; what it does not say is empty.

    Args:
        headers: The answer's headers, found in any case. They tell what the answer to HEAD cannot: the bucket's region
            (S3 API Reference, "HeadBucket") and, from MinIO, code and message.
        body: The answer's body, as much of it as was read.
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
    """Whether an answer bears a mark of S3; a proxy, or another server at the same address, answers without."""
    has_sign = any(name.lower().startswith(_HEADER_PREFIXES) for name in headers)
    return has_sign or bool(_ETAG.fullmatch(headers.get("ETag", "")))


def is_web_page(headers: Mapping[str, str]) -> bool:
    """Whether an answer, a success too, is a page of something that is no S3 server, like the console of one.

    A stored object may be a page as well.
    """
    is_html = headers.get("Content-Type", "").lower().startswith("text/html")
    return is_html and not is_from_s3(headers)


def server_time(headers: Mapping[str, str]) -> float | None:
    """The server's time when it answered, in seconds since 1970, where it tells."""
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
