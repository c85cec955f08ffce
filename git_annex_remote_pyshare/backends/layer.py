"""Defines the base class of layers: a backend that wraps another one, and passes on what it does not change."""

from collections.abc import Callable, Iterator

from git_annex_remote_pyshare.backends.base import Ability, Backend, Done, Entry, Receipt, Stat
from git_annex_remote_pyshare.transfer import Progress, Sink, Source


class Layer(Backend):
    """Passes on each verb and ability; a layer overrides those that it extends."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend.place)
        self.backend = backend

    def run(self, attempt: Callable[[Progress], Done], progress: Progress) -> Done:
        """Transfer something other than an object, such as one part, with what this and all inner layers add to verbs.

        Args:
            attempt: Transfers it once, and calls its argument with the number of bytes done; may be called again.
            progress: Called with the same numbers.
        """
        inner = self.backend
        return inner.run(attempt, progress) if isinstance(inner, Layer) else attempt(progress)

    def has(self, kind: type) -> bool:
        return self.backend.has(kind)

    def call(self, kind: type[Ability], request: Callable[[Ability], Done]) -> Done:
        return self.backend.call(kind, request)

    def stat(self, name: str) -> Stat | None:
        return self.backend.stat(name)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        self.backend.get(name, sink, progress)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        return self.backend.put(name, source, progress)

    def delete(self, name: str) -> None:
        self.backend.delete(name)

    def list(self, folder: str = "") -> Iterator[Entry]:
        return self.backend.list(folder)

    def close(self) -> None:
        self.backend.close()
