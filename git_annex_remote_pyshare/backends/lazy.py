"""Defines a layer that imports and makes its backend at the first request, and connects to the server meanwhile.

A kind of store whose backend needs an HTTP library has a small class of this, which is what a remote gets: up to then
git-annex asks what needs no server, and start-up is measured.
"""

from collections.abc import Callable
from importlib import import_module
from threading import Lock
from typing import Any, ClassVar

from git_annex_remote_pyshare.backends.base import Ability, Backend, Done, StoreConfig, has_ability
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.transport.preconnect import Preconnector


class Lazy(Layer):
    """Keeps its place, and makes the backend for it once, when a request needs it.

    An ability that needs no backend can be this class's own, `Locates` for one; all others are those of the backend's
    class, which is imported when they are asked for.
    """

    target: ClassVar[str]
    """`module:class` of the backend; the class takes the place and the Preconnector."""

    def __init__(self, place: StoreConfig) -> None:
        Backend.__init__(self, place)  # a Layer has its backend from the beginning
        self.ahead = Preconnector()
        """For the connections of the backend: sockets that were connected while it was not there yet."""
        self._made: Backend | None = None
        self._making = Lock()

    @property
    def server(self) -> str:
        """A URL on the server that the first requests go to; empty where that is not known yet."""
        return ""

    def make(self) -> Backend:
        """Import and make the backend; connects to nothing."""
        made: Backend = _load(self.target)(self.place, self.ahead)
        return made

    @property
    def backend(self) -> Backend:  # type: ignore[override]  # no other layer's changes either
        """The backend, made now if it is not there yet: by one job, and all others connect meanwhile."""
        if self._made is None:
            if self._making.locked():
                self.ahead.connect(self.server)
            with self._making:
                self._made = self._made or self._make_connecting()
        return self._made

    def _make_connecting(self) -> Backend:
        self.ahead.connect_meanwhile(self.server)
        try:
            return self.make()
        except BaseException:  # after any error these sockets are unused, and the next attempt connects itself
            self.ahead.close()
            raise

    def has(self, kind: type) -> bool:
        return has_ability(type(self), kind) or has_ability(_load(self.target), kind)

    def call(self, kind: type[Ability], request: Callable[[Ability], Done]) -> Done:
        if has_ability(type(self), kind):
            return Backend.call(self, kind, request)
        return self.backend.call(kind, request)

    def close(self) -> None:
        self.ahead.close()
        if self._made is not None:
            self._made.close()


def _load(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
