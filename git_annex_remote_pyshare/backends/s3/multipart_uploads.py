"""Stores a large object by S3's multipart upload; `SupportsMultipart` describes each method.

After Amazon S3 User Guide, "Uploading and copying objects using multipart upload", and the API Reference.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import Receipt, StoreConfig
from git_annex_remote_pyshare.backends.s3 import xml as document
from git_annex_remote_pyshare.backends.s3.bucket import Bucket
from git_annex_remote_pyshare.backends.s3.checksums import (
    MD5Body,
    fingerprint,
    is_other_object,
    md5_of,
    multipart_etag,
    normalized_etag,
    proves_source,
)
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.conditions import STORING, Conditions, headers_of
from git_annex_remote_pyshare.backends.s3.errors import Forbidden
from git_annex_remote_pyshare.backends.s3.multipart_listing import listed_parts, part_pages
from git_annex_remote_pyshare.backends.s3.signing import UNSIGNED
from git_annex_remote_pyshare.backends.s3.upload import MAX_PUT_SIZE, new_object_headers, requires_md5
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import (
    ContentChanged,
    Corrupt,
    CorruptUpload,
    NotAStore,
    NotFound,
    PermissionDenied,
    PyshareError,
    Unreachable,
    UploadLost,
)
from git_annex_remote_pyshare.part_plan import Limits, Part, Sent, Upload
from git_annex_remote_pyshare.transfer import Condition, Progress, Source
from git_annex_remote_pyshare.transport.content_range import span_of
from git_annex_remote_pyshare.waiting import telling

_SINGLE_PUT_SIZE = 32 << 20
"""Up to this size, in bytes, an object is stored by one PUT; parts would take six requests. A larger upload must not
start over when a slow connection breaks."""

_MIN_PART_SIZE = 5 << 20
"""Least bytes of each part but the last (User Guide, "Amazon S3 multipart upload limits")."""

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

_MAX_PARTS = 10_000
_MAX_PARTS_ELSEWHERE = 1_000
"""Parts that Amazon allows (same page), and that every service allows: Scaleway has the lowest limit."""


class _ObjectState(NamedTuple):
    """What the headers of an object say."""

    size: int | None
    tag: str
    """Its ETag; empty if the server gives none."""


class Parts:
    """The multipart uploads of one store.

    Args:
        place: Gives the settings for new objects, and the git config.
        client: Sends the requests.
        bucket: Created if it does not exist.
        notices: Takes what the user should know.
        conditions: Shared with all other writes to the store.
    """

    def __init__(
        self, place: StoreConfig, client: Client, bucket: Bucket, notices: list[str], conditions: Conditions
    ) -> None:
        self._conditions = conditions
        self._place = place
        self._client = client
        self._bucket = bucket
        self._notices = notices
        self._supports_multipart = True
        self._wants_md5 = False
        self._may_abort = True
        self._completing: set[str] = set()

    def limits(self, size: int) -> Limits | None:
        """See `SupportsMultipart.part_limits`."""
        # Here it only sets the threshold, two parts; the resume layer divides the object by it.
        part_size = int(self._place.clone.get(options.PART_SIZE))
        if not self._supports_multipart or size <= min(2 * part_size or _SINGLE_PUT_SIZE, MAX_PUT_SIZE):
            return None
        is_enough = size <= _MAX_PARTS_ELSEWHERE * MAX_PUT_SIZE and not self._client.address.is_amazon
        return Limits(_MIN_PART_SIZE, MAX_PUT_SIZE, _MAX_PARTS_ELSEWHERE if is_enough else _MAX_PARTS)

    def begin(self, name: str) -> str:
        """See `SupportsMultipart.begin`."""
        return self._bucket.with_bucket(lambda: self._create(name))

    def send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        """See `SupportsMultipart.send`."""
        try:
            return self._send(upload, part, source, progress)
        except PermissionDenied as error:
            if self._wants_md5 or not requires_md5(error):
                raise
            self._wants_md5 = True
        return self._send(upload, part, source, progress)

    def sent(self, upload: Upload, known: Mapping[int, Sent]) -> Mapping[int, Sent] | None:
        """See `SupportsMultipart.sent`."""
        try:
            return listed_parts(part_pages(self._client, upload.name, upload.id), upload.plan, known)
        except (UploadLost, NotFound):  # Ceph raises the latter
            return None
        except Forbidden:  # the right s3:ListMultipartUploadParts, which storing does not need
            return known

    def finish(self, upload: Upload, sent: Mapping[int, Sent], source: Source, progress: Progress) -> Receipt:
        """See `SupportsMultipart.finish`."""
        expected = multipart_etag(sent)
        found = telling(lambda: self._complete_or_find(upload, sent, source), lambda: progress(upload.plan.size))
        self._completing.discard(upload.id)
        if is_other_object(found.tag, expected):
            remains = self._removed(upload.name)
            raise Corrupt(
                f"{self._client.address.shown} accepted all parts of the file, but assembled another object{remains}",
                remedy="Try again; if it happens again, the server corrupts data.",
            )
        return Receipt(found.size)

    def abort(self, name: str, id_: str) -> None:
        """See `SupportsMultipart.abort`."""
        request = self._request("DELETE", name, "abort an upload", ("uploadId", id_))
        try:
            # Only the usual time limit: at worst, a lifecycle rule of the bucket removes the upload.
            with suppress(UploadLost, NotFound), self._client.send(request._replace(response_timeout=0)):
                pass
        except Forbidden:
            if self._may_abort:
                self._may_abort = False
                self._notices.append(
                    f"this login has no right to abort unfinished uploads in {self._client.address.shown}; they take"
                    " space until a lifecycle rule of the bucket removes them"
                )
            raise

    def _create(self, name: str) -> str:
        request = self._request("POST", name, "start an upload", ("uploads", ""))
        request = request._replace(headers=new_object_headers(self._place, name))
        try:
            begun = document.send(self._client, request, "InitiateMultipartUpload")
        except NotAStore as error:
            if type(error) not in {NotAStore, document.UnexpectedResponse}:
                raise
            raise self._no_multipart(error) from error
        if id_ := begun.findtext("UploadId"):
            return id_
        raise self._no_multipart(NotAStore(f"{self._client.address.shown} returns no id for an upload"))

    def _no_multipart(self, error: PyshareError) -> PyshareError:
        """The server has no multipart uploads: the next attempt uses a single PUT, and fails as that does."""
        self._supports_multipart = False
        return UploadLost(error.what, remedy=error.remedy, detail=error.trace)

    def _send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        body = MD5Body(source, lambda done: progress(done - part.start), part.start, part.size)
        what = f"store part {part.number} of the file"
        request = self._request(
            "PUT", upload.name, what, ("partNumber", str(part.number)), ("uploadId", upload.id)
        )._replace(body=body, payload=UNSIGNED)
        if self._wants_md5:
            digest = b64encode(bytes.fromhex(fingerprint(source, part))).decode()
            request = request._replace(headers={"Content-MD5": digest})
        with self._client.send(request) as response:
            tag = normalized_etag(response.headers.get("ETag", ""))
            theirs = md5_of(response.headers)
        ours = body.digest or fingerprint(source, part)
        if theirs and theirs != ours:
            raise CorruptUpload(f"cannot {what} on {self._client.address.shown}: it arrived corrupted")
        return Sent(ours, tag or ours)

    def _complete_or_find(self, upload: Upload, sent: Mapping[int, Sent], source: Source) -> _ObjectState:
        """The completed object, also if an earlier attempt completed it and its response was lost."""
        was_sent = upload.id in self._completing
        if not was_sent:
            self._require(upload.name, source.condition)
        self._completing.add(upload.id)
        try:
            return self._conditions.send(
                STORING, headers_of(source.condition), lambda more: self._complete(upload, sent, more)
            )
        except UploadLost as error:
            failure: PyshareError = error
        except document.UnexpectedResponse as error:
            failure, was_sent = Unreachable(error.what), True
        expected = multipart_etag(sent)
        found = self._stat(upload.name)
        if found is None or found.size != upload.plan.size or is_other_object(found.tag, expected):
            raise failure
        # An older object may have the same size: without a matching ETag, only our own request explains this one.
        if not (was_sent or proves_source(found.tag, expected, source)):
            raise failure
        return found

    def _require(self, name: str, condition: Condition | None) -> None:
        """Raise ContentChanged unless the object is the version of the condition, where only a look can say so."""
        if condition is None or self._conditions.checks(STORING):
            return
        found = self._stat(name)
        if (found.tag if found else "") != normalized_etag(condition.version):
            raise ContentChanged("another object has taken the name while the parts were sent")

    def _complete(self, upload: Upload, sent: Mapping[int, Sent], more: Mapping[str, str]) -> _ObjectState:
        body = completion(sent)
        request = self._request("POST", upload.name, "store the file", ("uploadId", upload.id))._replace(
            headers={"Content-Type": "application/xml", **more}, body=body, payload=hashlib.sha256(body).hexdigest()
        )
        made = document.send(self._client, request, "CompleteMultipartUpload")
        tag = normalized_etag(made.findtext("ETag") or "")
        # Ceph gives no ETag there (seen in 16.2), but HEAD does.
        return _ObjectState(None, tag) if tag else self._stat(upload.name) or _ObjectState(None, "")

    def _stat(self, name: str) -> _ObjectState | None:
        request = Request("HEAD", self._client.address.path_of(name), "look for the file")
        with suppress(NotFound), self._client.send(request) as response:
            return _ObjectState(span_of(response).total, normalized_etag(response.headers.get("ETag", "")))
        return None

    def _removed(self, name: str) -> str:
        """Remove a wrong object; returns what to add to the error if that fails."""
        try:
            with self._client.send(self._request("DELETE", name, "remove the file")):
                return ""
        except PyshareError as error:
            return f"; it is still there, since {error.what}"

    def _request(self, method: str, name: str, what: str, *query: tuple[str, str]) -> Request:
        return Request(method, self._client.address.path_of(name), what, query)


def completion(sent: Mapping[int, Sent]) -> bytes:
    """The body of CompleteMultipartUpload: all parts, in order."""
    parts = "".join(
        f'<Part><PartNumber>{number}</PartNumber><ETag>"{sent[number].token}"</ETag></Part>' for number in sorted(sent)
    )
    return f'<CompleteMultipartUpload xmlns="{_NAMESPACE}">{parts}</CompleteMultipartUpload>'.encode()
