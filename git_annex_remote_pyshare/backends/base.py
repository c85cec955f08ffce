"""The contract between the store and a backend: written for whoever adds a backend.

A *store* is the place that one URL points to, an *object* is what it keeps, a *name* is the object's path inside
the store. A backend is our code for one kind of store.

Names are `str` with `/` between segments, never empty, never with an empty, `.` or `..` segment, never absolute.
Bytes that are not UTF-8 are surrogate escapes, as Python does it for file names: `encode_name` gives the bytes.

All verbs may be called from many threads at once, also for the same name. All may be called again after any
failure. Every failure is one of `errors.py`; one function of each backend makes them from status codes and
library exceptions, and nothing outside the backend looks at those. What `progress` raises ends the transfer and is
passed on as it is.

What one kind of store can do beyond the verbs is an ability, a Protocol class below: a backend that has its method has
the ability. Layers need not pass abilities on, since `ability` looks through them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, cast, runtime_checkable

from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadName
from git_annex_remote_pyshare.transfer import Progress, Sink, Source

__all__ = [
    "NO_TERMS",
    "Ability",
    "Backend",
    "CanInitialize",
    "Entry",
    "HasNotices",
    "HasQuota",
    "Initialized",
    "Locates",
    "Opens",
    "Publishes",
    "Quota",
    "Readiness",
    "Receipt",
    "ReportsAvailability",
    "Restores",
    "Share",
    "Shares",
    "Stat",
    "StoreConfig",
    "Terms",
    "ability",
    "encode_name",
]


class Stat(NamedTuple):
    """What a store says of an object that is there."""

    size: int | None
    """Bytes, or None where the server does not tell."""
    digests: Mapping[str, str] = {}
    """Hex digests that the server tells without more ado (algorithm as hashlib calls it → digest)."""


class Entry(NamedTuple):
    """One object of a listing."""

    name: str
    size: int | None
    """As in Stat."""
    digests: Mapping[str, str] = {}
    """As in Stat."""


class Receipt(NamedTuple):
    """What the server said of an object after it took it; the verify layer holds it against the source."""

    size: int | None = None
    """Bytes that the server counted, or None where its success alone implies the size."""
    digests: Mapping[str, str] = {}
    """Hex digests that the server computed from what it received (algorithm → digest): one that hashlib knows by that
    name, or one that the backend taught the source (`Source.learn`)."""


class StoreConfig(NamedTuple):
    """Where a store is and what it may ask of its surroundings; every backend is made from one."""

    url: str
    """As the user gave it in `url=`."""
    settings: Mapping[str, str]
    """All settings of the remote, defaults filled in."""
    clone: LocalConfig
    """What this clone's git config says: time limits, certificates, how to write."""
    credential: Callable[[], Credential | None] = lambda: None
    """The login to use, looked up when it is called; None when there is none. May raise Denied, or Unreachable
    when whoever gives it does not answer."""
    advice: Callable[[], str] = lambda: ""
    """What to type when the store wants a login and `credential` has none: the remedy of a Denied."""
    trusted: Callable[[], bool] = lambda: False
    """Whether this clone's user stands behind the settings, which otherwise are a stranger's words."""
    uuid: str = ""
    """git-annex's UUID of the remote; only `initialize` is told it."""
    acceptance: Callable[[], str] = lambda: ""
    """What the user types to stand behind the settings; empty where that is nothing to type."""


