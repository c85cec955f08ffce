"""Renames an object of a tree. S3 has no such request, so it is copied at the server, and then removed.

API Reference, "CopyObject" and "UploadPartCopy". The status of a copy is 200 before the server knows whether it
succeeds, and a server that does not know the header of a copy stores an empty object. So the old object is removed only
after the response names the tag of the new one, and after the first copy of a process both objects are compared.
"""

from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.s3 import xml as document
from git_annex_remote_pyshare.backends.s3.checksums import is_md5, normalized_etag
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.conditions import REMOVING, RENAMING, Conditions, headers_of
from git_annex_remote_pyshare.backends.s3.multipart_uploads import completion
from git_annex_remote_pyshare.backends.s3.upload import MAX_PUT_SIZE, new_object_headers
from git_annex_remote_pyshare.backends.s3.url import quoted_key
from git_annex_remote_pyshare.errors import ContentChanged, Corrupt, NotFound, PyshareError, Unreachable
from git_annex_remote_pyshare.part_plan import Sent
from git_annex_remote_pyshare.transfer import Condition
from git_annex_remote_pyshare.transport.content_range import span_of

MAX_COPY_SIZE = MAX_PUT_SIZE
"""Bytes that one request can copy; Amazon refuses to copy more, other servers may not."""

PART_SIZE = 512 << 20
"""Bytes that one request copies of a larger object, unless it then had more than _MAX_PARTS parts."""

_MAX_PARTS = 1_000
"""Parts that every service allows."""

_WHAT = "rename the file"
_KEPT = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")
"""Headers of an object, besides x-amz-meta-…, that a rename keeps."""
_EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
"""The MD5 of nothing: also what a server stores that does not know how to copy."""


class _Found(NamedTuple):
    """What the server says about an object."""

    size: int
    tag: str
    kept: Mapping[str, str]
    """The headers that a copy must have too."""


