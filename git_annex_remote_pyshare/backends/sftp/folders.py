"""Makes the folders that an object needs, when the server says that one is missing."""

from git_annex_remote_pyshare.backends.sftp.client import Connection, Refusal
from git_annex_remote_pyshare.backends.sftp.packets import Code, Kind


def make(connection: Connection, path: bytes, *, above: bytes) -> None:
    """Make a folder and its missing parents; succeeds if it exists, also since another job makes it.

    Args:
        connection: To the server.
        path: The folder.
        above: A folder that is not made, and nothing above it.

    Raises:
        Refusal: The server refuses it.
    """
    code, words = _mkdir(connection, path)
    if code == Code.NO_SUCH_FILE and (parent := path.rpartition(b"/")[0]) not in {above, b""}:
        make(connection, parent, above=above)
        code, words = _mkdir(connection, path)
    if code != Code.OK and not connection.is_folder(path):
        raise Refusal(code, words)


def _mkdir(connection: Connection, path: bytes) -> tuple[int, bytes]:
    reply = connection.on_path(Kind.MKDIR, path)
    code = connection.code(reply)
    return code, reply.text if code else b""
