"""A Nextcloud, as far as large uploads see it: chunks become a file, slowly if wanted, behind a proxy if wanted.

What it says is what Nextcloud's apps/dav/lib/Upload says with its files on a disk (not in S3), and ownCloud 10's
where `owncloud` is set. Objects are below /remote.php/dav/files/bob, chunks below /remote.php/dav/uploads/bob.
"""

import hashlib
import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

from support.fakes.dav import DAVHandler, ScriptedDAV
from support.scripted import Answer, Seen, decoded

FILES = "/remote.php/dav/files/bob"
UPLOADS = "/remote.php/dav/uploads/bob"
DAY = 86400.0
"""Seconds without a request after which chunks are thrown away."""

_CHUNK = re.compile(rf"({UPLOADS}/[^/]+)/([^/]+)")
_SMALLEST, _LARGEST, _MOST = 5_000_000, 5_000_000_000, 10_000


class CloudHandler(DAVHandler):
    """Answers as a Nextcloud or ownCloud does."""

    scripted: "ScriptedCloud"

    def proper(self, seen: Seen) -> Answer:
        self.scripted.expire()
        self.scripted.settle()
        if self.scripted.largest_body is not None and len(seen.body) > self.scripted.largest_body:
            return 413, {}, b"<html>nginx</html>"
        if seen.path.endswith("/ocs/v2.php/cloud/capabilities"):
            return self._capabilities()
        if seen.path.startswith(UPLOADS) and not self.scripted.chunks:
            return self.scripted.without_chunks, {}, b""
        self.scripted.use(seen.path)
        return super().proper(seen)

    def _capabilities(self) -> Answer:
        if not self.scripted.tells:
            return 404, {}, b"<html>not here</html>"
        said: dict[str, Any] = {"dav": {"chunking": "1.0"} if self.scripted.chunks else {}, "files": {}}
        if self.scripted.announced:
            said["files"] = {"chunked_upload": {"max_size": self.scripted.announced, "max_parallel_count": 5}}
        if self.scripted.owncloud:
            said["checksums"] = {"supportedTypes": ["SHA1"], "preferredUploadType": "SHA1"}
        body = {"ocs": {"meta": {"statuscode": 200}, "data": {"capabilities": said}}}
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()

    def _put(self, seen: Seen) -> Answer:
        chunk = _CHUNK.fullmatch(seen.path)
        if not chunk:
            return self._signed(seen, super()._put(seen))
        if chunk[1] not in self.scripted.folders:
            return 404, {}, b""
        if "Destination" not in seen.headers:
            return 400, {}, b""
        if not chunk[2].isdecimal() or not 1 <= int(chunk[2]) <= _MOST or len(seen.body) > _LARGEST:
            return 400, {}, b""
        total = seen.headers.get("OC-Total-Length")
        if total and self.scripted.free_space is not None and int(total) > self.scripted.free_space:
            return 507, {}, b""
        return self._signed(seen, super()._put(seen), "")

    def _signed(self, seen: Seen, done: Answer, file_id: str = "12oc") -> Answer:
        status, headers, body = done
        if status // 100 != 2:
            return done
        self.scripted.count += 1
        self.scripted.etags[seen.path] = f'"{self.scripted.count}"'
        if file_id:
            headers = {**headers, "OC-FileId": file_id, "OC-ETag": self.scripted.etags[seen.path]}
        if seen.headers.get("X-Hash") == "sha256" and not self.scripted.owncloud:
            headers["X-Hash-SHA256"] = hashlib.sha256(self.scripted.objects[seen.path]).hexdigest()
        return status, headers, body

    def _mkcol(self, seen: Seen) -> Answer:
        if seen.path.startswith(UPLOADS):
            self.scripted.used[seen.path] = self.scripted.clock()
        return super()._mkcol(seen)

    def _delete(self, seen: Seen) -> Answer:
        if seen.path not in self.scripted.folders:
            return super()._delete(seen)
        self.scripted.throw_away(seen.path)
        return 204, {}, b""

    def _propfind(self, seen: Seen) -> Answer:
        """With the file-to-be among the chunks, as servers list it."""
        status, headers, body = super()._propfind(seen)
        if status == 207 and seen.headers["Depth"] == "1" and seen.path in self.scripted.used:
            future = self._response(f"{seen.path}/.file")
            body = body.replace(b"</D:multistatus>", f"{future}</D:multistatus>".encode())
        return status, headers, body

    def _move(self, seen: Seen) -> Answer:
        chunks = seen.path.removesuffix("/.file")
        if chunks == seen.path:
            return super()._move(seen)
        target = decoded(urlsplit(seen.headers["Destination"]).path)
        if target in self.scripted.working:
            return 423, {}, b""
        if chunks not in self.scripted.folders:
            return 404, {}, b""
        if refusal := self._refusal(seen, chunks, target):
            return refusal
        self.scripted.working[target] = (chunks, time.monotonic() + self.scripted.assembly)
        if self.scripted.assembly:
            return self.scripted.impatient, {}, b""
        status = 204 if target in self.scripted.objects else 201
        self.scripted.settle()
        return self._signed(seen._replace(path=target), (status, {}, b""))

    def _refusal(self, seen: Seen, chunks: str, target: str) -> Answer | None:
        if target.rpartition("/")[0] not in self.scripted.folders:
            return 409, {}, b""
        sizes = self.scripted.sizes(chunks)
        if any(size < _SMALLEST for _, size in sorted(sizes.items())[:-1]):
            return _message("EntityTooSmall")
        body = self.scripted.assembled(chunks)
        if str(len(body)) != seen.headers.get("OC-Total-Length"):
            return _message(f"Chunks on server do not sum up to X but to {len(body)} bytes")
        kind, _, wanted = seen.headers.get("OC-Checksum", "").partition(":")
        if kind and self.scripted.owncloud and wanted != hashlib.new(kind, body).hexdigest():
            return _message("The computed checksum does not match the one received from the client.")
        return None


