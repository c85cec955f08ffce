"""The S3 backend: each verb as one request."""

from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import NO_TERMS, Initialized, Readiness, Receipt, Share, StoreConfig, Terms
from git_annex_remote_pyshare.backends.lazy import LazyBackend
from git_annex_remote_pyshare.backends.s3.url import address_of, quoted_key
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.transfer import Progress, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_annex_remote_pyshare.backends.multipart import Unfinished
    from git_annex_remote_pyshare.backends.s3.verbs import Verbs
    from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload


class S3Backend(LazyBackend["Verbs"]):
    """A bucket, or a folder in one.

    Args:
        place: Its settings say which one, and on which server.
    """

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._address = address_of(place.settings)

    @property
    def server(self) -> str:
        # Where anyone may read, that may be at another host, and so it may be before the region is known.
        server = self._address.server
        is_known = server.region and not self._address.published
        return f"{server.scheme}://{self._address.host}" if is_known else ""

    def initialize(self) -> Initialized:
        """Make the bucket, and mark the place as this remote's own as git-annex's S3 remote does."""
        return self.verbs.bucket.initialize()

    def locate(self, name: str) -> str:
        """Where anyone can get the object, else its address for those with a login."""
        return self._address.public_url(name) or f"s3://{self._address.bucket}/{self._address.prefix}{name}"

    def is_publishing(self) -> bool:
        """Where the settings say at which address anyone may read."""
        return bool(self._address.published)

    def publish(self, name: str) -> str:
        """The object's lasting URL."""
        return self._address.public_url(name)

    def has_published(self, name: str, url: str) -> bool:
        """Whether it is the object's URL now, or was one when the settings were others."""
        if url and url == self._address.public_url(name):
            return True
        host, _, path = url.partition("://")[2].partition("/")
        bucket, key = quoted_key(self._address.bucket.encode()), quoted_key(self._address.key_of(name))
        # A copy elsewhere may be in a bucket of the same or nearly the same name, and keeps its URL.
        is_here = host.endswith(self._address.server.partition or self._address.server.host)
        return is_here and (path == f"{bucket}/{key}" or (path == key and host.startswith(f"{bucket}.")))

    def share(self, terms: Terms = NO_TERMS) -> Share | None:
        """What friends give as url=, where the settings say that the bucket's policy lets anyone in; else None.

        Raises:
            BadSetting: Terms are given: a bucket has no links.
        """
        if any(terms):
            raise BadSetting(
                f"{self._address.shown} has no links that could end or have a password",
                remedy="Leave --expires and --password out.",
            )
        settings = self.place.settings
        return Share(self.place.url) if settings["public"] == "yes" or settings["publicurl"] else None

    def revoke(self) -> "Sequence[str]":
        """Never: a bucket has no links."""
        raise BadSetting(
            f"{self._address.shown} has no links that could be withdrawn",
            remedy="If anyone can read the bucket, add --public: it takes that back.",
        )

    def open_to_all(self) -> "Mapping[str, str]":
        """Let the bucket's policy open the store to everybody."""
        self.verbs.open_to_all()
        return {"public": "yes"}

    def close_to_all(self) -> "Mapping[str, str]":
        """Take that out of the bucket's policy."""
        self.verbs.close_to_all()
        return {"public": "no"}

    def readiness(self, name: str) -> Readiness:
        """Whether the object is in an archive."""
        return self.verbs.archive.readiness(name)

    def restore(self, name: str) -> Readiness:
        """Ask for the object to be brought back from its archive."""
        return self.verbs.archive.restore(name)

    def notice(self) -> str:
        """That a removed object was only hidden, the first time."""
        remarks = self.opened.remarks if self.opened is not None else []
        return remarks.pop() if remarks else ""

    def part_limits(self, size: int) -> "Limits | None":
        return self.verbs.parts.limits(size)

    def begin(self, name: str, _plan: "Plan") -> str:
        return self.verbs.parts.begin(name)

    def send(self, upload: "Upload", part: "Part", source: Source, progress: Progress) -> "Sent":
        return self.verbs.parts.send(upload, part, source, progress)

    def fingerprint(self, source: Source, part: "Part") -> str:
        from git_annex_remote_pyshare.backends.s3.multipart_uploads import fingerprint  # noqa: PLC0415  # as in open_verbs

        return fingerprint(source, part)

    def sent(self, upload: "Upload", known: "Mapping[int, Sent]") -> "Mapping[int, Sent] | None":
        return self.verbs.parts.sent(upload, known)

    def finish(self, upload: "Upload", sent: "Mapping[int, Sent]", source: Source, progress: Progress) -> Receipt:
        return self.verbs.finish(upload, sent, source, progress)

    def abort(self, name: str, id: str) -> None:  # noqa: A002  # as in the contract
        self.verbs.parts.abort(name, id)

    def unfinished(self) -> "Iterator[Unfinished]":
        return self.verbs.unfinished()

    def open_verbs(self) -> "Verbs":
        # With it come urllib3 and TLS: nothing before the first request needs them.
        from git_annex_remote_pyshare.backends.s3.verbs import Verbs  # noqa: PLC0415

        return Verbs(self.place, self._address, self.ahead)
