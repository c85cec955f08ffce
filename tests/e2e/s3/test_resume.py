"""The real git-annex stores large files on real S3 servers, and is killed again and again."""

import os
import random
from collections.abc import Iterator

import pytest
from support.annex import Repository
from support.counting_relay import Relay, relayed
from support.fakes.s3 import ScriptedS3
from support.marks import ONE_S3_SERVER
from support.s3_answers import ACCESS_DENIED, problem
from support.s3_servers import S3Server
from support.scripted import Rule

MIB = 1 << 20
SIZE = 64 * MIB
ROUNDS = 2
MOST = 1.3
"""Times a file's size that may be sent of it, in all processes together."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")


@pytest.fixture
def line(s3_server: S3Server) -> Iterator[Relay]:
    with relayed(s3_server.host) as relay:
        yield relay


@pytest.fixture
def bucket(repository: Repository, s3_server: S3Server, line: Relay) -> str:
    """The bucket of a remote `store` behind the line, and a file `large` for it that goes in two streams of parts."""
    name = s3_server.fresh_bucket()
    repository.home.environment.update(s3_server.login)
    repository.initremote(f"s3://{name}/share", {"endpoint": f"http://{line.host}", "region": s3_server.region})
    repository.git("config", "remote.store.pyshare-part-size", "5MiB")
    repository.git("config", "remote.store.pyshare-parts", "2")
    repository.add({"large": os.urandom(SIZE)})
    return name


def copy_until(repository: Repository, line: Relay, count: int) -> None:
    """Begin to store the file, and kill everybody once so many bytes were sent on the line."""
    with repository.killed("copy", "--to", "store", "--quiet", "large"):
        assert line.wait_for(count)


def unfinished(server: S3Server, bucket: str) -> int:
    with server.client() as client:
        return len(client.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


@pytest.mark.parametrize("s3_server", ONE_S3_SERVER, indirect=True)
def test_a_store_that_is_killed_goes_on_and_leaves_nothing(
    repository: Repository, s3_server: S3Server, line: Relay, bucket: str
) -> None:
    draw = random.Random(20261123)
    for _ in range(ROUNDS):
        begin = line.sent
        copy_until(repository, line, begin + draw.randrange(SIZE))
        assert unfinished(s3_server, bucket) <= 1
        repository.annex("copy", "--to", "store", "large")
        assert line.sent - begin <= MOST * SIZE
        assert unfinished(s3_server, bucket) == 0
        repository.annex("fsck", "--from", "store", "large")
        repository.annex("drop", "--from", "store", "large")


def test_who_may_not_abort_an_upload_is_told_so_and_stores_all_the_same_s3_4(
    repository: Repository, scripted_s3: ScriptedS3
) -> None:
    repository.home.environment.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret")
    repository.initremote("s3://bucket/share", scripted_s3.settings)
    repository.git("config", "remote.store.pyshare-part-size", "5MiB")
    repository.add({"large": os.urandom(11 * MIB)})
    scripted_s3.script(
        Rule("POST", problem(400, "InvalidPart"), target=r"\?uploadId="), Rule("DELETE", ACCESS_DENIED, times=-1)
    )
    assert "has no right to abort unfinished uploads" in str(repository.json("copy", "--to", "store", "large"))
    repository.annex("fsck", "--from", "store", "large")
