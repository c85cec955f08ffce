"""Sends bytes to Dropbox: an object in one piece, by one request or a session; and a part, by a session's append.

An upload that runs alone takes one request. Uploads that run side by side use sessions, which share a commit.
Source: https://github.com/dropbox/dropbox-api-spec, files.stone, upload_session/start to finish.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client, Reply
from git_annex_remote_pyshare.backends.dropbox.content_hash import ALGORITHM, content_hash, joined
from git_annex_remote_pyshare.backends.dropbox.errors import Refusal
from git_annex_remote_pyshare.backends.dropbox.writes import STORED, Pending, Writes, cursor, receipt
from git_annex_remote_pyshare.errors import SourceChanged, Unreachable, UploadLost
from git_annex_remote_pyshare.transfer import Progress, Source
from git_annex_remote_pyshare.transport.body import Body

_START = "files/upload_session/start"
_APPEND = "files/upload_session/append_v2"
_MISMATCH = "content_hash_mismatch"
_SESSION = ("session_id",)
_LOST = ("not_found", "closed", "incorrect_offset")


class Piece(NamedTuple):
    """A file on its way to Dropbox, or a part of one."""

    source: Source
    progress: Progress
    """Told where in the file the sending is, in bytes."""
    what: str
    """For error texts: "store a/KEY"."""
    start: int
    """Where in the file it begins, in bytes."""
    size: int
    """Bytes."""

    @property
    def end(self) -> int:
        """Where in the file it ends, in bytes."""
        return self.start + self.size


def whole(source: Source, progress: Progress, what: str) -> Piece:
    """A file in one piece."""
    return Piece(source, progress, what, 0, source.size)


def send_in_session(client: Client, piece: Piece) -> tuple[str, str]:
    """Send a file in one request to a new session, which then waits for its commit: its id, and the content hash."""
    hashed = content_hash(piece.source)
    reply = send(client, Call(_START, {"close": True, ALGORITHM: hashed}, piece.what, requires=_SESSION), piece)
    return str(reply.result["session_id"]), hashed


def open_session(client: Client, what: str) -> str:
    """A new session that takes parts in any order and several at once; its id."""
    arg = {"session_type": "concurrent", "close": False}
    return str(client.upload(Call(_START, arg, what, requires=_SESSION), b"").result["session_id"])


def append(client: Client, session: str, piece: Piece, digests: list[bytes]) -> None:
    """Send a part, with the digests of its blocks; the file's last one closes the session, and may be no whole blocks.

    Raises:
        UploadLost: Dropbox does not have the session as we know it.
        SourceChanged: The file is not any more what was hashed.
    """
    closes = piece.end == piece.source.size
    arg = {"cursor": cursor(session, piece.start), "close": closes, ALGORITHM: joined(digests)}
    reply = send(client, Call(_APPEND, arg, piece.what, _LOST), piece)
    # An earlier attempt has done it, and the answer was lost; so does the SDK take the offset (file_transfer.py).
    is_there = (reply.tag == "closed" and closes) or reply.result.get("correct_offset") == piece.end
    if reply.tag and not is_there:
        raise UploadLost(f"{client.doing(piece.what)}: Dropbox has lost what was sent before", detail=reply.tag)


def send(client: Client, call: Call, piece: Piece) -> Reply:
    """Send a piece, whose hash the call's `content_hash` says.

    Raises:
        SourceChanged: The file is not any more what was hashed.
        PyshareError: Any other failure that the call does not expect.
    """
    call = call._replace(expected=(*call.expected, _MISMATCH))
    reply = client.upload(call, Body(piece.source, piece.progress, piece.start, piece.size))
    if reply.tag != _MISMATCH:
        return reply
    if content_hash(piece.source, piece.start, piece.size) != (call.arg or {})[ALGORITHM]:
        raise SourceChanged(f"{client.doing(call.what)}: the file changed while it was being stored")
    raise client.failure(call, Refusal(409, _MISMATCH))


MAX_REQUEST = 150 << 20
"""Bytes that one request may bring (documentation of files/upload)."""

SHORT_UPLOAD = 4 << 20
"""Bytes up to which an upload is as short as a commit, so that others can wait for it."""

_UPLOAD = "files/upload"
_WRITTEN_ELSEWHERE = ("path/too_many_write_operations",)


class Uploads:
    """All stores in one piece.

    Args:
        client: Sends the requests.
        writes: Shared with all other writes into the place.
    """

    def __init__(self, client: Client, writes: Writes) -> None:
        self._client = client
        self._writes = writes
        self._counting = Lock()
        self._under_way = 0

    def put(self, path: str, source: Source, progress: Progress, what: str) -> Receipt:
        """Store an object of at most SINGLE bytes; see `Backend.put`."""
        self._writes.check(source.size, what)
        piece, info = whole(source, progress, what), self._writes.info(path, what)
        with self._counting_uploads() as alone, self._writes.explaining_quota():
            made, hashed = self._in_one_request(info, piece) if alone else self._by_session(info, piece)
        self._client.name_case.check(made, path, self._client.doing(what))
        return receipt(source, hashed, made)

    @contextmanager
    def _counting_uploads(self) -> Iterator[bool]:
        """Whether no other store is under way at the beginning."""
        with self._counting:
            alone = self._under_way == 0
            self._under_way += 1
        try:
            yield alone
        finally:
            with self._counting:
                self._under_way -= 1

    def _in_one_request(self, info: Mapping[str, Any], piece: Piece) -> tuple[Mapping[str, Any], str]:
        """By a single request, which is a commit, too: while it is short, others wait for it.

        A longer one may meet another commit. Dropbox then has the file in a session, which is committed after that.
        """
        hashed = content_hash(piece.source)
        call = Call(_UPLOAD, {**info, ALGORITHM: hashed}, piece.what, requires=STORED)
        if piece.size <= SHORT_UPLOAD:
            with self._writes.turn():
                return send(self._client, call, piece).result, hashed
        call = call._replace(expected=_WRITTEN_ELSEWHERE)
        reply = send(self._client, call, piece)
        if not reply.tag:
            return reply.result, hashed
        if not (session := reply.error.get("upload_session_id")):
            raise self._client.failure(call, Refusal(409, reply.tag, reply.error))
        return self._committed(str(session), info, piece), hashed

    def _by_session(self, info: Mapping[str, Any], piece: Piece) -> tuple[Mapping[str, Any], str]:
        """By a session that is committed together with others."""
        session, hashed = send_in_session(self._client, piece)
        return self._committed(session, info, piece), hashed

    def _committed(self, session: str, info: Mapping[str, Any], piece: Piece) -> Mapping[str, Any]:
        try:
            return self._writes.commit(Pending(session, piece.size, info, piece.what))
        except UploadLost as error:
            raise Unreachable(error.what) from error  # the next attempt sends it all again anyway
