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
from git_annex_remote_pyshare.backends.dropbox.writes import STORED, Pending, Writes, cursor, is_taken, receipt
from git_annex_remote_pyshare.errors import NotAStore, SourceChanged, Unreachable, UploadLost
from git_annex_remote_pyshare.transfer import Condition, Progress, Source
from git_annex_remote_pyshare.transport.body import Body

_START = "files/upload_session/start"
_APPEND = "files/upload_session/append_v2"
_MISMATCH = "content_hash_mismatch"
_SESSION = ("session_id",)
_LOST = ("not_found", "closed", "incorrect_offset")


class Piece(NamedTuple):
    """The bytes of one request: a file, or a part of one."""

    source: Source
    progress: Progress
    """Called with the position in the file, in bytes."""
    what: str
    """For error texts: "store a/KEY"."""
    start: int
    """Its start in the file, in bytes."""
    size: int
    """Bytes."""

    @property
    def end(self) -> int:
        """Its end in the file, in bytes."""
        return self.start + self.size


def whole(source: Source, progress: Progress, what: str) -> Piece:
    """A file in one piece."""
    return Piece(source, progress, what, 0, source.size)


def send_in_session(client: Client, piece: Piece) -> tuple[str, str]:
    """Send a file to a new session, closed and ready for its commit; returns its id and the content hash."""
    hashed = content_hash(piece.source)
    reply = send(client, Call(_START, {"close": True, ALGORITHM: hashed}, piece.what, requires=_SESSION), piece)
    return str(reply.result["session_id"]), hashed


def open_session(client: Client, what: str) -> str:
    """Start a session that accepts parts in any order and several at once; returns its id."""
    arg = {"session_type": "concurrent", "close": False}
    return str(client.upload(Call(_START, arg, what, requires=_SESSION), b"").result["session_id"])


def append(client: Client, session: str, piece: Piece, digests: list[bytes]) -> None:
    """Send a part, with the digests of its blocks. The last part closes the session, and need not be whole blocks.

    Raises:
        UploadLost: Dropbox has lost the session or its parts.
        SourceChanged: The file has changed since it was hashed.
    """
    closes = piece.end == piece.source.size
    arg = {"cursor": cursor(session, piece.start), "close": closes, ALGORITHM: joined(digests)}
    reply = send(client, Call(_APPEND, arg, piece.what, _LOST), piece)
    # An earlier attempt sent it, and its response was lost; the SDK checks the offset, too (file_transfer.py).
    is_there = (reply.tag == "closed" and closes) or reply.result.get("correct_offset") == piece.end
    if reply.tag and not is_there:
        raise UploadLost(f"{client.doing(piece.what)}: Dropbox has lost parts of the upload", detail=reply.tag)


def send(client: Client, call: Call, piece: Piece) -> Reply:
    """Send a piece, whose hash is the call's `content_hash`.

    Raises:
        SourceChanged: The file has changed since it was hashed.
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
"""Bytes that one request may have (documentation of files/upload)."""

SHORT_UPLOAD = 4 << 20
"""Bytes up to which an upload takes no longer than a commit, so that others can wait for it."""

_UPLOAD = "files/upload"
_WRITTEN_ELSEWHERE = ("path/too_many_write_operations",)


class Uploads:
    """Uploads of whole objects.

    Args:
        client: Sends the requests.
        writes: Shared with all other writes to the store.
        is_tree: Whether it has the files of a tree; there a new file seldom replaces another.
    """

    def __init__(self, client: Client, writes: Writes, *, is_tree: bool = False) -> None:
        self._is_tree = is_tree
        self._client = client
        self._writes = writes
        self._counting = Lock()
        self._under_way = 0

    def put(self, path: str, source: Source, progress: Progress, what: str) -> Receipt:
        """Store an object of at most MAX_REQUEST bytes; see `Backend.put`."""
        self._writes.check(source.size, what)
        piece = whole(source, progress, what)
        if not self._is_tree:
            return self._put(self._writes.info(path, what), piece)
        if source.condition is not None:
            return self._put_if(source.condition, path, piece)
        try:
            return self._put(self._writes.info_of_new(path), piece)
        except NotAStore as error:
            if not is_taken(error):
                raise
        return self._put(self._writes.info(path, what), piece)

    def _put_if(self, condition: Condition, path: str, piece: Piece) -> Receipt:
        try:
            return self._put(self._writes.info_if(path, condition), piece)
        except NotAStore as error:
            if not is_taken(error):
                raise
        hashed = content_hash(piece.source)
        return receipt(piece.source, hashed, self._writes.stored_already(path, hashed, piece.what))

    def _put(self, info: Mapping[str, Any], piece: Piece) -> Receipt:
        with self._counting_uploads() as alone, self._writes.explaining_quota():
            made, hashed = self._in_one_request(info, piece) if alone else self._by_session(info, piece)
        self._writes.accept(made, info, piece.what)
        return receipt(piece.source, hashed, made)

    @contextmanager
    def _counting_uploads(self) -> Iterator[bool]:
        """Whether no other upload is under way at the start."""
        with self._counting:
            alone = self._under_way == 0
            self._under_way += 1
        try:
            yield alone
        finally:
            with self._counting:
                self._under_way -= 1

    def _in_one_request(self, info: Mapping[str, Any], piece: Piece) -> tuple[Mapping[str, Any], str]:
        """Upload by a single request, which is a commit, too: if it is short, other commits wait for it.

        A longer one may collide with another commit. Dropbox then keeps the bytes in a session, to be committed later.
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
        """Upload by a session that is committed together with others."""
        session, hashed = send_in_session(self._client, piece)
        return self._committed(session, info, piece), hashed

    def _committed(self, session: str, info: Mapping[str, Any], piece: Piece) -> Mapping[str, Any]:
        try:
            return self._writes.commit(Pending(session, piece.size, info, piece.what))
        except UploadLost as error:
            raise Unreachable(error.what) from error  # the next attempt sends all of it again