class Moves:
    """The renames in one store.

    Args:
        place: Its settings give the storage class.
        client: Sends the requests.
        conditions: Shared with all other writes to the store.
    """

    def __init__(self, place: StoreConfig, client: Client, conditions: Conditions) -> None:
        self._conditions = conditions
        self._place = place
        self._client = client
        self._is_verified = False

    def move(self, source: str, target: str, moved: Condition | None = None, replaced: Condition | None = None) -> None:
        """See `Moves.move` and `WritesConditionally.move_if`.

        It is safe to repeat: the old object is there until the new one is complete. If another one has taken its name
        meanwhile, both stay.
        """
        path = self._client.address.path_of(target)
        if source == target:
            if self._stat(source) is None:
                raise self._missing()
            return
        try:
            tag = self._conditions.send(
                RENAMING, _copy_headers(moved, replaced), lambda more: self._copy(source, target, path, more)
            )
        except (NotFound, ContentChanged):
            raise
        except PyshareError as error:
            if error.retryable:
                raise
            tag = self._explained(source, target, path, error)
        self._verify(source, target, tag)
        if moved is not None and not self._conditions.checks(REMOVING):
            found = self._stat(source)
            if found is not None and found.tag != normalized_etag(moved.version):
                raise ContentChanged(f"{self._doing}: it was changed a moment ago")
        self._conditions.send(REMOVING, headers_of(moved), lambda more: self._remove(source, more))

    def _remove(self, name: str, headers: Mapping[str, str]) -> None:
        with suppress(NotFound), self._client.send(self._request("DELETE", name)._replace(headers=headers)):
            pass

    def _copy(self, source: str, target: str, path: str, more: Mapping[str, str]) -> str:
        """Copy by one request; returns the tag of the copy, as the server gives it."""
        headers = {"x-amz-copy-source": self._source(source)}
        wanted = new_object_headers(self._place, target)
        if wanted["Content-Type"] == new_object_headers(self._place, source)["Content-Type"]:
            del wanted["Content-Type"]  # the server copies it, with all else that it knows about the object
        elif found := self._stat(source):
            headers |= {"x-amz-metadata-directive": "REPLACE", **found.kept}
        request = Request("PUT", path, _WHAT, headers={**headers, **wanted, **more})
        copied = document.send(self._client, request, "CopyObject")
        return normalized_etag(copied.findtext("ETag") or "")

    def _explained(self, source: str, target: str, path: str, error: PyshareError) -> str:
        """What to do after a refusal: some servers say the same of a missing object, and of one that is too large."""
        found = self._stat(source)
        if found is None:
            raise self._missing() from error
        if found.size <= MAX_COPY_SIZE:
            raise error
        self._copy_in_parts(source, target, path, found)
        return ""

    def _copy_in_parts(self, source: str, target: str, path: str, found: _Found) -> None:
        headers = {**found.kept, **new_object_headers(self._place, target)}
        begun = document.send(
            self._client,
            Request("POST", path, _WHAT, (("uploads", ""),), headers),
            "InitiateMultipartUpload",
        )
        upload = begun.findtext("UploadId") or ""
        size = min(MAX_COPY_SIZE, max(PART_SIZE, -(-found.size // _MAX_PARTS)))
        try:
            sent = {}
            for number, start in enumerate(range(0, found.size, size), 1):
                span = f"bytes={start}-{min(start + size, found.size) - 1}"
                tag = self._copy_part(source, path, {"partNumber": str(number), "uploadId": upload}, span)
                sent[number] = Sent(tag, tag)
            body = completion(sent)
            request = Request("POST", path, _WHAT, (("uploadId", upload),), {"Content-Type": "application/xml"}, body)
            request = request._replace(payload=sha256(body).hexdigest())
            document.send(self._client, request, "CompleteMultipartUpload")
        except PyshareError:
            with suppress(PyshareError), self._client.send(Request("DELETE", path, _WHAT, (("uploadId", upload),))):
                pass
            raise

    def _copy_part(self, source: str, path: str, query: Mapping[str, str], span: str) -> str:
        headers = {"x-amz-copy-source": self._source(source), "x-amz-copy-source-range": span}
        request = Request("PUT", path, _WHAT, tuple(query.items()), headers)
        copied = document.send(self._client, request, "CopyPart")
        if tag := normalized_etag(copied.findtext("ETag") or ""):
            return tag
        raise Unreachable(f"{self._doing}: the server does not confirm that it has copied a part of it")

    def _verify(self, source: str, target: str, tag: str) -> None:
        """Raise unless the copy is the whole object; only then may the old one be removed."""
        if self._is_verified and tag not in {"", _EMPTY}:
            return
        old, new = self._stat(source), self._stat(target)
        if old is None:
            raise self._missing()
        if new is None or new.size != old.size or (is_md5(new.tag) and is_md5(old.tag) and new.tag != old.tag):
            raise Corrupt(
                f"{self._doing}: the server says that it has copied it, but the copy is not the same",
                remedy="It is still there under its old name. Does this server know CopyObject?",
            )
        self._is_verified = True

    def _stat(self, name: str) -> _Found | None:
        with suppress(NotFound), self._client.send(self._request("HEAD", name)) as response:
            kept = {
                header: value
                for header, value in response.headers.items()
                if header.lower() in _KEPT or header.lower().startswith("x-amz-meta-")
            }
            size = span_of(response).total
            if size is None:
                raise Unreachable(f"{self._doing}: the server does not say how large it is", retryable=False)
            return _Found(size, normalized_etag(response.headers.get("ETag", "")), kept)
        return None

    def _request(self, method: str, name: str) -> Request:
        return Request(method, self._client.address.path_of(name), _WHAT)

    def _source(self, name: str) -> str:
        address = self._client.address
        return f"/{quoted_key(address.bucket.encode())}/{quoted_key(address.key_of(name))}"

    @property
    def _doing(self) -> str:
        return f"cannot {_WHAT} on {self._client.address.shown}"

    def _missing(self) -> NotFound:
        return NotFound(f"{self._doing}: the store has no such object")


def _copy_headers(moved: Condition | None, replaced: Condition | None) -> Mapping[str, str]:
    source = {"x-amz-copy-source-if-match": moved.version} if moved and moved.version else {}
    return {**source, **headers_of(replaced)}
