"""Keeps two pushes at once from replacing each other's list of bundles, which is all that says what a history has.

A push reads the list (GITMANIFEST), and later removes it and stores a longer one; git-annex does all of that with one
process of ours (seen with git-annex 10.20261026). So the list is removed only if it still is the one that this process
has read. Otherwise the removal fails, and git-annex says "Push failed" with the reason.
"""

from contextlib import suppress
from threading import Lock

from git_annex_remote_pyshare.annex.proof import downloaded
from git_annex_remote_pyshare.backends.base import Backend, ListsContents, RemovesVersions
from git_annex_remote_pyshare.errors import ContentChanged, NotFound, PyshareError, Unreachable
from git_annex_remote_pyshare.safe_text import one_line
from git_annex_remote_pyshare.transfer import LocalPath, Progress, Source

_ABSENT = ""
"""In place of a digest: there was no list when this process looked."""

_PREFIX, _BACKUP = "GITMANIFEST--", ".bak"


def is_list(key: str) -> bool:
    """Whether `key` is a whole list of bundles. The backup, which is read only if there is no list, is none."""
    return key.startswith(_PREFIX) and not key.endswith(_BACKUP)


class PushedByOthers(PyshareError):
    """Another push has come first."""


class Manifests:
    """The lists as this process has last seen them, by the names of their objects."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._lock = Lock()

    def retrieved(self, name: str, path: LocalPath) -> None:
        """Note that the list was downloaded to a file."""
        self._note(name, Source(path).digest("sha256"))

    def looked(self, name: str, *, is_there: bool) -> None:
        """Note the outcome of a look for the list."""
        if not is_there:
            self._note(name, _ABSENT)

    def put(self, store: Backend, name: str, source: Source, progress: Progress) -> None:
        """Store a list; if this process found or left none, only where there still is none.

        Raises:
            PushedByOthers: Another process has stored one meanwhile.
            PyshareError: Any other failure.
        """
        digest = source.digest("sha256")
        # An earlier attempt of this very push may have stored it, although its response was lost.
        if self._known(name) == _ABSENT and store.stat(name) is not None and _digest(store, name) != digest:
            raise _pushed(store)
        store.put(name, source, progress)
        self._note(name, digest)

    def delete(self, store: Backend, name: str) -> None:
        """Remove the list if it still is the one that this process has seen; any list if it has seen none.

        Raises:
            PushedByOthers: It is another one, or gone.
            PyshareError: Any other failure.
        """
        seen = self._known(name)
        if seen is None or not (store.has(ListsContents) and store.has(RemovesVersions)):
            store.delete(name)
            return
        try:
            found = store.call(ListsContents, lambda able: able.content_of(name))
        except Unreachable as error:
            if error.retryable:
                raise
            store.delete(name)  # this server does not tell versions
            return
        if found is None:
            if seen != _ABSENT:
                raise _pushed(store)
            return
        if _digest(store, name, found.id) != seen:
            raise _pushed(store)
        self._remove(store, name, found.id)
        self._note(name, _ABSENT)

    def _remove(self, store: Backend, name: str, content: str) -> None:
        attempts = 0

        def attempt(able: RemovesVersions) -> None:
            nonlocal attempts
            attempts += 1
            able.remove_version(name, content)

        try:
            store.call(RemovesVersions, attempt)
        except (ContentChanged, NotFound) as error:
            # The response to the first attempt may have been lost, which removed it.
            if attempts == 1 or store.stat(name) is not None:
                raise _pushed(store) from error

    def _known(self, name: str) -> str | None:
        with self._lock:
            return self._seen.get(name)

    def _note(self, name: str, seen: str) -> None:
        with self._lock:
            self._seen[name] = seen


def _digest(store: Backend, name: str, content: str = "") -> str | None:
    """The digest of the list in the store; None if it is gone, or has another content than that with the identifier."""
    with suppress(ContentChanged, NotFound), downloaded(store, name, content) as file:
        return file.digest("sha256")
    return None


def _pushed(store: Backend) -> PushedByOthers:
    remote = one_line(store.place.clone.remote) or "NAME"
    return PushedByOthers(
        "another push to this store came first, so this one is left undone",
        remedy=f"Fetch from {remote}, merge, and push again.",
    )
