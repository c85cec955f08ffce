"""Tells a store by its marker from the empty place of an unmounted disk, and from another remote's store."""

from git_annex_remote_pyshare.backends import ownership
from git_annex_remote_pyshare.backends.sftp.channel import Reply
from git_annex_remote_pyshare.backends.sftp.client import Client, Connection, Refusal
from git_annex_remote_pyshare.backends.sftp.packets import Attributes, Code, Flag, Kind, long, number, text
from git_annex_remote_pyshare.errors import NotAStore, Unreachable
from git_annex_remote_pyshare.safe_text import command


class Marker:
    """The marker of one store, with the UUID of its remote; a tree has none, since people read it.

    Args:
        client: Has the store's address, and this clone's options.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen: Attributes | None = None
        """Of the last marker that was this remote's, so that it is read only once."""

    def ask(self, connection: Connection) -> Reply:
        """Ask for what shows that the store is there: its marker, or the folder of a tree.

        It goes out together with another request, so that it costs no time.
        """
        if self._client.place.is_tree:
            return connection.channel.send(Kind.STAT, text(self._client.address.path))
        return connection.look(self._client.path_of(ownership.MARK))

    def require(self, connection: Connection, asked: Reply | None = None) -> None:
        """Raise unless the store is there: only then what it lacks is absent, and something may be written.

        Args:
            connection: For the requests.
            asked: What `ask` returned; None to ask now.

        Raises:
            Unreachable: It is not there; not retryable.
            NotAStore: It is another remote's store.
        """
        found = connection.found(asked or self.ask(connection))
        if self._client.place.is_tree:
            if not self._client.place.trusted():
                raise self._client.untrusted()
            if found is None or not found.is_folder:
                raise self._missing_folder()
            return
        if found is None or not found.is_file:
            raise self._missing(connection)
        if found == self._seen:
            return
        owner, own = ownership.owner_in(self.read(connection)), self._client.place.clone.remote_uuid
        if owner and own and owner != own:
            raise NotAStore(
                f"{self._client.address.url} belongs to another remote, {owner}",
                remedy="Is another disk mounted there? Ask the server's administrator for this remote's own.",
            )
        self._seen = found

    def prove(self, connection: Connection) -> None:
        """Raise unless the user has accepted the settings, or the folder is the store of this remote.

        A login is for a host and a user, and not for every folder that a dataset may name there.
        """
        if not self._client.place.trusted():
            self.require(connection)

    def read(self, connection: Connection) -> bytes:
        """The text of the marker; empty if there is none."""
        try:
            handle = connection.opened(connection.open(self._client.path_of(ownership.MARK), Flag.READ))
        except Refusal as refusal:
            if refusal.code == Code.NO_SUCH_FILE:
                return b""
            raise
        fields = (text(handle), long(0), number(ownership.LONGEST))
        asked = connection.channel.send(Kind.READ, *fields, limit=ownership.LONGEST + 4)
        connection.close(handle)
        try:
            return bytes(connection.wait(asked, Kind.DATA).rest())
        except Refusal as refusal:
            if refusal.code == Code.EOF:
                return b""
            raise

    def _missing(self, connection: Connection) -> Unreachable:
        if not connection.is_folder(self._client.address.path):
            return self._missing_folder()
        return Unreachable(
            f"{self._client.address.url} has no file {ownership.MARK}, so it may be the empty place of an unmounted"
            " disk",
            remedy=f"Is this the right folder? Type: {self._enable()}",
            retryable=False,
        )

    def _missing_folder(self) -> Unreachable:
        return Unreachable(
            f"the folder {self._client.address.url} is not there",
            remedy=f"Is its disk mounted on the server? To make an empty store there, type: {self._enable()}",
            retryable=False,
        )

    def _enable(self) -> str:
        return command("git", "annex", "enableremote", self._client.place.clone.remote or "NAME")
