"""Follows a server that sends the readers of an object elsewhere, such as to the nearest copy.

Hugging Face's buckets respond to GET with 302 and an address at their content network (Hugging Face documentation, "S3
Compatibility", "Object downloads"). The address holds all that is needed, so no login goes there. Amazon's redirects to
another region have other statuses, and are followed by signing again.
"""

from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit, urlunsplit

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.credentials.host import host_of
from git_annex_remote_pyshare.errors import BadSetting, NotAStore, Unreachable
from git_annex_remote_pyshare.transport.connection import Connections, peer_of
from git_annex_remote_pyshare.transport.exchange import release
from git_annex_remote_pyshare.transport.fence import Fence, Private
from git_annex_remote_pyshare.transport.headers import HEADERS
from git_annex_remote_pyshare.transport.response import HTTPResponse

_STATUSES = {302, 303}
_SENT = {"range", "if-match", "if-none-match"}
"""The headers that say which part of the object is wanted; no other of the first request is sent to another server."""
_ENDS = {412, 416}
"""Statuses of the other server that say something about the object, and not about the way there."""
_HOPS = 3


def leads_elsewhere(method: str, query: object, response: HTTPResponse) -> bool:
    """Whether the response to a request for an object is a redirect that `follow` follows."""
    return method == "GET" and not query and response.status in _STATUSES


def follow(
    doing: str,
    url: str,
    response: HTTPResponse,
    headers: Mapping[str, str],
    connections: Connections,
    place: StoreConfig,
) -> HTTPResponse:
    """The object from where the server sends its readers, its body not yet read.

    Until the user has accepted the remote's settings, the way does not lead into a private network.

    Args:
        doing: What the request does, for error texts.
        url: The address of the object at its own server.
        response: The redirect; it is released.
        headers: The headers of the request.
        connections: Where to send the request for the other address.
        place: The store.

    Raises:
        NotAStore: The address is none, is not encrypted, or is in a private network.
        Unreachable: The other server does not send the object. That says nothing about whether the store has it.
    """
    sent = {**HEADERS, **{name: value for name, value in headers.items() if name.lower() in _SENT}}
    fence = None if place.trusted() else Fence(place.clone.allowed_addresses, peer_of(response))
    for _ in range(_HOPS):
        release(response)
        url = _target(doing, url, response)
        try:
            response = connections.send("GET", url, sent, fence=fence)
        except Private as error:
            raise NotAStore(
                f"{doing}: the server redirects to {_shown(url)}, which is {error.address} in a private network",
                remedy="Ask the owner of the bucket what this server is.",
            ) from None
        if response.status < 300 or response.status in _ENDS:
            return response
        if response.status not in _STATUSES:
            break
    release(response)
    raise Unreachable(f"{doing}: {_shown(url)}, to which the server sends its readers, responds with {response.status}")


def _target(doing: str, url: str, response: HTTPResponse) -> str:
    location = response.headers.get("Location", "")
    try:
        scheme, host, path, query, _ = urlsplit(urljoin(url, location) if location else "")
        target = urlunsplit((scheme, host, path or "/", query, ""))
        host_of(target)
    except (ValueError, BadSetting):
        target = ""
    if not target.startswith(("http://", "https://")) or (url.startswith("https:") and target.startswith("http:")):
        raise NotAStore(
            f"{doing}: the server redirects to an address that pyshare does not follow",
            remedy="Tell the server's administrator.",
        )
    return target


def _shown(url: str) -> str:
    """The server of an address; its path and query may open the object."""
    return urlsplit(url).netloc.rpartition("@")[2]
