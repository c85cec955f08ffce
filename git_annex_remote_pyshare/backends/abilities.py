"""Defines abilities, which only some stores have: a backend with the methods of a Protocol here has that ability.

`Backend.has` says whether a store has an ability, and `Backend.call` uses it through all layers, so that it is retried,
limited and cancelled like the verbs. You may use an ability that sends no request (`Locates`, `HasNotices`) directly,
from `base.ability`. Abilities of trees have their own module, and so has `SupportsMultipart`, for large objects.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.transfer import ByteRange, Progress


class Initialized(NamedTuple):
    """The result of preparing a place."""

    settings: Mapping[str, str] = {}
    """Settings that were found out and must be stored with the remote, for all clones."""
    notes: tuple[str, ...] = ()
    """What the owner should know, one line each."""
    private: bool = False
    """Whether only the owner's login opens the address, so that friends need another way to the store."""
    failure: PyshareError | None = None
    """The error that kept the place from being checked and prepared. If it is retryable, pyshare tries again for a
    while, and the rest of this result counts only if no attempt succeeds."""


@runtime_checkable
class CanInitialize(Protocol):
    """Ability: prepare the place once, when its owner runs `git annex initremote` (create a mark, a bucket)."""

    def initialize(self) -> Initialized:
        """Prepare the place; may be called again.

        Do not raise if the place cannot be reached now because there is no network or no login: return a note that
        says so and, if there is no network, `failure`.

        Raises:
            PyshareError: The place cannot be prepared; the remedy says what to do.
        """


@runtime_checkable
class Locates(Protocol):
    """Ability: say where an object can be found, without asking the server."""

    def locate(self, name: str) -> str:
        """A path or URL for `git annex whereis`; it must not contain a login."""


@runtime_checkable
class ReportsAvailability(Protocol):
    """Ability: say without a request whether the store is there, if it is on a removable disk or a network folder."""

    def available(self) -> bool:
        """Whether you can use the store now."""


@runtime_checkable
class Publishes(Protocol):
    """Ability: give whole objects a lasting URL that anyone can download without a login and without pyshare."""

    def is_publishing(self) -> bool:
        """Whether the settings ask for URLs; otherwise none are recorded, which saves git-annex time per object."""

    def publish(self, name: str) -> str:
        """The URL of a stored object; empty if there is none."""

    def has_published(self, name: str, url: str) -> bool:
        """Whether `publish` may have returned `url` for the object, so that removing the object disables the URL."""


@runtime_checkable
class ReadsRanges(Protocol):
    """Ability: read a part of an object, so that a large object can come over several connections at once.

    Call `read_range` with `Layer.run`, which adds to it what the layers add to a transfer.
    """

    def is_exact(self, version: str) -> bool:
        """Whether an identifier that `get` passed to `Sink.writing` belongs to these bytes and no others.

        A time of change does not: two versions can have the same. Sends no request.
        """

    def read_range(self, name: str, part: ByteRange, progress: Progress) -> bytearray:
        """The bytes of a part of the object, all of them.

        Args:
            name: The object.
            part: Its version is exact.
            progress: Called with the number of bytes done, counted from the start of the part.

        Raises:
            RangeRefused: The object is another version now, or the server sends something other than the part.
            NotFound: The store has no such object.
            PyshareError: Any other failure.
        """


class Quota(NamedTuple):
    """Space in the account or on the disk that has the store."""

    used: int | None
    """Bytes; None if the server does not report it."""
    free: int | None
    """Bytes; None if there is no limit, or the server does not report it."""


@runtime_checkable
class HasQuota(Protocol):
    """Ability: report used and free space."""

    def quota(self) -> Quota:
        """Request the quota from the server; raises a PyshareError if that fails."""


@runtime_checkable
class NamesProduct(Protocol):
    """Ability: say which product and version the server is."""

    def product(self) -> str:
        """Name and version, for example `Nextcloud 31.0.2`; empty if the server does not say it.

        Raises:
            PyshareError: The server does not respond.
        """


