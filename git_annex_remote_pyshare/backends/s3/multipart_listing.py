"""Lists multipart uploads on a server: the unfinished ones, and the parts of one."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.multipart import Unfinished
from git_annex_remote_pyshare.backends.s3.checksums import is_md5, normalized_etag
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.listing import is_legal
from git_annex_remote_pyshare.backends.s3.xml import send
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.part_plan import Plan, Sent
from git_annex_remote_pyshare.transport.bounds import Listing, number

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_Markers = tuple[tuple[str, str], ...]

_MAX_PART_NUMBER = 10_000
"""The largest number of a part (Amazon S3 User Guide, "Amazon S3 multipart upload limits")."""


def uploads(client: Client) -> Iterator[Unfinished]:
    """All unfinished uploads of the store (API Reference, "ListMultipartUploads").

    MinIO lists none of them, since it accepts only an object's whole key as the prefix.

    Raises:
        PyshareError: They cannot be listed.
    """
    prefix = client.address.prefix
    # A server that repeats a page has no more to list.
    markers: _Markers = ()
    seen: set[int] = set()
    listing = Listing(f"cannot list unfinished uploads on {client.address.shown}")
    while hash(markers) not in seen:
        seen.add(hash(markers))
        listing.count_request()
        # Without encoding-type: with it, Ceph 16 encodes keys and others do not, and no response says which.
        query = (("uploads", ""), ("prefix", prefix), *markers)
        request = Request("GET", client.address.bucket_path, "list unfinished uploads", query)
        page = send(client, request, "ListMultipartUploads")
        for upload in page.iterfind("Upload"):
            listing.count_name()
            listing.count_object()
            key = upload.findtext("Key") or ""
            name = key.removeprefix(prefix)
            if key.startswith(prefix) and is_legal(name):
                id_ = upload.findtext("UploadId") or ""
                yield Unfinished(name, id_, _seconds(upload.findtext("Initiated") or ""), _size(client, name, id_))
        if page.findtext("IsTruncated", "").strip() != "true":
            return
        markers = (
            ("key-marker", page.findtext("NextKeyMarker") or ""),
            ("upload-id-marker", page.findtext("NextUploadIdMarker") or ""),
        )


def part_pages(client: Client, name: str, id_: str) -> "Iterator[Element]":
    """The parts that the server has of an upload, page by page (API Reference, "ListParts").

    Args:
        client: Sends the requests.
        name: The object's name.
        id_: The upload's id.

    Raises:
        UploadLost: The server no longer knows the upload; Ceph and others raise NotFound.
        Forbidden: The login has no right to list parts.
    """
    path = client.address.path_of(name)
    after: int | None = 0
    while after is not None:
        query = (("max-parts", "1000"), ("part-number-marker", str(after)), ("uploadId", id_))
        page = send(client, Request("GET", path, "list the parts of an upload", query), "ListParts")
        yield page
        after = _next_part(page, after)


def listed_parts(pages: "Iterable[Element]", plan: Plan, known: Mapping[int, Sent]) -> dict[int, Sent]:
    """The parts that the server has of an upload, without those that do not fit the plan.

    A part's ETag is its MD5 unless the server encrypts with another key; the parts in `known` show whether it does.

    Args:
        pages: The responses, from `part_pages`.
        plan: How the object is divided.
        known: The parts that we sent, with the ETags that the server returned.
    """
    has_md5s = all(sent.token == sent.digest for sent in known.values())
    found = {}
    for node in (node for page in pages for node in page.iterfind("Part")):
        part, size = _number(node, "PartNumber"), _number(node, "Size")
        tag = normalized_etag(node.findtext("ETag") or "")
        if not 1 <= part <= plan.last or size != plan.part(part).size:
            continue
        if part in known and known[part].token == tag:
            found[part] = known[part]
        elif has_md5s and is_md5(tag):
            found[part] = Sent(tag, tag)
    return found


def _next_part(page: "Element", after: int) -> int | None:
    """The part number after which the next page of ListParts begins; None after the last page.

    Args:
        page: One page.
        after: The part number after which this page began.
    """
    marker = _number(page, "NextPartNumberMarker")
    return marker if after < marker < _MAX_PART_NUMBER and page.findtext("IsTruncated", "").strip() == "true" else None


def _size(client: Client, name: str, id_: str) -> int | None:
    """Bytes that the server keeps of an upload; None if it does not say, or this login has no right to see it."""
    try:
        pages = part_pages(client, name, id_)
        return sum(_number(part, "Size") for page in pages for part in page.iterfind("Part"))
    except PyshareError:
        return None


def _number(node: "Element", tag: str) -> int:
    return number(node.findtext(tag)) or 0


def _seconds(text: str) -> float | None:
    """Seconds since 1970 of a time in UTC, as S3 writes it: 2026-11-23T04:15:04.000Z."""
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None
