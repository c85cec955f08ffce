"""The verbs on a shelf."""

import os
from collections.abc import Iterator
from pathlib import Path

from git_annex_remote_pyshare.backends.base import Backend, Entry, Receipt, Stat
from git_annex_remote_pyshare.errors import NotFound
from git_annex_remote_pyshare.transfer import Progress, Sink, Source

from .login import check


class ShelfBackend(Backend):
    """A board of a shelf: a folder with one file per object."""

    @property
    def _board(self) -> Path:
        shelf = check(self.place.settings, self.place.credential())
        return shelf / self.place.settings["board"]

    def stat(self, name: str) -> Stat | None:
        """As the contract says; so are the others."""
        file = self._board / name
        return Stat(file.stat().st_size) if file.is_file() else None

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        """See above."""
        file = self._board / name
        if not file.is_file():
            raise NotFound(f"{name} is not on the shelf")
        body = file.read_bytes()
        with sink.writing(0, len(body)) as target:
            target.write(body)
        progress(len(body))

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        """See above."""
        file = self._board / name
        file.parent.mkdir(exist_ok=True)
        with source.open() as content:
            body = content.read()
        temporary = file.with_name(f"{file.name}.{os.getpid()}")
        temporary.write_bytes(body)
        temporary.replace(file)
        progress(len(body))
        return Receipt(len(body))

    def delete(self, name: str) -> None:
        """See above."""
        (self._board / name).unlink(missing_ok=True)

    def list(self, folder: str = "") -> Iterator[Entry]:
        """See above."""
        board = self._board
        if board.is_dir() and not folder:
            yield from (Entry(file.name, file.stat().st_size) for file in board.iterdir())
