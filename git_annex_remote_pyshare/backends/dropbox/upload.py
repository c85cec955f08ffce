"""Stores an object: by one request if it is small and alone, else by a session, whose commit others may share."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.dropbox.api import Call, Client
from git_annex_remote_pyshare.backends.dropbox.commits import Commits
from git_annex_remote_pyshare.backends.dropbox.content_hash import ALGORITHM, content_hash
from git_annex_remote_pyshare.backends.dropbox.errors import Refusal, tags_of
from git_annex_remote_pyshare.backends.dropbox.sessions import STORED, Part, Sessions, Upload, send
from git_annex_remote_pyshare.backends.dropbox.space import Room
from git_annex_remote_pyshare.errors import Full, PyshareError, Unreachable
from git_annex_remote_pyshare.transfer import Progress, Source, in_words

SINGLE = 150 << 20
"""Bytes that one request may bring (documentation of files/upload)."""

LARGEST = (1 << 41) - (1 << 22)
"""Bytes of the largest file (documentation of files/upload_session/start)."""

QUICK = 4 << 20
"""Bytes up to which an upload is as short as a commit, so that others can wait for it."""

_UPLOAD = "files/upload"
_FINISH_BATCH = "files/upload_session/finish_batch_v2"
_METADATA = "files/get_metadata"
_WRITTEN_ELSEWHERE = ("path/too_many_write_operations",)


class Uploads:
    """All stores of one place.

    Args:
        client: Sends the requests.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._room = Room(client)
        self._sessions = Sessions(client)
        self._commits: Commits[Pending, Mapping[str, Any]] = Commits(self._commit)
        self._counting = Lock()
        self._under_way = 0

    def store(self, path: str, source: Source, progress: Progress, what: str) -> Receipt:
        """Store one object; see `Backend.put`."""
        if source.size > LARGEST:
            raise Full(f"{self._client.doing(what)}: Dropbox takes files of at most {in_words(LARGEST)}")
        self._room.check(source.size, what)
        try:
            made, whole = self._send(Upload(source, progress, _commit_info(path, self._mode(path, what)), what))
        except Full as error:
            self._room.refused(error)
            raise
        self._client.spelling.check(made, path, self._client.doing(what))
        source.learn(ALGORITHM, whole)
        return Receipt(made["size"], {ALGORITHM: str(made[ALGORITHM])})

    def turn(self) -> AbstractContextManager[None]:
        """Have the namespace alone, for another kind of write; raises Stopped when all is to end."""
        return self._commits.turn()

    def close(self) -> None:
        """End all waiting."""
        self._commits.close()

    def _mode(self, path: str, what: str) -> str:
        """What Dropbox is to do with a file that is there: never overwrite another key's."""
        if not self._client.spelling.matters:
            return "overwrite"
        found = self._client.rpc(Call(_METADATA, {"path": path}, what, ("path/not_found",), (".tag",)))
        self._client.spelling.check(found.result, path, self._client.doing(what))
        return "add" if found.tag else "overwrite"

    def _send(self, upload: Upload) -> tuple[Mapping[str, Any], str]:
        """Send the file in the way that suits it: what Dropbox says of it, and the content hash of what was sent."""
        with self._counted() as alone:
            if upload.source.size > SINGLE:
                return self._in_parts(upload)
            return self._at_once(upload) if alone else self._together(upload)

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

    def _at_once(self, upload: Upload) -> tuple[Mapping[str, Any], str]:
        """By a single request, which is a commit, too: while it is short, others wait for it.

        A longer one may meet another commit. Dropbox then has the file in a session, which is committed after that.
        """
        whole, size = content_hash(upload.source), upload.source.size
        call = Call(_UPLOAD, {**upload.commit, ALGORITHM: whole}, upload.what, gives=STORED)
        if size <= QUICK:
            with self._commits.turn():
                return send(self._client, call, upload, Part(0, size)).result, whole
        call = call._replace(expects=_WRITTEN_ELSEWHERE)
        reply = send(self._client, call, upload, Part(0, size))
        if not reply.tag:
            return reply.result, whole
        if not (session := reply.error.get("upload_session_id")):
            raise self._client.failure(call, Refusal(409, reply.tag, reply.error))
        cursor = {"session_id": session, "offset": size}
        return self._commits.commit(Pending(cursor, upload.commit, upload.what)), whole

    def _together(self, upload: Upload) -> tuple[Mapping[str, Any], str]:
        """By a session that is committed together with others."""
        cursor, whole = self._sessions.closed(upload)
        return self._commits.commit(Pending(cursor, upload.commit, upload.what)), whole

    def _in_parts(self, upload: Upload) -> tuple[Mapping[str, Any], str]:
        reply, whole = self._sessions.store(upload, self._commits.turn)
        if not reply.tag:
            return reply.result, whole
        # The session is over: perhaps since an earlier attempt did commit it, and only the answer was lost.
        made = self._client.rpc(Call(_METADATA, {"path": upload.path}, upload.what, ("path/not_found",))).result
        if made.get(ALGORITHM) != whole:
            raise Unreachable(f"{self._client.doing(upload.what)}: Dropbox has lost the upload ({reply.tag})")
        return made, whole

    def _commit(self, entries: "Sequence[Pending]") -> "list[Mapping[str, Any] | PyshareError]":
        """Commit closed sessions by one request; each one's metadata or error."""
        arg = {"entries": [{"cursor": entry.cursor, "commit": entry.commit} for entry in entries]}
        what = entries[0].what if len(entries) == 1 else f"commit {len(entries)} files"
        results = self._client.rpc(Call(_FINISH_BATCH, arg, what, gives=("entries",))).result["entries"]
        if len(results) != len(entries):
            raise Unreachable(f"{self._client.doing(what)}: Dropbox does not say what came of each")
        return [self._outcome(entry, result) for entry, result in zip(entries, results, strict=True)]

    def _outcome(self, entry: "Pending", result: Mapping[str, Any]) -> Mapping[str, Any] | PyshareError:
        if result.get(".tag") == "success" and result.keys() >= {*STORED}:
            return result
        error = result.get("failure", {})
        return self._client.failure(
            Call(_FINISH_BATCH, None, entry.what), Refusal(409, "/".join(tags_of(error)), error)
        )


class Pending(NamedTuple):
    """What was sent to a session that waits for its commit."""

    cursor: Mapping[str, Any]
    commit: Mapping[str, Any]
    what: str
    """For error texts."""


def _commit_info(path: str, mode: str) -> Mapping[str, Any]:
    """Where a file goes and how; without `mute`, every device of the owner would show a message."""
    return {"path": path, "mode": mode, "autorename": False, "mute": True, "strict_conflict": False}
