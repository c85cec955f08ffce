"""Turns a response of Dropbox into an error that says what to do.

Only this module interprets the API's tags and status codes, with the table in `error_codes`. Source of the tags:
https://github.com/dropbox/dropbox-api-spec (files.stone, sharing.stone, auth.stone, common.stone).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.dropbox.credential import Login, expired, lacks, revoked
from git_annex_remote_pyshare.backends.dropbox.error_codes import BY_STATUS, BY_TAG, UNKNOWN
from git_annex_remote_pyshare.errors import NotAStore, PyshareError
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transport.errors import retry_after
from git_annex_remote_pyshare.transport.statuses import Meaning

_ROUTE_ERROR = 409
_EXCERPT = 200
"""Characters of a plain-text response that an error text quotes."""
_MAX_WAIT = 1e6
"""Seconds from which on a requested delay is ignored."""
_TOKEN = re.compile(r"(Bearer )[^<\"'][^\"']*")


class Refusal(NamedTuple):
    """A response that is not a success."""

    status: int
    tag: str = ""
    """The tags of the error's unions, from the outermost to the innermost: `path/conflict/file`. Empty if the
    response is not from the API."""
    error: Mapping[str, Any] = {}
    """The error as received."""
    retry_after: float | None = None
    """Seconds to wait."""
    text: str = ""
    """The server's plain text, shortened."""

    @property
    def innermost(self) -> Mapping[str, Any]:
        """The union's value that has the innermost tag, with the fields beside it."""
        value = self.error
        while isinstance(inner := _inner(value), Mapping):
            value = inner
        return value

    @property
    def root_info(self) -> Mapping[str, Any]:
        """The account's namespaces in a 422; empty if there are none."""
        info = self.error.get("invalid_root", {})
        return info if isinstance(info, Mapping) else {}


def refusal_of(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """The refusal in a response.

    Args:
        status: The response's status code.
        headers: Its headers.
        body: Its body, or the start of it.
    """
    wait = retry_after(headers)
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):  # the latter: nested without end
        return Refusal(status, retry_after=wait, text=_plain(headers, body))
    error = content.get("error") if isinstance(content, dict) else None
    if not isinstance(error, dict):
        return Refusal(status, retry_after=wait)
    delay = error.get("retry_after")
    seconds = float(delay) if isinstance(delay, (int, float)) and delay < _MAX_WAIT else wait
    return Refusal(status, "/".join(tags_of(error)), error, seconds)


def tags_of(error: Any) -> Iterator[str]:
    """The tags of nested unions, the outermost first."""
    while isinstance(error, Mapping):
        if tag := error.get(".tag"):
            yield str(tag)
        error = _inner(error)


def matches(tag: str, wanted: tuple[str, ...]) -> bool:
    """Whether the tag is one of `wanted`, or a special case of one."""
    return any(f"{tag}/".startswith(f"{each}/") for each in wanted)


def from_refusal(doing: str, refusal: Refusal, login: Login, remote: str = "") -> PyshareError:
    """The exception for a refusal.

    Args:
        doing: What failed: "cannot store the file in dropbox:/lab".
        refusal: The refusal.
        login: The request's login; the remedy depends on its origin.
        remote: The remote's name in this clone, for the remedy; empty if it has none.
    """
    if refusal.tag == "expired_access_token":
        return expired(login)
    if refusal.tag == "missing_scope":
        return lacks(str(refusal.error.get("required_scope", "")), login)
    if refusal.tag.startswith("invalid_access_token"):
        return revoked(login)
    known = _by_tag(refusal.tag)
    meaning = known or _by_status(refusal)
    # A known tag adds nothing to the table's text.
    response_text = "" if known else f" ({refusal.tag or refusal.text or f'status {refusal.status}'})"
    return meaning.kind(
        f"{doing}: {meaning.why}{response_text}",
        remedy=meaning.remedy and meaning.remedy.replace("{remote}", command(remote or "NAME")),
        retryable=meaning.retryable,
        retry_after=refusal.retry_after,
        detail=refusal.tag,
    )


def not_dropbox(doing: str) -> PyshareError:
    """The error for a success without valid JSON: a proxy or a captive portal sent it."""
    return NotAStore(
        f"{doing}: the response is not from Dropbox", remedy="Is there a proxy, or a network that needs a login?"
    )


def _by_tag(tag: str) -> Meaning | None:
    """The meaning of the longest known piece of a tag; of two of the same length, the inner one."""
    tags = tag.split("/")
    lengths = range(len(tags), 0, -1)
    pieces = ("/".join(tags[end - size : end]) for size in lengths for end in range(len(tags), size - 1, -1))
    return next((BY_TAG[piece] for piece in pieces if piece in BY_TAG), None)


def _by_status(refusal: Refusal) -> Meaning:
    """The meaning of a status, if no tag is known. Unions may grow, so a route error with a new tag stays UNKNOWN."""
    if refusal.status == _ROUTE_ERROR:
        return UNKNOWN
    return BY_STATUS.get(refusal.status) or BY_STATUS.get(refusal.status // 100 * 100) or UNKNOWN


def _inner(error: Mapping[str, Any]) -> Any:
    """The next union: the field with the tag's name, or `reason` in some errors."""
    return error.get(str(error.get(".tag")), error.get("reason"))


def _plain(headers: Mapping[str, str], body: bytes) -> str:
    """The server's plain text; never an HTML page, nor the invalid token that Dropbox quotes."""
    if not headers.get("Content-Type", "").startswith("text/plain"):
        return ""
    return _TOKEN.sub(r"\1…", " ".join(body.decode("utf-8", "replace").split()))[:_EXCERPT]