class Backend(ABC):
    """One store. Constructing it does nothing but keep the place: no connection, no login, no heavy import."""

    def __init__(self, place: StoreConfig) -> None:
        self.place = place

    @abstractmethod
    def stat(self, name: str) -> Stat | None:
        """What the store has under `name`; None only when it says clearly that it has nothing there.

        Raises:
            PyshareError: Anything that leaves doubt. A folder under that name counts as nothing.
        """

    @abstractmethod
    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        """Fill `sink` with the object, going on behind the bytes that it has where the server allows that.

        `sink.writing` is told what the server calls this version of the object: an entity tag, a revision, what a file
        system knows of a file. A later attempt, in a later process too, goes on only if the version that is there then
        `fits` the sink, since an object that was replaced may have other bytes and the same size: git-annex encrypts
        anew for each store. Else the sink is filled from the beginning, also if it is complete, and so it is where it
        has more bytes than the object.

        Returns only when the whole object is there. After a failure the sink holds a beginning of the object, never a
        longer or a mixed file.

        Raises:
            NotFound: The store has no such object.
            PyshareError: Any other failure; one of the sink's own is passed on as it is.
        """

    @abstractmethod
    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        """Store the object, replacing one that is there, making the folders that it needs.

        Readers see the old object, none, or the whole new one, whatever dies when. The old one goes only when the
        new one is whole on the server. Returns after the server confirmed; what the server counted or hashed
        goes into the receipt. What a failed or killed attempt leaves must not grow with the attempts.

        Raises:
            SourceChanged: The source has not the size any more that it had at the beginning; nothing is stored.
            PyshareError: Any other failure.
        """

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove the object. Success when there is none; a failure when the store could not be asked."""

    @abstractmethod
    def list(self, folder: str = "") -> Iterator[Entry]:
        """All objects below `folder`, in no order, without leftovers of unfinished stores; names are whole.

        Nothing where there is no such folder. A PyshareError may come after some of the entries.
        """

    def close(self) -> None:  # noqa: B027  # not every backend has something to let go
        """Let go of connections; requests in other threads may fail. May be called twice."""


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
        """Whether the settings ask for URLs; else nobody looks for them, which costs git-annex some time per object."""

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
    """Ability: tell how much room there is."""

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
            Denied: The login may not do that; the remedy is a command for whoever may.
            PyshareError: The store cannot be opened, or was not.
        """

    def close_to_all(self) -> Mapping[str, str]:
        """Take back what `open_to_all` did; the settings that the remote then needs. Raises as `open_to_all`."""


Readiness = Literal["ready", "restoring", "archived"]
"""Whether an object can be read now, later without more ado, or only after somebody asked for it."""


@runtime_checkable
class Restores(Protocol):
    """Ability: bring back objects from an archive in which they are present but cannot be read at once."""

    def readiness(self, name: str) -> Readiness:
        """How far an object is. Raises NotFound, or a PyshareError when the store could not be asked."""

    def restore(self, name: str) -> Readiness:
        """Ask for an archived object, once; how far it is then."""


@runtime_checkable
class HasNotices(Protocol):
    """Ability: tell the user what a success does not say, e.g. that a removed object still takes room."""

    def notice(self) -> str:
        """What the user has not been told yet; empty when there is nothing more."""


Ability = TypeVar("Ability")


def ability(backend: Backend, kind: type[Ability]) -> Ability | None:
    """The first backend, from the outermost layer inwards, that has the ability `kind`; None when none has."""
    inner: Any = backend
    while inner is not None:
        if _has(type(inner), kind):
            return cast("Ability", inner)
        inner = getattr(inner, "backend", None)
    return None


_known: dict[tuple[type, type], bool] = {}


def _has(backend: type, kind: type) -> bool:
    """Whether a class has an ability: asked for each object, and slow to find out of a Protocol."""
    known = _known.get((backend, kind))
    if known is None:
        known = _known[backend, kind] = issubclass(backend, kind)
    return known


def encode_name(name: str) -> bytes:
    """The bytes of a legal name.

    Raises:
        BadName: The name is empty, absolute, or has an empty, `.` or `..` segment or a NUL or line break.
    """
    if any(part in {"", ".", ".."} for part in name.split("/")) or not {"\0", "\n"}.isdisjoint(name):
        raise BadName(f"{name!r} is not a name that a store can hold")
    return name.encode("utf-8", "surrogateescape")
