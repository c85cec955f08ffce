"""Turns what rclone says into errors: its statuses say little, so this goes by its words.

The words come from rclone and from the services behind it. They may contain addresses with a signature, and names of
objects; `_clean` takes these out before a user sees them.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import NamedTuple

from git_annex_remote_pyshare.backends.rclone.kinds import login_again
from git_annex_remote_pyshare.backends.rclone.url import Target
from git_annex_remote_pyshare.errors import (
    BadName,
    Busy,
    CorruptUpload,
    NotAStore,
    NotFound,
    NotReached,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    SourceChanged,
    Unreachable,
    tracing,
)
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.transport.statuses import MORE_SPACE

_NOT_FOUND = 404
_OUR_FAULT = 400
_LONGEST = 100
"""Signs of the words that are shown."""

_SECRETS = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^\s/@]*@)?([^\s?\"']*)(?:\?[^\s\"']*)?", re.IGNORECASE)
"""Matches a URL; the login and the query, which may be a signature, are left out."""

_AFTER = re.compile(r"try again after (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")
_SECONDS = re.compile(r"(?:try again in|retry.?after:?) (\d+) ?s", re.IGNORECASE)


class Refused(Exception):
    """rclone has answered that the request failed.

    Args:
        status: As in HTTP: 404 for what is not there, 400 for a wrong request, 500 for all else.
        text: rclone's own words; empty if it gave no reason.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class _Meaning(NamedTuple):
    kind: type[PyshareError]
    why: str
    pattern: str
    remedy: str | None = None
    retryable: bool | None = None


_MEANINGS = (
    # Usually rclone has ended by then (`Child.failure`), but now and then it still answers.
    _Meaning(
        PermissionDenied,
        "the configuration of rclone is encrypted, and pyshare has no password for it",
        r"unable to decrypt configuration",
        "Set RCLONE_CONFIG_PASS or RCLONE_PASSWORD_COMMAND.",
    ),
    _Meaning(
        PermissionDenied,
        "rclone has no remote {name}",
        r"didn't find section in config file",
        "Type: {login}",
    ),
    _Meaning(
        PermissionDenied,
        "the login of {name} has expired",
        r"config reconnect|invalid_grant|empty token|token (?:has )?expired|expired_access_token",
        "{again}",
    ),
    _Meaning(CorruptUpload, "the service received other data than was sent", r"corrupted on transfer|baddigest"),
    _Meaning(
        SourceChanged, "the file changed while it was being stored", r"source file is being updated|source.* changed"
    ),
    _Meaning(
        PermissionDenied,
        "the service sends no more of this today",
        r"downloadquotaexceeded|dailylimitexceeded",
        "Try again tomorrow.",
    ),
    _Meaning(
        Busy,
        "the service asks us to wait",
        r"\b429\b|rate.?limit|too.?many.?requests|slow.?down|activity.?limit|try again (?:after|in)|server busy",
    ),
    _Meaning(
        QuotaExceeded,
        "the service has no space left",
        r"\b507\b|insufficient.{0,3}(?:storage|space)|quota.?(?:is )?(?:exceeded|limit)|(?:exceeded|over).{0,9}quota|"
        r"no space left|disk (?:is )?full|storage_limit|not enough (?:free )?space",
        MORE_SPACE,
    ),
    _Meaning(
        BadName,
        "the service does not take such a name",
        r"name (?:is )?too long|path.?too.?long|invalid.{0,20}(?:name|path|character)|illegal|malformed_path|"
        r"invalid argument",
    ),
    _Meaning(
        PermissionDenied,
        "the service refuses the login of {name}",
        r"\b40[13]\b|unauthori[sz]ed|forbidden|permission denied|access.?denied|invalidaccesskey|signaturedoesnotmatch|"
        r"couldn't decrypt|unable to authenticate|logon|authentication failed|operation not permitted",
        "{again}",
    ),
    _Meaning(
        Unreachable,
        "the bucket or container is not there",
        r"nosuchbucket|containernotfound|bucket.{0,40}(?:not found|does not exist|doesn't exist)",
        "Make it: {mkdir}",
        retryable=False,
    ),
    _Meaning(NotAStore, "there is a file in the place of the folder", r"is a file not a directory", "Move it."),
    _Meaning(NotReached, "the server cannot be reached", r"no such host|connection refused|couldn't connect ssh"),
)
"""In this order: `429` of a quota per minute is a pause, not a full account."""


def error_of(refused: Refused, doing: str, target: Target, name: str = "", kind: str = "") -> PyshareError:
    """The error for a refusal of rclone.

    Args:
        refused: What rclone said.
        doing: What was tried: `store a file`.
        target: Where.
        name: The object, which the text must not contain.
        kind: The type of the remote; empty if unknown.
    """
    words = _clean(refused.text, name)
    shown = f" ({words[:_LONGEST]})" if words else ""
    error, why, _, remedy, retryable = next(
        (each for each in _MEANINGS if re.search(each.pattern, refused.text, re.IGNORECASE)), _other(refused.status)
    )
    ways = {
        "name": target.name,
        "login": command("pyshare", "login", f"rclone:{target.name}"),
        "again": login_again(target.name, kind, refused.text),
        "mkdir": command("rclone", "mkdir", f"{target.name}:{'/'.join(target.folder.strip('/').split('/')[:1])}"),
    }
    return error(
        f"cannot {doing}: {why.format_map(ways)}{shown}",
        remedy=remedy and remedy.format_map(ways),
        retryable=retryable,
        retry_after=_pause(refused.text) if error is Busy else None,
        detail=words,
    )


def _other(status: int) -> _Meaning:
    if status == _NOT_FOUND:  # without a reason: the service failed when rclone opened the object
        return _Meaning(Unreachable, "the service failed", "")
    if status == _OUR_FAULT:
        return _Meaning(PyshareError, "rclone does not take the request", "")
    return _Meaning(Unreachable, "the service failed", "")


def is_absent(refused: Refused) -> bool:
    """Whether rclone says clearly that there is no such object or folder.

    A 404 without its own words is a failure. A folder is no object, and below an object there is none.
    """
    if refused.status == _NOT_FOUND:
        return bool(re.search(r"(?:object|directory) not found", refused.text))
    return refused.text.endswith(("is a directory not a file", ": not a directory"))


@contextmanager
def convert_errors(doing: str, target: Target, name: str = "", kind: str = "") -> Iterator[None]:
    """Raise refusals in the block as errors that name the operation and the place; the object is in their trace."""
    with tracing(f"{doing}: {target.shown}/{name}"):
        try:
            yield
        except Refused as refused:
            if is_absent(refused):
                raise NotFound(f"the file is not in {target.shown}") from refused
            raise error_of(refused, doing, target, name, kind) from refused


def _clean(text: str, name: str) -> str:
    text = _SECRETS.sub(r"\1\2", text)
    for part in (name, name.rpartition("/")[2]):
        if part:
            text = text.replace(part, "the file")
    return one_line(text)[: 4 * _LONGEST]


def _pause(text: str, now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)) -> float | None:
    """The seconds that a service asks us to wait, if rclone repeats them."""
    if found := _SECONDS.search(text):
        return float(found[1])
    if found := _AFTER.search(text):
        when = datetime.fromisoformat(found[1] + found[2].replace("Z", "+00:00"))
        return max(0.0, (when - now()).total_seconds())
    return None
