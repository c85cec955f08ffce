"""PROPFIND (RFC 4918 §9.1): asks for kind and size of things and reads the answer, thing by thing.

Never with Depth infinity, which many servers refuse. XML comes from a stranger: entities and DTDs are refused.
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

_QUOTA = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<propfind xmlns="DAV:"><prop><quota-used-bytes/><quota-available-bytes/></prop></propfind>'
)

_MOST_IN_SMALL = 100_000
"""Things in a folder of uploads, which has up to 10,000 chunks."""

_LONGEST_NAME = 1024
"""Bytes of a name in a folder; file systems have 255, and S3 behind a WebDAV server this."""

_LONGEST = 1 << 18
"""Bytes in which an answer must come to its next thing: a parser keeps what it has not seen the end of."""


class Thing(NamedTuple):
    """One thing of a multistatus answer."""

    path: str
    """Path of its URL, decoded, with single slashes and none at the end."""
    is_folder: bool
    size: int | None
    used: int | None = None
    """Bytes that the account uses, where the server was asked and tells (RFC 4331 §4)."""
    available: int | None = None
    """Bytes that may still be stored (RFC 4331 §3); Nextcloud says "no limit" with a negative number, which is None."""
    modified: float | None = None
    """Seconds since 1970, where the server was asked and tells."""


def stat(client: Client, path: str, what: str) -> Thing | None:
    """What is at a path; None when the server has nothing there.

    Raises:
        NotAStore: The answer is not one of a WebDAV server.
    """
    return next(_ask(client, path, "0", what), None)


def measure(client: Client, what: str) -> Thing | None:
    """The store's folder with what is used and free there."""
    return next(_ask(client, "", "0", what, _QUOTA), None)


def children(client: Client, folder: str) -> Iterator[Thing]:
    """What lies directly in a folder, whose path ends with a slash or is empty; nothing if there is no such folder."""
    things = _ask(client, folder, "1", "list the files")
    # Servers name the folder itself first, perhaps by another host or path than the one that we used.
    own = next(things, None)
    return iter(()) if own is None else _within(own, things)


def contents(client: Client, folder: str, what: str) -> list[Thing] | None:
    """What lies directly in a small folder, and since when; None if there is no such folder."""
    things = _ask(client, folder, "1", what, _DATED)
    own = next(things, None)
    if own is None:
        return None
    listing, found = Listing(str(client.doing(what)), _MOST_IN_SMALL), []
    for thing in _within(own, things):
        listing.named()
        found.append(thing)
    return found


def _within(folder: Thing, things: Iterator[Thing]) -> Iterator[Thing]:
    """Those that lie directly in a folder, with their names as paths; what is no legal name is nothing of a store."""
    for thing in things:
        name = thing.path.removeprefix(f"{folder.path}/")
        if name != thing.path and "/" not in name and _is_legal(name):
            yield thing._replace(path=name)


def _is_legal(name: str) -> bool:
    try:
        return len(encode_name(name)) <= _LONGEST_NAME
    except BadName:
        return False


def _ask(client: Client, path: str, depth: str, what: str, body: bytes = _BODY) -> Iterator[Thing]:
    headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
    request = Request("PROPFIND", path, what, headers, body)
    with client.send(request) as response:
        if response.status in _GONE:
            return
        if response.status // 100 == 2 and response.status != 207:
            raise errors.login_page(client.doing(what))
        if response.status != 207:
            raise client.failure(request, response)
        yield from _things(client, response, what)


def _things(client: Client, response: HTTPResponse, what: str) -> Iterator[Thing]:
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415  # as late as the parser itself

    from defusedxml.common import DefusedXmlException  # noqa: PLC0415  # only a look or a listing needs it
    from defusedxml.ElementTree import iterparse  # noqa: PLC0415

    text, said_anything = _Bounded(response), False
    try:
        events = iterparse(text, ("start", "end"), forbid_dtd=True)
        _, multistatus = next(events)
        for event, element in events:
            if event == "end" and element.tag == "{DAV:}response":
                said_anything = True
                thing = _thing(element, client.doing(what))
                multistatus.clear()  # or a large folder would grow in memory
                if thing is not None:
                    text.room = _LONGEST
                    yield thing
    except (ParseError, DefusedXmlException, ValueError, LookupError, StopIteration, _TooLong) as error:
        raise errors.login_page(client.doing(what)) from error
    if not said_anything:  # not even that nothing is there
        raise errors.login_page(client.doing(what))


class _TooLong(Exception):
    """The answer goes on and on without a thing."""


class _Bounded:
    """An answer as a file that does not fill the memory, whoever sends it."""

    def __init__(self, response: HTTPResponse) -> None:
        self._answer = response
        self.room = _LONGEST

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; raises _TooLong when there is no room for them."""
        block = self._answer.read(size)
        self.room -= len(block)
        if self.room < 0:
            raise _TooLong
        return block


def _thing(response: "Element", doing: Doing) -> Thing | None:
    """A `response` element understood; None when its own status says that nothing is there."""
    own = _status(response.findtext("{DAV:}status"))
    if own in _GONE:
        return None
    if own // 100 != 2:
        raise errors.from_answer(doing, own, {})
    is_folder = False
    numbers: dict[str, int] = {}
    for propstat in response.iterfind("{DAV:}propstat"):
        if _status(propstat.findtext("{DAV:}status")) // 100 != 2:
            continue  # properties that the thing does not have
        is_folder = is_folder or propstat.find(".//{DAV:}collection") is not None
        for name in ("getcontentlength", "quota-used-bytes", "quota-available-bytes"):
            told = number(propstat.findtext(f".//{{DAV:}}{name}"))
            if told is not None:
                numbers[name] = told
    size = None if is_folder else numbers.get("getcontentlength")
    path = _path(response.findtext("{DAV:}href") or "")
    used, available = numbers.get("quota-used-bytes"), numbers.get("quota-available-bytes")
    return Thing(path, is_folder, size, used, available, moment(response.findtext(".//{DAV:}getlastmodified")))


def _status(line: str | None) -> int:
    """The code of a status line, which may lack its phrase; no line at all is none of failure (RFC 4918 §13)."""
    words = (line or "").split()
    code = number(words[1]) if len(words) > 1 else None
    return 200 if code is None else code


def _path(href: str) -> str:
    """An href as a plain path: servers write it with or without a host and with different escapes (RFC 4918 §8.3)."""
    path = href.strip()
    if "://" in path.partition("?")[0]:
        with suppress(ValueError):  # what is no URL is no name of ours either
            path = urlsplit(path).path
    segments = [unquote_to_bytes(segment) for segment in path.split("/") if segment]
    return "".join("/" + segment.decode("utf-8", "surrogateescape") for segment in segments)
