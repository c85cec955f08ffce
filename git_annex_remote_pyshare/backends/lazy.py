"""Defines a layer that imports and creates its backend at the first request, and connects to the server meanwhile.

If the backend of a kind of store needs an HTTP library, a remote gets a small subclass of this instead. Before the
first request git-annex needs no server, so start-up stays fast.
"""

from collections.abc import Callable
from importlib import import_module
from threading import Lock
from typing import Any, ClassVar

from git_annex_remote_pyshare.backends.base import Ability, Backend, Done, StoreConfig, has_ability
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.transport.preconnect import Preconnector

_VERBS = ("stat", "get", "put", "delete", "list")


class Lazy(Layer):
    """Creates the backend for its place once, when a request needs it.

    A subclass can have an ability that needs no backend, such as `Locates`; all others are those of the backend's
    class, which is imported when you ask for one.
    """

    target: ClassVar[str]
    """`module:class` of the backend; the class is called with the place and the Preconnector."""

    def __init__(self, place: StoreConfig) -> None:
        Backend.__init__(self, place)  # Layer.__init__ needs the backend
        self.preconnector = Preconnector()
        """Sockets for the connections of the backend, which connect while the backend is being created."""
        self._made: Backend | None = None
        self._making = Lock()

    @property
    def server(self) -> str:
        """A URL on the server that gets the first requests; empty if it is not known yet."""
        return ""

    def make(self) -> Backend:
        """Import and create the backend, without connecting to the server."""
        made: Backend = _load(self.target)(self.place, self.preconnector)
        return made

    @property
    def backend(self) -> Backend:  # type: ignore[override]  # no other layer's changes either
        """The backend; if there is none yet, one job creates it while all others connect."""
        if self._made is None:
            if self._making.locked():
                self.preconnector.connect(self.server)
            with self._making:
                if self._made is None:
                    self._made = self._make_connecting()
                    self._step_aside(self._made)
        return self._made

    def _step_aside(self, made: Backend) -> None:
        """Let later requests of the verbs that no subclass changes go to the backend itself, without a call of ours."""
        for verb in _VERBS:
            if getattr(type(self), verb) is getattr(Layer, verb):
                setattr(self, verb, getattr(made, verb))

    def _make_connecting(self) -> Backend:
        self.preconnector.connect_meanwhile(self.server)
        try:
            return self.make()
        except BaseException:  # after any error these sockets are unused, and the next attempt opens its own
            self.preconnector.close()
            raise

    def has(self, kind: type) -> bool:
        return has_ability(type(self), kind) or has_ability(_load(self.target), kind)

    def call(self, kind: type[Ability], request: Callable[[Ability], Done]) -> Done:
        if has_ability(type(self), kind):
            return Backend.call(self, kind, request)
        return self.backend.call(kind, request)

    def close(self) -> None:
        self.preconnector.close()
        if self._made is not None:
            self._made.close()


def _load(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
