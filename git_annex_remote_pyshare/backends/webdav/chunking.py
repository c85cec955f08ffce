"""Large objects in chunks, on Nextcloud and ownCloud 10: a folder among the user's uploads that becomes one file.

Nextcloud developer manual, "Chunked file upload". What the server really does with it depends on its storage and
cache (apps/dav/lib/Upload/ChunkingV2Plugin.php, checkPrerequisites), so the requests are such that serve both ways.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from functools import cached_property
from threading import Lock

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.multipart import Unfinished
from git_annex_remote_pyshare.backends.webdav import capabilities, errors, propfind
from git_annex_remote_pyshare.backends.webdav.assembly import Assembly, assemble, stat
from git_annex_remote_pyshare.backends.webdav.capabilities import Capabilities
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.folders import Folders
from git_annex_remote_pyshare.backends.webdav.temporary import is_success
from git_annex_remote_pyshare.backends.webdav.url import in_path
from git_annex_remote_pyshare.errors import CorruptUpload, PyshareError
from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload
from git_annex_remote_pyshare.transfer import Progress, Source
from git_annex_remote_pyshare.transport.body import Hashed, digest_of
from git_annex_remote_pyshare.transport.bounds import number

_STEP = 1 << 20
"""Bytes of which chunks have a multiple."""

WHOLE = 32 * _STEP
"""Bytes up to which one PUT is better: chunks cost some requests more, and the server writes everything twice."""

_SMALLEST = 5 * _STEP
_LARGEST = 5_000_000_000
_MOST = 10_000
"""Bytes of a chunk, and chunks of an object (ChunkingV2Plugin.php, beforePut; S3 behind it sets the sizes)."""

_NOTHING = "new"
"""Instead of a mark where nothing was before."""

_FILES = re.compile(r"(.*)/remote\.php/dav/files/([^/]+)(/.*)?")
_NOT_HERE = {400, 403, 404, 405, 409, 410, 415, 501}
"""What servers without chunks say when a folder for them is to be made."""
_REMOVED = {200, 204, 404, 410}


class Chunking:
    """The uploads in chunks to one store; see `SupportsMultipart`.

    The id of one is the name of its folder: in it are a mark of the store, the mark of what was at the object's name
    before, and a random number.

    Args:
        client: Sends the requests.
        folders: Makes those that objects are stored in: when the first chunk comes, the object's must be there.
    """

    def __init__(self, client: Client, folders: Folders) -> None:
        self._client = client
        self._folders = folders
        self._asking = Lock()
        self._can: Capabilities | None = None
        self._largest = _LARGEST

    def limits(self, size: int) -> Limits | None:
        """See `SupportsMultipart.part_limits`."""
        if size <= WHOLE or not self._home or not self._capabilities().chunks:
            return None
        wish = self._capabilities().chunk or _LARGEST
        fitting = max(wish, _SMALLEST, -(-size // (_MOST * _STEP)) * _STEP)
        return Limits(_SMALLEST, min(fitting, self._largest), _MOST, _STEP)

    def begin(self, name: str, plan: Plan) -> str:
        """See `SupportsMultipart.begin`.

        Raises:
            UploadLost: The server takes no chunks after all, which `limits` knows from now on.
        """
        path, what = in_path(name), "store the file"
        parent = path.rpartition("/")[0]
        self._folders.make(parent, self._folders.seen(parent))
        before = stat(self._client, path, what)
        folder = f"{self._prefix}{before.mark if before else _NOTHING}-{secrets.token_hex(8)}"
        headers = {"OC-Total-Length": str(plan.size)}
        request = Request("MKCOL", self._path(folder), what, headers, destination=path)
        with self._client.send(request) as response:
            if response.status in _NOT_HERE:
                self._can = self._capabilities()._replace(chunks=False)
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
            raise CorruptUpload(f"{doing}: the server received something else as part {part.number}")
        return Sent(body.digest)

    def fingerprint(self, source: Source, part: Part) -> str:
        """See `SupportsMultipart.fingerprint`."""
        return digest_of(source, part.start, part.size)

    def sent(self, upload: Upload, known: Mapping[int, Sent]) -> Mapping[int, Sent] | None:
        """See `SupportsMultipart.sent`. The server tells sizes only."""
        there = self._chunks(upload.id)
        if there is None:
            return None
        return {number: sent for number, sent in known.items() if there.get(number) == upload.plan.part(number).size}

    def finish(self, upload: Upload, source: Source, progress: Progress) -> Receipt:
        """See `SupportsMultipart.finish`."""
        size = upload.plan.size
        headers = {"OC-Total-Length": str(size), "X-Hash": "sha256"}
        if self._capabilities().sums:
            headers["OC-Checksum"] = f"SHA1:{source.digest('sha1')}"
        before = upload.id.removeprefix(self._prefix).partition("-")[0]
        wanted = Assembly(self._path(upload.id), in_path(upload.name), size, before, headers, "store the file")
        return assemble(self._client, wanted, lambda: progress(size))

    def abort(self, _name: str, id: str) -> None:  # noqa: A002  # as in the contract
        """See `SupportsMultipart.abort`."""
        request = Request("DELETE", self._path(id), "clean up after an upload")
        with self._client.send(request) as response:
            if response.status not in _REMOVED:
                raise self._client.failure(request, response)

    def unfinished(self) -> Iterator[Unfinished]:
        """See `SupportsMultipart.unfinished`. Not those of the user's other programs, which go to other places."""
        if not self._home or not self._capabilities().chunks:
            return
        there = propfind.contents(self._client, f"{self._home}/", "list unfinished uploads") or []
        for folder in there:
            if folder.is_folder and folder.path.startswith(self._prefix):
                chunks = self._chunks(folder.path) or {}
                yield Unfinished("", folder.path, folder.modified, sum(chunks.values()))

    @property
    def _home(self) -> str:
        """Path of the folder of the user's uploads; empty where the address says that there is none."""
        match = _FILES.fullmatch(self._client.base_path)
        return f"{match[1]}/remote.php/dav/uploads/{match[2]}" if match else ""

    @cached_property
    def _prefix(self) -> str:
        """How the folders of this store begin, whoever makes them."""
        address = self._client.address  # as given, whatever redirects were met
        path = address.base.removeprefix(address.origin)
        return f"pyshare-{hashlib.sha256(path.encode()).hexdigest()[:12]}-"

    def _path(self, id: str) -> str:  # noqa: A002  # as in the contract
        return f"{self._home}/{in_path(id)}"

    def _capabilities(self) -> Capabilities:
        with self._asking:
            if self._can is None:
                self._can = capabilities.fetch(self._client, self._home.partition("/remote.php/")[0])
            return self._can

    def _chunks(self, id: str) -> Mapping[int, int] | None:  # noqa: A002  # as in the contract
        """Number → bytes of the chunks that the server has; None when it does not know the upload.

        Where it keeps them in S3 they are listed without the zeros that we put before them (PartFile.php).
        """
        things = propfind.contents(self._client, f"{self._path(id)}/", "look for what was sent")
        if things is None:
            return None
        numbered = ((number(thing.path), thing) for thing in things)
        return {chunk: thing.size or 0 for chunk, thing in numbered if chunk is not None}

    def _refused(self, request: Request, part: Part, status: int, refusal: PyshareError) -> PyshareError:
        """What a chunk that was not taken means; remembers a limit that the server does not announce."""
        doing = self._client.doing(request.what)
        if status == 413 and part.size > _SMALLEST:
            self._largest = _SMALLEST
            return errors.smaller_parts(doing)
        return errors.of_chunk(doing, status, refusal)
