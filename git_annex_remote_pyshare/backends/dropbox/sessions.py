"""Upload sessions: how files go to Dropbox that are too large for one request, or that are committed together.

Source: https://github.com/dropbox/dropbox-api-spec, files.stone, upload_session/start to finish.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.dropbox.api import Call, Client, Reply
from git_annex_remote_pyshare.backends.dropbox.content_hash import HASHED, content_hash, digests_of, joined
from git_annex_remote_pyshare.backends.dropbox.errors import Refusal
from git_annex_remote_pyshare.errors import SourceChanged, Unreachable
from git_annex_remote_pyshare.transfer import Progress, Source
from git_annex_remote_pyshare.transport.body import Body

PART = 12 * HASHED
"""Bytes of a part, whole blocks of the content hash: from this size on larger ones gain little (rclone,
backend/dropbox/dropbox.go, at defaultChunkSize)."""

_START = "files/upload_session/start"
_APPEND = "files/upload_session/append_v2"
_FINISH = "files/upload_session/finish"
_MISMATCH = "content_hash_mismatch"
_SESSION = ("session_id",)
STORED = ("size", "content_hash")
"""What Dropbox says of each file that it has stored, and no answer of anything else does."""
_GONE = ("not_found", "closed")
_ENDED = ("lookup_failed/not_found", "lookup_failed/closed")


class Upload(NamedTuple):
    """One file on its way to Dropbox."""

    source: Source
    progress: Progress
    commit: Mapping[str, Any]
    """Where it goes: CommitInfo."""
    what: str
    """For error texts."""

    @property
    def path(self) -> str:
        """Where it goes."""
        return str(self.commit["path"])


class _Session:
    """A session that may be gone on with after a failure.

    Args:
        id: Dropbox's name of it.
        mark: What the source looked like when it began.
    """

    def __init__(self, id: str, mark: tuple[object, ...]) -> None:  # noqa: A002  # Dropbox's word
        self.id = id
        self.mark = mark
        self.offset = 0
        """Bytes that are there for sure."""
        self.digests: list[bytes] = []
        """Of the blocks that are there."""
        self.is_over = False
        """Whether nobody can go on with it."""


class Sessions:
    """All uploads in parts of one store. What a failed attempt has sent, the next one of this process goes on with.

    Args:
        client: Sends the requests.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._unfinished: dict[str, _Session] = {}

    def store(self, upload: Upload, turn: Callable[[], AbstractContextManager[None]]) -> tuple[Reply, str]:
        """Send a file in parts and commit it; the reply, and the content hash of all that was sent.

        The reply has a tag when Dropbox has no such session any more at the end: then it was lost, or an earlier
        attempt has committed it and the answer was lost.

        Args:
            upload: The file.
            turn: Gives the namespace for the commit.

        Raises:
            SourceChanged: The file changed meanwhile.
            PyshareError: Any other failure; the next attempt goes on where this one ended.
        """
        session = self._unfinished.pop(upload.path, None)
        if session is None or session.mark != _mark(upload.source):
            session = self._begun(upload)
        try:
            while session.offset < upload.source.size:
                self._append(session, upload)
            if _mark(upload.source) != session.mark:
                raise changed(self._client, upload)
            with turn():
                reply = self._finish(session, upload)
            return reply, joined(session.digests)
        except SourceChanged:
            # Nobody knows when it changed: what was sent before may be of another content.
            session.is_over = True
            raise
        finally:
            if not session.is_over:
                self._unfinished[upload.path] = session

    def closed(self, upload: Upload) -> tuple[Mapping[str, Any], str]:
        """Send all in one request to a session that is to be committed with others: its cursor and content hash."""
        whole, size = content_hash(upload.source), upload.source.size
        call = Call(_START, {"close": True, "content_hash": whole}, upload.what, gives=_SESSION)
        reply = send(self._client, call, upload, Part(0, size))
        return {"session_id": reply.result["session_id"], "offset": size}, whole

    def _begun(self, upload: Upload) -> _Session:
        """A new session with the first part in it."""
        mark = _mark(upload.source)
        first = min(PART, upload.source.size)
        digests = digests_of(upload.source, 0, first)
        call = Call(_START, {"close": False, "content_hash": joined(digests)}, upload.what, gives=_SESSION)
        reply = send(self._client, call, upload, Part(0, first))
        session = _Session(str(reply.result["session_id"]), mark)
        session.offset, session.digests = first, digests
        return session

    def _finish(self, session: _Session, upload: Upload) -> Reply:
        """Commit; the session's last data is there already, so this can be repeated."""
        arg = {"cursor": {"session_id": session.id, "offset": session.offset}, "commit": upload.commit}
        reply = self._client.upload(Call(_FINISH, arg, upload.what, _ENDED, STORED), b"")
        session.is_over = True
        return reply

    def _append(self, session: _Session, upload: Upload) -> None:
        """Send the part behind the session's offset, or what Dropbox lacks of it."""
        end = min(session.offset + PART, upload.source.size)
        digests = digests_of(upload.source, session.offset, end - session.offset)
        digest, start = joined(digests), session.offset
        while start < end:
            arg = {"cursor": {"session_id": session.id, "offset": start}, "close": False, "content_hash": digest}
            call = Call(_APPEND, arg, upload.what, ("incorrect_offset", *_GONE))
            reply = send(self._client, call, upload, Part(start, end))
            start = self._reached(reply, session, upload, Part(start, end))
            digest = content_hash(upload.source, start, end - start)
        session.offset = end
        session.digests += digests

    def _reached(self, reply: Reply, session: _Session, upload: Upload, part: "Part") -> int:
        """Up to where Dropbox has the part now: it may have got more than its answers said, if one was lost."""
        if not reply.tag:
            return part.end
        if reply.tag == "incorrect_offset" and part.start < (there := int(reply.result["correct_offset"])) <= part.end:
            return there
        session.is_over = True
        raise Unreachable(f"{self._client.doing(upload.what)}: Dropbox has lost its beginning ({reply.tag})")


class Part(NamedTuple):
    """A part of a source."""

    start: int
    end: int


def send(client: Client, call: Call, upload: Upload, part: Part) -> Reply:
    """Send a part, whose hash the call's `content_hash` says.

    Raises:
        SourceChanged: The file is not any more what was hashed.
        PyshareError: Any other failure that the call does not expect.
    """
    call = call._replace(expects=(*call.expects, _MISMATCH))
    size = part.end - part.start
    reply = client.upload(call, Body(upload.source, upload.progress, part.start, size))
    if reply.tag != _MISMATCH:
        return reply
    if content_hash(upload.source, part.start, size) != (call.arg or {})["content_hash"]:
        raise changed(client, upload)
    raise client.failure(call, Refusal(409, _MISMATCH))


def changed(client: Client, upload: Upload) -> SourceChanged:
    """The file is not any more what it was at the beginning."""
    return SourceChanged(f"{client.doing(upload.what)}: the file changed while it was being stored")


def _mark(source: Source) -> tuple[object, ...]:
    """What tells whether a file was changed."""
    try:
        found = os.stat(source.path)
    except OSError:
        return ()
    return source.path, found.st_size, found.st_mtime_ns
