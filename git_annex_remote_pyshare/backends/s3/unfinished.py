"""Lists the uploads in parts that nobody has finished (API Reference, "ListMultipartUploads")."""

from collections.abc import Iterator
from datetime import datetime

from git_annex_remote_pyshare.backends.parts import Unfinished
from git_annex_remote_pyshare.backends.s3.document import ask
from git_annex_remote_pyshare.backends.s3.http import Client, Request
from git_annex_remote_pyshare.backends.s3.listing import is_legal
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
        page = ask(client, request, "ListMultipartUploads")
        for upload in page.iterfind("Upload"):
            listing.named()
            listing.brought()
            key = upload.findtext("Key") or ""
            name = key.removeprefix(prefix)
            if key.startswith(prefix) and is_legal(name):
                yield Unfinished(name, upload.findtext("UploadId") or "", _seconds(upload.findtext("Initiated") or ""))
        if page.findtext("IsTruncated", "").strip() != "true":
            return
        markers = (
            ("key-marker", page.findtext("NextKeyMarker") or ""),
            ("upload-id-marker", page.findtext("NextUploadIdMarker") or ""),
        )


def _seconds(text: str) -> float | None:
    """Seconds since 1970 of a time in UTC, as S3 writes it: 2026-11-23T04:15:04.000Z."""
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None
