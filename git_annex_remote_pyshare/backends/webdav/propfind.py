"""Sends PROPFIND (RFC 4918 §9.1) for files and folders, and parses the response one entry at a time.

Never with Depth infinity, which many servers refuse. The XML is untrusted: entities and DTDs are refused.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.backends.webdav import errors
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.errors import Doing
from git_annex_remote_pyshare.errors import BadName
from git_annex_remote_pyshare.transport.bounds import Listing, moment, number
from git_annex_remote_pyshare.transport.response import HTTPResponse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element  # the type only; parsing is defusedxml's

_GONE = {404, 410}
_BODY = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/></prop></propfind>'
)

_DATED = _BODY.replace(b"<getcontentlength/>", b"<getcontentlength/><getlastmodified/>")

_VERSIONED = _DATED.replace(b"<getlastmodified/>", b"<getlastmodified/><getetag/>")

_QUOTA = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<propfind xmlns="DAV:"><prop><quota-used-bytes/><quota-available-bytes/></prop></propfind>'
)

_MOD_DAV = b'="http://apache.org/dav/props/"'
"""In each of mod_dav's responses about a file: the name space of its own properties (modules/dav/fs/repos.c)."""

_DAV_EXT = b'<?xml version="1.0" encoding="utf-8" ?>\n<D:multistatus xmlns:D="DAV:">\n'
"""Start of each response of nginx-dav-ext-module (ngx_http_dav_ext_module.c), whatever proxy is in front of it."""

_MAX_ENTRIES = 100_000
"""Entries in an upload folder, which has up to 10,000 chunks."""

_LONGEST_NAME = 1024
"""Bytes of a name; file systems allow 255, S3 behind a WebDAV server allows this."""

_LONGEST = 1 << 18
"""Bytes within which the next entry must end, since the parser keeps an incomplete entry in memory."""


class Resource(NamedTuple):
    """One entry of a multistatus response: a file or a folder."""

    path: str
    """Path of its URL, decoded, without double or trailing slashes."""
    is_folder: bool
    size: int | None
    used: int | None = None
    """Bytes that the account uses, if requested and reported (RFC 4331 §4)."""
    available: int | None = None
    """Free bytes of the account (RFC 4331 §3); None for Nextcloud's negative numbers, which mean "no limit"."""
    modified: float | None = None
    """Seconds since 1970, if requested and reported."""
    tag: str = ""
    """The entity tag, if requested and reported."""
    answered: float | None = None
    """When the server answered by its own clock, in seconds since 1970; only with the tag."""
    is_gone: bool = False
    """Whether the server lists it and says that it is not there; only from `versions`."""


def stat(client: Client, path: str, what: str) -> Resource | None:
    """The file or folder at a path; None if there is none.

    Raises:
        NotAStore: The response is not from a WebDAV server.
    """
    return next(_send(client, path, "0", what), None)


def measure(client: Client, what: str) -> Resource | None:
    """The store's folder with its used and free bytes."""
    return next(_send(client, "", "0", what, _QUOTA), None)


def children(client: Client, folder: str) -> Iterator[Resource]:
    """The direct children of a folder, whose path ends with a slash or is empty; none if it does not exist."""
    resources = _send(client, folder, "1", "list the files")
    # Servers list the folder itself first, possibly with another host or path than in the request.
    own = next(resources, None)
    return iter(()) if own is None else _within(own, resources)


def contents(client: Client, folder: str, what: str) -> list[Resource] | None:
    """The direct children of a small folder, with their dates; None if it does not exist."""
    resources = _send(client, folder, "1", what, _DATED)
    own = next(resources, None)
    if own is None:
        return None
    listing, found = Listing(str(client.doing(what)), _MAX_ENTRIES), []
    for resource in _within(own, resources):
        listing.count_name()
        found.append(resource)
    return found


def versions(client: Client, path: str, depth: str) -> Iterator[Resource]:
    """A file or folder with its date and entity tag, and with depth `1` all that is in it; nothing if there is none.

    Each path is as the server sends it, decoded. What is gone is among them.
    """
    return _send(client, path, depth, "list the files", _VERSIONED)


def _within(folder: Resource, resources: Iterator[Resource]) -> Iterator[Resource]:
    """The direct children of a folder, with their names as paths; invalid names are skipped, they are no objects."""
    for resource in resources:
        name = resource.path.removeprefix(f"{folder.path}/")
        if name != resource.path and "/" not in name and _is_legal(name):
            yield resource._replace(path=name)


