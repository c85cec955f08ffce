"""Records which version a partial file is of, below the git directory, for a later process.

Each file that grows in its place has a note of its own: the store, the object, and what the server called the version
that it is a beginning of. Readable by its owner alone; one that cannot be read is as if it were not there, and where
none can be written the download works without.

A note lasts as long as its file, also when that has become whole: who dies before git-annex has looked at the file and
taken it leaves a beginning like any other. What has lost its file goes with the next note.

Imported late: only a large object, or one that goes on, needs it.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress

from git_annex_remote_pyshare.state.state_dir import StateDir, digest
from git_annex_remote_pyshare.transfer import LocalPath

_AGE = 86400.0
"""Seconds after which an invalid record is no longer being written."""

_WHERE = ("url", "bucket", "fileprefix", "endpoint", "host", "port", "namespace", "layout")
"""Settings that identify an object; others may change for the same object."""


class PartialDownload:
    """The record of one partial file.

    Args:
        git_dir: Path of the git directory; empty for none, and then nothing is kept.
        path: The partial file's.
        place: The settings that say where the object is.
        name: The object's name.
    """

    def __init__(self, git_dir: str, path: LocalPath, place: Mapping[str, str], name: str) -> None:
        self._home = os.path.realpath(git_dir)
        self._drawer = StateDir(git_dir, "downloads", self._is_over)
        # By the file and not by the object: `git annex fsck` brings the same object into another file meanwhile.
        self._about = _from(self._home, os.path.realpath(os.fsdecode(path)))
        self._path = self._drawer.path(self._about)
        self._object = digest([place.get(setting, "") for setting in _WHERE], name)

    def read(self) -> str:
        """The server's identifier of the version in the file; empty if unknown."""
        said = _read(self._path) if self._drawer.is_there else {}
        return said.get("validator", "") if said.get("object") == self._object else ""

    def write(self, validator: str) -> None:
        """Record that the file holds the beginning of this version; an empty version removes the record."""
        if not self._drawer.is_there:
            return
        with suppress(OSError):
            os.unlink(self._path)
        if not validator:
            return
        # Half a note is none, so it is not made aside and renamed: the file that it is about is empty still, or holds
        # what no note tells of.
        content = json.dumps({"file": self._about, "object": self._object, "validator": validator})
        with suppress(OSError), open(self._path, "x", encoding="ascii", opener=self._drawer.open) as file:
            file.write(content)

    def _is_over(self, note: "os.DirEntry[str]") -> bool:
        said = _read(note.path)
        if "file" in said:
            return not os.path.lexists(os.path.join(self._home, said["file"]))
        return time.time() - note.stat().st_mtime > _AGE


def _from(home: str, path: str) -> str:
    """The path as seen from the git directory, with which it moves; Windows has none between two drives."""
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
