"""What S3 servers answer, in their XML: refusals as plays for a script, and listings."""

from collections.abc import Mapping
from urllib.parse import quote
from xml.sax.saxutils import escape

from support.scripted import Answer, Play

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def refused(
    status: int, code: str, message: str = "no", headers: Mapping[str, str] | None = None, **elements: str
) -> Answer:
    """An error as S3 describes it; `elements` stand in its XML, e.g. Region (API reference, "Error responses")."""
    about = {"Code": code, "Message": message, **elements, "RequestId": "REQUEST1", "HostId": "HOST1"}
    text = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in about.items())
    sent = {"Content-Type": "application/xml", "x-amz-request-id": "REQUEST1", "x-amz-id-2": "HOST1", **(headers or {})}
    return status, sent, f"{_DECLARATION}<Error>{text}</Error>".encode()


def problem(status: int, code: str, message: str = "no", **headers: str) -> Play:
    """A play of such an error; underscores in the names of headers stand for hyphens."""
    return Play(*refused(status, code, message, {name.replace("_", "-"): value for name, value in headers.items()}))


SLOW_DOWN = problem(503, "SlowDown", "Please reduce your request rate.")
TOO_MANY = problem(429, "TooManyRequests")
INTERNAL_ERROR = problem(500, "InternalError", "We encountered an internal error. Please try again.")
REQUEST_TIMEOUT = problem(400, "RequestTimeout", "Your socket connection to the server was not read from in time.")
OK_WITH_ERROR = problem(200, "InternalError", "We encountered an internal error. Please try again.")
"""The status came before the server knew (API CompleteMultipartUpload and CopyObject)."""
EXPIRED_TOKEN = problem(400, "ExpiredToken", "The provided token has expired.")
ACCESS_DENIED = problem(403, "AccessDenied", "Access Denied")
NO_ACLS = problem(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
BUCKET_TAKEN = problem(409, "BucketAlreadyExists", "The requested bucket name is not available.")
BUCKET_OWNED = problem(409, "BucketAlreadyOwnedByYou", "You already own it.")
DELETE_MARKER = problem(404, "NoSuchKey", x_amz_delete_marker="true", x_amz_version_id="v2")
DELETE_MARKER_BY_ID = problem(405, "MethodNotAllowed", x_amz_delete_marker="true", x_amz_version_id="v2")
MARKED = Play(headers={"x-amz-delete-marker": "true", "x-amz-version-id": "v2"})
"""A DELETE that only hid the object, in a bucket with versions."""
ENCRYPTED = Play(headers={"ETag": '"not-an-md5"', "x-amz-server-side-encryption": "aws:kms"})
"""A PUT whose entity tag is not the content's MD5."""
LOCKED = problem(403, "AccessDenied", "Access Denied because object protected by object lock.")
CONSOLE_PAGE = Play(200, {"Content-Type": "text/html"}, b"<!doctype html><html><title>Console</title></html>")
"""What a port answers that is not S3's."""


def copied(kind: str, tag: str) -> Answer:
    """What a copy is answered, with white space before it as it comes while the server works (API CopyObject)."""
    text = f'{_DECLARATION}     <{kind} xmlns="{_NAMESPACE}"><ETag>{escape(tag)}</ETag></{kind}>'
    return 200, {"Content-Type": "application/xml"}, text.encode()


def moved(region: str, status: int = 301) -> Play:
    """Another region has the bucket: 301 or 307, or 400 as for a signature that names the wrong one."""
    return Play(*misdirected(region, status))


def misdirected(region: str, status: int) -> Answer:
    """The same as an answer; for a HEAD only its status and header arrive."""
    headers = {"x-amz-bucket-region": region}
    if status == 400:
        return refused(400, "AuthorizationHeaderMalformed", f"expecting '{region}'", headers, Region=region)
    where = f"s3.{region}.amazonaws.com"
    if status == 307:
        return refused(307, "TemporaryRedirect", "", {**headers, "Location": f"https://{where}/"}, Endpoint=where)
    return refused(301, "PermanentRedirect", "use the specified endpoint", headers, Endpoint=where)


def listing(sizes: Mapping[str, int], query: Mapping[str, str], page: int) -> bytes:
    """A page of a bucket's list, in the second version or the first, as the query wants it.

    Args:
        sizes: Bytes of all the bucket's objects by key.
        query: Of the request: list-type, prefix, continuation-token or start-after or marker, max-keys, encoding-type.
        page: How many keys the server gives at once, at most.
    """
    second = query.get("list-type") == "2"
    after = query.get("continuation-token") or query.get("start-after") or query.get("marker") or ""
    found = sorted(key for key in sizes if key.startswith(query.get("prefix", "")) and key > after)
    shown = found[: min(page, int(query.get("max-keys", page)))]
    in_url = query.get("encoding-type") == "url"
    written = _in_url if in_url else escape
    things = "".join(
        f'<Contents><Key>{written(key)}</Key><ETag>"e"</ETag><Size>{sizes[key]}</Size></Contents>' for key in shown
    )
    more = len(shown) < len(found)
    things += f"<IsTruncated>{str(more).lower()}</IsTruncated>"
    things += "<EncodingType>url</EncodingType>" if in_url else ""
    if more and shown and second:
        things += f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>"
    text = f'{_DECLARATION}<ListBucketResult xmlns="{_NAMESPACE}">{things}</ListBucketResult>'
    return text.encode("utf-8", "surrogateescape")


def _in_url(key: str) -> str:
    return quote(key, safe="/", errors="surrogateescape")
