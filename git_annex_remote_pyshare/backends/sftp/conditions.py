"""Looks at the version of a file directly before a request changes it: SFTP itself compares none."""

from git_annex_remote_pyshare.backends.sftp.client import Client, Connection
from git_annex_remote_pyshare.backends.sftp.contents import ids_of
from git_annex_remote_pyshare.errors import ContentChanged
from git_annex_remote_pyshare.transfer import Condition


def require(client: Client, connection: Connection, name: str, condition: Condition | None) -> None:
    """Raise ContentChanged unless the file is the version of the condition; None stands for any. One round trip.

    Another version of the same size and second is taken for the same: SFTP tells no more.
    """
    if condition is None:
        return
    found = connection.found(connection.look(client.path_of(name)))
    known = ids_of(name, found) if found and found.is_file else ("",)
    if condition.content not in known:
        raise ContentChanged(f"the file on {client.address.host} was changed a moment ago")
