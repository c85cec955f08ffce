"""Shared by all writes to one store: the free space, and the commits, which Dropbox allows one at a time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.dropbox.batcher import Batcher
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.backends.dropbox.content_hash import ALGORITHM
from git_annex_remote_pyshare.backends.dropbox.errors import Refusal, tags_of
from git_annex_remote_pyshare.backends.dropbox.quota import FreeSpace
from git_annex_remote_pyshare.errors import BadName, ContentChanged, NotAStore, PyshareError, QuotaExceeded, Unreachable
from git_annex_remote_pyshare.transfer import Condition, Source, in_words

_TAKEN = "conflict/file"

LARGEST = (1 << 41) - (1 << 22)
"""Bytes of the largest file (documentation of files/upload_session/start)."""

STORED = ("size", ALGORITHM)
"""Fields that Dropbox returns for each stored file, and that no other server's response has."""

_FINISH_BATCH = "files/upload_session/finish_batch_v2"
_METADATA = "files/get_metadata"


class Pending(NamedTuple):
    """A closed session that waits for its commit."""

    session: str
    """Its id."""
    size: int
    """Its bytes."""
    info: Mapping[str, Any]
    """Path and mode of the new file: CommitInfo."""
    what: str
    """For error texts."""


class Writes:
    """The writes of this process to one store.

    Args:
        client: Sends the requests.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._free_space = FreeSpace(client)
        self._commits: Batcher[Pending, Mapping[str, Any]] = Batcher(self._commit)

    def check(self, size: int, what: str) -> None:
        """Raise QuotaExceeded if Dropbox cannot store a file of that many bytes."""
        if size > LARGEST:
            raise QuotaExceeded(f"{self._client.doing(what)}: Dropbox stores files of at most {in_words(LARGEST)}")
        self._free_space.check(size, what)

    @contextmanager
    def explaining_quota(self) -> Iterator[None]:
        """Add the used space to a QuotaExceeded that the block raises."""
        try:
            yield
        except QuotaExceeded as error:
            self._free_space.refused(error)
            raise

    def info(self, path: str, what: str) -> Mapping[str, Any]:
        """Path and mode of a new file (CommitInfo); without `mute`, each of the owner's devices would show a message.

        Raises:
            BadName: Another key's object is there.
        """
        mode = self._mode(path, what)
        return {"path": path, "mode": mode, "autorename": False, "mute": True, "strict_conflict": False}

    def info_of_new(self, path: str) -> Mapping[str, Any]:
        """As `info`, for a path where nothing is expected; the commit is refused if something is there after all."""
        return {"path": path, "mode": "add", "autorename": False, "mute": True, "strict_conflict": True}

    def info_if(self, path: str, condition: Condition) -> Mapping[str, Any]:
        """As `info_of_new`, for a path where only one version may be replaced, or nothing."""
        info = self.info_of_new(path)
        return {**info, "mode": {".tag": "update", "update": condition.version}} if condition.version else info

    def stored_already(self, path: str, hashed: str, what: str) -> Mapping[str, Any]:
        """The metadata of what an attempt has stored whose response was lost, by its content hash.

        Raises:
            ContentChanged: Another version is there, or nothing.
        """
        found = self._client.rpc(Call(_METADATA, {"path": path}, what, ("path/not_found",), (".tag",))).result
        if found.get(ALGORITHM) != hashed:
            raise ContentChanged(f"{self._client.doing(what)}: another version is there since a moment ago")
        self._client.name_case.check(found, path, self._client.doing(what))
        return found

    def accept(self, made: Mapping[str, Any], info: Mapping[str, Any], what: str) -> None:
        """Remove a new file again if Dropbox has put it into a folder whose name has other case; raises BadName."""
        path = info["path"]
        try:
            self._client.name_case.check(made, path, self._client.doing(what))
        except BadName:
            if info["strict_conflict"] and info["mode"] == "add" and "rev" in made:  # so nothing was there before
                with self.turn():
                    arg = {"path": path, "parent_rev": made["rev"]}
                    self._client.rpc(Call("files/delete_v2", arg, what, ("path_lookup/not_found",)))
            raise

    def commit(self, pending: Pending) -> Mapping[str, Any]:
        """Turn a session into a file, together with others that are ready; returns the file's metadata.

        Raises:
            UploadLost: Dropbox no longer has the session, perhaps because it is already committed.
        """
        return self._commits.commit(pending)

    def turn(self) -> AbstractContextManager[None]:
        """Hold the namespace exclusively, for another kind of write; raises Cancelled after `close`."""
        return self._commits.turn()

    def close(self) -> None:
        """End all waiting."""
        self._commits.close()

    def _mode(self, path: str, what: str) -> str:
        """The mode for an existing file: never overwrite another key's."""
        if not self._client.name_case.matters:
            return "overwrite"
        found = self._client.rpc(Call(_METADATA, {"path": path}, what, ("path/not_found",), (".tag",)))
        self._client.name_case.check(found.result, path, self._client.doing(what))
        return "add" if found.tag else "overwrite"

    def _commit(self, entries: Sequence[Pending]) -> list[Mapping[str, Any] | PyshareError]:
        """Commit closed sessions by one request; returns each one's metadata or error."""
        arg = {"entries": [{"cursor": cursor(each.session, each.size), "commit": each.info} for each in entries]}
        what = entries[0].what if len(entries) == 1 else f"commit {len(entries)} files"
        results = self._client.rpc(Call(_FINISH_BATCH, arg, what, requires=("entries",))).result["entries"]
        if len(results) != len(entries):
            raise Unreachable(f"{self._client.doing(what)}: Dropbox does not report the result of each file")
        return [self._outcome(entry, result) for entry, result in zip(entries, results, strict=True)]

    def _outcome(self, entry: Pending, result: Mapping[str, Any]) -> Mapping[str, Any] | PyshareError:
        if result.get(".tag") == "success" and result.keys() >= {*STORED}:
            return result
        error = result.get("failure", {})
        return self._client.failure(
            Call(_FINISH_BATCH, None, entry.what), Refusal(409, "/".join(tags_of(error)), error)
        )


def is_taken(error: NotAStore) -> bool:
    """Whether a commit was refused since there is a file that it must not replace."""
    return error.detail.endswith(_TAKEN)


def cursor(session: str, offset: int) -> Mapping[str, Any]:
    """A position in a session (UploadSessionCursor)."""
    return {"session_id": session, "offset": offset}


def receipt(source: Source, hashed: str, made: Mapping[str, Any]) -> Receipt:
    """The proof that Dropbox stored a source whose content hash is `hashed`."""
    source.learn(ALGORITHM, hashed)
    return Receipt(made["size"], {ALGORITHM: str(made[ALGORITHM])}, content=str(made[ALGORITHM]))
