"""Stores an object in one piece: by one request if it is alone, else by a session, whose commit others may share."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import Any

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.dropbox.api import Call, Client
from git_annex_remote_pyshare.backends.dropbox.content_hash import ALGORITHM, content_hash
from git_annex_remote_pyshare.backends.dropbox.sessions import Piece, closed, send, whole
from git_annex_remote_pyshare.backends.dropbox.writes import Pending, Writes, commit_info, receipt
from git_annex_remote_pyshare.errors import Unreachable, UploadLost
from git_annex_remote_pyshare.transfer import Progress, Source

SINGLE = 150 << 20
"""Bytes that one request may bring (documentation of files/upload)."""

QUICK = 4 << 20
"""Bytes up to which an upload is as short as a commit, so that others can wait for it."""

_UPLOAD = "files/upload"


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

    def store(self, path: str, source: Source, progress: Progress, what: str) -> Receipt:
        """Store an object of at most SINGLE bytes; see `Backend.put`."""
        self._writes.check(source.size, what)
        piece = whole(source, progress, what)
        with self._counted() as alone, self._writes.into_room():
            made, hashed = self._at_once(path, piece) if alone else self._together(path, piece)
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

    def _at_once(self, path: str, piece: Piece) -> tuple[Mapping[str, Any], str]:
        """By a single request, which is a commit, too: while it is short, others wait for it."""
        hashed = content_hash(piece.source)
        call = Call(_UPLOAD, {**commit_info(path), ALGORITHM: hashed}, piece.what)
        with self._writes.turn() if piece.size <= QUICK else nullcontext():
            return send(self._client, call, piece).result, hashed

    def _together(self, path: str, piece: Piece) -> tuple[Mapping[str, Any], str]:
        """By a session that is committed together with others."""
        session, hashed = closed(self._client, piece)
        try:
            return self._writes.commit(Pending(session, piece.size, path, piece.what)), hashed
        except UploadLost as error:
            raise Unreachable(error.what) from error  # the next attempt sends it all again anyway
