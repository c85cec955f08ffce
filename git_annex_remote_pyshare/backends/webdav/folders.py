"""Makes the folders that a store needs: only when the server reports one missing, once for all jobs."""

from collections import defaultdict
from http import HTTPStatus
from threading import Lock
from typing import NamedTuple

from git_annex_remote_pyshare.backends.webdav import propfind
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.errors import PyshareError

_MADE_OR_THERE = {201, 405}
_PARENT_MISSING = {403, 404, 409, 500}
"""RFC 4918 §9.3.1 defines 409; sabre before 2 sends 404, nginx 500 and others 403 for the same."""
_WRONG_FORM = {301, 302, 307, 308, 400, 415}
"""Responses of a server that requires, or refuses, the trailing slash."""


class _Refusal(NamedTuple):
    status: int
    error: PyshareError


class Folders:
    """The folders of one store that are known to exist.

    Args:
        client: Sends the requests.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, int] = {}
        self._count = 0
        self._slash = "/"
        self._first = Lock()
        self._making: defaultdict[str, Lock] = defaultdict(Lock)
        self.fresh = False
        """Whether the last MKCOL created a folder: then the store is new, and other folders are missing too."""

    def seen(self, folder: str) -> int:
        """When the folder was last found or made; 0 for never. `make` compares it."""
        return self._known.get(folder, 0)

    def found(self, folder: str) -> None:
        """Remember that the folder exists."""
        if folder not in self._known:
            self._remember(folder)

    def forget(self, folder: str) -> None:
        """Forget that the folder, and those in it, exist: it was removed."""
        for known in [each for each in self._known if each == folder or each.startswith(f"{folder}/")]:
            self._known.pop(known, None)

    def make(self, folder: str, seen: int = 0) -> None:
        """Make a folder and its missing parents, unless another job has done so after `seen`.

        Args:
            folder: Relative to the store's folder, percent-encoded, no trailing slash; empty for the store's own.
            seen: The value of `seen` before the server reported the folder missing.

        Raises:
            PyshareError: The server refuses it.
        """
        if not self._known:
            # Until one folder exists, its parents may be missing too: one job makes them, the others wait.
            with self._first:
                if not self._known:
                    self._make_unless_made(folder, seen)
        # Thread-safe: Lock() runs no Python code, so defaultdict creates each lock once.
        with self._making[folder]:
            self._make_unless_made(folder, seen)

    def _make_unless_made(self, folder: str, seen: int) -> None:
        if self.seen(folder) == seen:
            self._make(folder)
            self._remember(folder)

    def _remember(self, folder: str) -> None:
        self._count += 1
        self._known[folder] = self._count

    def _make(self, folder: str) -> None:
        """One MKCOL if the parent exists, else make the parent first and repeat the MKCOL."""
        refusal = self._mkcol(folder)
        if refusal and refusal.status in _PARENT_MISSING and not self._is_there(folder):
            self._make_above(folder, refusal)
            refusal = self._mkcol(folder)
        if refusal and not self._is_there(folder):
            raise refusal.error

    def _make_above(self, folder: str, refusal: _Refusal) -> None:
        """Make the parent; recursion ends at the server's root with the error of the deepest folder."""
        above = (folder or self._client.base_path).rpartition("/")[0]
        if not above and (not folder or folder.startswith("/")):
            raise refusal.error
        try:
            self._make(above)
        except PyshareError as error:
            raise error if error.retryable else refusal.error from error

    def _mkcol(self, folder: str) -> _Refusal | None:
        """MKCOL with or without the trailing slash, whichever worked before, else once the other way."""
        refusal = self._send_mkcol(folder, self._slash)
        if refusal and refusal.status in _WRONG_FORM:
            other = "" if self._slash else "/"
            if self._send_mkcol(folder, other) is None:
                self._slash = other
                return None
        return refusal

    def _send_mkcol(self, folder: str, slash: str) -> _Refusal | None:
        request = Request("MKCOL", (folder or self._client.base_path) + slash, "make a folder")
        with self._client.send(request) as response:
            if response.status in _MADE_OR_THERE:
                self.fresh = response.status == HTTPStatus.CREATED
                return None
            return _Refusal(response.status, self._client.failure(request, response))

    def _is_there(self, folder: str) -> bool:
        """Whether the folder exists after all: servers refuse in many ways to make an existing one."""
        try:
            resource = propfind.stat(self._client, f"{folder}/" if folder else "", "look for a folder")
        except PyshareError:
            return False
        return resource is not None and resource.is_folder
