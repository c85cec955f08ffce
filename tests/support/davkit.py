"""Short words for tests of the WebDAV backend: a backend on a server, a file to store, a place to retrieve into."""

import hashlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.backends.webdav.lazy import LazyWebDAV
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.transfer import Sink, Source
from support.fakes.dav import ScriptedDAV
from support.scripted import Seen, served

BOB = Credential("bob", "s3cret: two words", "pyshare login")


def clone(**options: str) -> LocalConfig:
    """A clone whose remote is named `cloud`; underscores in options stand for hyphens."""
    made = LocalConfig(remote="cloud")
    config = {f"remote.cloud.pyshare-{name.replace('_', '-')}": value for name, value in options.items()}
    made.__dict__["config"] = {"annex.uuid": "c10e", **config}
    return made


def backend(url: str, login: Credential | None = None, **options: str) -> WebDAVBackend:
    """A backend on the user's own server, which is trusted."""
    return WebDAVBackend(StoreConfig(url, {}, clone(**options), lambda: login, trusted=lambda: True))


def source(folder: Path, content: bytes = b"content", name: str = "source") -> Source:
    (folder / name).write_bytes(content)
    return Source(str(folder / name))


def quiet(_done: int) -> None:
    """Progress that nobody listens to."""


def lazy(url: str, login: Credential | None = None, **options: str) -> LazyWebDAV:
    """The same, made at its first request as a remote's is."""
    return LazyWebDAV(StoreConfig(url, {}, clone(**options), lambda: login, trusted=lambda: True))


def fetched(store: WebDAVBackend, name: str, file: Path) -> bytes:
    store.get(name, Sink(str(file)), quiet)
    return file.read_bytes()


@pytest.fixture
def dav() -> Iterator[ScriptedDAV]:
    with served(ScriptedDAV()) as server:
        server.folders.update({"/dav", "/dav/a"})
        yield server


@pytest.fixture
def store(dav: ScriptedDAV) -> Iterator[WebDAVBackend]:
    """A backend on the scripted server, which it takes for an unknown one."""
    made = backend(f"{dav.url}/dav")
    yield made
    made.close()


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between looks at a MOVE in doubt."""
    monkeypatch.setattr("git_annex_remote_pyshare.backends.webdav.temporary._PAUSES", (0, 0, 0))


def be_cloud(dav: ScriptedDAV) -> None:
    """From now on the server answers to a PUT as Nextcloud does."""

    def sign(seen: Seen) -> Mapping[str, str]:
        asked = {name.lower(): value for name, value in seen.headers.items()}
        received = {"X-Hash-SHA256": hashlib.sha256(seen.body).hexdigest()} if "x-hash" in asked else {}
        return {"OC-FileId": "00000012oc", "OC-ETag": '"abc"', **received}

    dav.on_put = sign


def shown(seen: Seen) -> str:
    """The login that a request showed, decoded where it is Basic; empty for none."""
    kind, _, value = seen.headers.get("Authorization", "").partition(" ")
    return b64decode(value).decode() if kind == "Basic" else f"{kind} {value}".strip()
