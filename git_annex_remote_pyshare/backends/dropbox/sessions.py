"""Upload sessions: how bytes get to Dropbox before they are committed, in one piece or in parts.

Source: https://github.com/dropbox/dropbox-api-spec, files.stone, upload_session/start to finish.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.dropbox.client import Call, Client, Reply
from git_annex_remote_pyshare.backends.dropbox.content_hash import ALGORITHM, content_hash, joined
from git_annex_remote_pyshare.backends.dropbox.errors import Refusal
from git_annex_remote_pyshare.errors import SourceChanged, UploadLost
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


def cursor(session: str, offset: int) -> Mapping[str, Any]:
    """A place in a session (UploadSessionCursor)."""
    return {"session_id": session, "offset": offset}


def closed(client: Client, piece: Piece) -> tuple[str, str]:
    """Send a file in one request to a new session, which then waits for its commit: its id, and the content hash."""
    hashed = content_hash(piece.source)
    reply = send(client, Call(_START, {"close": True, ALGORITHM: hashed}, piece.what, gives=_SESSION), piece)
    return str(reply.result["session_id"]), hashed


def begin(client: Client, what: str) -> str:
    """A new session that takes parts in any order and several at once; its id."""
    arg = {"session_type": "concurrent", "close": False}
    return str(client.upload(Call(_START, arg, what, gives=_SESSION), b"").result["session_id"])


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
    call = call._replace(expects=(*call.expects, _MISMATCH))
    reply = client.upload(call, Body(piece.source, piece.progress, piece.start, piece.size))
    if reply.tag != _MISMATCH:
        return reply
    if content_hash(piece.source, piece.start, piece.size) != (call.arg or {})[ALGORITHM]:
        raise SourceChanged(f"{client.doing(call.what)}: the file changed while it was being stored")
    raise client.failure(call, Refusal(409, _MISMATCH))
