"""Samba on loopback as an ordinary process of this user, with all its files in one folder."""

import getpass
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from support.servers import Missing, free_port, running

PASSWORD = "Tulip-7-Pier"
_HASH = "35267269F856CC12723268968BB14DBA"
"""Of the password, as Windows has it: MD4, which newer Pythons lack. Samba's program for it wants root."""

_CONF = """\
[global]
server role = standalone server
interfaces = 127.0.0.1/8
bind interfaces only = yes
smb ports = {port}
server min protocol = SMB2
disable netbios = yes
disable spoolss = yes
load printers = no
state directory = {run}
cache directory = {run}
lock directory = {run}
pid directory = {run}
private dir = {run}
binddns dir = {run}
ncalrpc dir = {run}/ncalrpc
log file = {run}/log
passdb backend = smbpasswd:{run}/passwords

[data]
path = {share}
read only = no
"""


class Samba(NamedTuple):
    """The server; its share is called `data`."""

    port: int
    user: str
    share: Path
    """The folder that it serves."""


@contextmanager
def samba(folder: Path) -> Iterator[Samba]:
    """The server.

    Args:
        folder: An empty one.

    Raises:
        Missing: Samba is not installed.
    """
    program = shutil.which("smbd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if not program:
        raise Missing("Samba (Debian: samba)")
    run, share, port, user = folder / "run", folder / "share", free_port(), getpass.getuser()
    run.mkdir()
    share.mkdir()
    conf, passwords = run / "smb.conf", run / "passwords"
    conf.write_text(_CONF.format(port=port, run=run, share=share))
    passwords.touch(0o600)
    passwords.write_text(f"{user}:{os.getuid()}:{'X' * 32}:{_HASH}:[U          ]:LCT-00000001:\n")
    words = [program, "--foreground", "--debug-stdout", f"--configfile={conf}"]
    with running(words, port, run):
        yield Samba(port, user, share)
