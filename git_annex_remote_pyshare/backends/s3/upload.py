"""Stores an object by one PUT, and verifies it by the checksum in its key or by the ETag of what was sent."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial

from git_annex_remote_pyshare.backends.base import Receipt, StoreConfig
from git_annex_remote_pyshare.backends.s3.bucket import Bucket
from git_annex_remote_pyshare.backends.s3.checksums import MD5Body, md5_of
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.conditions import STORING, Conditions, headers_of
from git_annex_remote_pyshare.backends.s3.listing import content_id
from git_annex_remote_pyshare.backends.s3.response import is_from_s3
from git_annex_remote_pyshare.backends.s3.signing import UNSIGNED
from git_annex_remote_pyshare.errors import CorruptUpload, PermissionDenied, QuotaExceeded, SourceChanged
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import Progress, Source
from git_annex_remote_pyshare.transport.exchange import EXCERPT
from git_annex_remote_pyshare.transport.headers import BINARY, content_type
from git_annex_remote_pyshare.transport.response import HTTPResponse

MAX_PUT_SIZE = 5 << 30
"""Bytes that one PUT can store (Amazon S3 User Guide, "Uploading objects")."""

_STORED = 200


class Uploads:
    """Stores objects in one store.

    Args:
        place: Its settings give the storage class.
        client: Sends the requests.
        bucket: Created if it does not exist.
        conditions: Shared with all other writes to the store.
    """

    def __init__(self, place: StoreConfig, client: Client, bucket: Bucket, conditions: Conditions) -> None:
        self._client = client
        self._conditions = conditions
        self._bucket = bucket
        self._place = place
        self._remote = command(place.clone.remote or "NAME")
        self._wants_md5 = False

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        """Store one object; see `Backend.put`."""
        if source.size > MAX_PUT_SIZE:
            raise QuotaExceeded(
                f"cannot store the file on {self._client.address.shown}: it has {source.size} bytes,"
                f" and S3 accepts at most {MAX_PUT_SIZE} in one piece",
                remedy=f"Let git-annex send smaller pieces: git annex enableremote {self._remote} chunk=1GiB",
            )
        attempt = self._attempt(name, source, progress)
        try:
            return self._bucket.with_bucket(attempt)
        except CorruptUpload:
            _check_source(source)
            raise
        except PermissionDenied as error:
            if self._wants_md5 or not requires_md5(error):
                raise
            self._wants_md5 = True
        return attempt()

    def _attempt(self, name: str, source: Source, progress: Progress) -> Callable[[], Receipt]:
        put = partial(self._put, name, source, progress)
        if source.condition is None:
            return partial(put, {})
        return partial(self._conditions.send, STORING, headers_of(source.condition), put)

    def _put(self, name: str, source: Source, progress: Progress, more: Mapping[str, str]) -> Receipt:
        # Even if the key's SHA-256 is sent along: not every server verifies it.
        body = MD5Body(source, progress)
        request = Request(
            "PUT",
            self._client.address.path_of(name),
            "store the file",
            headers={**self._headers(name, source), **more},
            body=body,
            payload=source.known("sha256") or UNSIGNED,
        )
        with self._client.send(request) as response:
            reply = response.read(EXCERPT)
            if b"<Error" in reply or not _is_stored(response):
                raise self._client.failure(request, response, reply)
            md5, tag = md5_of(response.headers), response.headers.get("ETag", "")
        if body.digest and not source.known("md5"):
            source.learn("md5", body.digest)
        content = content_id(self._client, source.size, tag) if tag and source.condition is not None else ""
        return Receipt(digests={"md5": md5} if md5 and source.known("md5") else {}, content=content)

    def _headers(self, name: str, source: Source) -> dict[str, str]:
        headers = new_object_headers(self._place, name)
        if source.is_replaced:  # for the CDN that publicurl= may lead to (RFC 9111 §5.2.2.4)
            headers["Cache-Control"] = "no-cache"
        if md5 := source.digest("md5") if self._wants_md5 else source.known("md5"):
            headers["Content-MD5"] = b64encode(bytes.fromhex(md5)).decode()
        return headers


def _is_stored(response: HTTPResponse) -> bool:
    """Whether an S3 server confirms it, and not a proxy or another server (S3 API Reference, "PutObject")."""
    return response.status == _STORED and ("ETag" in response.headers or is_from_s3(response.headers))


def _check_source(source: Source) -> None:
    """Raise SourceChanged if the file is corrupted on this machine, and not on the way to the server."""
    for algorithm in ("sha256", "md5"):
        known = source.known(algorithm)
        if known and Source(source.path).digest(algorithm) != known:
            raise SourceChanged(
                "the content of the file to store does not match its key", remedy="Type: git annex fsck"
            )


def new_object_headers(place: StoreConfig, name: str) -> dict[str, str]:
    """The headers of every request that creates an object of that name."""
    headers = {"Content-Type": content_type(name) if place.is_tree else BINARY}
    if place.settings["storageclass"]:
        headers["x-amz-storage-class"] = place.settings["storageclass"]
    return headers


def requires_md5(error: PermissionDenied) -> bool:
    """Whether a bucket with Object Lock requires Content-MD5 (API Reference, "PutObject"); only the text says so."""
    return "Content-MD5" in error.what
