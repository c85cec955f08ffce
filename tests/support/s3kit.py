"""Short words for tests of the S3 backend: a backend on a scripted server, whose requests are looked at."""

import socket
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login
from support.scripted import Seen

UUID = "11111111-2222-3333-4444-555555555555"
ALICE = Credential(Login().access_key, Login().secret_key, "environment")


def clone(**options: str) -> LocalConfig:
    """A clone whose remote is named `cloud`; underscores in options stand for hyphens."""
    made = LocalConfig(remote="cloud")
    made.__dict__["config"] = {f"remote.cloud.{name.replace('_', '-')}": value for name, value in options.items()}
    return made


def settings_of(s3: ScriptedS3, **settings: str) -> dict[str, str]:
    """The settings of a store in the scripted server's bucket, region unknown."""
    return parse({"url": "s3://bucket/pre", "endpoint": s3.url, **settings})


def place_at(s3: ScriptedS3, login: Credential | None = ALICE, *, trusted: bool = True, **settings: str) -> StoreConfig:
    """A place whose user has verified it, as at initremote."""
    values = settings_of(s3, **settings)
    return StoreConfig(values["url"], values, clone(), lambda: login, lambda: "Log in", lambda: trusted, UUID)


def backend(s3: ScriptedS3, login: Credential | None = ALICE, *, trusted: bool = True, **settings: str) -> S3Backend:
    """A backend of that place."""
    return S3Backend(place_at(s3, login, trusted=trusted, **settings))


def size_of(store: S3Backend, name: str) -> int | None:
    """What the store says of an object; None when it has none."""
    stat = store.stat(name)
    return stat.size if stat else None


def headers_of(s3: ScriptedS3) -> Mapping[str, str]:
    """Those of the last request."""
    return s3.requests[-1].headers


def signed_region(seen: Seen) -> str:
    """The region that a request was signed for; empty for one without a login."""
    parts = seen.headers.get("Authorization", "").split("/")
    return parts[2] if len(parts) > 2 else ""


@pytest.fixture
def bucket(scripted_s3: ScriptedS3) -> Iterator[S3Backend]:
    """A backend on the scripted server, which lets only Alice in."""
    scripted_s3.login = Login()
    made = backend(scripted_s3)
    yield made
    made.close()


@pytest.fixture
def amazon(scripted_s3: ScriptedS3, monkeypatch: pytest.MonkeyPatch) -> ScriptedS3:
    """The scripted server, to which all hosts of Amazon's lead, in this process only; settings: protocol=http."""
    resolve, port = socket.getaddrinfo, scripted_s3.url.rpartition(":")[2]

    def look_up(host: Any, where: Any, *more: Any, **options: Any) -> Any:
        is_amazon = isinstance(host, str) and host.endswith(".amazonaws.com")
        return resolve("127.0.0.1", port, *more, **options) if is_amazon else resolve(host, where, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return scripted_s3
