"""Stores on real servers behind a line that fails (fault_proxy.py), and what those servers hold, seen from behind."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.registry import make, parse
from git_annex_remote_pyshare.backends.webdav.temporary import is_temporary
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.store.open import wrap
from support.fakes.nextcloud import FILES, ScriptedCloud
from support.fault_proxy import FaultProxy, faulty
from support.s3_servers import S3Server
from support.servers import Server
from support.waiting import Waiting

OPTIONS = {"pyshare-part-size": "5MiB", "pyshare-parts": "2"}


class World(Protocol):
    """A server with room for one store after the other."""

    line: FaultProxy
    """The way to it."""
    proves: bool
    """Whether the server tells a hash of what it has got, so that damage on the way is found."""

    def settings(self) -> Mapping[str, str]:
        """Those of a new, empty store, which is now the one that is looked at."""

    @property
    def login(self) -> Credential | None:
        """The store's owner's."""

    def held(self) -> Mapping[str, bytes]:
        """Name → content of all that the server shows there; what the tested program calls unfinished is left out."""

    def unfinished(self) -> int:
        """How many uploads have begun there and not ended."""


class OnFolder:
    """A WebDAV server over a folder.

    Args:
        server: The server.
        line: The way to it.
    """

    proves = False

    def __init__(self, server: Server, line: FaultProxy) -> None:
        self._server = server
        self.line = line
        self._name = ""

    def settings(self) -> Mapping[str, str]:
        self._name = uuid4().hex
        return parse({"url": f"{self.line.url}/{self._name}/share"})

    @property
    def login(self) -> Credential | None:
        return Credential(self._server.user, self._server.password, "environment")

    def held(self) -> Mapping[str, bytes]:
        share = self._server.folder / self._name / "share"
        files = [path for path in share.rglob("*") if path.is_file() and not _is_the_server_s(path)]
        found = {str(path.relative_to(share)): path for path in files}
        return {name: path.read_bytes() for name, path in found.items() if not is_temporary(name)}

    def unfinished(self) -> int:
        return 0


class OnCloud:
    """A Nextcloud, which takes large objects in chunks.

    Args:
        server: The server; it forgets all when a new store begins.
        line: The way to it.
    """

    proves = True

    def __init__(self, server: ScriptedCloud, line: FaultProxy) -> None:
        self._server = server
        self.line = line

    def settings(self) -> Mapping[str, str]:
        for chunks in self._server.uploads:
            self._server.throw_away(chunks)
        self._server.objects.clear()
        self._server.forget()
        return parse({"url": self._server.address})

    @property
    def login(self) -> Credential | None:
        return None

    def held(self) -> Mapping[str, bytes]:
        share = f"{FILES}/annex/"
        return {path.removeprefix(share): body for path, body in self._server.objects.items() if share in path}

    def unfinished(self) -> int:
        return len(self._server.uploads)


class OnBucket:
    """An S3 server.

    Args:
        server: The server.
        line: The way to it.
        client: botocore's, straight to it.
    """

    proves = True

    def __init__(self, server: S3Server, line: FaultProxy, client: Any) -> None:
        self._server = server
        self.line = line
        self._client = client
        self._bucket = server.fresh_bucket()
        self._prefix = ""

    def settings(self) -> Mapping[str, str]:
        self._prefix = f"{uuid4().hex}/"
        url = f"s3://{self._bucket}/{self._prefix}"
        return parse({"url": url, **self._server.settings, "endpoint": self.line.url})

    @property
    def login(self) -> Credential | None:
        return Credential(self._server.access_key, self._server.secret_key, "environment")

    def held(self) -> Mapping[str, bytes]:
        found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix).get("Contents", [])
        return {entry["Key"].removeprefix(self._prefix): self._content(entry["Key"]) for entry in found}

    def unfinished(self) -> int:
        return len(self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=self._prefix).get("Uploads", []))

    def _content(self, key: str) -> bytes:
        body: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body


@contextmanager
def on(server: Server | S3Server | ScriptedCloud) -> Iterator[World]:
    """A world on that server."""
    if isinstance(server, S3Server):
        with faulty(server.host) as line, server.client() as client:
            yield OnBucket(server, line, client)
    elif isinstance(server, ScriptedCloud):
        with faulty(server.url.removeprefix("http://")) as line:
            server.url = line.url  # it refuses a MOVE to another host than its own
            yield OnCloud(server, line)
    else:
        with faulty(server.url.removeprefix("http://")) as line:
            yield OnFolder(server, line)


class Owner:
    """Somebody with a clone and a store in a world, of whose processes one runs at a time. Waiting takes no time.

    Args:
        world: Where the store is.
        folder: Where the clone is.
    """

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._git_dir = folder / "git"
        self._git_dir.mkdir()
        self._settings = world.settings()
        self._opened: list[Backend] = []
        self.time = Waiting()
        self.store = self.another_process()

    def another_process(self) -> Backend:
        """The next process of the same clone takes over: what the last one had in mind is forgotten."""
        self.close()
        clone = LocalConfig(str(self._git_dir), "store")
        options = {f"remote.store.{name}": value for name, value in OPTIONS.items()}
        clone.__dict__["config"] = {"annex.uuid": "c10e", **options}
        place = StoreConfig(
            self._settings["url"], self._settings, clone, lambda: self._world.login, trusted=lambda: True
        )
        self.store = wrap(make(place), self.time, clock=self.time.clock)
        self._opened.append(self.store)
        return self.store

    def close(self) -> None:
        """End its process."""
        while self._opened:
            self._opened.pop().close()


def _is_the_server_s(path: Path) -> bool:
    """Whether it is one of Apache's own: its properties, or a body on its way."""
    return ".DAV" in path.parts or path.name.startswith(".davfs")
