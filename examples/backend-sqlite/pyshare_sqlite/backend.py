"""The verbs of a store in an SQLite file. Each opens the file, so that many jobs can call them at once."""

import sqlite3
from collections.abc import Iterator

from git_annex_remote_pyshare.backends.base import Backend, Entry, Initialized, Receipt, Stat, StoreConfig, encode_name
from git_annex_remote_pyshare.errors import NotFound, PermissionDenied, SourceChanged
from git_annex_remote_pyshare.transfer import BLOCK, Progress, Sink, Source

from .file import hashed, opened
from .spec import path_of

TABLES = """
CREATE TABLE IF NOT EXISTS {0} (number INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB UNIQUE, size INTEGER, id TEXT);
CREATE TABLE IF NOT EXISTS {0}_blocks (object INTEGER, number INTEGER, block BLOB, PRIMARY KEY (object, number));
"""


class SQLiteBackend(Backend):
    """A table with one row per object, and one with their content in blocks: no object is in memory as a whole."""

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._path = path_of(place.settings)
        self._table = place.settings["table"]  # a word, as the spec says, since it stands in the SQL below

    def stat(self, name: str) -> Stat | None:
        """As the contract says; so are the others."""
        with opened(self._path, self.place.credential()) as file:
            found = self._find(file, name)
        return Stat(found[1]) if found else None

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        """See above; one transaction, so that all blocks are of one version."""
        with opened(self._path, self.place.credential()) as file:
            file.execute("BEGIN")
            found = self._find(file, name)
            if found is None:
                raise NotFound(f"the file is not in {self._path}")
            number, size, version = found
            done = sink.size if sink.size <= size and sink.fits(version) else 0
            query = f"SELECT block FROM {self._table}_blocks WHERE object = ? AND number >= ? ORDER BY number"
            with sink.writing(done, size, version) as target:
                for (block,) in file.execute(query, (number, done // BLOCK)):
                    rest = block[done % BLOCK :]
                    target.write(rest)
                    done += len(rest)
                    progress(done)
            progress(done)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        """See above; one transaction, so that others see the old object until the new one is whole."""
        with opened(self._path, self.place.credential()) as file, source.open() as content:
            file.execute("BEGIN IMMEDIATE")
            self._remove(file, name)
            row = f"INSERT INTO {self._table} (name, size, id) VALUES (?, ?, hex(randomblob(16)))"
            number = file.execute(row, (encode_name(name), source.size)).lastrowid
            done = 0
            while block := content.read(BLOCK):
                file.execute(f"INSERT INTO {self._table}_blocks VALUES (?, ?, ?)", (number, done // BLOCK, block))
                done += len(block)
                progress(done)
            if done != source.size:
                raise SourceChanged("the file changed while it was being stored")
            file.execute("COMMIT")
        return Receipt(done)

    def delete(self, name: str) -> None:
        """See above."""
        with opened(self._path, self.place.credential()) as file:
            file.execute("BEGIN IMMEDIATE")
            self._remove(file, name)
            file.execute("COMMIT")

    def list(self, folder: str = "") -> Iterator[Entry]:
        """See above."""
        with opened(self._path, self.place.credential()) as file:
            for encoded, size in file.execute(f"SELECT name, size FROM {self._table}"):
                name = encoded.decode("utf-8", "surrogateescape")
                if name.startswith(f"{folder}/" if folder else ""):
                    yield Entry(name, size)

    def initialize(self) -> Initialized:
        """Make the tables, and the file with its password if it is not there: the ability CanInitialize."""
        login = self.place.credential()
        if login is None:
            raise PermissionDenied(f"{self._path} needs a password", remedy=self.place.advice())
        with opened(self._path, login, "rwc") as file:
            file.execute("PRAGMA journal_mode = WAL")  # readers do not wait for a writer
            file.execute(f"PRAGMA user_version = {hashed(login)}")
            file.executescript(TABLES.format(self._table))
        return Initialized()

    def _find(self, file: sqlite3.Connection, name: str) -> tuple[int, int, str] | None:
        query = f"SELECT number, size, id FROM {self._table} WHERE name = ?"
        found: tuple[int, int, str] | None = file.execute(query, (encode_name(name),)).fetchone()
        return found

    def _remove(self, file: sqlite3.Connection, name: str) -> None:
        if found := self._find(file, name):
            file.execute(f"DELETE FROM {self._table}_blocks WHERE object = ?", found[:1])
            file.execute(f"DELETE FROM {self._table} WHERE number = ?", found[:1])
