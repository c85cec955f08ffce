"""The Dropbox backend: each verb as one call of the API."""

from collections.abc import Iterator
from threading import Lock
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Backend, Entry, Place, Receipt, Stat
from git_annex_remote_pyshare.backends.dropbox.url import address_of
from git_annex_remote_pyshare.transfer import Progress, Sink, Source

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.dropbox.verbs import Verbs


class DropboxBackend(Backend):
    """A folder in somebody's own Dropbox, in a shared folder or in a team's space.

    Args:
        place: Its URL is the folder's.
    """

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._address = address_of(place.url)
        self._opened: Verbs | None = None
        self._opening = Lock()

    def stat(self, name: str) -> Stat | None:
        return self._verbs.stat(name)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        self._verbs.get(name, sink, progress)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        return self._verbs.put(name, source, progress)

    def delete(self, name: str) -> None:
        self._verbs.delete(name)

    def list(self, folder: str = "") -> Iterator[Entry]:
        return self._verbs.list(folder)

    def locate(self, name: str) -> str:
        """The object's path in the Dropbox, as `url=` has it."""
        return f"dropbox:{self._address.path_of(name)}"

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    @property
    def _verbs(self) -> "Verbs":
        with self._opening:
            if self._opened is None:
                # With it come urllib3 and TLS: nothing before the first request needs them.
                from git_annex_remote_pyshare.backends.dropbox.verbs import Verbs  # noqa: PLC0415

                self._opened = Verbs(self.place, self._address)
            return self._opened
