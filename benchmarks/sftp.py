"""The SFTP server: the tests' sshd, and an ssh that knows it."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from relay import relay
from server import Server

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from support import sshd  # the tests are no package
from support.annex import Home


class SFTP(Server):
    """A server whose places are folders.

    Args:
        folder: Has the places.
        person: Whose key the server knows.
    """

    service = "sftp"
    mark = b""

    def __init__(self, folder: Path, person: sshd.Person) -> None:
        super().__init__(person.url(folder), "", "", Path(os.devnull))
        self.programs = (person.home.folder / "bin",)
        self._folder = folder
        self._person = person

    @property
    def rclone(self) -> str:
        """What rclone is told; it asks for no shell, since the server has none."""
        home, at = self._person.home.folder, self._person.sshd.port
        where = f"host = 127.0.0.1\nport = {at}\nkey_file = {home}/key\nknown_hosts_file = {home}/known_hosts\n"
        return f"[sshd]\ntype = sftp\n{where}shell_type = none\n[server]\ntype = alias\nremote = sshd:{self._folder}\n"

    def make_place(self, name: str) -> None:
        """Make an empty folder."""
        (self._folder / name).mkdir()

    def remove_place(self, name: str) -> None:
        """Remove a folder and what is in it, without a request."""
        shutil.rmtree(self._folder / name)


@contextlib.contextmanager
def openssh(folder: Path, rtt: float) -> Iterator[SFTP]:
    """An sshd on a free port.

    Args:
        folder: An empty folder.
        rtt: Round trip in seconds to put before it.
    """
    keys, share = folder / "keys", folder / "share"
    keys.mkdir()
    share.mkdir()
    with sshd.running(keys) as server, contextlib.ExitStack() as stack:
        port = stack.enter_context(relay(server.port, rtt)) if rtt else server.port
        person = sshd.with_ssh(Home(folder / "person"), server._replace(port=port))
        server.admits(person.key)
        person.knows_the_host()
        stack.callback(person.close)
        yield SFTP(share, person)
