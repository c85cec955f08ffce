"""Uploads in parts, as a scripted S3 server keeps them: what each request does, and what it answers."""

import hashlib
import re
from typing import NamedTuple
from xml.sax.saxutils import escape

from support.s3_answers import refused
from support.scripted import Answer

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_PART = re.compile(rb'<Part><PartNumber>(\d+)</PartNumber><ETag>(?:"|&quot;)?([^<"&]*)(?:"|&quot;)?</ETag></Part>')


class Begun(NamedTuple):
    """An upload that nobody has finished."""

    bucket: str
    key: str
    headers: dict[str, str]
    """What the object will have."""
    parts: dict[int, bytes]


class Made(NamedTuple):
    """An object that was made of parts."""

    content: bytes
    tag: str
    """Its entity tag, with quotation marks."""
    headers: dict[str, str]


class Multipart:
    """All unfinished uploads of a server, by their ids."""

    def __init__(self) -> None:
        self.begun: dict[str, Begun] = {}
        self.smallest = 5 << 20
        """Bytes that each part but the last must have."""
        self.most = 10_000
        self.page = 1000
        """Parts or uploads in one list."""
        self.initiated = "2026-11-23T04:15:04.000Z"
        """When all of them began; empty for a server that does not tell."""
        self._count = 0

    def begin(self, bucket: str, key: str, headers: dict[str, str]) -> Answer:
        """CreateMultipartUpload."""
        self._count += 1
        id_ = f"upload/{self._count}+=="
        self.begun[id_] = Begun(bucket, key, headers, {})
        return _document("InitiateMultipartUploadResult", f"<UploadId>{id_}</UploadId>")

    def take(self, query: dict[str, str], body: bytes) -> Answer:
        """UploadPart."""
        number = int(query["partNumber"])
        if query["uploadId"] not in self.begun:
            return _unknown()
        if not 1 <= number <= self.most:
            return refused(400, "InvalidArgument", f"Part number must be an integer between 1 and {self.most}")
        self.begun[query["uploadId"]].parts[number] = body
        return 200, {"ETag": f'"{_md5(body)}"'}, b""

    def parts(self, query: dict[str, str]) -> Answer:
        """ListParts."""
        if query["uploadId"] not in self.begun:
            return _unknown()
        parts = self.begun[query["uploadId"]].parts
        left = [number for number in sorted(parts) if number > int(query.get("part-number-marker", 0))]
        shown = left[: self.page]
        text = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{_md5(parts[number])}&quot;</ETag>"
            f"<Size>{len(parts[number])}</Size></Part>"
            for number in shown
        )
        more = str(len(shown) < len(left)).lower()
        marker = f"<NextPartNumberMarker>{shown[-1] if shown else 0}</NextPartNumberMarker>"
        return _document("ListPartsResult", f"{marker}<IsTruncated>{more}</IsTruncated>{text}")

    def finish(self, id_: str, body: bytes) -> Made | Answer:
        """CompleteMultipartUpload; the object, or why there is none."""
        if id_ not in self.begun:
            return _unknown()
        begun = self.begun[id_]
        wanted = [(int(number), tag.decode()) for number, tag in _PART.findall(body)]
        there = [(number, _md5(part)) for number, part in sorted(begun.parts.items())]
        if wanted != there:
            return refused(400, "InvalidPart", "One or more of the specified parts could not be found.")
        bodies = [begun.parts[number] for number, _ in wanted]
        if any(len(part) < self.smallest for part in bodies[:-1]):
            return refused(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        del self.begun[id_]
        digests = b"".join(bytes.fromhex(tag) for _, tag in wanted)
        return Made(b"".join(bodies), f'"{_md5(digests)}-{len(bodies)}"', begun.headers)

    def abort(self, id_: str) -> Answer:
        """AbortMultipartUpload."""
        return (204, {}, b"") if self.begun.pop(id_, None) else _unknown()

    def uploads(self, bucket: str, query: dict[str, str]) -> Answer:
        """ListMultipartUploads."""
        after = (query.get("key-marker", ""), query.get("upload-id-marker", ""))
        found = sorted((begun.key, id_) for id_, begun in self.begun.items() if begun.bucket == bucket)
        left = [one for one in found if one[0].startswith(query.get("prefix", "")) and one > after]
        shown = left[: self.page]
        text = "".join(
            f"<Upload><Key>{escape(key)}</Key><UploadId>{id_}</UploadId>"
            f"<Initiated>{self.initiated}</Initiated></Upload>"
            for key, id_ in shown
        )
        key, id_ = shown[-1] if shown else after
        markers = f"<NextKeyMarker>{escape(key)}</NextKeyMarker><NextUploadIdMarker>{id_}</NextUploadIdMarker>"
        more = str(len(shown) < len(left)).lower()
        return _document("ListMultipartUploadsResult", f"{markers}<IsTruncated>{more}</IsTruncated>{text}")


def completed(tag: str) -> Answer:
    """The answer to CompleteMultipartUpload, with white space before it as it comes while the server works."""
    status, headers, body = _document("CompleteMultipartUploadResult", f"<ETag>{escape(tag)}</ETag>")
    return status, headers, body.replace(b"\n", b"\n     ", 1)


def _document(kind: str, text: str) -> Answer:
    return (
        200,
        {"Content-Type": "application/xml"},
        f'{_DECLARATION}<{kind} xmlns="{_NAMESPACE}">{text}</{kind}>'.encode(),
    )


def _unknown() -> Answer:
    return refused(404, "NoSuchUpload", "The specified upload does not exist.")


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
