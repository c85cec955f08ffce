"""Turns a failed response of an S3 server into an error that says what to do.

Only this module of the backend interprets error codes and statuses; `error_codes.py` has its tables.
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends.s3.error_codes import (
    ABSENT,
    CODES,
    EXPLAINED_BY_BODY,
    FORBIDDEN,
    LOGIN_REQUIRED,
    MAYBE_ABSENT,
    NO_CONDITIONS,
    NOT_MET,
    NOT_PUBLIC,
    SERVER_FAILED,
    STATUSES,
    WEB_PAGE,
    WRONG_REGION,
    Archived,
    ClockSkewed,
    Forbidden,
    LoginExpired,
    NoSuchBucket,
    WrongRegion,
    fallback,
)
from git_annex_remote_pyshare.backends.s3.response import Response, error_details, is_web_page, server_time
from git_annex_remote_pyshare.errors import Busy, PyshareError
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transport.errors import retry_after
from git_annex_remote_pyshare.transport.statuses import ASKS_FOR_PAUSE, Meaning
from git_annex_remote_pyshare.waiting import pause_after

__all__ = (
    "EXPLAINED_BY_BODY",
    "Archived",
    "ClockSkewed",
    "Doing",
    "Forbidden",
    "LoginExpired",
    "NoSuchBucket",
    "WrongRegion",
    "from_response",
)

_MAX_SKEW = 900.0
"""Seconds that clocks may differ (S3 API Reference, "Error responses", RequestTimeTooSkewed)."""

_PAUSE = 2.0
"""Longest pause of all jobs, in seconds, after SlowDown, which Amazon sends without Retry-After."""

_READ_METHODS = {"GET", "HEAD"}
_BY_STATUS = {407, 408, 413, 429}
"""Statuses that a proxy may send with a web page, and whose meaning is clear."""


class Doing(NamedTuple):
    """What a request was for, for error texts."""

    what: str
    """For example "store the file"; without the object's name."""
    store: str
    """The store's name in texts (`Address.shown`)."""
    bucket: str
    method: str = "GET"
    anonymous: bool = False
    """Whether the request had no login."""
    advice: str = ""
    """What to type for a login (`StoreConfig.advice`)."""
    words: tuple[str, ...] = ()
    """Arguments of `pyshare login`, used without `advice` (`Account.words`)."""
    clock_offset: float = 0.0
    """Seconds added to this machine's clock for the request's time, to match the server's clock."""
    remote: str = ""
    """The remote's name in this clone, if any."""
    is_conditional: bool = False
    """Whether it was to change the object only if that is still the version that was seen."""

    def __str__(self) -> str:
        return f"cannot {self.what} on {self.store}"

    @property
    def login(self) -> str:
        """What to type for a login, quoted for a shell, since the arguments may be untrusted input."""
        return self.advice or f"Type: {command('pyshare', 'login', *(self.words or (f's3://{self.bucket}',)))}"


def from_response(doing: Doing, status: int, headers: Mapping[str, str], body: bytes = b"") -> PyshareError:
    """The error that a response means.

    Args:
        doing: What the request was for.
        status: The response's status. It may be 200: some responses begin before the failure (S3 API Reference,
            "CompleteMultipartUpload" and "CopyObject").
        headers: The response's headers, case-insensitive.
        body: The part of the response's body that was read.
    """
    words = error_details(headers, body)
    off = _clock_skew(doing, headers)
    meaning = _in_context(doing, _meaning(doing, status, headers, words), off)
    why = _filled(meaning.why, doing, words, off, headers)
    error = meaning.kind(
        why if meaning is LOGIN_REQUIRED else f"{doing}: {why} ({str(words) or f'status {status}'})",
        remedy=meaning.remedy and _remedy(meaning.remedy, doing, words),
        retryable=meaning.retryable,
        retry_after=retry_after(headers),
        detail=f"request {words.request}" if words.request else "",
    )
    if isinstance(error, WrongRegion):
        error.region = words.region
    if isinstance(error, Busy) and status in ASKS_FOR_PAUSE and error.retry_after is None:
        error.retry_after = pause_after(1, _PAUSE, _PAUSE)
    return error


def _meaning(doing: Doing, status: int, headers: Mapping[str, str], words: Response) -> Meaning:
    if headers.get("x-amz-delete-marker") == "true" and status in {404, 405}:
        return ABSENT
    if words.code in CODES:
        return CODES[words.code]
    if words.code:
        return SERVER_FAILED if status < 300 else STATUSES.get(status) or fallback(status)
    if is_web_page(headers) and status < 500 and status not in _BY_STATUS:
        return WEB_PAGE
    return _without_code(doing, status, words.region)


def _without_code(doing: Doing, status: int, region: str) -> Meaning:
    """The meaning of a response without an error code; that to HEAD has no body (S3 API Reference, "HeadObject")."""
    if status == 404 and doing.method == "HEAD":
        return ABSENT
    if status in {301, 307, 400} and region:
        return WRONG_REGION
    return STATUSES.get(status) or fallback(status)


def _in_context(doing: Doing, meaning: Meaning, off: float) -> Meaning:
    """The meaning, refined by what the request was.

    Without the right to list the bucket, a missing object is reported as forbidden, so that may mean either. Some
    servers also report a wrong clock as forbidden.
    """
    if doing.is_conditional and meaning in {STATUSES[412], STATUSES[501]}:
        return NOT_MET if meaning == STATUSES[412] else NO_CONDITIONS
    if meaning is STATUSES[401] and doing.anonymous:
        return LOGIN_REQUIRED
    if meaning is not FORBIDDEN:
        return meaning
    if doing.anonymous:
        return NOT_PUBLIC if doing.method in _READ_METHODS else LOGIN_REQUIRED
    if off > _MAX_SKEW:
        return CODES["RequestTimeTooSkewed"]
    return MAYBE_ABSENT if doing.method in _READ_METHODS else FORBIDDEN


def _filled(why: str, doing: Doing, words: Response, off: float, headers: Mapping[str, str]) -> str:
    location = headers.get("Location", "").partition("?")[0]  # a signature may follow
    return why.format(
        store=doing.store,
        bucket=doing.bucket,
        region=f": {words.region}" if words.region else "",
        skew=f" by {off / 60:.0f} minutes" if off > _MAX_SKEW else "",
        location=f": {location}" if location else "",
    )


def _remedy(remedy: str, doing: Doing, words: Response) -> str:
    """What to type, each word quoted for a shell: the names of region and remote may be untrusted input."""
    return remedy.format(
        advice=doing.login, region=command(words.region or "REGION"), remote=command(doing.remote or "NAME")
    )


def _clock_skew(doing: Doing, headers: Mapping[str, str]) -> float:
    """Seconds between the request's time and the server's; 0 if the response has no date."""
    theirs = server_time(headers)
    return abs(theirs - time.time() - doing.clock_offset) if theirs is not None else 0.0
