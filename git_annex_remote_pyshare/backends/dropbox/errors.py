"""From an answer of Dropbox to an error that says what to do.

The only place of this backend that gives meaning to the API's tags and status codes. Source of the tags:
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
"""Characters of a plain answer that an error text quotes."""
_MAX_WAIT = 1e6
"""Seconds beyond which a time to wait is none."""
_TOKEN = re.compile(r"(Bearer )[^<\"'][^\"']*")


class Refusal(NamedTuple):
    """An answer that is no success."""

    status: int
    tag: str = ""
    """The tags of the error's unions, from the outermost to the innermost: `path/conflict/file`. Empty where the
    answer is none of the API's."""
    error: Mapping[str, Any] = {}
    """The error as it came."""
    retry_after: float | None = None
    """Seconds to wait."""
    text: str = ""
    """What the server said in plain words."""

    @property
    def innermost(self) -> Mapping[str, Any]:
        """The union's value that has the innermost tag, with the fields beside it."""
        value = self.error
        while isinstance(inner := _inner(value), Mapping):
            value = inner
        return value

    @property
    def root_info(self) -> Mapping[str, Any]:
        """What a 422 tells of the account's namespaces; empty where it tells nothing."""
        info = self.error.get("invalid_root", {})
        return info if isinstance(info, Mapping) else {}


def refusal_of(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """What an answer says.

    Args:
        status: The answer's status code.
        headers: Its headers.
        body: Its body, as much of it as was read.
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
    """Whether the tag is one of those, or a more special case of one."""
    return any(f"{tag}/".startswith(f"{each}/") for each in wanted)


def from_refusal(doing: str, refusal: Refusal, login: Login, remote: str = "") -> PyshareError:
    """The error that an answer means.

    Args:
        doing: What could not be done: "cannot store the file in dropbox:/lab".
        refusal: The answer.
        login: Whose request it was; the remedy depends on where it came from.
        remote: The remote's name in this clone, where there is one, for the remedy.
    """
    if refusal.tag == "expired_access_token":
        return expired(login)
    if refusal.tag == "missing_scope":
        return lacks(str(refusal.error.get("required_scope", "")), login)
    if refusal.tag.startswith("invalid_access_token"):
        return revoked(login)
    known = _by_tag(refusal.tag)
    meaning = known or _by_status(refusal)
    # A tag that we know says nothing more to a person than our own words for it.
    response_text = "" if known else f" ({refusal.tag or refusal.text or f'status {refusal.status}'})"
    return meaning.kind(
        f"{doing}: {meaning.why}{response_text}",
        remedy=meaning.remedy and meaning.remedy.replace("{remote}", command(remote or "NAME")),
        retryable=meaning.retryable,
        retry_after=refusal.retry_after,
        detail=refusal.tag,
    )


def not_dropbox(doing: str) -> PyshareError:
    """A success that is no JSON: something between us and Dropbox answered."""
    return NotAStore(
        f"{doing}: the answer is not Dropbox's", remedy="Is there a proxy, or a network that needs a login?"
    )


def _by_tag(tag: str) -> Meaning | None:
    """The meaning of the longest known piece of a tag; of two as long the inner one counts."""
    tags = tag.split("/")
    lengths = range(len(tags), 0, -1)
    pieces = ("/".join(tags[end - size : end]) for size in lengths for end in range(len(tags), size - 1, -1))
    return next((BY_TAG[piece] for piece in pieces if piece in BY_TAG), None)


def _by_status(refusal: Refusal) -> Meaning:
    """Where the tags say nothing to us. Unions may grow, so a new tag of a route's own error may be anything."""
    if refusal.status == _ROUTE_ERROR:
        return UNKNOWN
    return BY_STATUS.get(refusal.status) or BY_STATUS.get(refusal.status // 100 * 100) or UNKNOWN


def _inner(error: Mapping[str, Any]) -> Any:
    """The next union: the field of the tag's name, or `reason`, as some have it."""
    return error.get(str(error.get(".tag")), error.get("reason"))


def _plain(headers: Mapping[str, str], body: bytes) -> str:
    """The server's own words; never a page, nor the token that Dropbox repeats when it is no token at all."""
    if not headers.get("Content-Type", "").startswith("text/plain"):
        return ""
    return _TOKEN.sub(r"\1…", " ".join(body.decode("utf-8", "replace").split()))[:_EXCERPT]