def _message(text: str) -> Answer:
    body = f'<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:message>{text}</s:message></d:error>'
    return 400, {"Content-Type": "application/xml; charset=utf-8"}, body.encode()


class ScriptedCloud(ScriptedDAV):
    """The server's state, and how it is today."""

    handler = CloudHandler

    def __init__(self) -> None:
        super().__init__()
        self.server_name = "Apache"
        self.folders |= {UPLOADS, FILES}
        self.chunks = True
        """Whether it takes chunks."""
        self.without_chunks = 405
        """What it says to them if not."""
        self.tells = True
        """Whether it tells what it can do."""
        self.announced = 0
        """Bytes that it wants a chunk to have at most; 0 for an old one that does not tell."""
        self.owncloud = False
        self.largest_body: int | None = None
        """What a proxy lets through, in bytes."""
        self.free_space: int | None = None
        """Bytes that the account may still store."""
        self.assembly = 0.0
        """Seconds that it takes; then nobody hears its end, but what `impatient` says at once."""
        self.impatient = 504
        self.clock = time.monotonic
        self.used: dict[str, float] = {}
        """Folder of chunks → when it was last used."""
        self.working: dict[str, tuple[str, float]] = {}
        """Object that is put together → its chunks, and when it will be whole."""
        self.count = 0

    @property
    def address(self) -> str:
        """What to give as `url=`."""
        return f"{self.url}{FILES}/annex"

    @property
    def uploads(self) -> set[str]:
        """The folders with chunks that are there."""
        return {path for path in self.folders if path.startswith(f"{UPLOADS}/")}

    def use(self, path: str) -> None:
        """Somebody asks for something: chunks stay for another day."""
        for chunks in self.used:
            if path == chunks or path.startswith(f"{chunks}/"):
                self.used[chunks] = self.clock()

    def sizes(self, chunks: str) -> dict[int, int]:
        """Number → bytes of the chunks in a folder."""
        found = [path for path in self.objects if path.startswith(f"{chunks}/")]
        return {int(path.rpartition("/")[2]): len(self.objects[path]) for path in found}

    def assembled(self, chunks: str) -> bytes:
        """All chunks in their natural order."""
        found = [path for path in self.objects if path.startswith(f"{chunks}/")]
        return b"".join(self.objects[path] for path in sorted(found, key=lambda path: int(path.rpartition("/")[2])))

    def settle(self) -> None:
        """What has been put together meanwhile is there."""
        for target, (chunks, ready) in list(self.working.items()):
            if time.monotonic() >= ready:
                self.objects[target] = self.assembled(chunks)
                self.count += 1
                self.etags[target] = f'"{self.count}"'
                self.throw_away(chunks)
                del self.working[target]

    def expire(self) -> None:
        """What nobody used for a day goes."""
        for chunks, used in list(self.used.items()):
            if self.clock() - used > DAY:
                self.throw_away(chunks)

    def throw_away(self, chunks: str) -> None:
        """The folder and all in it."""
        self.folders.discard(chunks)
        self.used.pop(chunks, None)
        for path in [path for path in self.objects if path.startswith(f"{chunks}/")]:
            del self.objects[path]
