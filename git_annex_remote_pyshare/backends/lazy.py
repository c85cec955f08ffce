"""What backends have in common that load what does the work, and an HTTP library with it, at the first request."""

from abc import abstractmethod
from collections.abc import Iterator
from threading import Lock
from typing import Generic, Protocol, TypeVar

from git_annex_remote_pyshare.backends.base import Backend, Entry, Receipt, Stat, StoreConfig
from git_annex_remote_pyshare.transfer import Progress, Sink, Source
from git_annex_remote_pyshare.transport.preconnect import Preconnector


class Verbs(Protocol):
    """The contract's verbs, as `Backend` has them."""

    def stat(self, name: str) -> Stat | None: ...
    def get(self, name: str, sink: Sink, progress: Progress) -> None: ...
    def put(self, name: str, source: Source, progress: Progress) -> Receipt: ...
    def delete(self, name: str) -> None: ...
    def list(self, folder: str) -> Iterator[Entry]: ...
    def close(self) -> None: ...


AnyVerbs = TypeVar("AnyVerbs", bound=Verbs)


class LazyBackend(Backend, Generic[AnyVerbs]):
    """Keeps its place, and passes every verb on to what `open_verbs` makes, once, when a request needs it."""

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self.opened: AnyVerbs | None = None
        """What was made; None before the first request."""
        self.ahead = Preconnector()
        """For the connections of what is made: sockets that were connected while it was not there yet."""
        self._opening = Lock()

    @property
    def server(self) -> str:
        """A URL on the server that the first requests will go to; empty where nobody knows that yet."""
        return ""

    @abstractmethod
    def open_verbs(self) -> AnyVerbs:
        """Import and make what does the work; connects to nothing."""

    @property
    def verbs(self) -> AnyVerbs:
        """What does the work."""
        if self.opened is None:
            if self._opening.locked():
                self.ahead.connect(self.server)
            with self._opening:
                self.opened = self.opened or self._made()
        return self.opened

    def _made(self) -> AnyVerbs:
        """Import, and connect meanwhile: so does each job that waits for this one."""
        self.ahead.connect_meanwhile(self.server)
        try:
            return self.open_verbs()
        except BaseException:  # whatever hindered it, nobody will take these sockets, and who tries again does without
            self.ahead.close()
            raise

    def stat(self, name: str) -> Stat | None:
        return self.verbs.stat(name)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        self.verbs.get(name, sink, progress)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        return self.verbs.put(name, source, progress)

    def delete(self, name: str) -> None:
        self.verbs.delete(name)

    def list(self, folder: str = "") -> Iterator[Entry]:
        return self.verbs.list(folder)

    def close(self) -> None:
        self.ahead.close()
        if self.opened is not None:
            self.opened.close()
