"""Removes and renames files, and removes folders."""

from git_annex_remote_pyshare.backends.sftp import folders
from git_annex_remote_pyshare.backends.sftp.client import Client, Connection, Refusal
from git_annex_remote_pyshare.backends.sftp.conditions import require
from git_annex_remote_pyshare.backends.sftp.contents import names_in
from git_annex_remote_pyshare.backends.sftp.marker import Marker
from git_annex_remote_pyshare.backends.sftp.packets import Code, Kind
from git_annex_remote_pyshare.backends.sftp.temporary import is_temporary
from git_annex_remote_pyshare.backends.sftp.upload import publish
from git_annex_remote_pyshare.errors import NotFound
from git_annex_remote_pyshare.transfer import Condition


def remove(connection: Connection, path: bytes) -> bool:
    """Remove a file; returns whether there was one. A folder is no object, and stays.

    The key's own folder in git-annex's layouts goes with it; the hash folders above it are shared, and stay.
    """
    reply = connection.on_path(Kind.REMOVE, path)
    code = connection.code(reply)
    if code not in {Code.OK, Code.NO_SUCH_FILE}:
        found = connection.found(connection.look(path))
        if found is not None and not found.is_folder:
            raise Refusal(code, reply.text)
    above, _, last = path.rpartition(b"/")
    if above.rpartition(b"/")[2] == last:
        connection.code(connection.on_path(Kind.RMDIR, above))
    return code == Code.OK


def move(
    client: Client,
    connection: Connection,
    marker: Marker,
    source: str,
    target: str,
    conditions: tuple[Condition | None, Condition | None],
) -> None:
    """See `WritesConditionally.move_if`; the conditions are those of the source and of the target."""
    old, new = client.path_of(source), client.path_of(target)
    looking = connection.look(old)
    asked = marker.ask(connection)
    found = connection.found(looking)
    marker.require(connection, asked)
    if found is None or not found.is_file:
        raise NotFound(f"the file is not on {client.address.host}")
    for name, condition in zip((source, target), conditions, strict=True):
        require(client, connection, name, condition)
    try:
        publish(connection, old, new)
    except Refusal as refusal:
        if refusal.code not in folders.MAY_LACK_ONE:
            raise
        folders.make(connection, new.rpartition(b"/")[0], above=client.address.path)
        publish(connection, old, new)


def remove_folder(connection: Connection, path: bytes) -> None:
    """Remove a folder if it is empty, but for temporary files of killed writers."""
    code = connection.code(connection.on_path(Kind.RMDIR, path))
    if code in {Code.OK, Code.NO_SUCH_FILE}:
        return
    names = names_in(connection, path)
    if names is None or not all(map(is_temporary, names)):
        return
    for name in names:
        connection.code(connection.on_path(Kind.REMOVE, path + b"/" + name.encode("utf-8", "surrogateescape")))
    reply = connection.on_path(Kind.RMDIR, path)
    if (code := connection.code(reply)) not in {Code.OK, Code.NO_SUCH_FILE}:
        raise Refusal(code, reply.text)
