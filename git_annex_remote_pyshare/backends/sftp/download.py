"""Fetches files: two round trips for a small one, and many requests at once for a large one."""

from git_annex_remote_pyshare.backends.sftp import contents
from git_annex_remote_pyshare.backends.sftp.client import Client, Connection, Refusal
from git_annex_remote_pyshare.backends.sftp.marker import Marker
from git_annex_remote_pyshare.backends.sftp.packets import Attributes, Code, Flag
from git_annex_remote_pyshare.backends.sftp.transfers import Reading, Told
from git_annex_remote_pyshare.errors import ContentChanged, NotFound, Unreachable
from git_annex_remote_pyshare.transfer import Progress, Sink


class Downloads:
    """Fetches files.

    Args:
        client: Sends the requests.
        marker: Of the store.
    """

    def __init__(self, client: Client, marker: Marker) -> None:
        self._client = client
        self._marker = marker

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        """See `Backend.get`."""
        told = Told(progress, sink.size)
        with self._client.doing("get the file", name, told.again) as connection:
            self._marker.prove(connection)
            handle = self._opened(connection, name)
            try:
                self._fetch(connection, name, handle, sink, told)
            finally:
                if connection.channel.is_open:
                    connection.close(handle)

    def _opened(self, connection: Connection, name: str) -> bytes:
        path = self._client.path_of(name)
        try:
            return connection.opened(connection.open(path, Flag.READ))
        except Refusal as refusal:
            if refusal.code != Code.NO_SUCH_FILE:
                raise
        self._marker.require(connection)
        raise NotFound(f"the file is not on {self._client.address.host}")

    def _fetch(self, connection: Connection, name: str, handle: bytes, sink: Sink, progress: Progress) -> None:
        with Reading(connection, self._client.window, handle) as reading:
            asked = connection.attributes(handle)
            if not sink.size:
                reading.begin()
            found = _required(connection.found(asked))
            sink.require(*contents.ids_of(name, found))
            size, done = found.size or 0, 0
            if sink.size and sink.size <= size and sink.fits(found.version):
                done = sink.size
            with sink.writing(done, size, found.version) as writer:

                def take(block: memoryview) -> None:
                    nonlocal done
                    writer.write(block)
                    done += len(block)
                    progress(done)

                progress(done)
                reading.run(done, size, take)
        if sink.content and connection.found(connection.attributes(handle)) != found:
            raise ContentChanged("the file changed while it was being read")


def _required(found: Attributes | None) -> Attributes:
    if found is None or found.size is None:
        raise Unreachable("the server does not say how large the file is")
    if found.is_folder:
        raise NotFound("it is a folder")
    return found
