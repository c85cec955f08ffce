"""Upload sessions of the fake Dropbox, sequential and concurrent, and the commits of what they hold."""

from typing import Any

from support.fakes.dropbox.accounts import Caller
from support.fakes.dropbox.answers import Problem, Refused, as_error, tagged, wrapped
from support.fakes.dropbox.paths import at, described
from support.fakes.dropbox.tree import BLOCK, File, Write, content_hash

LIFE = 7 * 24 * 3600.0
"""Seconds after its start, also while it is used."""


class Session:
    """What was uploaded and not committed yet."""

    def __init__(self, kind: str, account: str, end: float) -> None:
        self.kind = kind
        self.account = account
        self.end = end
        self.is_closed = False
        self.is_committed = False
        self.parts: dict[int, bytes] = {}
        """By offset."""

    @property
    def size(self) -> int:
        return max((offset + len(part) for offset, part in self.parts.items()), default=0)

    @property
    def has_gaps(self) -> bool:
        return sum(len(part) for part in self.parts.values()) != self.size

    def content(self) -> bytes:
        return b"".join(part for _, part in sorted(self.parts.items()))

    def append(self, offset: int, data: bytes, limit: int) -> None:
        """Take data.

        Raises:
            Problem: Of UploadSessionAppendError's tags.
        """
        if self.is_closed:
            raise Problem("closed")
        if offset + len(data) > limit:
            raise Problem("too_large")
        if self.kind == "concurrent":
            if offset % BLOCK:
                raise Problem("concurrent_session_invalid_offset")
        elif offset != self.size:
            raise Problem("incorrect_offset", correct_offset=self.size)
        if data:
            self.parts[offset] = data

    def check_size(self, size: int, *, closes: bool) -> None:
        """Refuse a part of a concurrent session that is neither whole blocks nor the last."""
        if self.kind == "concurrent" and size % BLOCK and not closes:
            raise Problem("concurrent_session_invalid_data_size")


def start(caller: Caller, arg: dict[str, Any], body: bytes) -> dict[str, Any]:
    _check_body(caller, arg, body)
    kind = _kind(arg)
    if kind == "concurrent" and body:
        raise Refused(as_error(tagged("concurrent_session_data_not_allowed")))
    if kind == "concurrent" and arg.get("close"):
        raise Refused(as_error(tagged("concurrent_session_close_not_allowed")))
    number, session = _new(caller, kind)
    session.append(0, body, caller.service.file_limit)
    session.is_closed = bool(arg.get("close"))
    return {"session_id": number}


