"""Renames files and removes empty folders, for a store that holds a tree."""

import hashlib
from collections.abc import Mapping
from threading import Event
from typing import Any

from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.backends.dropbox.download import NOTHING, Presence
from git_annex_remote_pyshare.backends.dropbox.errors import Refusal
from git_annex_remote_pyshare.backends.dropbox.known import Known
from git_annex_remote_pyshare.backends.dropbox.writes import Writes
from git_annex_remote_pyshare.errors import BadName, Cancelled, ContentChanged, NotFound
from git_annex_remote_pyshare.transfer import Condition

_RENAME = "rename the file"
_REMOVE = "remove the folder"
_REMOVE_FILE = "remove the file"
_MOVE = "files/move_v2"
_DELETE = "files/delete_v2"
_GONE = "from_lookup/not_found"
_TAKEN = "to/conflict/file"
_CHANGED = "path_write/conflict"

_ATTEMPTS = 4
_PAUSE = 0.5
"""Seconds between two attempts to rename a file that this process has just stored."""


class Moves:
    """The renames and removals in one tree.

    Args:
        client: Sends the requests.
        writes: Shared with all other writes to the store.
        presence: Knows what was just stored.
        closing: Ends all waiting when it is set.
    """

    def __init__(self, client: Client, writes: Writes, presence: Presence, closing: Event) -> None:
        self._client = client
        self._writes = writes
        self._presence = presence
        self._closing = closing
        self.known = Known(client)

    def move(self, source: str, target: str, replaced: Condition | None = None) -> None:
        """Rename the file at a path; see `Moves.move`, and `WritesConditionally.move_if` for a condition."""
        if source != target and source.lower() == target.lower():
            self._change_case(source, target)
            return
        self._require(source)
        if source != target:
            self._move(source, target, replaced)

    def delete(self, path: str, what: str) -> None:
        """Remove the file of exactly this name; succeeds if there is none."""
        for _ in range(_ATTEMPTS):
            found = self.known.find(path, what)
            self.known.forget(path)
            if not found:
                return
            arg = {"path": path, "parent_rev": str(found["rev"])}
            expected = ("path_lookup/not_found", "path_lookup/not_file", _CHANGED)
            with self._writes.turn():
                reply = self._client.rpc(Call(_DELETE, arg, what, expected, ("metadata",)))
            if reply.tag != _CHANGED and not reply.tag.startswith(f"{_CHANGED}/"):
                return
        raise self._client.failure(Call(_DELETE, None, what), Refusal(409, reply.tag, reply.error))

    def delete_if(self, path: str, condition: Condition) -> None:
        """Remove the file of exactly this name if it is the version of the condition; succeeds if there is none.

        Raises:
            ContentChanged: It is another version.
        """
        if condition.version:
            is_ours = bool(self.known.find(path, _REMOVE_FILE))
            self.known.forget(path)
            if not is_ours:
                return
            arg = {"path": path, "parent_rev": condition.version}
            expected = ("path_lookup/not_found", "path_lookup/not_file", _CHANGED)
            with self._writes.turn():
                reply = self._client.rpc(Call(_DELETE, arg, _REMOVE_FILE, expected, ("metadata",)))
            if reply.tag != _CHANGED and not reply.tag.startswith(f"{_CHANGED}/"):
                return
        raise ContentChanged(f"{self._client.doing(_REMOVE_FILE)}: it was changed a moment ago")

    def remove_folder(self, path: str) -> None:
        """See `RemovesFolders.remove_folder`. Looks first: Dropbox deletes a folder with all that is in it."""
        arg = {"path": path, "limit": 1, "include_mounted_folders": True, "include_non_downloadable_files": True}
        expected = ("path/not_found", "path/not_folder")
        found = self._client.rpc(Call("files/list_folder", arg, _REMOVE, expected, ("entries", "has_more")))
        if found.tag or found.result["entries"] or found.result["has_more"]:
            return
        with self._writes.turn():
            self._client.rpc(Call(_DELETE, {"path": path}, _REMOVE, ("path_lookup/not_found",), ("metadata",)))

    def _require(self, path: str) -> None:
        """Raise NotFound unless a file of exactly this name is there."""
        if self.known.find(path, _RENAME) or self._presence.stat(path, _RENAME):
            return
        raise NotFound(f"{self._client.doing(_RENAME)}: Dropbox has no file there")

    def _move(self, source: str, target: str, replaced: Condition | None = None) -> None:
        made = self._sent(source, target, (_TAKEN,))
        if not made:
            if replaced is None:
                self._clear(target)
            else:
                self.delete_if(target, replaced)
            made = self._sent(source, target, ())
        try:
            self._client.name_case.check(made, target, self._client.doing(_RENAME))
        except BadName:  # there is a folder whose name has other case
            self._sent(target, source, ())
            raise
        self._presence.stored(target)
        self.known.seen(target, made)

    def _change_case(self, source: str, target: str) -> None:
        """Rename a file to a name that is the same for Dropbox, so that it keeps the old spelling unless it is away."""
        away = f"{target.rpartition('/')[0]}/.pyshare-{hashlib.sha256(target.lower().encode()).hexdigest()[:32]}"
        if self._presence.stat(source, _RENAME):
            made = self._sent(source, target, ())
            if self._client.name_case.fits(made, target) and str(made.get("name")) == target.rpartition("/")[2]:
                return
            self._sent(target, away, ())
        elif not self._presence.stat(away, _RENAME):  # an earlier attempt may have got so far
            raise NotFound(f"{self._client.doing(_RENAME)}: Dropbox has no file there")
        self._move(away, target)

    def _sent(self, source: str, target: str, expected: tuple[str, ...]) -> Mapping[str, Any]:
        """The metadata of the file after a move; empty after an error that is expected."""
        arg = {"from_path": source, "to_path": target, "autorename": False, "allow_ownership_transfer": False}
        call = Call(_MOVE, arg, _RENAME, (*expected, _GONE), ("metadata",))
        for attempt in range(_ATTEMPTS):
            with self._writes.turn():
                reply = self._client.rpc(call)
            if not reply.tag.startswith(_GONE):
                break
            # Dropbox may need a moment to find what it has just stored (https://github.com/rclone/rclone/issues/8881).
            self.known.forget(source)
            if attempt == _ATTEMPTS - 1 or not self._presence.is_recent(source):
                raise NotFound(f"{self._client.doing(_RENAME)}: Dropbox has no file there", detail=reply.tag)
            if self._closing.wait(_PAUSE):
                raise Cancelled(f"stopped before Dropbox showed what was stored: {source}")
        if reply.tag:
            return {}
        self.known.forget(source)
        self._presence.removed(source)
        made: Mapping[str, Any] = reply.result["metadata"]
        return made

    def _clear(self, path: str) -> None:
        """Remove the file that is in the way; raises BadName if its name has other case."""
        call = Call("files/get_metadata", {"path": path}, _RENAME, NOTHING, (".tag",))
        found = self._client.rpc(call).result
        if found.get(".tag") == "file":
            self._client.name_case.check(found, path, self._client.doing(_RENAME))
            arg = {"path": path, "parent_rev": str(found["rev"])}
            with self._writes.turn():
                self._client.rpc(Call(_DELETE, arg, _RENAME, ("path_lookup/not_found",), ("metadata",)))
