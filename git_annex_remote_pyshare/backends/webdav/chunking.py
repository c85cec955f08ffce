"""Uploads large objects in chunks to Nextcloud and ownCloud 10, which assemble an upload folder into one file.

Nextcloud developer manual, "Chunked file upload". The server uses one of two implementations, depending on its storage
and cache (apps/dav/lib/Upload/ChunkingV2Plugin.php, checkPrerequisites); the requests here work with both.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from threading import Lock
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.multipart import Unfinished
from git_annex_remote_pyshare.backends.webdav import capabilities, errors, propfind
from git_annex_remote_pyshare.backends.webdav.capabilities import Capabilities
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.conditions import require
from git_annex_remote_pyshare.backends.webdav.folders import Folders
from git_annex_remote_pyshare.backends.webdav.temporary import is_success
from git_annex_remote_pyshare.backends.webdav.url import in_path
from git_annex_remote_pyshare.errors import CorruptUpload, PyshareError, Unreachable
from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload
from git_annex_remote_pyshare.transfer import Progress, Source
from git_annex_remote_pyshare.transport.body import Hashed, digest_of
from git_annex_remote_pyshare.transport.bounds import number
from git_annex_remote_pyshare.transport.content_range import length_of
from git_annex_remote_pyshare.transport.response import HTTPResponse
from git_annex_remote_pyshare.waiting import NEVER, pause, telling

_STEP = 1 << 20
"""The size of a chunk is a multiple of this, in bytes."""

WHOLE = 32 * _STEP
"""Bytes up to which one PUT is faster: chunks need more requests, and the server writes everything twice."""

_MIN_CHUNK = 5 * _STEP
_MAX_CHUNK = 5_000_000_000
_MAX_CHUNKS = 10_000
"""Limits of a chunk in bytes, and chunks per object (ChunkingV2Plugin.php, beforePut; the sizes are those of S3)."""

_NOTHING = "new"
"""In place of a fingerprint if the object did not exist before."""

_FILES = re.compile(r"(.*)/remote\.php/dav/files/([^/]+)(/.*)?")
_NOT_SUPPORTED = {400, 403, 404, 405, 409, 410, 415, 501}
"""Responses to MKCOL of an upload folder from servers without chunked uploads."""
_REMOVED = {200, 204, 404, 410}

LIMIT = 3600.0
"""Seconds that a server may take to assemble one object, as long as it responds."""

_FIRST_POLL = 1.0
_LONGEST_POLL = 60.0
"""Seconds between two polls, at first and at most."""

_STILL_WORKING = {202, 408, 423, 499, 502, 504, 524}
"""After these the server may still be assembling: a proxy timed out, or the file is locked (nextcloud/server#17992).
PHP continues after the client has disconnected (apps/dav/appinfo/v2/remote.php, ignore_user_abort)."""
_GONE = {404, 410}


class Chunking:
    """The chunked uploads to one store; see `SupportsMultipart`.

    An upload's id is the name of its folder. It consists of a hash of the store's path, the fingerprint of the object
    before the upload, and a random number.

    Args:
        client: Sends the requests.
        folders: Makes the object's folder, which must exist before the first chunk.
    """

    def __init__(self, client: Client, folders: Folders) -> None:
        self._client = client
        self._folders = folders
        self._capabilities_lock = Lock()
        self._known_capabilities: Capabilities | None = None
        self._largest = _MAX_CHUNK

    def limits(self, size: int) -> Limits | None:
        """See `SupportsMultipart.part_limits`."""
        if size <= WHOLE or not self._home or not self._capabilities().chunks:
            return None
        wish = self._capabilities().chunk or _MAX_CHUNK
        fitting = max(wish, _MIN_CHUNK, -(-size // (_MAX_CHUNKS * _STEP)) * _STEP)
        return Limits(_MIN_CHUNK, min(fitting, self._largest), _MAX_CHUNKS, _STEP)

    def begin(self, name: str, plan: Plan) -> str:
        """See `SupportsMultipart.begin`.

        Raises:
            UploadLost: The server does not accept chunks after all; `limits` returns None from now on.
        """
        path, what = in_path(name), "store the file"
        parent = path.rpartition("/")[0]
        self._folders.make(parent, self._folders.seen(parent))
        before = stat(self._client, path, what)
        folder = f"{self._prefix}{before.fingerprint if before else _NOTHING}-{secrets.token_hex(8)}"
        headers = {"OC-Total-Length": str(plan.size)}
        request = Request("MKCOL", self._path(folder), what, headers, destination=path)
        with self._client.send(request) as response:
            if response.status in _NOT_SUPPORTED:
                self._known_capabilities = self._capabilities()._replace(chunks=False)
                raise errors.no_chunks(self._client.doing(what), response.status)
            if response.status != 201:
                raise self._client.failure(request, response)
        return folder

    def send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        """See `SupportsMultipart.send`."""
        body = Hashed(source, lambda done: progress(done - part.start), part.start, part.size)
        headers = {
            "Content-Type": "application/octet-stream",
            "OC-Total-Length": str(upload.plan.size),
            "X-Hash": "sha256",
        }
        path = f"{self._path(upload.id)}/{part.number:05}"
        request = Request("PUT", path, "store the file", headers, body, in_path(upload.name))
        with self._client.send(request) as response:
            if not is_success(response):
                raise self._refused(request, part, response.status, self._client.failure(request, response))
            received = response.headers.get("X-Hash-SHA256", body.digest).lower()
        if not received or received != body.digest:
            doing = self._client.doing(request.what)
            raise CorruptUpload(f"{doing}: the server received other data as part {part.number}")
        return Sent(body.digest)

    def fingerprint(self, source: Source, part: Part) -> str:
        """See `SupportsMultipart.fingerprint`."""
        return digest_of(source, part.start, part.size)

    def sent(self, upload: Upload, known: Mapping[int, Sent]) -> Mapping[int, Sent] | None:
        """See `SupportsMultipart.sent`. The server reports sizes only."""
        there = self._chunks(upload.id)
        if there is None:
            return None
        return {number: sent for number, sent in known.items() if there.get(number) == upload.plan.part(number).size}

    def finish(self, upload: Upload, source: Source, progress: Progress) -> Receipt:
        """See `SupportsMultipart.finish`."""
        size = upload.plan.size
        headers = {"OC-Total-Length": str(size), "X-Hash": "sha256"}
        if self._capabilities().compares_checksums:
            headers["OC-Checksum"] = f"SHA1:{source.digest('sha1')}"
        before = upload.id.removeprefix(self._prefix).partition("-")[0]
        require(self._client, upload.name, source.condition)
        wanted = Assembly(self._path(upload.id), in_path(upload.name), size, before, headers, "store the file")
        return assemble(self._client, wanted, lambda: progress(size))

    def abort(self, _name: str, id: str) -> None:  # noqa: A002  # as in the contract
        """See `SupportsMultipart.abort`."""
        request = Request("DELETE", self._path(id), "clean up after an upload")
        with self._client.send(request) as response:
            if response.status not in _REMOVED:
                raise self._client.failure(request, response)

    def unfinished(self) -> Iterator[Unfinished]:
        """See `SupportsMultipart.unfinished`. Only those of this store, not of the user's other programs."""
        if not self._home or not self._capabilities().chunks:
            return
        there = propfind.contents(self._client, f"{self._home}/", "list unfinished uploads") or []
        for folder in there:
            if folder.is_folder and folder.path.startswith(self._prefix):
                chunks = self._chunks(folder.path) or {}
                yield Unfinished("", folder.path, folder.modified, sum(chunks.values()))

    @property
    def _home(self) -> str:
        """Path of the user's upload folder; empty if the address is not one of a user's files."""
        match = _FILES.fullmatch(self._client.base_path)
        return f"{match[1]}/remote.php/dav/uploads/{match[2]}" if match else ""

    @cached_property
    def _prefix(self) -> str:
        """Prefix of this store's upload folders, the same for all clones."""
        address = self._client.address  # as configured, before redirects
        path = address.base.removeprefix(address.origin)
        return f"pyshare-{hashlib.sha256(path.encode()).hexdigest()[:12]}-"

    def _path(self, id: str) -> str:  # noqa: A002  # as in the contract
        return f"{self._home}/{in_path(id)}"

    def _capabilities(self) -> Capabilities:
        with self._capabilities_lock:
            if self._known_capabilities is None:
                self._known_capabilities = capabilities.fetch(self._client, self._home.partition("/remote.php/")[0])
            return self._known_capabilities

    def _chunks(self, id: str) -> Mapping[int, int] | None:  # noqa: A002  # as in the contract
        """Number → bytes of the chunks on the server; None if the upload does not exist.

        With S3 storage the server lists them without leading zeros (PartFile.php).
        """
        resources = propfind.contents(self._client, f"{self._path(id)}/", "look for the chunks sent so far")
        if resources is None:
            return None
        numbered = ((number(resource.path), resource) for resource in resources)
        return {chunk: resource.size or 0 for chunk, resource in numbered if chunk is not None}

    def _refused(self, request: Request, part: Part, status: int, refusal: PyshareError) -> PyshareError:
        """The error for a chunk that was not accepted; remembers a size limit that the server does not announce."""
        doing = self._client.doing(request.what)
        if status == 413 and part.size > _MIN_CHUNK:
            self._largest = _MIN_CHUNK
            return errors.smaller_parts(doing)
        return errors.of_chunk(doing, status, refusal)


class Found(NamedTuple):
    """An object on the server."""

    size: int | None
    fingerprint: str
    """A fingerprint that changes when the object is replaced."""


class Assembly(NamedTuple):
    """An object to assemble."""

    chunks: str
    """Path of the upload folder."""
    path: str
    """The object's."""
    size: int
    """Bytes."""
    before: str
    """Fingerprint of the object before the upload; `_NOTHING` if there was none."""
    headers: Mapping[str, str]
    what: str
    """For error texts."""


def stat(client: Client, path: str, what: str) -> Found | None:
    """The object at a path; None if there is none."""
    request = Request("HEAD", path, what)
    with client.send(request) as response:
        if response.status in _GONE:
            return None
        if response.status != 200:
            raise client.failure(request, response)
        values = [response.headers.get(name, "") for name in ("ETag", "Last-Modified", "Content-Length")]
        return Found(length_of(response), hashlib.sha256("\n".join(values).encode()).hexdigest()[:16])


def assemble(client: Client, wanted: Assembly, tick: Callable[[], None]) -> Receipt:
    """Let the server assemble the object, and wait until it exists.

    Args:
        client: Sends the requests.
        wanted: The object to assemble.
        tick: Called while waiting; may raise to stop.

    Raises:
        UploadLost: The server has neither all chunks nor the object.
        Unreachable: It does not respond, or takes too long, which is not retryable.
    """
    end, seconds = time.monotonic() + LIMIT, _FIRST_POLL
    while (receipt := telling(lambda: _move(client, wanted), tick)) is None:
        if time.monotonic() >= end:
            raise Unreachable(
                f"{client.doing(wanted.what)}: the server has all chunks, but did not assemble them within an hour",
                remedy="Try again later, which continues from there; else tell the server's administrator.",
                retryable=False,
            )
        pause(NEVER, seconds, tick)
        seconds = min(2 * seconds, _LONGEST_POLL)
        if _is_there(client, wanted):
            return Receipt(wanted.size)
    return receipt


def _move(client: Client, wanted: Assembly) -> Receipt | None:
    """Request the assembly: its receipt, or None while the server may still be working."""
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
    if status in _STILL_WORKING:
        return None
    if _is_there(client, wanted):
        return Receipt(wanted.size)
    raise errors.of_assembly(client.doing(wanted.what), status, refusal)


def _receipt(client: Client, wanted: Assembly, response: HTTPResponse) -> Receipt:
    """The server's hash if it sends one, else the object's size on the server."""
    if received := response.headers.get("X-Hash-SHA256", "").lower():
        return Receipt(digests={"sha256": received})
    found = stat(client, wanted.path, wanted.what)
    return Receipt(found.size if found else 0)


def _is_there(client: Client, wanted: Assembly) -> bool:
    """Whether the object was assembled after the upload began."""
    found = stat(client, wanted.path, wanted.what)
    return found is not None and found.size == wanted.size and found.fingerprint != wanted.before
