"""The WebDAV backend: each verb as one request, or as few more as the server makes necessary."""

from collections.abc import Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Backend, Entry, Place, Quota, Receipt, Share, Stat
from git_annex_remote_pyshare.backends.webdav.url import address_of, in_path
from git_annex_remote_pyshare.transfer import Progress, Sink, Source

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.parts import Unfinished
    from git_annex_remote_pyshare.backends.webdav.chunking import Chunking
    from git_annex_remote_pyshare.backends.webdav.verbs import Verbs
    from git_annex_remote_pyshare.plan import Limits, Part, Plan, Sent, Upload


class WebDAVBackend(Backend):
    """A folder on a WebDAV server, or a public link to one. Besides the verbs: Locates, Measures, Shares, TakesParts.

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
        """The object's URL, which holds no login."""
        return f"{self._address.base}/{in_path(name)}"

    def quota(self) -> Quota:
        """As far as the server tells (RFC 4331)."""
        return self._verbs.quota()

    def share(self) -> Share:
        """A public link, on Nextcloud and ownCloud; one that the store is already needs nobody's help."""
        return Share(self.place.url) if self._address.public else self._verbs.share()

    def part_limits(self, size: int) -> "Limits | None":
        """None where chunks are not for: small objects, public links, and all but Nextcloud and ownCloud 10."""
        return self._chunking.limits(size)

    def begin(self, name: str, plan: "Plan") -> str:
        return self._chunking.begin(name, plan)

    def send(self, upload: "Upload", part: "Part", source: Source, progress: Progress) -> "Sent":
        return self._chunking.send(upload, part, source, progress)

    def fingerprint(self, source: Source, part: "Part") -> str:
        return self._chunking.fingerprint(source, part)

    def sent(self, upload: "Upload", known: "Mapping[int, Sent]") -> "Mapping[int, Sent] | None":
        return self._chunking.sent(upload, known)

    def finish(self, upload: "Upload", _sent: "Mapping[int, Sent]", source: Source, progress: Progress) -> Receipt:
        return self._chunking.finish(upload, source, progress)

    def abort(self, name: str, id: str) -> None:  # noqa: A002  # as in the contract
        self._chunking.abort(name, id)

    def unfinished(self) -> "Iterator[Unfinished]":
        return self._chunking.unfinished()

    def close(self) -> None:
        if self._opened is not None:
            self._opened.client.close()

    @property
    def _chunking(self) -> "Chunking":
        verbs = self._verbs
        with self._opening:
            return verbs.chunking

    @property
    def _verbs(self) -> "Verbs":
        with self._opening:
            if self._opened is None:
                # With it come urllib3 and, where needed, TLS: nothing before the first request needs them.
                from git_annex_remote_pyshare.backends.webdav.verbs import Verbs  # noqa: PLC0415

                self._opened = Verbs(self.place, self._address)
            self._opened.settle()
            return self._opened