def start_batch(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    return {"session_ids": [_new(caller, _kind(arg))[0] for _ in range(arg["num_sessions"])]}


def append(caller: Caller, arg: dict[str, Any], body: bytes) -> None:
    _check_body(caller, arg, body)
    try:
        _append(caller, arg, body)
    except Problem as problem:
        raise Refused(as_error(problem.error)) from None


def append_batch(caller: Caller, arg: dict[str, Any], body: bytes) -> dict[str, Any]:
    _check_body(caller, arg, body)
    if sum(entry["length"] for entry in arg["entries"]) != len(body):
        raise Refused(as_error(tagged("length_mismatch")))
    entries: list[dict[str, Any]] = []
    position = 0
    for entry in arg["entries"]:
        data = body[position : position + entry["length"]]
        position += len(data)
        try:
            _append(caller, entry, data)
            entries.append({".tag": "success"})
        except Problem as problem:
            entries.append(wrapped("failure", problem.error))
    return {"entries": entries}


def finish(caller: Caller, arg: dict[str, Any], body: bytes) -> dict[str, Any]:
    _check_body(caller, arg, body)
    try:
        session = _complete(caller, arg, body)
    except Problem as problem:
        raise Refused(as_error(problem.error)) from None
    try:
        made = commit(caller, arg["commit"], session.content())
    except Problem as problem:
        raise Refused(as_error(_finish_error(problem))) from None
    session.is_committed = session.is_closed = True
    return made


def finish_batch(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    """Commit many sessions: one lock for each namespace that is concerned, and each entry's own result."""
    service = caller.service
    results: list[dict[str, Any]] = [{}] * len(arg["entries"])
    trees = [_tree_of(caller, entry) for entry in arg["entries"]]
    for number in dict.fromkeys(tree.number for tree in trees):
        mine = [index for index, tree in enumerate(trees) if tree.number == number]
        try:
            with service.committing(trees[mine[0]]):
                for index in mine:
                    results[index] = _finish_entry(caller, arg["entries"][index])
        except Problem as problem:
            for index in mine:
                results[index] = wrapped("failure", problem.error)
    return {"entries": results}


def commit(caller: Caller, info: dict[str, Any], content: bytes) -> dict[str, Any]:
    """Write a file under its namespace's lock; its metadata.

    Raises:
        Problem: Of WriteError's tags.
    """
    spot = at(caller, info["path"])
    with caller.service.committing(spot.tree):
        return _write(caller, info, content)


def kept_upload(caller: Caller, content: bytes) -> str:
    """Keep what could not be written, for another try without sending it again; the session's id."""
    number, session = _new(caller, "sequential")
    session.append(0, content, len(content))
    session.is_closed = True
    return number


def _write(caller: Caller, info: dict[str, Any], content: bytes) -> dict[str, Any]:
    spot = at(caller, info["path"])
    old = len(spot.entry.content) if isinstance(spot.entry, File) else 0
    if len(content) - old > caller.account.free():
        raise Problem("insufficient_space")
    write = Write(spot.path, content, content_hash(content), caller.service.stamp(), info)
    return described(spot, spot.tree.write(write))


def _finish_entry(caller: Caller, entry: dict[str, Any]) -> dict[str, Any]:
    try:
        session = _complete(caller, entry, b"")
    except Problem as problem:
        return wrapped("failure", problem.error)
    if not session.is_closed:
        return wrapped("failure", tagged("lookup_failed", "not_closed"))
    try:
        made = _write(caller, entry["commit"], session.content())
    except Problem as problem:
        return wrapped("failure", _finish_error(problem))
    session.is_committed = True
    return {".tag": "success", **made}


def _complete(caller: Caller, arg: dict[str, Any], body: bytes) -> Session:
    """The session that is to be finished, with the last data in it.

    Raises:
        Problem: Of UploadSessionFinishError's tags.
    """
    try:
        session = _session(caller, arg["cursor"]["session_id"])
        _take_last(caller, session, arg["cursor"]["offset"], body)
    except Problem as problem:
        if problem.error[".tag"].startswith("concurrent_"):
            raise
        raise Problem("lookup_failed", problem.error[".tag"], **_fields(problem)) from None
    return session


def _take_last(caller: Caller, session: Session, offset: int, body: bytes) -> None:
    """Check what a session is finished with, and take it."""
    if session.is_committed:
        raise Problem("closed")
    if session.kind == "concurrent":
        _check_concurrent(session, body)
    if offset != session.size:
        raise Problem("incorrect_offset", correct_offset=session.size)
    if body:
        session.append(offset, body, caller.service.file_limit)


def _check_concurrent(session: Session, body: bytes) -> None:
    if body:
        raise Problem("concurrent_session_data_not_allowed")
    if not session.is_closed:
        raise Problem("concurrent_session_not_closed")
    if session.has_gaps:
        raise Problem("concurrent_session_missing_data")


def _append(caller: Caller, arg: dict[str, Any], data: bytes) -> None:
    closes = bool(arg.get("close"))
    session = _session(caller, arg["cursor"]["session_id"])
    session.check_size(len(data), closes=closes)
    session.append(arg["cursor"]["offset"], data, caller.service.file_limit)
    session.is_closed = closes


def _session(caller: Caller, number: str) -> Session:
    session = caller.service.table("sessions").get(number)
    if session is None or session.account != caller.account.id or session.end < caller.service.now():
        raise Problem("not_found")
    assert isinstance(session, Session)
    return session


def _new(caller: Caller, kind: str) -> tuple[str, Session]:
    number = caller.service.new_name("pid_upload_session:")
    session = Session(kind, caller.account.id, caller.service.now() + LIFE)
    caller.service.table("sessions")[number] = session
    return number, session


def _kind(arg: dict[str, Any]) -> str:
    kind = arg.get("session_type") or "sequential"
    return str(kind if isinstance(kind, str) else kind[".tag"])


def _check_body(caller: Caller, arg: dict[str, Any], body: bytes) -> None:
    if len(body) > caller.service.request_limit:
        raise Refused(as_error(tagged("payload_too_large")))
    if arg.get("content_hash", content_hash(body)) != content_hash(body):
        raise Refused(as_error(tagged("content_hash_mismatch")))


def _tree_of(caller: Caller, entry: dict[str, Any]) -> Any:
    """The namespace that an entry of a batch is for; the caller's own where the path is wrong."""
    try:
        return at(caller, entry["commit"]["path"]).tree
    except Problem:
        return caller.root


def _finish_error(problem: Problem) -> dict[str, Any]:
    """A WriteError within UploadSessionFinishError."""
    is_lock = problem.error[".tag"] == "too_many_write_operations"
    return problem.error if is_lock else wrapped("path", problem.error)


def _fields(problem: Problem) -> dict[str, Any]:
    return {name: value for name, value in problem.error.items() if name != ".tag"}
