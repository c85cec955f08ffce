"""Lists the uploads in parts that nobody has finished (API Reference, "ListMultipartUploads")."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.parts import Unfinished
from git_annex_remote_pyshare.backends.s3.document import ask
from git_annex_remote_pyshare.backends.s3.http import Client, Request
from git_annex_remote_pyshare.backends.s3.listing import decoded, is_legal

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_Markers = tuple[tuple[str, str], ...]


def uploads(client: Client) -> Iterator[Unfinished]:
    """All uploads into the store; MinIO tells none of them, since it wants an object's whole key as the prefix.

    Raises:
        PyshareError: They cannot be listed.
    """
    prefix = client.address.prefix
    # A server that gives the same page again has told all that it will.
    markers: _Markers = ()
    seen: set[_Markers] = set()
    while markers not in seen:
        seen.add(markers)
        query = (("uploads", ""), ("encoding-type", "url"), ("prefix", prefix), *markers)
        request = Request("GET", client.address.bucket_path, "list unfinished uploads", query)
        page = ask(client, request, "ListMultipartUploadsResult")
        for upload in page.iterfind("Upload"):
            key = _key(page, upload, "Key")
            name = key.removeprefix(prefix)
            if key.startswith(prefix) and is_legal(name):
                yield Unfinished(name, upload.findtext("UploadId") or "", _seconds(upload.findtext("Initiated") or ""))
        if page.findtext("IsTruncated", "").strip() != "true":
            return
        markers = (
            ("key-marker", _key(page, page, "NextKeyMarker")),
            ("upload-id-marker", page.findtext("NextUploadIdMarker") or ""),
        )


def _key(page: "Element", node: "Element", tag: str) -> str:
    return decoded(node.findtext(tag) or "", is_encoded=page.findtext("EncodingType") == "url")


def _seconds(text: str) -> float | None:
    """Seconds since 1970 of a time in UTC, as S3 writes it: 2026-11-23T04:15:04.000Z."""
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
