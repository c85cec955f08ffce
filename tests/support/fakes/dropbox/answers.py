"""What comes to the fake Dropbox and what goes back: calls, answers, and errors as tagged unions."""

import json
import re
from collections.abc import Mapping
from email.message import Message
from typing import Any, NamedTuple
from urllib.parse import parse_qsl


class Call(NamedTuple):
    """A request as it came."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes

    def form(self) -> dict[str, str]:
        """The fields of an HTML form in the body."""
        return parameters(self.body.decode())


class Answer(NamedTuple):
    """What is sent back."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Refused(Exception):
    """The whole call ends with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


class Problem(Exception):
    """An operation on files failed; each route wraps the error in its own union."""

    def __init__(self, *tags: str, **fields: Any) -> None:
        super().__init__(tags)
        self.error = tagged(*tags, **fields)


def tagged(*tags: str, **fields: Any) -> dict[str, Any]:
    """A union's value as JSON, `path/conflict/file` for three tags; the innermost one has the fields."""
    first, *rest = tags
    return {".tag": first, first: tagged(*rest, **fields)} if rest else {".tag": first, **fields}


def wrapped(tag: str, error: Mapping[str, Any]) -> dict[str, Any]:
    """One union within another."""
    return {".tag": tag, tag: error}


def summary(error: Any) -> str:
    """`path/conflict/file/..`, as the API's error_summary."""
    tags = []
    while isinstance(error, dict) and ".tag" in error:
        tags.append(error[".tag"])
        error = error.get(error[".tag"], error.get("reason"))
    return "/".join([*tags, "..."])


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode())


def as_text(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}, text.encode())


def as_page(html: str, status: int = 200) -> Answer:
    text = f'<!DOCTYPE html><html lang="en"><head><title>Dropbox</title></head><body>{html}</body></html>'
    return Answer(status, {"Content-Type": "text/html; charset=utf-8"}, text.encode())


def as_error(error: Mapping[str, Any], status: int = 409) -> Answer:
    """An error as the API sends it."""
    return as_json({"error_summary": summary(error), "error": error}, status)


def as_content(content: bytes, wanted: str, headers: Mapping[str, str]) -> Answer:
    """A file's bytes, or those that the header `Range: <wanted>` asks for."""
    every = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **headers}
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted)
    if not asked or asked.group(0) == "bytes=-":
        return Answer(200, every, content)
    first, last = asked.groups()
    start = int(first) if first else max(0, len(content) - int(last))
    end = min(int(last) + 1, len(content)) if first and last else len(content)
    if start >= len(content):
        return Answer(416, {"Content-Range": f"bytes */{len(content)}"})
    return Answer(206, {**every, "Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}, content[start:end])


def too_many(reason: str, seconds: int) -> Answer:
    """429 in JSON; a reason is too_many_requests or too_many_write_operations."""
    error = {"reason": {".tag": reason}, "retry_after": seconds}
    text = {"error_summary": f"{reason}/...", "error": error}
    return as_json(text, 429, {"Retry-After": str(seconds)})


def bad_input(route: str, text: str) -> Refused:
    """400 in plain text, for a client that has a bug."""
    return Refused(as_text(f'Error in call to API function "{route}": {text}', 400))


def parameters(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))
