"""Stores a large file in parts, so that an interrupted upload resumes: each part goes to its place in one hidden file.

A part counts as sent once the server has it on its disk. So the journal knows what is there, even if the server works
on several requests at once and an interrupted one leaves holes.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.multipart import Unfinished
from git_annex_remote_pyshare.backends.sftp import contents
from git_annex_remote_pyshare.backends.sftp.client import FSYNC, RENAME, Client, Connection, Refusal
from git_annex_remote_pyshare.backends.sftp.conditions import require
from git_annex_remote_pyshare.backends.sftp.marker import Marker
from git_annex_remote_pyshare.backends.sftp.packets import Attributes, Code, Flag, Kind
from git_annex_remote_pyshare.backends.sftp.temporary import PART, beside, is_in_parts
from git_annex_remote_pyshare.backends.sftp.transfers import Piece, Reading, Told, write
from git_annex_remote_pyshare.backends.sftp.upload import Uploads, publish
from git_annex_remote_pyshare.errors import BadName, SourceChanged, UploadLost
from git_annex_remote_pyshare.part_plan import Limits, Part, Sent, Upload
from git_annex_remote_pyshare.transfer import BLOCK, Progress, Source

_LIMITS = Limits(smallest=1 << 20, largest=1 << 30, most=1 << 20)
"""A file has no parts of its own on the server, so any plan would do."""


class Parts:
    """Uploads in parts; an upload's id is the name of its hidden file.

    Args:
        client: Sends the requests.
        marker: Of the store.
        uploads: Makes the hidden files.
    """

    def __init__(self, client: Client, marker: Marker, uploads: Uploads) -> None:
        self._client = client
        self._marker = marker
        self._uploads = uploads

    def limits(self) -> Limits | None:
        """None for a server that cannot say when it has a part, or replace a file at once."""
        with self._client.doing("store the file") as connection:
            return _LIMITS if connection.can(FSYNC) and connection.can(RENAME) else None

    def begin(self, name: str) -> str:
        """See `SupportsMultipart.begin`."""
        hidden = beside(name, PART + os.urandom(16).hex())
        with self._client.doing("store the file", name) as connection:
            connection.close(self._uploads.create(connection, self._client.path_of(hidden)))
        return hidden

    def send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        """See `SupportsMultipart.send`."""
        digest, told = hashlib.md5(usedforsecurity=False), Told(progress)
        with (
            source.open(part.start) as reader,
            self._client.doing("store the file", upload.name, told.again) as connection,
        ):
            handle = self._opened(connection, upload.id)
            try:
                piece = Piece(handle, part.start, part.size)
                write(connection, self._client.window, piece, reader, told, digest.update)
            except Refusal as refusal:
                if refusal.code == Code.FAILURE:
                    self._uploads.explain(connection, part.size)
                raise
            finally:
                if connection.channel.is_open:
                    connection.close(handle)
        return Sent(digest.hexdigest())

    def sent(self, upload: Upload, known: Mapping[int, Sent]) -> Mapping[int, Sent] | None:
        """See `SupportsMultipart.sent`."""
        with self._client.doing("store the file", upload.name) as connection:
            found = self._found(connection, upload.id)
            if found is None:
                return None
        size = found.size or 0
        ends = {number: part.start + part.size for number in known if (part := upload.plan.part(number))}
        return {number: sent for number, sent in known.items() if ends[number] <= size}

    def finish(self, upload: Upload, sent: Mapping[int, Sent], source: Source, progress: Progress) -> Receipt:
        """See `SupportsMultipart.finish`."""
        size = upload.plan.size
        with self._client.doing("store the file", upload.name, lambda: progress(size)) as connection:
            found = self._found(connection, upload.id)
            if found is not None and found.size == size:
                require(self._client, connection, upload.name, source.condition)
                publish(connection, self._client.path_of(upload.id), self._client.path_of(upload.name))
            elif found is not None or not self._is_finished(connection, upload, sent):
                raise UploadLost(f"{self._client.address.host} has lost the parts of the file")
        return Receipt(size=size)

    def abort(self, name: str, hidden: str) -> None:
        """See `SupportsMultipart.abort`."""
        if not is_in_parts(hidden):
            raise BadName("this is not the name of an upload")
        with self._client.doing("remove an upload", name) as connection:
            self._marker.require(connection)
            reply = connection.on_path(Kind.REMOVE, self._client.path_of(hidden))
            if (code := connection.code(reply)) not in {Code.OK, Code.NO_SUCH_FILE}:
                raise Refusal(code, reply.text)

    def unfinished(self) -> Iterator[Unfinished]:
        """See `SupportsMultipart.unfinished`."""
        with self._client.doing("list the uploads") as connection:
            self._marker.require(connection)
            for each in contents.temporaries(self._client, connection):
                if is_in_parts(each.name):
                    yield Unfinished("", each.name, each.found.changed, each.found.size)

    def _opened(self, connection: Connection, hidden: str) -> bytes:
        """The hidden file, open for writing; not by a link that another user may have put in its place."""
        path = self._client.path_of(hidden)
        looking = connection.look(path)
        opening = connection.open(path, Flag.WRITE)
        found = connection.found(looking)
        if found is not None and found.is_file:
            with suppress(Refusal):
                return connection.opened(opening)
        elif connection.code(opening) == Code.OK:
            connection.close(connection.opened(opening))
        raise UploadLost(f"{self._client.address.host} has lost the parts of the file")

    def _found(self, connection: Connection, hidden: str) -> Attributes | None:
        """The hidden file; None if the store is there and lacks it, or has something else there."""
        looking = connection.look(self._client.path_of(hidden))
        asked = self._marker.ask(connection)
        found = connection.found(looking)
        self._marker.require(connection, asked)
        return found if found is not None and found.is_file else None

    def _is_finished(self, connection: Connection, upload: Upload, sent: Mapping[int, Sent]) -> bool:
        """Whether the object has exactly what was sent, so that only the answer was lost: reads it once more."""
        try:
            handle = connection.opened(connection.open(self._client.path_of(upload.name), Flag.READ))
        except Refusal:
            return False
        try:
            found = connection.found(connection.attributes(handle))
            if found is None or found.size != upload.plan.size:
                return False
            return all(
                self._digest(connection, handle, part) == sent[part.number].digest for part in upload.plan.parts()
            )
        finally:
            if connection.channel.is_open:
                connection.close(handle)

    def _digest(self, connection: Connection, handle: bytes, part: Part) -> str:
        digest = hashlib.md5(usedforsecurity=False)
        with Reading(connection, self._client.window, handle) as reading:
            reading.run(part.start, part.start + part.size, digest.update)
        return digest.hexdigest()


def fingerprint(source: Source, part: Part) -> str:
    """See `SupportsMultipart.fingerprint`."""
    digest, left = hashlib.md5(usedforsecurity=False), part.size
    with source.open(part.start) as reader:
        while left:
            block = reader.read(min(left, BLOCK))
            if not block:
                raise SourceChanged("the file changed while it was being stored")
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()
