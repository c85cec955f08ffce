"""One node of Ceph with its S3 gateway (RGW) on loopback, as ordinary processes with all their files in one folder.

A monitor and one storage daemon that keeps objects in memory; it is ready in about a second.
Debian's packages `radosgw`, `ceph-mon` and `ceph-osd` have all that it needs.
"""

import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from support.servers import Missing, free_port, wait_for

PATIENCE = 60
"""Seconds that each step may take on a busy machine."""

_UNTIL_WE_END = ("setpriv", "--pdeathsig", "KILL")
"""Begins the command of a daemon that must not outlive this process, even where that is killed."""

_PROGRAMS = ("monmaptool", "ceph-mon", "ceph", "ceph-osd", "radosgw-admin", "radosgw", "setpriv")
_Process: TypeAlias = "subprocess.Popen[bytes]"


class Gateway(NamedTuple):
    """What speaks S3."""

    port: int
    log: Path
    """Several lines for each answered request, of which one has ` beast: ` in it."""


@contextmanager
def gateway(access_key: str, secret_key: str) -> Iterator[Gateway]:
    """A new cluster's gateway, which knows one user; buckets have their names before `localhost`, too."""
    absent = [name for name in _PROGRAMS if not shutil.which(name)]
    if absent:
        raise Missing(f"{', '.join(absent)} (Debian: radosgw, ceph-mon, ceph-osd)")
    with tempfile.TemporaryDirectory(prefix="pyshare-ceph-") as text, ExitStack() as daemons:
        node = _Node(Path(text), free_port(), free_port())
        try:
            daemons.enter_context(node.monitor())
            daemons.enter_context(node.storage())
            node.make_user(access_key, secret_key)
            daemons.enter_context(node.gateway())
        except (subprocess.SubprocessError, RuntimeError) as error:
            raise RuntimeError(f"Ceph does not start: {error}\n{node.said()}") from error
        yield Gateway(node.port, node.folder / "client.rgw.log")


class _Node:
    """The folder of a cluster and the steps that bring it up, in their order."""

    def __init__(self, folder: Path, monitor_port: int, port: int) -> None:
        self.folder = folder
        self.port = port
        self._address = f"[v2:127.0.0.1:{monitor_port}]"
        self._cluster = str(uuid.uuid4())
        for name in ("mon", "osd"):
            (folder / name).mkdir()
        (folder / "ceph.conf").write_text(self._configuration())

    def monitor(self) -> AbstractContextManager[_Process]:
        """Make and run the daemon that knows the cluster."""
        self._do("monmaptool", "--create", "--fsid", self._cluster, "--addv", "a", self._address, self._map)
        self._do("ceph-mon", "--mkfs", "-i", "a", "--monmap", self._map)
        return self._running("ceph-mon", "-i", "a")

    def storage(self) -> AbstractContextManager[_Process]:
        """Make and run the daemon that keeps the objects."""
        name = str(uuid.uuid4())
        self._do("ceph", "osd", "new", name)
        self._do("ceph-osd", "--mkfs", "-i", "0", "--monmap", self._map, "--osd-uuid", name)
        return self._running("ceph-osd", "-i", "0")

    def make_user(self, access_key: str, secret_key: str) -> None:
        """Let somebody use the gateway; returns when the cluster has stored that."""
        keys = ("--access-key", access_key, "--secret-key", secret_key)
        self._do("radosgw-admin", "user", "create", "--uid", "alice", "--display-name", "Alice", *keys)

    @contextmanager
    def gateway(self) -> Iterator[None]:
        """Run what speaks S3."""
        with self._running("radosgw", "-n", "client.rgw") as process:
            wait_for(self.port, process, self.folder)
            yield

    def said(self) -> str:
        """What all daemons wrote, the last lines of each."""
        logs = sorted((*self.folder.glob("*.log"), *self.folder.glob("*.output")))
        return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-2000:]}" for log in logs)

    @property
    def _map(self) -> str:
        return str(self.folder / "monmap")

    def _do(self, program: str, *arguments: str) -> None:
        command = [program, "--conf", str(self.folder / "ceph.conf"), *arguments]
        with (self.folder / f"{program}.output").open("ab") as output:
            subprocess.run(command, stdout=output, stderr=output, timeout=PATIENCE, check=True)

    @contextmanager
    def _running(self, program: str, *arguments: str) -> Iterator[_Process]:
        command = [*_UNTIL_WE_END, program, "--foreground", "--conf", str(self.folder / "ceph.conf"), *arguments]
        with (self.folder / f"{program}.output").open("ab") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.kill()  # A polite end takes seconds to save what is thrown away.
            process.wait()

    def _configuration(self) -> str:
        """Ceph's for one node (a copy of each object is enough), without keys, and with nothing outside the folder.

        The modes are `crc` since the gateway asks for `secure` by itself, which needs keys; the short intervals
        make the monitor agree with itself at once; `tcp_nodelay` spares each small answer 40 ms. What is behind the
        first 4 MiB of an object goes some seconds after it, since all is kept in memory.
        """
        return f"""
[global]
fsid = {self._cluster}
mon host = {self._address}
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
run dir = {self.folder}
admin socket =
keyring = {self.folder}/keyring
log file = {self.folder}/$name.log
mon data = {self.folder}/mon
mon allow pool size one = true
mon max pg per osd = 1000
paxos propose interval = 0.01
paxos min wait = 0.01
osd data = {self.folder}/osd
osd objectstore = memstore
memstore device bytes = {8 << 30}
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
rgw data = {self.folder}
rgw dns name = localhost
rgw frontends = beast endpoint=127.0.0.1:{self.port} tcp_nodelay=1
rgw gc max objs = 1
rgw gc obj min wait = 1
rgw gc processor period = 5
"""
