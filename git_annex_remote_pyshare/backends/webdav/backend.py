"""The WebDAV backend: each verb as one request, or as few more as the server makes necessary."""

from threading import Lock
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import NO_TERMS, Initialized, Quota, Receipt, Share, StoreConfig, Terms
from git_annex_remote_pyshare.backends.lazy import LazyBackend
from git_annex_remote_pyshare.backends.webdav.url import address_of, in_path
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.transfer import Progress, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_annex_remote_pyshare.backends.multipart import Unfinished
    from git_annex_remote_pyshare.backends.webdav.chunking import Chunking
    from git_annex_remote_pyshare.backends.webdav.verbs import Verbs
    from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload


class WebDAVBackend(LazyBackend["Verbs"]):
    """A folder on a WebDAV server, or a public link to one.

    Besides the verbs: Establishes, Locates, Measures, Shares, TakesParts.

    Args:
        place: Its URL is the folder's.
    """

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._address = address_of(place.url)
        self._settling = Lock()

    @property
    def server(self) -> str:
        return self._address.base

    def initialize(self) -> Initialized:
        """Look at the address once, and mark the place as this remote's own."""
        from git_annex_remote_pyshare.backends.webdav.initialize import initialize  # noqa: PLC0415  # as in open_verbs

        return initialize(self.place, self._address, super().verbs)

    def locate(self, name: str) -> str:
        """The object's URL, which holds no login."""
        return f"{self._address.base}/{in_path(name)}"

    def quota(self) -> Quota:
        """As far as the server tells (RFC 4331)."""
        return self.verbs.quota()

    def share(self, terms: Terms = NO_TERMS) -> Share | None:
        """A public link, on Nextcloud and ownCloud; one that the store is already is for its owner to change."""
        if not self._address.public:
            return self.verbs.share(terms)
        if any(terms):
            raise self._is_a_link()
        return Share(self.place.url)

    def revoke(self) -> "Sequence[str]":
        """Withdraw the public links, on Nextcloud and ownCloud."""
        if self._address.public:
            raise self._is_a_link()
        return self.verbs.revoke()

    def _is_a_link(self) -> BadSetting:
        return BadSetting(
            f"{self.place.url} is a link itself, which only its owner can change",
            remedy="Type the command with the name of the remote that the link was made of.",
        )

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

    @property
    def verbs(self) -> "Verbs":
        """What does the work, once a public link's address is found."""
        verbs = super().verbs
        with self._settling:
            verbs.settle()
        return verbs

    @property
    def _chunking(self) -> "Chunking":
        verbs = self.verbs
        with self._settling:
            return verbs.chunking

    def open_verbs(self) -> "Verbs":
        # With it come urllib3 and TLS: nothing before the first request needs them.
        from git_annex_remote_pyshare.backends.webdav.verbs import Verbs  # noqa: PLC0415

        return Verbs(self.place, self._address, self.ahead)
