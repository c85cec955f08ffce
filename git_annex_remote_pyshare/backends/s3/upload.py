"""Stores an object by one PUT that brings its own proof: the hash in the key's name, or the ETag of what was sent."""

import re
from base64 import b64encode
from collections.abc import Mapping

from urllib3.response import BaseHTTPResponse

from git_annex_remote_pyshare.backends.base import Place, Receipt
from git_annex_remote_pyshare.backends.s3.answer import is_marked
from git_annex_remote_pyshare.backends.s3.body import Summed
from git_annex_remote_pyshare.backends.s3.bucket import Bucket
from git_annex_remote_pyshare.backends.s3.errors import NoSuchBucket
from git_annex_remote_pyshare.backends.s3.http import Client, Request
from git_annex_remote_pyshare.backends.s3.signing import UNSIGNED
from git_annex_remote_pyshare.errors import Corrupt, Denied, Full, SourceChanged
from git_annex_remote_pyshare.transfer import Progress, Source
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.exchange import EXCERPT

LARGEST = 5 << 30
"""Bytes that one PUT can store (Amazon S3 User Guide, "Uploading objects")."""

_STORED = 200
_MD5 = re.compile(r'"?([0-9a-f]{32})"?', re.IGNORECASE)
_CUSTOMER_KEY = "x-amz-server-side-encryption-customer-algorithm"


class Uploads:
    """All stores of one place.

    Args:
        place: Its settings say which storage class.
        client: Sends the requests.
        bucket: Is made where it is missing.
    """

    def __init__(self, place: Place, client: Client, bucket: Bucket) -> None:
        self._client = client
        self._bucket = bucket
        self._storage_class = place.settings["storageclass"]
        self._wants_md5 = False

    def store(self, name: str, source: Source, progress: Progress) -> Receipt:
        """Store one object; see `Backend.put`."""
        if source.size > LARGEST:
            raise Full(
                f"cannot store {name} on {self._client.address.shown}: it has {source.size} bytes,"
                f" and S3 takes at most {LARGEST} in one piece",
                remedy="Let git-annex send smaller pieces: git annex enableremote NAME chunk=1GiB.",
            )
        try:
            return self._put(name, source, progress)
        except NoSuchBucket:
            if not self._bucket.make_for_store():
                raise
        except Corrupt:
            _hold_against_key(source)
            raise
        except Denied as error:
            # A bucket that locks its objects (API Reference, "PutObject", Content-MD5) says so in words only.
            if self._wants_md5 or "Content-MD5" not in error.what:
                raise
            self._wants_md5 = True
        return self._put(name, source, progress)

    def _put(self, name: str, source: Source, progress: Progress) -> Receipt:
        body = self._body(source, progress)
        request = Request(
            "PUT",
            self._client.address.path_of(name),
            f"store {name}",
            headers=self._headers(source),
            body=body,
            payload=source.known("sha256") or UNSIGNED,
        )
        with self._client.ask(request) as answer:
            said = answer.read(EXCERPT)
            if b"<Error" in said or not _is_stored(answer):
                raise self._client.failure(request, answer, said)
            md5 = _md5_of(answer.headers)
        if isinstance(body, Summed) and body.md5:
            source.learn("md5", body.md5)
        return Receipt(digests={"md5": md5} if md5 and source.known("md5") else {})

    def _body(self, source: Source, progress: Progress) -> Body:
        """With a hash that the server compares itself, nothing is hashed here; SHA-256 goes with a signature."""
        is_signed = self._client.login.for_request(writing=True) is not None
        is_proved = source.known("md5") or (is_signed and source.known("sha256"))
        return Body(source, progress) if is_proved else Summed(source, progress)

    def _headers(self, source: Source) -> dict[str, str]:
        headers = {"Content-Type": "application/octet-stream"}
        if self._storage_class:
            headers["x-amz-storage-class"] = self._storage_class
        if md5 := source.digest("md5") if self._wants_md5 else source.known("md5"):
            headers["Content-MD5"] = b64encode(bytes.fromhex(md5)).decode()
        return headers


def _is_stored(answer: BaseHTTPResponse) -> bool:
    """Whether it is S3 that says so, and no proxy or other server at its address (S3 API Reference, "PutObject")."""
    return answer.status == _STORED and ("ETag" in answer.headers or is_marked(answer.headers))


def _hold_against_key(source: Source) -> None:
    """Tell a file that is damaged on this machine from one that was damaged on its way."""
    for algorithm in ("sha256", "md5"):
        known = source.known(algorithm)
        if known and Source(source.path).digest(algorithm) != known:
            raise SourceChanged("the file to store is not what its key says", remedy="Type: git annex fsck")


def _md5_of(headers: Mapping[str, str]) -> str:
    """The MD5 that the server computed, where the ETag is one (API Reference, "Object", ETag); else empty."""
    is_encrypted = headers.get("x-amz-server-side-encryption", "").startswith("aws:kms") or _CUSTOMER_KEY in headers
    match = _MD5.fullmatch(headers.get("ETag", ""))
    return match[1].lower() if match and not is_encrypted else ""
