"""Defines the base class of layers: a backend around another one, to which it passes what it does not change."""

from collections.abc import Callable, Iterator

from git_annex_remote_pyshare.backends.base import Ability, Backend, Done, Entry, Receipt, Stat
from git_annex_remote_pyshare.transfer import Progress, Sink, Source


class Layer(Backend):
    """Passes every verb and ability on; a layer overrides those that it has something to add to."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend.place)
        self.backend = backend

    def run(self, attempt: Callable[[Progress], Done], progress: Progress) -> Done:
        """Transfer something that is no object, such as one part, with what this and all inner layers add to verbs.

        Args:
            attempt: Does it once, and tells the progress that it is given how many bytes are done; may be called again.
            progress: Told the same.
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
