"""A small S3 server in this process that keeps its objects in a dict and plays scripted faults.

It records every request, and checks clocks, regions and payloads, and signatures where it has a `login`. What it can be
told to answer instead stands in s3_answers.py; versions and policies are for the real servers.
"""

import fnmatch
import hashlib
import json
import re
import time
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from support.s3_answers import copied, listing, refused
from support.s3_gate import Login, Rules, is_signed, refusal, spoilt
from support.s3_multipart import Made, Multipart, completed
from support.scripted import Answer, Handler, Scripted, Seen, decoded

ARCHIVES = frozenset(("GLACIER", "DEEP_ARCHIVE"))
"""The storage classes whose objects must be restored before they can be read."""

_KEPT = re.compile(r"(content-(type|encoding)|x-amz-(storage-class|meta-.*))", re.IGNORECASE)
"""Headers of a PUT that come back with the object."""

_VIRTUAL_HOST = re.compile(r"(.+)\.(localhost|s3[.-].*)(:\d+)?")


class _Asked(NamedTuple):
    """What a request is about."""

    bucket: str
    key: str
    """Empty for the bucket itself."""
    query: dict[str, str]
    seen: Seen

    @property
    def name(self) -> str:
        return f"{self.bucket}/{self.key}"


class _Handler(Handler):
    scripted: "ScriptedS3"

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(int(self.scripted.now()) if timestamp is None else timestamp)

    def keep_half(self, seen: Seen) -> None:
        asked = _asked(seen)
        if "uploadId" not in asked.query:  # half a part is none
            self.scripted.objects[asked.name] = seen.body[: len(seen.body) // 2]

    def proper(self, seen: Seen) -> Answer:
        asked = _asked(seen)
        place = "object" if asked.key else "bucket"
        verb = getattr(self, f"_{seen.method.lower()}_{place}", self._unknown)
        done: Answer = self._refusal(asked) or spoilt(seen) or verb(asked)
        return done

    def _refusal(self, asked: _Asked) -> Answer | None:
        if is_signed(asked.seen):
            return refusal(asked.seen, self.scripted.rules())
        read = asked.key and asked.seen.method in {"GET", "HEAD"}
        if self.scripted.login is None or (read and self.scripted.is_public(asked.bucket, asked.name)):
            return None
        return refused(403, "AccessDenied", "Access Denied")

    def _unknown(self, asked: _Asked) -> Answer:
        return refused(501, "NotImplemented", f"{asked.seen.method} {asked.seen.target}")

    def _put_bucket(self, asked: _Asked) -> Answer:
        if "policy" in asked.query:
            return self._put_policy(asked)
        if asked.bucket in self.scripted.foreign:
            return refused(409, "BucketAlreadyExists", "The requested bucket name is not available.")
        if asked.bucket in self.scripted.buckets:
            return refused(409, "BucketAlreadyOwnedByYou", "You already own it.")
        self.scripted.buckets.add(asked.bucket)
        return 200, {"Location": f"/{asked.bucket}"}, b""

    def _head_bucket(self, asked: _Asked) -> Answer:
        return self._not_mine(asked) or (200, {"x-amz-bucket-region": self.scripted.region}, b"")

    def _get_bucket(self, asked: _Asked) -> Answer:
        missing = self._not_mine(asked)
        if missing or not self.scripted.lists:
            return missing or refused(403, "AccessDenied", "Access Denied")
        if "policy" in asked.query:
            policy = self.scripted.policies.get(asked.bucket)
            return (200, {"Content-Type": "application/json"}, policy) if policy else refused(404, "NoSuchBucketPolicy")
        if "uploads" in asked.query:
            return self.scripted.multipart.uploads(asked.bucket, asked.query)
        sizes = {
            name.removeprefix(asked.name): len(content)
            for name, content in self.scripted.objects.items()
            if name.startswith(asked.name)
        }
        return 200, {"Content-Type": "application/xml"}, listing(sizes, asked.query, self.scripted.page)

    def _put_policy(self, asked: _Asked) -> Answer:
        if missing := self._not_mine(asked):
            return missing
        if self.scripted.blocks_policies:  # as Amazon's Block Public Access does
            return refused(403, "AccessDenied", "User is not authorized to perform: s3:PutBucketPolicy")
        try:
            for statement in json.loads(asked.seen.body)["Statement"]:
                assert statement["Resource"].startswith(f"arn:aws:s3:::{asked.bucket}")
        except (ValueError, KeyError, AssertionError):
            return refused(400, "MalformedPolicy", "Policies must be valid JSON")
        self.scripted.policies[asked.bucket] = asked.seen.body
        return 204, {}, b""

    def _delete_bucket(self, asked: _Asked) -> Answer:
        if "policy" not in asked.query:
            return self._unknown(asked)
        self.scripted.policies.pop(asked.bucket, None)
        return 204, {}, b""

    def _put_object(self, asked: _Asked) -> Answer:
        if missing := self._not_mine(asked):
            return missing
        if source := asked.seen.headers.get("x-amz-copy-source"):
            return self._copied(asked, decoded(source).removeprefix("/"))
        if "uploadId" in asked.query:
            return self.scripted.multipart.take(asked.query, asked.seen.body)
        if unmet := self._unmet(asked):
            return unmet
        self.scripted.objects[asked.name] = asked.seen.body
        self.scripted.headers[asked.name] = _kept(asked.seen)
        return 200, {"ETag": _etag(asked.seen.body)}, b""

    def _copied(self, asked: _Asked, source: str) -> Answer:
        """CopyObject and UploadPartCopy."""
        if source not in self.scripted.objects:
            return refused(404, "NoSuchKey", "The specified key does not exist.")
        content = self.scripted.objects[source]
        wanted = asked.seen.headers.get("x-amz-copy-source-if-match")
        if unmet := self._unmet(asked, is_met=wanted in {None, _etag(content)} or not self.scripted.knows_conditions):
            return unmet
        if "uploadId" in asked.query:
            first, last = asked.seen.headers["x-amz-copy-source-range"].removeprefix("bytes=").split("-")
            part = content[int(first) : int(last) + 1]
            return copied("CopyPartResult", self.scripted.multipart.take(asked.query, part)[1]["ETag"])
        if source == asked.name or len(content) > self.scripted.largest_copy:
            return refused(400, "InvalidRequest", "The specified copy source is larger than the maximum allowable size")
        kept = self.scripted.headers.get(source, {})
        if asked.seen.headers.get("x-amz-metadata-directive") == "REPLACE":
            kept = {}
        self.scripted.objects[asked.name] = content
        storage = {name: value for name, value in _kept(asked.seen).items() if kept == {} or "storage" in name}
        self.scripted.headers[asked.name] = {**kept, **storage}
        return copied("CopyObjectResult", _etag(content))

    def _unmet(self, asked: _Asked, *, is_met: bool = True) -> Answer | None:
        """The refusal of a request whose conditions the server knows, and that are not met."""
        headers, content = asked.seen.headers, self.scripted.objects.get(asked.name)
        if self.scripted.refuses_conditions and any("if-" in header.lower() for header in headers):
            return refused(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
        if headers.get("If-None-Match") == "*" and content is not None:
            return refused(412, "PreconditionFailed")
        wanted = headers.get("If-Match") if self.scripted.knows_conditions else None
        if is_met and wanted in {None, content if content is None else _etag(content)}:
            return None
        return refused(412, "PreconditionFailed")

    def _delete_object(self, asked: _Asked) -> Answer:
        if "uploadId" in asked.query:
            return self.scripted.multipart.abort(asked.query["uploadId"])
        if asked.name in self.scripted.objects and (unmet := self._unmet(asked)):
            return unmet
        self.scripted.objects.pop(asked.name, None)
        self.scripted.headers.pop(asked.name, None)
        return self._not_mine(asked) or (204, {}, b"")

    def _head_object(self, asked: _Asked) -> Answer:
        return self._missing(asked) or self._whole(asked)

    def _get_object(self, asked: _Asked) -> Answer:
        if "uploadId" in asked.query:
            return self.scripted.multipart.parts(asked.query)
        if missing := self._missing(asked):
            return missing
        if self.scripted.is_archived(asked.name):
            return refused(403, "InvalidObjectState", "The operation is not valid for the object's storage class")
        status, headers, content = self._whole(asked)
        if self.scripted.knows_conditions and asked.seen.headers.get("If-Match", headers["ETag"]) != headers["ETag"]:
            return refused(412, "PreconditionFailed")
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.seen.headers.get("Range", ""))
        return _part(headers, content, int(wanted[1]), wanted[2]) if wanted else (status, headers, content)

    def _post_object(self, asked: _Asked) -> Answer:
        if "uploads" in asked.query:
            return self._not_mine(asked) or self.scripted.multipart.begin(asked.bucket, asked.key, _kept(asked.seen))
        if "uploadId" in asked.query:
            return self._finish(asked)
        if "restore" not in asked.query:
            return self._unknown(asked)
        return self._missing(asked) or self.scripted.restore(asked.name)

    def _finish(self, asked: _Asked) -> Answer:
        if unmet := self._unmet(asked):
            return unmet
        made = self.scripted.multipart.finish(asked.query["uploadId"], asked.seen.body)
        if not isinstance(made, Made):
            return made
        self.scripted.objects[asked.name] = made.content
        self.scripted.headers[asked.name] = {**made.headers, "ETag": made.tag}
        return completed(made.tag)

    def _whole(self, asked: _Asked) -> Answer:
        content = self.scripted.objects[asked.name]
        headers = {"Content-Type": "binary/octet-stream", "ETag": _etag(content), "Content-Length": str(len(content))}
        return 200, {**headers, **self.scripted.headers.get(asked.name, {})}, content

    def _missing(self, asked: _Asked) -> Answer | None:
        if missing := self._not_mine(asked):
            return missing
        if asked.name in self.scripted.objects:
            return None
        return refused(404, "NoSuchKey") if self.scripted.lists else refused(403, "AccessDenied", "Access Denied")

    def _not_mine(self, asked: _Asked) -> Answer | None:
        if asked.bucket in self.scripted.foreign:
            return refused(403, "AccessDenied", "Access Denied")
        if asked.bucket not in self.scripted.buckets:
            return refused(404, "NoSuchBucket", "The specified bucket does not exist")
        return None


class ScriptedS3(Scripted):
    """The server's state; an object's name is BUCKET/KEY, and its bucket may stand in the host or in the path."""

    handler = _Handler

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, bytes] = {}
        self.multipart = Multipart()
        self.headers: dict[str, dict[str, str]] = {}
        """What HEAD and GET send besides, or instead, by object: x-amz-restore, Content-Encoding, ETag …"""
        self.buckets = {"bucket"}
        self.foreign: set[str] = set()
        """Buckets of somebody else."""
        self.public: set[str] = set()
        """Buckets whose objects anyone may read."""
        self.policies: dict[str, bytes] = {}
        """By bucket; only what they allow everybody to get is looked at."""
        self.blocks_policies = False
        """Whether no policy is taken."""
        self.login: Login | None = None
        """Who may do all; None lets everybody in and believes every signature."""
        self.knows_conditions = True
        """False for a server that takes no notice of If-Match."""
        self.refuses_conditions = False
        """True for a server that does not implement requests with conditions."""
        self.lists = True
        """False for a policy without ListBucket: what is missing is then answered 403."""
        self.region = "us-east-1"
        self.elsewhere = 400
        """Status for what is signed for another region: 400, 301 or 307."""
        self.skew = 0.0
        """Seconds that the server's clock is ahead."""
        self.largest_copy = 5 << 30
        """Bytes that one request copies."""
        self.page = 1000
        """Keys in one listing."""

    @property
    def settings(self) -> dict[str, str]:
        """What `initremote` wants besides `url=s3://bucket`."""
        return {"endpoint": self.url, "region": self.region}

    def is_public(self, bucket: str, name: str) -> bool:
        """Whether anyone may read an object."""
        told = json.loads(self.policies.get(bucket, b'{"Statement": []}'))["Statement"]
        granted = [each for each in told if (each["Effect"], each["Principal"]) == ("Allow", "*")]
        patterns = [each["Resource"].removeprefix("arn:aws:s3:::") for each in granted]
        return bucket in self.public or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

    def now(self) -> float:
        """Seconds since 1970 by the server's clock."""
        return time.time() + self.skew

    def rules(self) -> Rules:
        """What is asked of a signed request."""
        return Rules(self.login, self.region, self.elsewhere, self.now())

    def is_archived(self, name: str) -> bool:
        """Whether an object must be restored before it can be read."""
        headers = self.headers.get(name, {})
        in_archive = headers.get("x-amz-storage-class") in ARCHIVES
        return in_archive and "expiry-date" not in headers.get("x-amz-restore", "")

    def restore(self, name: str) -> Answer:
        """Begin to bring an object back from its archive, which lasts until `thaw` (API RestoreObject)."""
        if not self.is_archived(name):
            in_archive = self.headers.get(name, {}).get("x-amz-storage-class") in ARCHIVES
            return (200, {}, b"") if in_archive else refused(403, "InvalidObjectState", "not in an archive")
        if "x-amz-restore" in self.headers[name]:
            return refused(409, "RestoreAlreadyInProgress", "Object restore is already in progress")
        self.headers[name]["x-amz-restore"] = 'ongoing-request="true"'
        return 202, {}, b""

    def thaw(self, name: str) -> None:
        """End the restore: the object can be read."""
        over = 'ongoing-request="false", expiry-date="Fri, 21 Dec 2035 00:00:00 GMT"'
        self.headers[name]["x-amz-restore"] = over


def _asked(seen: Seen) -> _Asked:
    host = _VIRTUAL_HOST.fullmatch(seen.headers.get("Host", ""))
    path = seen.path.removeprefix("/")
    bucket, _, key = (host[1], "", path) if host else path.partition("/")
    return _Asked(bucket, key, dict(parse_qsl(urlsplit(seen.target).query, keep_blank_values=True)), seen)


def _kept(seen: Seen) -> dict[str, str]:
    return {name: value for name, value in seen.headers.items() if _KEPT.fullmatch(name)}


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _part(headers: dict[str, str], content: bytes, start: int, last: str) -> Answer:
    if start >= len(content):
        return refused(416, "InvalidRange", headers={"Content-Range": f"bytes */{len(content)}"})
    end = min(int(last) + 1, len(content)) if last else len(content)
    span = f"bytes {start}-{end - 1}/{len(content)}"
    return 206, {**headers, "Content-Range": span, "Content-Length": str(end - start)}, content[start:end]
