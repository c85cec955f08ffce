"""Records below the git directory which version of an object a partial file holds, for a later process.

Each file that is downloaded in place has its own record: the store, the object, and the server's identifier of the
version. Only the owner can read a record. A record that cannot be read is ignored, and if none can be written, the
download works without it.

A record is kept as long as its file, even when the file is complete: a process that dies before git-annex has moved
the file leaves a partial file like any other. Writing a record removes the records whose file is gone.

Imported late: only a large object, or a resumed download, needs it.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress

from git_annex_remote_pyshare.state.state_dir import StateDir, digest
from git_annex_remote_pyshare.transfer import LocalPath

_AGE = 86400.0
"""Age in seconds at which an invalid record cannot be one that is still being written."""

_WHERE = ("url", "bucket", "fileprefix", "endpoint", "host", "port", "namespace", "layout")
"""Settings that identify an object; the others can change while the object stays the same."""


class PartialDownload:
    """The record of one partial file.

    Args:
        git_dir: Path of the git directory; if empty, nothing is recorded.
        path: Path of the partial file.
        place: The settings that say where the object is.
        name: The object's name.
    """

    def __init__(self, git_dir: str, path: LocalPath, place: Mapping[str, str], name: str) -> None:
        self._home = os.path.realpath(git_dir)
        self._drawer = StateDir(git_dir, "downloads", self._is_over)
        # Named after the file, not the object: `git annex fsck` may download the same object into another file.
        self._about = _from(self._home, os.path.realpath(os.fsdecode(path)))
        self._path = self._drawer.path(self._about)
        self._object = digest([place.get(setting, "") for setting in _WHERE], name)

    def read(self) -> str:
        """Return the server's identifier of the version in the file; empty if unknown."""
        said = _read(self._path) if self._drawer.is_there else {}
        return said.get("validator", "") if said.get("object") == self._object else ""

    def write(self, validator: str) -> None:
        """Record that the file holds the start of this version; an empty version removes the record."""
        if not self._drawer.is_there:
            return
        with suppress(OSError):
            os.unlink(self._path)
        if not validator:
            return
        # Written in place, not renamed: an incomplete record is ignored, and at this point its file is empty or holds
        # bytes without a record.
        content = json.dumps({"file": self._about, "object": self._object, "validator": validator})
        with suppress(OSError), open(self._path, "x", encoding="ascii", opener=self._drawer.open) as file:
            file.write(content)

    def _is_over(self, note: "os.DirEntry[str]") -> bool:
        said = _read(note.path)
        if "file" in said:
            return not os.path.lexists(os.path.join(self._home, said["file"]))
        return time.time() - note.stat().st_mtime > _AGE


def _from(home: str, path: str) -> str:
    """The path relative to the git directory, so both can move; Windows has no relative path between two drives."""
    try:
        return os.path.relpath(path, home)
    except ValueError:
        return path


def _read(path: str) -> Mapping[str, str]:
    """The content of a record; empty if there is no valid one."""
    try:
        with open(path, encoding="ascii") as file:
            said = json.load(file)
    except (OSError, ValueError):
        return {}
    is_note = isinstance(said, dict) and all(isinstance(value, str) for value in said.values())
    return said if is_note else {}
