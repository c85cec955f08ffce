"""A real Samba on loopback with a share `lab`, run by the current user from a private folder."""

import getpass
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from support.servers import PASSWORD, Missing, free_port, or_skip, running

_CONFIGURATION = """\
[global]
interfaces = 127.0.0.1
bind interfaces only = yes
smb ports = {port}
server role = standalone
load printers = no
disable spoolss = yes
private dir = {run}
lock directory = {run}
state directory = {run}
cache directory = {run}
pid directory = {run}
ncalrpc dir = {run}/ncalrpc
log file = {run}/error.log
[lab]
path = {folder}
read only = no
"""


class Samba(NamedTuple):
    """The running server."""

    port: int
    folder: Path
    """What the share has."""
    user: str
    password: str = PASSWORD


@pytest.fixture
def samba(tmp_path: Path) -> Iterator[Samba]:
    """With an empty share."""
    user = getpass.getuser()
    with or_skip(), tempfile.TemporaryDirectory(prefix="pyshare-samba-") as text:
        programs = [shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("smbd", "pdbedit")]
        if not all(programs):
            raise Missing("Samba (Debian: samba)")
        smbd, pdbedit = map(str, programs)
        port, run, folder = free_port(), Path(text), tmp_path / "share"
        folder.mkdir()
        config = run / "smb.conf"
        config.write_text(_CONFIGURATION.format(port=port, run=run, folder=folder))
        words = [pdbedit, "-s", str(config), "-a", "-t", "-u", user]
        subprocess.run(words, input=f"{PASSWORD}\n" * 2, text=True, check=True, capture_output=True)
        # In a process group of its own: when it ends, it ends all of its group.
        with running([smbd, "-F", "-s", str(config)], port, run):
            yield Samba(port, folder, user)