class Terms(NamedTuple):
    """The terms of a link; a term that is not given leaves an existing link unchanged."""

    ends: str = ""
    """Last day on which the link works (`2030-12-31`); empty for no end."""
    password: str = ""
    """Password that friends type to open the link; a secret."""

    def __repr__(self) -> str:
        """The terms for debug output, without the password."""
        return f"Terms(ends={self.ends!r}, …)"


NO_TERMS = Terms()


class Share(NamedTuple):
    """How friends get access to a store."""

    url: str
    """The address that they open or use as `url=`; contains no login."""
    login: str = ""
    """The command for the login that a friend needs, quoted for a shell; empty if none is needed."""
    is_new: bool = False
    """Whether the link was created just now."""
    ends: str = ""
    """Last day on which the link works (`2030-12-31`); empty if it does not expire."""
    has_password: bool = False
    """Whether the link has a password; the `login` command then asks for it."""
    settings: Mapping[str, str] = {}
    """Other settings that a remote at `url` needs, for all clones."""


@runtime_checkable
class Shares(Protocol):
    """Ability: let friends read the whole store with a link.

    A backend returns None from `share` for a server that has no links.
    """

    def share(self, terms: Terms = NO_TERMS) -> Share | None:
        """Find or create the link of the store, and apply the terms to it.

        Returns None if the store has no links: friends then read it with their own login.

        Raises:
            BadSetting: The service does not support these terms.
            PyshareError: The link cannot be created; the text says why.
        """

    def revoke(self) -> Sequence[str]:
        """Revoke all links with which friends read the store, and return their URLs.

        Raises:
            BadSetting: Links of this store cannot be revoked.
            PyshareError: A link was not revoked.
        """


class Page(NamedTuple):
    """A page of the service that shows the store's folder to people."""

    url: str
    can_withdraw: bool
    """Whether `withdraw_page` can succeed."""


@runtime_checkable
class LinksPage(Protocol):
    """Ability: link to a page of the service for people with a browser, which is no store: git-annex cannot read it.

    For a service whose links work as stores, a backend has `Shares` instead.
    """

    def link_page(self, terms: Terms = NO_TERMS) -> Page:
        """Find or create the link, and apply the terms to it.

        Raises:
            BadSetting: The service has no such links, or does not support the terms.
            PyshareError: The link cannot be created; the text says why.
        """

    def withdraw_page(self) -> None:
        """Withdraw the link.

        Raises:
            BadSetting: It can only be withdrawn on the service's own page.
            PyshareError: It was not withdrawn.
        """


@runtime_checkable
class Opens(Protocol):
    """Ability: let anyone read the whole store without a login and without a link."""

    def open_to_all(self) -> Mapping[str, str]:
        """Open the store, and return the settings with which friends read it without a login.

        Raises:
            PermissionDenied: The login does not allow it; the remedy is a command for the administrator of the bucket.
            PyshareError: The store was not opened.
        """

    def close_to_all(self) -> Mapping[str, str]:
        """Undo `open_to_all`, and return the settings that the remote then needs. Raises as `open_to_all`."""


Readiness = Literal["ready", "restoring", "archived"]
"""Whether an object can be read now, later, or only after a request to restore it."""


@runtime_checkable
class Restores(Protocol):
    """Ability: restore objects from an archive, in which they are present but cannot be read immediately."""

    def readiness(self, name: str) -> Readiness:
        """The state of an object. Raises NotFound, or another PyshareError if the request fails."""

    def restore(self, name: str) -> Readiness:
        """Request once that an archived object is restored, and return its new state."""


@runtime_checkable
class HasNotices(Protocol):
    """Ability: tell the user something about a successful request, e.g. that a removed object still uses space."""

    def notice(self) -> str:
        """The next notice that was not returned yet; empty if there is none."""
