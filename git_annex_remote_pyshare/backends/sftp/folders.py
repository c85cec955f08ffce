"""Makes the folders that an object needs, when the server says that one is missing."""

from git_annex_remote_pyshare.backends.sftp.client import Connection, Refusal
from git_annex_remote_pyshare.backends.sftp.packets import Code, Kind
from git_annex_remote_pyshare.errors import BadName

MAY_LACK_ONE = (Code.NO_SUCH_FILE, Code.FAILURE)
"""What servers answer where a folder is missing, or a file has its name; both have other causes, too."""


def make(connection: Connection, path: bytes, *, above: bytes) -> None:
    """Make a folder and its missing parents; succeeds if it exists, also since another job makes it.

    Args:
        connection: To the server.
        path: The folder.
        above: A folder that is not made, and nothing above it.

    Raises:
        BadName: A file has the name of one of these folders.
        Refusal: The server refuses it.
    """
    code, words = _mkdir(connection, path)
    if code == Code.NO_SUCH_FILE and (parent := path.rpartition(b"/")[0]) not in {above, b""}:
        make(connection, parent, above=above)
        code, words = _mkdir(connection, path)
    if code != Code.OK and not connection.is_folder(path):
        _require_none_in_the_way(connection, path, above)
        raise Refusal(code, words)


def _mkdir(connection: Connection, path: bytes) -> tuple[int, bytes]:
    reply = connection.on_path(Kind.MKDIR, path)
    code = connection.code(reply)
    return code, reply.text if code else b""


def _require_none_in_the_way(connection: Connection, path: bytes, above: bytes) -> None:
    """Raise BadName if what has the name of the folder, or of one above it, is no folder.

    Servers do not say so: OpenSSH's calls what is below a file missing, and the making of a folder a failure.
    """
    looking = {}
    while path not in {above, b""}:
        looking[path] = connection.look(path)
        path = path.rpartition(b"/")[0]
    for place, looked in looking.items():
        if connection.code(looked) == Code.OK and not connection.is_folder(place):
            raise BadName("a file on the server has the name of a folder that this one needs")
