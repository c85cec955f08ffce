"""Stores files: into a temporary one beside it first, and when the server has it on its disk, under its own name."""

from io import BytesIO
from typing import BinaryIO, NamedTuple

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.sftp import folders
from git_annex_remote_pyshare.backends.sftp.client import FSYNC, RENAME, Client, Connection, Refusal
from git_annex_remote_pyshare.backends.sftp.conditions import require
from git_annex_remote_pyshare.backends.sftp.marker import Marker
from git_annex_remote_pyshare.backends.sftp.packets import Code, Flag, Kind
from git_annex_remote_pyshare.backends.sftp.temporary import Temporaries, aside_of
from git_annex_remote_pyshare.backends.sftp.transfers import Piece, Told, write
from git_annex_remote_pyshare.errors import FolderInTheWay, PyshareError, QuotaExceeded
from git_annex_remote_pyshare.transfer import Condition, Progress, Source

_ATTEMPTS = 9
"""How often a file is renamed where other jobs may store the same one at once, and the server cannot replace a file."""

_NEW = Flag.WRITE | Flag.CREATE | Flag.NEW


class Incoming(NamedTuple):
    """The content of a file to store."""

    reader: BinaryIO
    size: int
    """Bytes."""
    condition: Condition | None = None
    """What the file that it replaces must be; None for anything."""


class Uploads:
    """Stores files.

    Args:
        client: Sends the requests.
        marker: Of the store.
    """

    def __init__(self, client: Client, marker: Marker) -> None:
        self._client = client
        self._marker = marker
        self._temporaries = Temporaries(client.place.clone)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        """See `Backend.put`: three round trips for a small file."""
        told = Told(progress)
        with source.open() as reader, self._client.doing("store the file", name, told.again) as connection:
            self._store(connection, name, Incoming(reader, source.size, source.condition), told)
        return Receipt(size=source.size)

    def store_bytes(self, connection: Connection, name: str, content: bytes) -> None:
        """Store a small file of our own, in a store that may have no marker yet."""
        incoming = Incoming(BytesIO(content), len(content))
        self._store(connection, name, incoming, lambda _: None, is_marked=False)

    def _store(
        self, connection: Connection, name: str, incoming: Incoming, progress: Progress, *, is_marked: bool = True
    ) -> None:
        """Store a file, if what it replaces meets the condition. If that fails, its temporary file is removed."""
        with self._temporaries.one_for(name) as temporary:
            for lost in temporary.lost:
                connection.code(connection.on_path(Kind.REMOVE, self._client.path_of(lost)))
            path = self._client.path_of(temporary.name)
            handle = self.create(connection, path, is_marked=is_marked)
            try:
                write(connection, self._client.window, Piece(handle, 0, incoming.size), incoming.reader, progress)
                closing = connection.close(handle)
                if not connection.can(FSYNC):
                    connection.wait(closing)  # the server's last chance to say that its disk is full
                require(self._client, connection, name, incoming.condition)
                publish(connection, path, self._client.path_of(name))
            except BaseException as error:  # an incomplete object is of no use
                self._discard(connection, handle, path)
                if isinstance(error, Refusal) and error.code == Code.FAILURE:
                    self.explain(connection, incoming.size)
                raise

    def create(self, connection: Connection, path: bytes, *, is_marked: bool = True) -> bytes:
        """Make a temporary file, and the folders that it needs; returns its handle.

        It must not exist: another user of the folder may have put a link there, and what we write would go to where
        it leads. So what is there, a link or the leftover of a killed process, is removed first.
        """
        opening = connection.open(path, _NEW)
        if is_marked:
            asked = self._marker.ask(connection)
            try:
                self._marker.require(connection, asked)
            except BaseException:  # do not leave a file in a place that is no store
                if connection.channel.is_open and connection.code(opening) == Code.OK:
                    self._discard(connection, connection.opened(opening), path)
                raise
        if connection.code(opening) == Code.FAILURE:
            connection.code(connection.on_path(Kind.REMOVE, path))
            opening = connection.open(path, _NEW)
        if connection.code(opening) in folders.MAY_LACK_ONE:
            folders.make(connection, path.rpartition(b"/")[0], above=self._client.address.path)
            opening = connection.open(path, _NEW)
        return connection.opened(opening)

    def explain(self, connection: Connection, size: int) -> None:
        """Raise QuotaExceeded if the server has too little space for so many bytes."""
        try:
            space = connection.space(self._client.address.path)
        except (Refusal, PyshareError):
            return
        if space and space[1] < size:
            raise QuotaExceeded(
                f"the disk of {self._client.address.host} is full", remedy="Free some space there, then try again."
            )

    def _discard(self, connection: Connection, handle: bytes, path: bytes) -> None:
        """Remove a temporary file, without waiting for the answer."""
        if connection.channel.is_open:
            try:
                connection.close(handle)
                connection.on_path(Kind.REMOVE, path)
            except PyshareError:  # it has ended meanwhile
                return


def publish(connection: Connection, temporary: bytes, path: bytes) -> None:
    """Give a finished file its name, and replace an existing one.

    A server that cannot do both at once (it lacks the extension posix-rename) first gets the old one out of the way: a
    reader may then find none for a moment.

    Raises:
        FolderInTheWay: A folder has that name.
        Refusal: The server refuses it.
    """
    aside = b""
    for _ in range(_ATTEMPTS):
        reply = connection.rename(temporary, path)
        if (code := connection.code(reply)) == Code.OK:
            break
        if code == Code.FAILURE and (there := connection.found(connection.look(path))) and there.is_folder:
            raise FolderInTheWay("a folder on the server has the name of the file")
        if code != Code.FAILURE or connection.can(RENAME):
            break
        aside = aside_of(temporary)
        connection.code(connection.on_path(Kind.REMOVE, aside))
        connection.code(connection.rename(path, aside))
    if code != Code.OK:
        if aside:
            connection.code(connection.rename(aside, path))
        raise Refusal(code, reply.text)
    if aside:
        connection.code(connection.on_path(Kind.REMOVE, aside))
