"""A shared link to a folder as a store: anybody with a login at Dropbox reads from it, nobody writes."""

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import NO_TERMS, Backend, Entry, Receipt, Share, Stat, StoreConfig, Terms
from git_annex_remote_pyshare.backends.dropbox.url import account_of_link, link_of
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import Progress, Sink, Source

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.dropbox.shared_link import Visitor


class LinkBackend(Backend):
    """A folder that somebody shares by a link.

    Args:
        place: Its URL is the link.
    """

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._address = link_of(place.url)
        self._opened: Visitor | None = None
        self._opening = Lock()

    def stat(self, name: str) -> Stat | None:
        return self._visitor.stat(self._address.path_of(name), "look for the file")

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        self._visitor.get(self._address.path_of(name), "read the file", sink, progress)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        del name, source, progress
        raise self._read_only("store the file")

    def delete(self, _name: str) -> None:
        raise self._read_only("remove the file")

    def list(self, folder: str = "") -> Iterator[Entry]:
        return self._visitor.list(folder)

    def share(self, terms: Terms = NO_TERMS) -> Share:
        """The link itself; only its owner can change it."""
        if any(terms):
            raise self._is_a_link()
        return Share(self.place.url, command("pyshare", "login", *account_of_link(self.place.settings).words))

    def revoke(self) -> Sequence[str]:
        """Never: that is for the link's owner."""
        raise self._is_a_link()

    def locate(self, name: str) -> str:
        """The object's place behind the link, without what opens the link."""
        return f"{self._address.shown}{self._address.path_of(name)}"

    def close(self) -> None:
        if self._opened is not None:
            self._opened.client.close()

    def _read_only(self, what: str) -> PermissionDenied:
        return PermissionDenied(
            f"cannot {what} in {self._address.shown}: a shared link is read-only",
            remedy="Its owner stores with url=dropbox:/FOLDER.",
        )

    def _is_a_link(self) -> BadSetting:
        return BadSetting(
            f"{self._address.shown} is a link itself, which only its owner can change",
            remedy="Type the command with the name of the remote that the link was made of.",
        )

    @property
    def _visitor(self) -> "Visitor":
        with self._opening:
            if self._opened is None:
                # With it come urllib3 and TLS: nothing before the first request needs them.
                from git_annex_remote_pyshare.backends.dropbox.shared_link import Visitor  # noqa: PLC0415

                self._opened = Visitor(self.place, self._address)
            return self._opened