def _is_legal(name: str) -> bool:
    try:
        return len(encode_name(name)) <= _LONGEST_NAME
    except BadName:
        return False


def _send(client: Client, path: str, depth: str, what: str, body: bytes = _BODY) -> Iterator[Resource]:
    headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
    request = Request("PROPFIND", path, what, headers, body)
    with client.send(request) as response:
        if response.status in _GONE:
            return
        if response.status // 100 == 2 and response.status != 207:
            raise errors.login_page(client.doing(what))
        if response.status != 207:
            raise client.failure(request, response)
        resources = _parse_all(client, response, what)
        if body is _VERSIONED:
            answered = moment(response.headers.get("Date"))
            yield from (resource._replace(answered=answered) for resource in resources)
        else:
            yield from (resource for resource in resources if not resource.is_gone)


def _parse_all(client: Client, response: HTTPResponse, what: str) -> Iterator[Resource]:
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415  # loaded with the parser

    from defusedxml.common import DefusedXmlException  # noqa: PLC0415  # only PROPFIND needs it
    from defusedxml.ElementTree import iterparse  # noqa: PLC0415

    text, has_entries = _Bounded(response), False
    try:
        events = iterparse(text, ("start", "end"), forbid_dtd=True)
        _, multistatus = next(events)
        for event, element in events:
            if event == "end" and element.tag == "{DAV:}response":
                has_entries = True
                resource = _parse_resource(element, client.doing(what))
                multistatus.clear()  # else a large folder would fill memory
                client.is_mod_dav = client.is_mod_dav or text.is_of_mod_dav
                client.hides_dots = client.hides_dots or text.start == _DAV_EXT
                if not resource.is_gone:
                    text.limit = _LONGEST
                yield resource
    except (ParseError, DefusedXmlException, ValueError, LookupError, StopIteration, _TooLong) as error:
        raise errors.login_page(client.doing(what)) from error
    if not has_entries:  # a valid response has at least one entry
        raise errors.login_page(client.doing(what))


class _TooLong(Exception):
    """The response is too long without a complete entry."""


class _Bounded:
    """A response as a file that limits the memory that an untrusted server can use."""

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response
        self.limit = _LONGEST
        self.is_of_mod_dav = False
        self.start = b""
        """The first bytes, as many as there are in `_DAV_EXT`."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; raises _TooLong if the limit is exceeded."""
        block = self._response.read(size)
        self.limit -= len(block)
        self.is_of_mod_dav = self.is_of_mod_dav or _MOD_DAV in block
        self.start += block[: len(_DAV_EXT) - len(self.start)]
        if self.limit < 0:
            raise _TooLong
        return block


def _parse_resource(response: "Element", doing: Doing) -> Resource:
    """A parsed `response` element; it is gone if its own status is 404 or 410."""
    own, path = _status(response.findtext("{DAV:}status")), _path(response.findtext("{DAV:}href") or "")
    if own in _GONE:
        return Resource(path, is_folder=False, size=None, is_gone=True)
    if own // 100 != 2:
        raise errors.from_response(doing, own, {})
    found = {
        node.tag: node.text
        for propstat in response.iterfind("{DAV:}propstat")
        if _status(propstat.findtext("{DAV:}status")) // 100 == 2  # the others have properties that do not exist here
        for node in propstat.iter()
    }
    is_folder = "{DAV:}collection" in found
    return Resource(
        path,
        is_folder,
        None if is_folder else number(found.get("{DAV:}getcontentlength")),
        number(found.get("{DAV:}quota-used-bytes")),
        number(found.get("{DAV:}quota-available-bytes")),
        moment(found.get("{DAV:}getlastmodified")),
        (found.get("{DAV:}getetag") or "").strip(),
    )


def _status(line: str | None) -> int:
    """The code of a status line, with or without its phrase; a missing status means success (RFC 4918 §13)."""
    words = (line or "").split()
    code = number(words[1]) if len(words) > 1 else None
    return 200 if code is None else code


def _path(href: str) -> str:
    """The decoded path of an href: servers send it with or without a host, and escape differently (RFC 4918 §8.3)."""
    path = href.strip()
    if "://" in path.partition("?")[0]:
        with suppress(ValueError):  # an invalid URL is not the name of an object either
            path = urlsplit(path).path
    segments = [unquote_to_bytes(segment) for segment in path.split("/") if segment]
    return "".join("/" + segment.decode("utf-8", "surrogateescape") for segment in segments)
