"""What is said of an upload in parts: which parts there are, in XML, and what the finished object is called."""

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.part_plan import Plan, Sent
from git_annex_remote_pyshare.transport.bounds import number

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_LAST = 10_000
"""The largest number of a part (Amazon S3 User Guide, "Amazon S3 multipart upload limits")."""
_MD5 = re.compile("[0-9a-f]{32}")
_TAG = re.compile(r"([0-9a-f]{32})-([0-9]+)")


def listed_parts(pages: "list[Element]", plan: Plan, known: Mapping[int, Sent]) -> dict[int, Sent]:
    """What the server has of an upload, as ListParts tells; parts that do not fit the plan are left out.

    A part's entity tag is its MD5 unless the server encrypts with a key that is not its own; whether it does, the parts
    that we know tell.

    Args:
        pages: The server's list.
        plan: How the object is cut.
        known: What we sent, with the tags that the server gave.
    """
    has_md5s = all(sent.token == sent.digest for sent in known.values())
    found = {}
    for node in (node for page in pages for node in page.iterfind("Part")):
        part, size = _number(node, "PartNumber"), _number(node, "Size")
        tag = bare(node.findtext("ETag") or "")
        if not 1 <= part <= plan.last or size != plan.part(part).size:
            continue
        if part in known and known[part].token == tag:
            found[part] = known[part]
        elif has_md5s and is_md5(tag):
            found[part] = Sent(tag, tag)
    return found


def next_part(page: "Element", after: int) -> int | None:
    """The number behind which the next page of ListParts begins; None behind the last page.

    Args:
        page: One page.
        after: Behind which number that one began.
    """
    marker = _number(page, "NextPartNumberMarker")
    return marker if after < marker < _LAST and page.findtext("IsTruncated", "").strip() == "true" else None


def completion(sent: Mapping[int, Sent]) -> bytes:
    """What CompleteMultipartUpload wants to be told: all parts, in their order."""
    parts = "".join(
        f'<Part><PartNumber>{number}</PartNumber><ETag>"{sent[number].token}"</ETag></Part>' for number in sorted(sent)
    )
    return f'<CompleteMultipartUpload xmlns="{_NAMESPACE}">{parts}</CompleteMultipartUpload>'.encode()


def whole_tag(sent: Mapping[int, Sent]) -> str:
    """The entity tag that the object will have, MD5 over the parts' MD5s and their number; empty if nobody knows."""
    if any(part.token != part.digest for part in sent.values()):
        return ""
    digests = b"".join(bytes.fromhex(sent[number].digest) for number in sorted(sent))
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(sent)}"


def is_other(tag: str, expected: str) -> bool:
    """Whether an object with this entity tag is another one than that with the expected one.

    Servers that make their tags otherwise say nothing by them: the number of parts will differ, or there is none.
    """
    told, wanted = _TAG.fullmatch(tag), _TAG.fullmatch(expected)
    return bool(told and wanted) and tag != expected and tag.partition("-")[2] == expected.partition("-")[2]


def is_md5(tag: str) -> bool:
    """Whether a bare entity tag may be a content's MD5."""
    return bool(_MD5.fullmatch(tag))


def bare(tag: str) -> str:
    """An entity tag without quotation marks, in lower case where it is one in hexadecimal digits."""
    text = tag.strip().strip('"')
    lower = text.lower()
    return lower if is_md5(lower) or _TAG.fullmatch(lower) else text


def _number(node: "Element", tag: str) -> int:
    return number(node.findtext(tag)) or 0
