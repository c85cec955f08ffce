"""Lists the uploads in parts that nobody has finished (API Reference, "ListMultipartUploads")."""

from collections.abc import Iterator
from datetime import datetime

from git_annex_remote_pyshare.backends.multipart import Unfinished
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.listing import is_legal
from git_annex_remote_pyshare.backends.s3.multipart import next_part
from git_annex_remote_pyshare.backends.s3.xml import send
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.transport.bounds import Listing

_Markers = tuple[tuple[str, str], ...]


def uploads(client: Client) -> Iterator[Unfinished]:
    """All uploads into the store; MinIO tells none of them, since it wants an object's whole key as the prefix.

    Raises:
        PyshareError: They cannot be listed.
    """
    prefix = client.address.prefix
    # A server that gives the same page again has told all that it will.
    markers: _Markers = ()
    seen: set[int] = set()
    listing = Listing(f"cannot list unfinished uploads on {client.address.shown}")
    while hash(markers) not in seen:
        seen.add(hash(markers))
        listing.asked()
        # Not with encoding-type: Ceph 16 encodes the keys then, and others don't, but none of them says so.
        query = (("uploads", ""), ("prefix", prefix), *markers)
        request = Request("GET", client.address.bucket_path, "list unfinished uploads", query)
        page = send(client, request, "ListMultipartUploads")
        for upload in page.iterfind("Upload"):
            listing.named()
            listing.brought()
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


def _size(client: Client, name: str, id_: str) -> int | None:
    """Bytes that the server keeps of an upload; None where it does not tell, or this login may not ask."""
    path, after, size = client.address.path_of(name), 0, 0
    try:
        while True:
            query = (("max-parts", "1000"), ("part-number-marker", str(after)), ("uploadId", id_))
            page = send(client, Request("GET", path, f"ask for the parts of {name}", query), "ListParts")
            size += sum(_number(part.findtext("Size") or "") for part in page.iterfind("Part"))
            further = next_part(page, after)
            if further is None:
                return size
            after = further
    except PyshareError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0


def _seconds(text: str) -> float | None:
    """Seconds since 1970 of a time in UTC, as S3 writes it: 2026-11-23T04:15:04.000Z."""
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None
