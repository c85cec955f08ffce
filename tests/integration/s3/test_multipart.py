"""Uploads in parts to real S3 servers."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from support.checkout import CHECKOUT
from support.fakes.s3 import ScriptedS3
from support.s3_partskit import BODY, KEY, MIB, SENT, begun, with_small_parts
from support.s3_servers import S3_SERVERS, S3Server
from support.s3kit import place_at

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk, nobody


def on(server: S3Server, git_dir: Path, tenant: str = "") -> S3Backend:
    """A backend on a real server, in a bucket of its own, in a clone with a journal."""
    login = Credential(server.access_key, server.secret_key, "environment")
    settings = parse({"url": f"s3://{tenant}annex-{uuid4().hex}/folder", **server.settings})
    place = StoreConfig(settings["url"], settings, place_at(ScriptedS3()).clone, lambda: login, trusted=lambda: True)
    return S3Backend(with_small_parts(place, str(git_dir)))


@pytest.fixture(params=S3_SERVERS)
def real(request: pytest.FixtureRequest, tmp_path: Path) -> S3Backend:
    """A backend on the server that the parameter names."""
    return on(request.getfixturevalue(f"{request.param}_server"), tmp_path)


def test_a_real_server_takes_parts(real: S3Backend, desk: Desk) -> None:
    desk.put(wrap(real, Event()), KEY, BODY)
    found = real.stat(KEY)
    assert found
    assert found.size == len(BODY)
    assert desk.get(real, KEY) == BODY
    assert list(real.unfinished()) == []


def test_a_real_server_tells_what_it_has_and_forgets_what_is_given_up(real: S3Backend, desk: Desk) -> None:
    real.initialize()
    source = desk.source(BODY)
    upload = begun(real)
    for number in (3, 1):
        assert real.send(upload, upload.plan.part(number), source, nobody).digest == SENT[number].digest
    there = real.sent(upload, {}) or {}
    assert {number: part.digest for number, part in there.items()} == {1: SENT[1].digest, 3: SENT[3].digest}
    assert real.stat(KEY) is None
    assert [(left.name, left.id) for left in real.unfinished()] == [(KEY, upload.id)]
    real.abort(KEY, upload.id)
    assert list(real.unfinished()) == []
    assert real.sent(upload, {}) is None
    real.abort(KEY, upload.id)


def test_a_real_server_that_has_finished_an_upload_is_believed_again(real: S3Backend, desk: Desk) -> None:
    real.initialize()
    source = desk.source(BODY)
    upload = begun(real)
    sent = {part.number: real.send(upload, part, source, nobody) for part in upload.plan.parts()}
    real.finish(upload, sent, source, nobody)
    assert S3Backend(real.place).finish(upload, sent, source, nobody).size in {None, len(BODY)}
    assert desk.get(real, KEY) == BODY


@pytest.mark.ceph
def test_a_bucket_of_a_tenant_takes_parts_s3_30(ceph_server: S3Server, tmp_path: Path, desk: Desk) -> None:
    bob = ceph_server._replace(access_key="AKIDEXAMPLE000TENANT", secret_key="tenant/secret")
    words = ("--tenant", "lab", "--uid", "bob", "--display-name", "Bob", "--access-key", bob.access_key)
    command = ["radosgw-admin", "--conf", str(ceph_server.log.parent / "ceph.conf"), "user", "create", *words]
    subprocess.run([*command, "--secret-key", bob.secret_key], check=True, capture_output=True)
    store = on(bob, tmp_path, "lab:")
    desk.put(wrap(store, Event()), KEY, BODY)
    assert desk.get(store, KEY) == BODY
    assert list(store.unfinished()) == []


@pytest.mark.parametrize("s3_server", S3_SERVERS[1:], indirect=True)
def test_the_lifecycle_rule_that_the_documentation_advises_is_taken(s3_server: S3Server) -> None:
    page = (CHECKOUT / "docs" / "services" / "s3.md").read_text(encoding="utf-8")
    rules = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if '"Rules"' in text]
    bucket = s3_server.fresh_bucket()
    with s3_server.client() as client:
        client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=rules[0])
        kept = client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert kept[0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


STORE = """
import sys
from threading import Event
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.store.multipart import concurrency as streams
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.transfer import Source

def resident(word):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith(word))

url, endpoint, user, secret, small, large = sys.argv[1:]
streams.FIRST = 8
clone = LocalConfig("", "cloud")
clone.__dict__["config"] = {"remote.cloud.pyshare-parts": "8", "remote.cloud.pyshare-part-size": "16MiB"}
settings = parse({"url": url, "endpoint": endpoint})
login = Credential(user, secret, "environment")
store = wrap(S3Backend(StoreConfig(url, settings, clone, lambda: login, trusted=lambda: True)), Event())
store.put("small", Source(small), lambda done: None)
before = resident("VmRSS")
store.put("large", Source(large), lambda done: None)
print(resident("VmHWM") - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the system does not tell so much of a process")
def test_eight_streams_of_parts_keep_within_64_mib_s3_29(rclone_s3_server: S3Server, tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"content")
    with large.open("wb") as file:
        file.truncate(256 * MIB)
    server = rclone_s3_server
    words = (f"s3://{server.fresh_bucket()}", server.endpoint, server.access_key, server.secret_key, small, large)
    done = subprocess.run([sys.executable, "-c", STORE, *words], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 64 * MIB
