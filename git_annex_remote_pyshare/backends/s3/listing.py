"""Lists a bucket, page by page, by ListObjectsV2, or by ListObjects if the server knows only that."""

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from git_annex_remote_pyshare.backends.base import Content, Entry, encode_name
from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.backends.s3.checksums import normalized_etag
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.xml import send
from git_annex_remote_pyshare.errors import BadName, Unreachable
from git_annex_remote_pyshare.transport.bounds import Listing, number

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MARKER = "annex-uuid"
"""Object in which git-annex's own S3 remote, and pyshare, keep the UUID of the remote that owns the store."""


_FIRST: tuple[tuple[str, str], ...] = (("list-type", "2"),)
"""Query parameters of the first page."""

_TAG = re.compile(r"[!-~]{1,200}")


class _Object(NamedTuple):
    """One object of a page."""

    key: str
    size: int | None
    tag: str
    """Its ETag, as received."""


class _Page(NamedTuple):
    """One response."""

    objects: list[_Object]
    after: tuple[tuple[str, str], ...]
    """Query parameters of the next page; empty after the last one."""
    is_end_told: bool
    """Whether the server says if there is more."""


def entries(client: Client, folder: str, *, marker: str = MARKER) -> Iterator[Entry]:
    """All objects in a folder, or in the whole store, but not the one that marks it.

    Raises:
        PyshareError: The bucket cannot be listed, or the server repeats a page.
    """
    prefix = client.address.prefix
    below = f"{prefix}{folder}/" if folder else prefix
    for each in _objects(client, below):
        name = each.key.removeprefix(prefix)
        if name != marker and is_legal(name):
            yield Entry(name, each.size)


def contents(client: Client, cursor: str, add: Callable[[Content], None], *, marker: str) -> list[str]:
    """The versions of the objects of one page; see `ListsContents.list_contents`.

    Objects that are no files are left out: placeholders of folders, and names with an empty or `.` segment.

    Args:
        client: Sends the request.
        cursor: See there.
        add: See there.
        marker: Name of the object that marks the store; empty if there is none.
    """
    prefix = client.address.prefix
    after = tuple((str(name), str(value)) for name, value in json.loads(cursor)) if cursor else _FIRST
    page = _page(client, (*_always(prefix), *after))
    if not page.is_end_told:
        raise _endless(client, "the server does not say whether there is more")
    for each in page.objects:
        name = each.key.removeprefix(prefix)
        if "\n" in name:
            add(Content(name, 0, ""))
        elif name not in {marker, MARK} and is_legal(name):
            add(Content(name, each.size or 0, content_id(client, each.size, each.tag)))
    return [json.dumps(page.after)] if page.after else []


def content_id(client: Client, size: int | None, tag: str) -> str:
    """The content identifier of an object: the same for the same content, unless it is sent in other parts.

    Not the id of a version, which is new at each store, and which only versioned buckets have.
    """
    known = normalized_etag(tag)
    if size is None or not _TAG.fullmatch(known):
        raise Unreachable(
            f"cannot list {client.address.shown}: the server does not say which version of an object it has",
            remedy="",
            retryable=False,
        )
    return f"{size}-{known}"


def _always(below: str) -> tuple[tuple[str, str], ...]:
    # Keys can contain characters that XML cannot, so they are encoded, except by servers that cannot do so.
    return (("encoding-type", "url"), ("prefix", below))


def _objects(client: Client, below: str) -> Iterator[_Object]:
    always, after = _always(below), _FIRST
    seen: set[int] = set()
    listing = Listing(f"cannot list {client.address.shown}")
    while hash(after) not in seen:
        seen.add(hash(after))
        listing.count_request()
        page = _page(client, (*always, *after))
        for each in page.objects:
            listing.count_name()
            listing.count_object()
            yield each
        if not page.after:
            return
        after = page.after
    raise Unreachable(f"cannot list {client.address.shown}: the server repeats a page")


def _page(client: Client, query: tuple[tuple[str, str], ...]) -> _Page:
    request = Request("GET", client.address.bucket_path, "list the files", query)
    page = _read(send(client, request, "ListBucketResult"), is_second=("list-type", "2") in query)
    if page is None:
        raise _endless(client, "the server says that there is more, but not where")
    return page


def _endless(client: Client, reason: str) -> Unreachable:
    return Unreachable(f"cannot list {client.address.shown}: {reason}", remedy="", retryable=False)


def _read(document: "Element", *, is_second: bool) -> _Page | None:
    """The page; None if more must follow and the response does not say what to ask for."""
    is_encoded = document.findtext("EncodingType") == "url"
    found = []
    for node in document.iterfind("Contents"):
        key = _decoded(node.findtext("Key") or "", is_encoded=is_encoded)
        found.append(_Object(key, number(node.findtext("Size")), node.findtext("ETag") or ""))
    more = document.findtext("IsTruncated", "").strip()
    if more != "true":
        return _Page(found, (), is_end_told=more == "false")
    if is_second and (token := document.findtext("NextContinuationToken")):
        return _Page(found, (("list-type", "2"), ("continuation-token", token)), is_end_told=True)
    # A server that knows only ListObjects ignores list-type=2.
    marker = _decoded(document.findtext("NextMarker") or "", is_encoded=is_encoded)
    marker = marker or (found[-1].key if found else "")
    return _Page(found, (("marker", marker),), is_end_told=True) if marker else None


def _decoded(key: str, *, is_encoded: bool) -> str:
    return unquote_to_bytes(key.replace("+", " ")).decode("utf-8", "surrogateescape") if is_encoded else key


def is_legal(name: str) -> bool:
    """Whether a name can be one of pyshare's; other programs may store placeholders of folders and the like."""
    try:
        return bool(encode_name(name))
    except BadName:
        return False
