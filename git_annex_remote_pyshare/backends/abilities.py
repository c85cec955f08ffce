"""Defines abilities, which only some stores have: a backend that has the methods of a Protocol here has the ability.

`Backend.has` says whether a store has an ability, and `Backend.call` uses it through all layers, so that it is retried,
limited and cancelled like the verbs. An ability that sends no request (`Locates`, `HasNotices`) may be used directly,
as `base.ability` gives it. `SupportsMultipart` has a module of its own, which only large objects need.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, runtime_checkable


class Initialized(NamedTuple):
    """What came of making a place ready."""

    settings: Mapping[str, str] = {}
    """What was learned of the place and belongs into the remote's settings, for everybody who clones."""
    notes: tuple[str, ...] = ()
    """What the owner should know, a line each."""
    private: bool = False
    """Whether the address is one that only the owner's own login opens, so that friends need another way in."""


@runtime_checkable
class CanInitialize(Protocol):
    """Ability: make the place ready once, when its owner runs `git annex initremote` (a marker, a bucket)."""

    def initialize(self) -> Initialized:
        """Idempotent. Raises a PyshareError that says what to do when the place cannot be made ready.

        A place that cannot be asked now, since there is no network or no login, is no failure.
        """


@runtime_checkable
class Locates(Protocol):
    """Ability: say where an object can be found, without asking the server."""

    def locate(self, name: str) -> str:
        """A path or URL for `git annex whereis`, never with a login in it."""


@runtime_checkable
class ReportsAvailability(Protocol):
    """Ability: a store that comes and goes with a disk or network folder, and can tell without the network."""

    def available(self) -> bool:
        """Whether the store can be used now."""


@runtime_checkable
class Publishes(Protocol):
    """Ability: give whole objects a lasting URL that anyone may get, without a login and without this program."""

    def is_publishing(self) -> bool:
        """Whether the settings ask for URLs; else no URLs are recorded, which costs git-annex some time per object."""

    def publish(self, name: str) -> str:
        """The URL of a stored object; empty where there is none."""

    def has_published(self, name: str, url: str) -> bool:
        """Whether `url` may be one that `publish` gave for the object, which then ends with it."""


class Quota(NamedTuple):
    """Space in the account or on the disk that a store is part of."""

    used: int | None
    """Bytes, or None where the server does not report it."""
    free: int | None
    """Bytes, or None where there is no limit, or none that the server tells."""


@runtime_checkable
class HasQuota(Protocol):
    """Ability: report used and free space."""

    def quota(self) -> Quota:
        """Asks the server."""


class Terms(NamedTuple):
    """What a link is to be like; nothing given leaves a link that exists as it is."""

    ends: str = ""
    """The last day of the link (`2030-12-31`); empty for no end."""
    password: str = ""
    """What friends have to type to open the link; a secret."""

    def __repr__(self) -> str:
        """For debug output: without the password."""
        return f"Terms(ends={self.ends!r}, …)"


NO_TERMS = Terms()


class Share(NamedTuple):
    """How friends reach a store."""

    url: str
    """What they open or give as `url=`; holds no login."""
    login: str = ""
    """The command for the login that a friend needs, quoted for a shell; empty where none is needed."""
    is_new: bool = False
    """Whether the link was made just now."""
    ends: str = ""
    """The day on which the link ends (`2030-12-31`); empty where it does not end by itself."""
    has_password: bool = False
    """Whether the link wants a password; `login` then asks for it."""
    settings: Mapping[str, str] = {}
    """What a remote at `url` needs besides it, for everybody who clones."""


@runtime_checkable
class Shares(Protocol):
    """Ability: let friends read the whole store through a link.

    A backend whose servers do not all have links gives None for the others.
    """

    def share(self, terms: Terms = NO_TERMS) -> Share | None:
        """Find the store's link or make one, and bring it to the terms.

        None where the store has no links: friends read it with a login of their own.

        Raises:
            BadSetting: The service has no links on such terms.
            PyshareError: There can be no link, and why.
        """

    def revoke(self) -> Sequence[str]:
        """Withdraw all links by which friends read the store; their URLs, none where there was no link.

        Raises:
            BadSetting: The store has no links that could be withdrawn.
            PyshareError: One was not withdrawn.
        """


@runtime_checkable
class Opens(Protocol):
    """Ability: let anyone read the whole store without a login and without a link."""

    def open_to_all(self) -> Mapping[str, str]:
        """Open the store; the settings that the remote then needs, so that friends read it without a login.

        Raises:
            PermissionDenied: The login may not do that; the remedy is a command for the bucket's administrator.
            PyshareError: The store cannot be opened, or was not.
        """

    def close_to_all(self) -> Mapping[str, str]:
        """Take back what `open_to_all` did; the settings that the remote then needs. Raises as `open_to_all`."""


Readiness = Literal["ready", "restoring", "archived"]
"""Whether an object can be read now, later, or only after a request to restore it."""


@runtime_checkable
class Restores(Protocol):
    """Ability: bring back objects from an archive in which they are present but cannot be read at once."""

    def readiness(self, name: str) -> Readiness:
        """How far an object is. Raises NotFound, or a PyshareError when the store could not be asked."""

    def restore(self, name: str) -> Readiness:
        """Ask for an archived object, once; how far it is then."""


@runtime_checkable
class HasNotices(Protocol):
    """Ability: tell the user what a success does not say, e.g. that a removed object still uses space."""

    def notice(self) -> str:
        """A notice that was not shown yet; empty if there is none."""
