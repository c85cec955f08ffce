"""Prepares a folder at `initremote`: makes it, and marks it as this remote's own."""

from git_annex_remote_pyshare.backends import ownership
from git_annex_remote_pyshare.backends.base import Initialized
from git_annex_remote_pyshare.backends.sftp import folders
from git_annex_remote_pyshare.backends.sftp.client import Client, Connection
from git_annex_remote_pyshare.backends.sftp.errors import NotLetIn
from git_annex_remote_pyshare.backends.sftp.marker import Marker
from git_annex_remote_pyshare.backends.sftp.upload import Uploads
from git_annex_remote_pyshare.errors import BadSetting, NotReached, Unreachable


def initialize(client: Client, marker: Marker, uploads: Uploads) -> Initialized:
    """See `CanInitialize.initialize`.

    Raises:
        BadSetting: The address is that of a file, or another remote's place.
        PermissionDenied: The server forbids to make or mark the folder.
        NotAStore: It is no SFTP server.
    """
    try:
        with client.doing("make the folder") as connection:
            return Initialized(notes=_make_and_mark(client, connection, marker, uploads))
    except NotReached as error:
        return Initialized(notes=(ownership.unchecked(client.address.host, error),), failure=error)
    except (Unreachable, NotLetIn) as error:
        return Initialized(notes=(f"nothing was checked, and the store is not made yet: {error}",), failure=error)


def _make_and_mark(client: Client, connection: Connection, marker: Marker, uploads: Uploads) -> tuple[str, ...]:
    path = client.address.path
    there = connection.found(connection.look(path))
    if there is None:
        folders.make(connection, path, above=b"")
    elif there.is_file:
        raise BadSetting(f"{client.address.url} is a file", remedy="Give the address of a folder as url=.")
    if client.place.is_tree:
        return ()
    found = marker.read(connection)

    def write(mark: bytes) -> None:
        uploads.store_bytes(connection, ownership.MARK, mark)

    if not found:
        write(ownership.mark_of(client.place.uuid))
        return ()
    return ownership.claim(client.place, client.address.url, lambda: found, write)
