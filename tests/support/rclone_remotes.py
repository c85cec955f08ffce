"""Gives the tests remotes of the real rclone: their configuration, and one rclone process for all tests of a module."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.rclone.child import CHILDREN
from git_annex_remote_pyshare.backends.rclone.program import find
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.config.git_config import LocalConfig
from support import azurite
from support.s3_servers import S3Server
from support.samba import PASSWORD, Samba, samba
from support.servers import Server, or_skip


class Remotes:
    """The user's rclone configuration.

    Args:
        folder: An empty one.
    """

    def __init__(self, folder: Path) -> None:
        self.config = folder / "rclone.conf"
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.add("disk", type="alias", remote=str(self.disk))
        self.add("memory", type="memory")
        self.add("secret", type="crypt", remote=f"{self.disk}/crypt", password="Vl-XUlSCPaMwLdT2Kdo3sQ")
        self.add("pieces", type="chunker", remote=f"{self.disk}/chunker", chunk_size="1M")

    def add(self, name: str, **settings: str) -> None:
        """One more remote."""
        with self.config.open("a") as file:
            file.write(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()))

    def add_webdav(self, name: str, server: Server) -> None:
        """The remote of a WebDAV server."""
        settings = {"url": server.url, "vendor": "other", "user": server.user, "pass": obscured(server.password)}
        self.add(name, type="webdav", **settings)

    def add_smb(self, name: str, server: Samba) -> None:
        """The remote of a Samba server's share."""
        settings = {"host": "127.0.0.1", "port": str(server.port), "user": server.user, "pass": obscured(PASSWORD)}
        self.add(f"{name}-server", type="smb", **settings)
        self.add(name, type="alias", remote=f"{name}-server:data")

    def add_s3(self, name: str, server: S3Server) -> None:
        """The remote of an S3 server."""
        self.add(
            name,
            type="s3",
            provider="Other",
            endpoint=server.endpoint,
            access_key_id=server.access_key,
            secret_access_key=server.secret_key,
        )

    def add_azure(self, name: str, address: str) -> None:
        """The remote of a new container of Azurite's."""
        settings = {"account": azurite.ACCOUNT, "key": azurite.KEY, "endpoint": address}
        self.add(f"{name}-server", type="azureblob", **settings)
        self.add(name, type="alias", remote=f"{name}-server:annex")
        subprocess.run([find(), "mkdir", f"{name}-server:annex"], check=True)

    def new_folder(self, name: str, **settings: str) -> StoreConfig:
        """A new folder of a remote, in a clone whose user has accepted it."""
        values = parse({"url": f"rclone:{name}:/{uuid4().hex}/data", **settings})
        return StoreConfig(values["url"], values, LocalConfig(), trusted=lambda: True, uuid=str(uuid4()))


def obscured(password: str) -> str:
    """A password as rclone's configuration has it."""
    words = [find(), "obscure", password]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def rclone_remotes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remotes]:
    """Remotes of the user that runs the tests, whose rclone runs until the end of the module."""
    remotes = Remotes(tmp_path_factory.mktemp("rclone"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RCLONE_CONFIG", str(remotes.config))
        child = CHILDREN.take()
        yield remotes
        CHILDREN.release(child)


@pytest.fixture(scope="module")
def smb_remote(rclone_remotes: Remotes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samba]:
    """The server of the remote `smb`."""
    with or_skip(), samba(tmp_path_factory.mktemp("samba")) as server:
        rclone_remotes.add_smb("smb", server)
        yield server


@pytest.fixture(scope="module")
def azure_remote(rclone_remotes: Remotes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of the remote `azure`."""
    if azurite.PROGRAM not in os.environ:
        pytest.skip(f"no {azurite.PROGRAM}")
    with azurite.azurite(tmp_path_factory.mktemp("azurite")) as address:
        rclone_remotes.add_azure("azure", address)
        yield address
