"""MD5 checksums of what is sent, and what a server's ETags prove about what it stores."""

import hashlib
import re
from collections.abc import Mapping

from git_annex_remote_pyshare.part_plan import Part, Sent
from git_annex_remote_pyshare.transfer import Source
from git_annex_remote_pyshare.transport.body import Hashed, digest_of

_MD5_ETAG = re.compile(r'"?([0-9a-f]{32})"?', re.IGNORECASE)
_CUSTOMER_KEY = "x-amz-server-side-encryption-customer-algorithm"
_MD5 = re.compile("[0-9a-f]{32}")
_MULTIPART_ETAG = re.compile(r"([0-9a-f]{32})-([0-9]+)")


class MD5Body(Hashed):
    """A source, or a part of it, with the MD5 of what was sent last as its `digest`."""

    algorithm = "md5"


def fingerprint(source: Source, part: Part) -> str:
    """See `SupportsMultipart.fingerprint`: the part's MD5, which is also its ETag."""
    return digest_of(source, part.start, part.size, MD5Body)


def md5_of(headers: Mapping[str, str]) -> str:
    """The MD5 that the server computed, if the ETag is one (API Reference, "Object", ETag); else empty."""
    is_encrypted = headers.get("x-amz-server-side-encryption", "").startswith("aws:kms") or _CUSTOMER_KEY in headers
    match = _MD5_ETAG.fullmatch(headers.get("ETag", ""))
    return match[1].lower() if match and not is_encrypted else ""


def multipart_etag(sent: Mapping[int, Sent]) -> str:
    """The ETag of the completed object: MD5 of the parts' MD5s, and their number; empty if one is unknown."""
    if any(part.token != part.digest for part in sent.values()):
        return ""
    digests = b"".join(bytes.fromhex(sent[number].digest) for number in sorted(sent))
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(sent)}"


def is_other_object(tag: str, expected: str) -> bool:
    """Whether an ETag proves that an object is not the expected one.

    A server that computes ETags in another way proves nothing: the number of parts differs, or is missing.
    """
    actual, wanted = _MULTIPART_ETAG.fullmatch(tag), _MULTIPART_ETAG.fullmatch(expected)
    return bool(actual and wanted) and tag != expected and tag.partition("-")[2] == expected.partition("-")[2]


def proves_source(tag: str, expected: str, source: Source) -> bool:
    """Whether an ETag is that of the source, either of the parts or, on some servers, of the whole content."""
    return (tag == expected and tag != "") or (is_md5(tag) and tag == source.digest("md5"))


def is_md5(tag: str) -> bool:
    """Whether a normalized ETag can be an MD5."""
    return bool(_MD5.fullmatch(tag))


def normalized_etag(tag: str) -> str:
    """An ETag without quotation marks, in lower case if it is hexadecimal."""
    text = tag.strip().strip('"')
    lower = text.lower()
    return lower if is_md5(lower) or _MULTIPART_ETAG.fullmatch(lower) else text
