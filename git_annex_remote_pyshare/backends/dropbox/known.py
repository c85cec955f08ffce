"""Remembers how Dropbox spells the files of a tree that are to be renamed or removed.

Dropbox does not tell upper and lower case apart: a request for `A` renames or removes `a`. So the spelling is looked up
before, by one request for the first file of a folder, and by one listing for all others.
"""

import time
from collections.abc import Mapping
from threading import Lock
from typing import Any

from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.backends.dropbox.download import NOTHING

_AGE = 60.0
"""Seconds for which an answer counts; others may rename files meanwhile."""

_MOST = 20_000
"""Files that are remembered; each takes about a kilobyte."""

_PAGE = 2000
"""Most entries of a listing's first page (documentation of files/list_folder), which is the only one that is read."""


class Known:
    """The files that were seen lately, for all jobs.

    Args:
        client: Sends the requests; its `name_case` says which spelling fits a path.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._asked: set[str] = set()
        """Folders in which a file was looked for."""
        self._listed: dict[str, float] = {}
        """Folder → when it was listed."""
        self._lock = Lock()
        self._listing = Lock()

    def find(self, path: str, what: str) -> Mapping[str, Any]:
        """The metadata of the file of exactly this name; empty if there is none."""
        if found := self._recall(path):
            return found
        folder = path.rpartition("/")[0]
        with self._lock:
            is_first = folder not in self._asked
            self._asked.add(folder)
        if not is_first:
            with self._listing:  # all other jobs wait for one listing
                self._list_once(folder, what)
            if found := self._recall(path):
                return found
        found = self._client.rpc(Call("files/get_metadata", {"path": path}, what, NOTHING, (".tag",))).result
        if found.get(".tag") != "file" or not self._client.name_case.fits(found, path):
            return {}
        self.seen(path, found)
        return found

    def seen(self, path: str, found: Mapping[str, Any]) -> None:
        """Remember a file that is there now."""
        with self._lock:
            if len(self._seen) >= _MOST:
                self._seen.clear()
                self._asked.clear()
                self._listed.clear()
            self._seen[path] = time.monotonic(), found

    def forget(self, path: str) -> None:
        """Forget a file that is no longer there, or may have been changed."""
        with self._lock:
            self._seen.pop(path, None)

    def _recall(self, path: str) -> Mapping[str, Any]:
        since, found = self._seen.get(path, (0.0, {}))
        return found if time.monotonic() - since < _AGE else {}

    def _list_once(self, folder: str, what: str) -> None:
        """Remember the files of a folder, if they are not known; of a large one, only those of the first page."""
        now = time.monotonic()
        if now - self._listed.get(folder, -_AGE) < _AGE:
            return
        arg = {"path": folder, "limit": _PAGE, "include_non_downloadable_files": False}
        page = self._client.rpc(Call("files/list_folder", arg, what, ("path/not_found", "path/not_folder"))).result
        for entry in page.get("entries", []):
            path = f"{folder}/{entry.get('name', '')}"
            if entry.get(".tag") == "file" and self._client.name_case.fits(entry, path):
                self.seen(path, entry)
        self._listed[folder] = now
