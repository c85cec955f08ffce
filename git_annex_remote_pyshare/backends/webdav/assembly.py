"""Has a Nextcloud or ownCloud put an object together from its chunks, which may take longer than anybody waits."""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.webdav import errors
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.temporary import is_success
from git_annex_remote_pyshare.errors import Unreachable
from git_annex_remote_pyshare.transport.content_range import length_of
from git_annex_remote_pyshare.transport.response import HTTPResponse
from git_annex_remote_pyshare.waiting import NEVER, pause, telling

LIMIT = 3600.0
"""Seconds that a server may work on one object, as long as it answers questions."""

_FIRST = 1.0
_LONGEST = 60.0
"""Seconds between two questions, at first and later."""

_AT_WORK = {202, 408, 423, 499, 502, 504, 524}
"""After these it may be at work: proxies do not wait, and what it writes is locked meanwhile (nextcloud/server#17992).
PHP goes on when nobody listens any more (apps/dav/appinfo/v2/remote.php, ignore_user_abort)."""
_GONE = {404, 410}


class Found(NamedTuple):
    """What is at the object's name."""

    size: int | None
    mark: str
    """Another one for anything else that is stored there."""


class Assembly(NamedTuple):
    """An object to be put together."""

    chunks: str
    """Path of the folder with its chunks."""
    path: str
    """The object's."""
    size: int
    """Bytes."""
    before: str
    """Mark of what was there before the upload began; anything else for nothing."""
    headers: Mapping[str, str]
    what: str
    """For error texts."""


def stat(client: Client, path: str, what: str) -> Found | None:
    """What is at the object's name; None for nothing."""
    request = Request("HEAD", path, what)
    with client.send(request) as response:
        if response.status in _GONE:
            return None
        if response.status != 200:
            raise client.failure(request, response)
        told = [response.headers.get(name, "") for name in ("ETag", "Last-Modified", "Content-Length")]
        return Found(length_of(response), hashlib.sha256("\n".join(told).encode()).hexdigest()[:16])


def assemble(client: Client, wanted: Assembly, tick: Callable[[], None]) -> Receipt:
    """Have the object put together, and wait until it is there.

    Args:
        client: Sends the requests.
        wanted: What to put together.
        tick: Called while waiting; may raise to stop.

    Raises:
        UploadLost: The server has neither the chunks nor the object, or has not the chunks that were sent.
        Unreachable: It does not answer; or it works on it for too long, which does not pass.
    """
    end, seconds = time.monotonic() + LIMIT, _FIRST
    while (receipt := telling(lambda: _move(client, wanted), tick)) is None:
        if time.monotonic() >= end:
            raise Unreachable(
                f"{client.doing(wanted.what)}: the server has all of it, but did not put it together within an hour",
                remedy="Try again later, which continues from there; else tell the server's administrator.",
                retryable=False,
            )
        pause(NEVER, seconds, tick)
        seconds = min(2 * seconds, _LONGEST)
        if _is_there(client, wanted):
            return Receipt(wanted.size)
    return receipt


def _move(client: Client, wanted: Assembly) -> Receipt | None:
    """Ask for it: what came of it, or None while the server may be at work."""
    headers = {"Overwrite": "T", **wanted.headers}
    request = Request("MOVE", f"{wanted.chunks}/.file", wanted.what, headers, destination=wanted.path)
    try:
        with client.send(request) as response:
            status = response.status
            if is_success(response):
                return _receipt(client, wanted, response)
            refusal = client.failure(request, response)
    except Unreachable as lost:
        if not lost.retryable:
            raise
        return None
    if status in _AT_WORK:
        return None
    if _is_there(client, wanted):
        return Receipt(wanted.size)
    raise errors.of_assembly(client.doing(wanted.what), status, refusal)


def _receipt(client: Client, wanted: Assembly, response: HTTPResponse) -> Receipt:
    """The server's hash where it tells one, else the size that it has now."""
    if received := response.headers.get("X-Hash-SHA256", "").lower():
        return Receipt(digests={"sha256": received})
    found = stat(client, wanted.path, wanted.what)
    return Receipt(found.size if found else 0)


def _is_there(client: Client, wanted: Assembly) -> bool:
    """Whether the object has been put together since the upload began."""
    found = stat(client, wanted.path, wanted.what)
    return found is not None and found.size == wanted.size and found.mark != wanted.before
