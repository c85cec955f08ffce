"""Defines the contract between the store and a backend, for authors of backends.

A *store* is the place that one URL points to, an *object* is what it keeps, a *name* is the object's path inside
the store. A backend is our code for one kind of store.

Names are `str` with `/` between segments, never empty, never with an empty, `.` or `..` segment, never absolute.
Bytes that are not UTF-8 are surrogate escapes, as Python does it for file names: `encode_name` gives the bytes.

All verbs may be called from many threads at once, also for the same name. All may be called again after any
failure. Every failure is one of `errors.py`; one function of each backend makes them from status codes and
library exceptions, and nothing outside the backend looks at those. What `progress` raises ends the transfer and is
passed on as it is.

What one kind of store can do beyond the verbs is an ability, a Protocol of `abilities.py` that can be imported from
here, too: a backend that has its methods has the ability. `Backend.call` uses one through all layers.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar, cast

from git_annex_remote_pyshare.backends.abilities import (
    NO_TERMS,
    CanInitialize,
    HasNotices,
    HasQuota,
    Initialized,
    Locates,
    Opens,
    Publishes,
    Quota,
    Readiness,
    ReportsAvailability,
    Restores,
    Share,
    Shares,
    Terms,
)
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

Ability = TypeVar("Ability")
Done = TypeVar("Done")


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
    """The login to use, looked up when it is called; None when there is none. May raise PermissionDenied, or
    Unreachable if its source does not respond."""
    advice: Callable[[], str] = lambda: ""
    """What to type when the store wants a login and `credential` has none: the remedy of a PermissionDenied."""
    trusted: Callable[[], bool] = lambda: False
    """Whether the user has accepted this remote's settings; settings not accepted are untrusted input."""
    uuid: str = ""
    """git-annex's UUID of the remote; only set for `initialize`."""
    acceptance: Callable[[], str] = lambda: ""
    """The command by which the user accepts the settings; empty if there is none."""


class Backend(ABC):
    """One store. Constructing it connects to nothing and looks up no login.

    What a remote gets is constructed when git-annex first needs the store, so a class whose module imports a heavy
    library is made by a `Lazy` (`backends/lazy.py`).
    """

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
        """Download the object into `sink`, after the bytes that it has if the server supports that.

        `sink.writing` gets the server's identifier of this version of the object: an entity tag, a revision, or a
        file's metadata. A later attempt, also in a later process, resumes only if the current version `fits` the sink,
        since a replaced object can have other bytes and the same size: git-annex encrypts again for each upload.
        Otherwise download from offset 0, even if the file looks complete, or has more bytes than the object.

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

    def has(self, kind: type) -> bool:
        """Whether the store has the ability `kind`; asks no server."""
        return has_ability(type(self), kind)

    def call(self, kind: type[Ability], request: Callable[[Ability], Done]) -> Done:
        """Use an ability: layers add to this what they add to verbs, such as trying again.

        Args:
            kind: The ability's Protocol.
            request: Uses it, and returns when all is done (an iterator is read to its end there); may be called again.

        Raises:
            TypeError: The store has no such ability.
            PyshareError: What the ability raises.
        """
        if not self.has(kind):
            raise TypeError(f"{type(self).__name__} does not implement {kind.__name__}")
        return request(cast("Ability", self))

    def close(self) -> None:  # noqa: B027  # not every backend has something to let go
        """Let go of connections; requests in other threads may fail. May be called twice."""


def ability(backend: Backend, kind: type[Ability]) -> Ability | None:
    """The first backend, from the outermost layer inwards, that has the ability `kind`; None when none has.

    What asks the server is not called on it, since no layer would know of that: see `Backend.call`.
    """
    inner: Any = backend if backend.has(kind) else None  # which may know without being made
    while inner is not None and not has_ability(type(inner), kind):
        inner = getattr(inner, "backend", None)
    return cast("Ability | None", inner)


_known: dict[tuple[type, type], bool] = {}


def has_ability(backend: type, kind: type) -> bool:
    """Whether a class of backends has an ability; remembered, since it is asked for each object."""
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
