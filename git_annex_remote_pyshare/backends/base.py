"""Defines the contract between the store and a backend, for authors of backends.

A *store* is the place that one URL points to, an *object* is a piece of data in it, and a *name* is the path of an
object inside the store. A *backend* is the code for one kind of store.

A name is a `str` with `/` between segments. It is never empty or absolute, and never has an empty, `.` or `..` segment.
Bytes that are not UTF-8 are surrogate escapes, as in Python's file names: `encode_name` returns the bytes.

All verbs may be called from many threads at once, even for the same name, and again after any failure. Each failure is
an error of `errors.py`; one function of each backend creates it from a status code or a library exception, which code
outside the backend never handles. An exception from `progress` ends the transfer and is passed on unchanged.

What a store can do beyond the verbs is an ability: a Protocol of `abilities.py` or `tree_abilities.py`, which you can
also import from here.
A backend that has its methods has the ability. `Backend.call` uses an ability through all layers.
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
    LinksPage,
    Locates,
    NamesProduct,
    Opens,
    Page,
    Publishes,
    Quota,
    Readiness,
    ReadsRanges,
    ReportsAvailability,
    Restores,
    Share,
    Shares,
    Terms,
)
from git_annex_remote_pyshare.backends.tree_abilities import (
    Content,
    HidesNames,
    ListsContents,
    Moves,
    RemovesFolders,
    RemovesVersions,
    WritesConditionally,
    is_importable,
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
    "Content",
    "Entry",
    "HasNotices",
    "HasQuota",
    "HidesNames",
    "Initialized",
    "LinksPage",
    "ListsContents",
    "Locates",
    "Moves",
    "NamesProduct",
    "Opens",
    "Page",
    "Publishes",
    "Quota",
    "Readiness",
    "ReadsRanges",
    "Receipt",
    "RemovesFolders",
    "RemovesVersions",
    "ReportsAvailability",
    "Restores",
    "Share",
    "Shares",
    "Stat",
    "StoreConfig",
    "Terms",
    "WritesConditionally",
    "ability",
    "encode_name",
    "is_importable",
]

Ability = TypeVar("Ability")
Done = TypeVar("Done")


class Stat(NamedTuple):
    """What a store reports about an object that it has."""

    size: int | None
    """Bytes; None if the server does not report it."""
    digests: Mapping[str, str] = {}
    """Hex digests that the server reports without another request (hashlib's name of the algorithm → digest)."""


class Entry(NamedTuple):
    """One object of a listing."""

    name: str
    size: int | None
    """As in Stat."""
    digests: Mapping[str, str] = {}
    """As in Stat."""


class Receipt(NamedTuple):
    """What the server reports about an object after storing it; the verify layer compares it with the source."""

    size: int | None = None
    """Bytes that the server counted; None if a success already implies the size."""
    digests: Mapping[str, str] = {}
    """Hex digests that the server computed from what it received (algorithm → digest). An algorithm is a name that
    hashlib knows, or one whose digest the backend gave to the source (`Source.learn`)."""
    content: str = ""
    """The content identifier of the stored file (see `Content.id`), if the response to the upload itself has it."""


class StoreConfig(NamedTuple):
    """Where a store is, and what a backend may use from its environment; each backend is created from one."""

    url: str
    """The value of `url=`, as the user gave it."""
    settings: Mapping[str, str]
    """All settings of the remote, including defaults."""
    clone: LocalConfig
    """Options from the git config of this clone: time limits, certificates, how to write."""
    credential: Callable[[], Credential | None] = lambda: None
    """Looks up the login when called; returns None if there is none. May raise PermissionDenied, or Unreachable if the
    source of the login does not respond."""
    advice: Callable[[], str] = lambda: ""
    """Returns what to type if the store needs a login and `credential` has none: the remedy of a PermissionDenied."""
    trusted: Callable[[], bool] = lambda: False
    """Returns whether the user has accepted the settings of this remote; otherwise they are untrusted input."""
    uuid: str = ""
    """UUID of the remote in git-annex; only set for `initialize`."""
    acceptance: Callable[[], str] = lambda: ""
    """Returns the command with which the user accepts the settings; empty if there is none."""
    is_tree: bool = False
    """Whether the objects are the files of a tree, which people read under their own names (`exporttree=yes`) or also
    edit (`importtree=yes`). Such a store has no marker, and no other file of ours after a quiet run."""


class Backend(ABC):
    """One store. Creating it neither opens a connection nor looks up a login.

    A backend is created when git-annex first needs the store. If its module imports a large library, use a `Lazy`
    (`backends/lazy.py`) to create it later.
    """

    def __init__(self, place: StoreConfig) -> None:
        self.place = place

    @abstractmethod
    def stat(self, name: str) -> Stat | None:
        """Look up the object `name`; return None only if the store says clearly that there is none.

        Raises:
            PyshareError: The response leaves any doubt. A folder of that name is no object.
        """

    @abstractmethod
    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        """Download the object into `sink`; resume after the bytes in it if the server supports that.

        Pass `sink.writing` the server's identifier of this version of the object: an entity tag, a revision, or the
        metadata of a file. A later attempt or process may resume only if the current version `fits` the sink, since a
        replaced object can have other bytes and the same size: git-annex encrypts again for each upload. Otherwise
        download from offset 0, even if the file looks complete or has more bytes than the object.

        Return only after the whole object is in the sink. After a failure, the sink holds the start of the object,
        never more bytes or bytes of two versions.

        Raises:
            NotFound: The store has no such object.
            ContentChanged: It has another version than the sink accepts; see `ListsContents`.
            PyshareError: Any other failure; an error of the sink is passed on unchanged.
        """

    @abstractmethod
    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        """Store the object, replace an existing one, and create the folders that it needs.

        Readers see the old object, none, or the whole new one, even if the process, server or network fails at any
        time. Remove the old object only after the server has the whole new one. Return after the server confirms; the
        receipt has the size and digests that the server reports. Data left by failed or killed attempts must not
        accumulate.

        Raises:
            SourceChanged: The size of the source has changed; nothing is stored.
            ContentChanged: `Source.condition` is not met; nothing is stored. See `WritesConditionally`.
            FolderInTheWay: In a tree, a folder has that name; nothing has changed.
            PyshareError: Any other failure.
        """

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove the object; succeeds if there is none. Raises a PyshareError if the request fails."""

    @abstractmethod
    def list(self, folder: str = "") -> Iterator[Entry]:
        """All objects below `folder`, in any order, with full names and without remains of unfinished uploads.

        Yields nothing if there is no such folder. May raise a PyshareError after some entries.
        """

    def has(self, kind: type) -> bool:
        """Whether the store has the ability `kind`; sends no request."""
        return has_ability(type(self), kind)

    def call(self, kind: type[Ability], request: Callable[[Ability], Done]) -> Done:
        """Use an ability; layers add to this what they add to verbs, such as retries.

        Args:
            kind: The Protocol of the ability.
            request: Called with the ability; returns when everything is done (so read an iterator to its end in it).
                May be called again.

        Raises:
            TypeError: The store does not have the ability.
            PyshareError: The ability raises it.
        """
        if not self.has(kind):
            raise TypeError(f"{type(self).__name__} does not implement {kind.__name__}")
        return request(cast("Ability", self))

    def close(self) -> None:  # noqa: B027  # not every backend has connections
        """Close all connections; requests in other threads may fail. May be called twice."""


def ability(backend: Backend, kind: type[Ability]) -> Ability | None:
    """The first backend, from the outermost layer inwards, with the ability `kind`; None if there is none.

    Do not send requests with it, since they would bypass the layers; use `Backend.call` for these.
    """
    inner: Any = backend if backend.has(kind) else None  # a Lazy knows without creating its backend
    while inner is not None and not has_ability(type(inner), kind):
        inner = getattr(inner, "backend", None)
    return cast("Ability | None", inner)


_known: dict[tuple[type, type], bool] = {}


def has_ability(backend: type, kind: type) -> bool:
    """Whether a backend class has an ability; cached, since it is needed for each object."""
    known = _known.get((backend, kind))
    if known is None:
        known = _known[backend, kind] = issubclass(backend, kind)
    return known


def encode_name(name: str) -> bytes:
    """The bytes of a valid name.

    Raises:
        BadName: The name is empty, absolute, or has an empty, `.` or `..` segment or a NUL or line break.
    """
    if any(part in {"", ".", ".."} for part in name.split("/")) or not {"\0", "\n"}.isdisjoint(name):
        raise BadName(f"{name!r} is not a name that a store can hold")
    return name.encode("utf-8", "surrogateescape")
