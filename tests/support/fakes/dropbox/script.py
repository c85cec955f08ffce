"""Scripted answers of the fake Dropbox, and its records of what was asked."""

import re
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, NamedTuple

from support.fakes.dropbox.answers import Answer, as_error, as_text, tagged, too_many


class Seen(NamedTuple):
    """A call that was answered, or whose answer was lost."""

    route: str
    """`files/upload`; for anything but an API route the method and the path, `POST /oauth2/token`."""
    arg: Any
    """The argument as JSON; of a form its fields."""
    size: int
    """Bytes of the file that came with it."""
    status: int
    token: str
    """The access token that was sent, or an empty string."""
    headers: Mapping[str, str]
    host: str


class Play(NamedTuple):
    """What happens to one call instead of, or besides, a proper answer."""

    answer: Answer | None = None
    """Sent without doing anything."""
    lost: bool = False
    """Do it, and end the connection without an answer."""
    cut: int | None = None
    """Bytes of the answer's body after which the connection ends."""
    reset: bool = False
    """Reset the connection before the body is read; nothing is done or recorded."""
    wait: float = 0
    """Seconds before it is done."""
    headers: Mapping[str, str] = {}
    """Sent besides those of the proper answer."""
    drip: float = 0
    """Seconds between the 64 KiB pieces of the answer's body."""


class Rule(NamedTuple):
    """A play for the next `times` calls of a route, `after` so many that are answered properly."""

    route: str
    """Regular expression that the whole route matches (see `Seen.route`)."""
    play: Play
    times: int = 1
    after: int = 0
    arg: str = ""
    """Regular expression that is searched for in the argument's JSON, or in the form."""


class Script:
    """The rules that are still to be played; the first that fits is the one."""

    def __init__(self) -> None:
        self.otherwise: Callable[[str], Play] = lambda _route: Play()
        """Decides about calls that no rule is for; may draw faults at random."""
        self._rules: list[Rule] = []
        self._lock = Lock()

    def add(self, *rules: Rule) -> None:
        with self._lock:
            self._rules += rules

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def next(self, route: str, arg: str) -> Play:
        with self._lock:
            for index, rule in enumerate(self._rules):
                if re.fullmatch(rule.route, route) and re.search(rule.arg, arg):
                    return self._use(index, rule)
        return self.otherwise(route)

    def _use(self, index: int, rule: Rule) -> Play:
        if rule.after:
            self._rules[index] = rule._replace(after=rule.after - 1)
            return Play()
        left = rule._replace(times=rule.times - 1)
        self._rules[index : index + 1] = [left] if left.times else []
        return rule.play


LOST = Play(lost=True)
"""It is done, but the answer never arrives."""


def refuses(*tags: str, status: int = 409, **fields: Any) -> Play:
    """The route's own error, `refuses("path", "restricted_content")`."""
    return Play(as_error(tagged(*tags, **fields), status))


def upload_refused(*tags: str) -> Play:
    """files/upload's error for a path; its union has a field more (UploadWriteFailed)."""
    fields = {"reason": tagged(*tags), "upload_session_id": "pid_upload_session:never"}
    return Play(as_error({".tag": "path", **fields}))


def rate_limited(seconds: int, reason: str = "too_many_requests") -> Play:
    """429 in JSON."""
    return Play(too_many(reason, seconds))


def rate_limited_plainly(seconds: int) -> Play:
    """429 in plain text."""
    return Play(as_text("Too many requests", 429, {"Retry-After": str(seconds)}))


def fails(status: int, body: bytes = b"", content_type: str = "text/html") -> Play:
    """An answer that is no JSON of the API: of a proxy, or of a server in trouble."""
    return Play(Answer(status, {"Content-Type": content_type}, body))
