"""Stores an object in one piece: by one request if it is alone, else by a session, whose commit others may share."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.backends.dropbox.content_hash import ALGORITHM, content_hash
from git_annex_remote_pyshare.backends.dropbox.errors import Refusal
from git_annex_remote_pyshare.backends.dropbox.sessions import Piece, closed, send, whole
from git_annex_remote_pyshare.backends.dropbox.writes import STORED, Pending, Writes, receipt
from git_annex_remote_pyshare.errors import Unreachable, UploadLost
from git_annex_remote_pyshare.transfer import Progress, Source

SINGLE = 150 << 20
"""Bytes that one request may bring (documentation of files/upload)."""

QUICK = 4 << 20
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
        with self._counted() as alone, self._writes.into_room():
            made, hashed = self._at_once(info, piece) if alone else self._together(info, piece)
        self._client.spelling.check(made, path, self._client.doing(what))
        return receipt(source, hashed, made)

    @contextmanager
    def _counted(self) -> Iterator[bool]:
        """Whether no other store is under way at the beginning."""
        with self._counting:
            alone = self._under_way == 0
            self._under_way += 1
        try:
            yield alone
        finally:
            with self._counting:
                self._under_way -= 1

    def _at_once(self, info: Mapping[str, Any], piece: Piece) -> tuple[Mapping[str, Any], str]:
        """By a single request, which is a commit, too: while it is short, others wait for it.

        A longer one may meet another commit. Dropbox then has the file in a session, which is committed after that.
        """
        hashed = content_hash(piece.source)
        call = Call(_UPLOAD, {**info, ALGORITHM: hashed}, piece.what, gives=STORED)
        if piece.size <= QUICK:
            with self._writes.turn():
                return send(self._client, call, piece).result, hashed
        call = call._replace(expects=_WRITTEN_ELSEWHERE)
        reply = send(self._client, call, piece)
        if not reply.tag:
            return reply.result, hashed
        if not (session := reply.error.get("upload_session_id")):
            raise self._client.failure(call, Refusal(409, reply.tag, reply.error))
        return self._committed(str(session), info, piece), hashed

    def _together(self, info: Mapping[str, Any], piece: Piece) -> tuple[Mapping[str, Any], str]:
        """By a session that is committed together with others."""
        session, hashed = closed(self._client, piece)
        return self._committed(session, info, piece), hashed

    def _committed(self, session: str, info: Mapping[str, Any], piece: Piece) -> Mapping[str, Any]:
        try:
            return self._writes.commit(Pending(session, piece.size, info, piece.what))
        except UploadLost as error:
            raise Unreachable(error.what) from error  # the next attempt sends it all again anyway
