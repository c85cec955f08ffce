"""Lists a bucket, page by page, by ListObjectsV2, or by ListObjects if the server knows only that."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from git_annex_remote_pyshare.backends.base import Entry, encode_name
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.xml import send
from git_annex_remote_pyshare.errors import BadName, Unreachable
from git_annex_remote_pyshare.transport.bounds import Listing, number

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MARKER = "annex-uuid"
"""Object in which git-annex's own S3 remote, and pyshare, keep the UUID of the remote that owns the store."""


class _Page(NamedTuple):
    """One response."""

    keys: list[tuple[str, int | None]]
    after: tuple[tuple[str, str], ...]
    """Query parameters of the next page; empty after the last one."""


def entries(client: Client, folder: str, *, marker: str = MARKER) -> Iterator[Entry]:
    """All objects in a folder, or in the whole store, but not the one that marks it.

    Raises:
        PyshareError: The bucket cannot be listed, or the server repeats a page.
    """
    prefix = client.address.prefix
    below = f"{prefix}{folder}/" if folder else prefix
    for key, size in _keys(client, below):
        name = key.removeprefix(prefix)
        if name != marker and is_legal(name):
            yield Entry(name, size)


def _keys(client: Client, below: str) -> Iterator[tuple[str, int | None]]:
    # Keys can contain characters that XML cannot, so they are encoded, except by servers that cannot do so.
    always = (("encoding-type", "url"), ("prefix", below))
    after: tuple[tuple[str, str], ...] = (("list-type", "2"),)
    seen: set[int] = set()
    listing = Listing(f"cannot list {client.address.shown}")
    while hash(after) not in seen:
        seen.add(hash(after))
        listing.count_request()
        page = _page(client, (*always, *after))
        for key in page.keys:
            listing.count_name()
            listing.count_object()
            yield key
        if not page.after:
            return
        after = page.after
    raise Unreachable(f"cannot list {client.address.shown}: the server repeats a page")


def _page(client: Client, query: tuple[tuple[str, str], ...]) -> _Page:
    request = Request("GET", client.address.bucket_path, "list the files", query)
    return _read(send(client, request, "ListBucketResult"), is_second=("list-type", "2") in query)


def _read(document: "Element", *, is_second: bool) -> _Page:
    is_encoded = document.findtext("EncodingType") == "url"
    keys = []
    for node in document.iterfind("Contents"):
        key = _decoded(node.findtext("Key") or "", is_encoded=is_encoded)
        keys.append((key, number(node.findtext("Size"))))
    if document.findtext("IsTruncated", "").strip() != "true":
        return _Page(keys, ())
    if is_second and (token := document.findtext("NextContinuationToken")):
        return _Page(keys, (("list-type", "2"), ("continuation-token", token)))
    # A server that knows only ListObjects ignores list-type=2.
    marker = _decoded(document.findtext("NextMarker") or "", is_encoded=is_encoded)
    return _Page(keys, (("marker", marker or keys[-1][0]),) if marker or keys else ())


def _decoded(key: str, *, is_encoded: bool) -> str:
    return unquote_to_bytes(key.replace("+", " ")).decode("utf-8", "surrogateescape") if is_encoded else key


def is_legal(name: str) -> bool:
    """Whether a name can be one of pyshare's; other programs may store placeholders of folders and the like."""
    try:
        return bool(encode_name(name))
    except BadName:
        return False
