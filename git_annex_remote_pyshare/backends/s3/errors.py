"""From an S3 server's answer to an error that says what to do.

The only place of this backend that gives meaning to a failing status code; `error_codes.py` has its tables.
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends.s3.error_codes import (
    ABSENT,
    CLOSED,
    CODES,
    FAILED,
    FORBIDDEN,
    PAGE,
    REGION,
    STATUSES,
    UNCLEAR,
    WANTED,
    Archived,
    ClockWrong,
    Elsewhere,
    Forbidden,
    LoginExpired,
    NoSuchBucket,
    otherwise,
)
from git_annex_remote_pyshare.backends.s3.response import Response, clock_of, is_page, said
from git_annex_remote_pyshare.errors import Busy, PyshareError
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transport.errors import retry_after
from git_annex_remote_pyshare.transport.statuses import ASKS_FOR_PAUSE, Meaning
from git_annex_remote_pyshare.waiting import pause_after

__all__ = ("Archived", "ClockWrong", "Doing", "Elsewhere", "Forbidden", "LoginExpired", "NoSuchBucket", "from_answer")

_MOST_SKEW = 900.0
"""Seconds that clocks may differ (S3 API Reference, "Error responses", RequestTimeTooSkewed)."""

_PAUSE = 2.0
"""Seconds that all jobs rest at most after SlowDown, which Amazon says without a time to wait."""

_READING = {"GET", "HEAD"}
_BY_STATUS = {407, 408, 413, 429}
"""What a proxy, too, says with a page for people, but in plain numbers."""


class Doing(NamedTuple):
    """What a request was for, as the error text tells it."""

    what: str
    """For example "store the file"; without the object's name."""
    store: str
    """How the store is called in texts (`Address.shown`)."""
    bucket: str
    method: str = "GET"
    anonymous: bool = False
    """Whether the request bore no login."""
    advice: str = ""
    """What to do for a login (`StoreConfig.advice`)."""
    words: tuple[str, ...] = ()
    """What to type behind `pyshare login`, where there is no such advice (`Account.words`)."""
    ahead: float = 0.0
    """Seconds by which the request's time was ahead of this machine's clock, to meet the server's."""
    remote: str = ""
    """The remote's name in this clone, where there is one."""

    def __str__(self) -> str:
        return f"cannot {self.what} on {self.store}"

    @property
    def login(self) -> str:
        """What to do for a login, safe to be pasted into a shell although a stranger may have chosen the words."""
        return self.advice or f"Type: {command('pyshare', 'login', *(self.words or (f's3://{self.bucket}',)))}"


def from_answer(doing: Doing, status: int, headers: Mapping[str, str], body: bytes = b"") -> PyshareError:
    """The error that an answer means.

    Args:
        doing: What the request was for.
        status: The answer's status code. It may be 200: some answers begin before their failure (S3 API Reference,
            "CompleteMultipartUpload" and "CopyObject").
        headers: The answer's headers, found in any case.
        body: The answer's body, as much of it as was read.
    """
    words = said(headers, body)
    off = _seconds_off(doing, headers)
    meaning = _for_us(doing, _meaning(doing, status, headers, words), off)
    why = _filled(meaning.why, doing, words, off, headers)
    error = meaning.kind(
        why if meaning is WANTED else f"{doing}: {why} ({str(words) or f'status {status}'})",
        remedy=meaning.remedy and _remedy(meaning.remedy, doing, words),
        retryable=meaning.retryable,
        retry_after=retry_after(headers),
        detail=f"request {words.request}" if words.request else "",
    )
    if isinstance(error, Elsewhere):
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
        return FAILED if status < 300 else STATUSES.get(status) or otherwise(status)
    if is_page(headers) and status < 500 and status not in _BY_STATUS:
        return PAGE
    return _without_code(doing, status, words.region)


def _without_code(doing: Doing, status: int, region: str) -> Meaning:
    """The answer to HEAD has no body that could tell more (S3 API Reference, "HeadObject")."""
    if status == 404 and doing.method == "HEAD":
        return ABSENT
    if status in {301, 307, 400} and region:
        return REGION
    return STATUSES.get(status) or otherwise(status)


def _for_us(doing: Doing, meaning: Meaning, off: float) -> Meaning:
    """Who may not list a bucket is told of a missing object only that it is forbidden: that is no clear word.

    Nor do all servers say that a clock was the reason.
    """
    if meaning is STATUSES[401] and doing.anonymous:
        return WANTED
    if meaning is not FORBIDDEN:
        return meaning
    if doing.anonymous:
        return CLOSED if doing.method in _READING else WANTED
    if off > _MOST_SKEW:
        return CODES["RequestTimeTooSkewed"]
    return UNCLEAR if doing.method in _READING else FORBIDDEN


def _filled(why: str, doing: Doing, words: Response, off: float, headers: Mapping[str, str]) -> str:
    location = headers.get("Location", "").partition("?")[0]  # behind it may stand a signature
    return why.format(
        store=doing.store,
        bucket=doing.bucket,
        region=f": {words.region}" if words.region else "",
        skew=f" by {off / 60:.0f} minutes" if off > _MOST_SKEW else "",
        location=f": {location}" if location else "",
    )


def _remedy(remedy: str, doing: Doing, words: Response) -> str:
    """What to type, each word quoted: a server chose the region's name, and a stranger may have chosen the remote's."""
    return remedy.format(
        advice=doing.login, region=command(words.region or "REGION"), remote=command(doing.remote or "NAME")
    )


def _seconds_off(doing: Doing, headers: Mapping[str, str]) -> float:
    """How far the request's time was from the server's; 0 where that does not tell the time."""
    theirs = clock_of(headers)
    return abs(theirs - time.time() - doing.ahead) if theirs is not None else 0.0
