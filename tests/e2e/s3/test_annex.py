"""The real git-annex and an S3 store: what it costs there, on bad lines, and when we are killed."""

import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable
from threading import Lock

import pytest
from support.annex import Repository
from support.fakes.s3 import ScriptedS3
from support.marks import LONG, ONE_S3_SERVER
from support.s3_servers import S3Server
from support.scripted import Play, Seen

COUNT = 24
ERROR = b"<Error><Code>%s</Code><Message>scripted</Message></Error>"
ABSENT = 1
"""What `git annex checkpresentkey` exits with where the object is not there."""


@pytest.fixture
def scripted(repository: Repository, scripted_s3: ScriptedS3) -> ScriptedS3:
    """A server with the remote `store` on it."""
    repository.home.environment.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret")
    repository.initremote("s3://bucket/share", scripted_s3.settings)
    scripted_s3.objects.clear()
    scripted_s3.forget()
    return scripted_s3


@pytest.mark.parametrize("jobs", ["-J1", "-J8"])
def test_each_operation_is_one_request_per_file(repository: Repository, scripted: ScriptedS3, jobs: str) -> None:
    def since() -> Counter[str]:
        seen = Counter(scripted.methods())
        scripted.forget()
        return seen

    repository.add({f"f{number}": os.urandom(10_240) for number in range(COUNT)})
    repository.annex("copy", "--to", "store", jobs)
    stored = since()
    assert stored.pop("HEAD") < COUNT  # until a listing says what is absent
    assert stored == {"GET": 1, "PUT": COUNT}
    repository.annex("drop", jobs)
    assert since() == {"HEAD": COUNT}
    repository.annex("get", jobs)
    assert since() == {"GET": COUNT}
    repository.annex("drop", "--from", "store", jobs)
    assert since() == {"DELETE": COUNT}


def faults(seed: int) -> Callable[[Seen], Play | None]:
    """Draws 6 % of each: SlowDown, a failure, a reset, a cut body, a lost reply."""
    draw, lock = random.Random(seed), Lock()
    slow, failed = Play(503, body=ERROR % b"SlowDown"), Play(500, body=ERROR % b"InternalError")
    by_method = {
        "PUT": [slow, failed, Play(reset=True), Play(lost=True), Play(early=True, status=503)],
        "GET": [slow, failed, Play(reset=True), Play(cut=700), Play(cut=0)],
        "HEAD": [slow, failed, Play(reset=True)],
        "DELETE": [slow, failed, Play(reset=True), Play(lost=True)],
    }

    def decide(seen: Seen) -> Play | None:
        with lock:
            number = draw.random()
        plays = by_method[seen.method]
        index = int(number / 0.06)
        return plays[index] if index < len(plays) else None

    return decide


@pytest.mark.parametrize(("jobs", "count"), [("-J8", 16), pytest.param("-J1", 6, marks=LONG)])
def test_on_a_bad_line_nothing_is_lost_and_nothing_made_up_s3_1(
    repository: Repository, scripted: ScriptedS3, jobs: str, count: int
) -> None:
    files = {f"f{number}": os.urandom(3000 + number) for number in range(count)}
    repository.add(files)
    scripted.decide = faults(20261123)
    repository.annex("copy", "--to", "store", jobs)
    assert set(scripted.objects.values()) == set(files.values())
    repository.annex("drop", jobs, ".")
    repository.annex("get", jobs, ".")
    assert {name: (repository.folder / name).read_bytes() for name in files} == files
    repository.annex("drop", "--from", "store", jobs, ".")
    assert scripted.objects == {}


def test_what_fails_for_good_is_reported_and_never_called_present(repository: Repository, scripted: ScriptedS3) -> None:
    refusal = Play(403, {"Content-Type": "application/xml"}, ERROR % b"QuotaExceeded")
    scripted.decide = lambda seen: refusal if seen.method == "PUT" else None
    repository.add({f"f{number}": os.urandom(2000 + number) for number in range(3)})
    answers = repository.json("copy", "--to", "store", check=False)
    assert [answer["success"] for answer in answers] == [False] * 3
    assert all("no space" in str(answer["error-messages"]) for answer in answers)
    assert repository.annex("find", "--in", "store").stdout == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
@pytest.mark.parametrize("s3_server", ONE_S3_SERVER, indirect=True)
def test_after_a_kill_in_the_middle_of_a_store_the_object_is_absent_until_it_is_stored_again(
    repository: Repository, s3_server: S3Server
) -> None:
    home = repository.home
    home.environment.update(s3_server.login)
    repository.initremote(f"s3://{s3_server.fresh_bucket()}", s3_server.settings)
    repository.add({"large": os.urandom(4 << 20)})
    repository.git("config", "remote.store.pyshare-bwlimit", "1MiB")
    command = ("copy", "--to", "store", "--json", "--json-progress", "large")
    with repository.killed(*command, stdout=subprocess.PIPE, text=True) as copying:
        assert copying.stdout
        sent = next(report for line in copying.stdout if (report := json.loads(line)).get("byte-progress", 0) > 1 << 20)
    assert sent["byte-progress"] < 4 << 20
    key = repository.key("large")
    assert repository.annex("checkpresentkey", key, "store", check=False).returncode == ABSENT
    repository.git("config", "--unset", "remote.store.pyshare-bwlimit")
    repository.annex("copy", "--to", "store", "large")
    repository.annex("checkpresentkey", key, "store")
    repository.annex("fsck", "--from", "store", "large")


def test_who_may_not_list_the_bucket_stores_without_looking_first_s3_15(
    repository: Repository, scripted: ScriptedS3
) -> None:
    scripted.lists = False
    repository.add({"file": b"content"})
    refused = repository.json("copy", "--to", "store", check=False)[0]
    assert "does not say whether the object exists" in str(refused)
    assert not refused["success"]
    repository.annex("copy", "--fast", "--to", "store")
    repository.annex("drop")
    repository.annex("get")
    assert (repository.folder / "file").read_bytes() == b"content"


@pytest.mark.ceph
def test_a_bucket_may_have_its_tenant_before_it_s3_30(repository: Repository, ceph_server: S3Server) -> None:
    repository.home.environment.update(ceph_server.login)
    bucket = ceph_server.fresh_bucket()
    repository.initremote(f"s3://:{bucket}", ceph_server.settings)  # the tenant of users that are in none
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "store")
    with ceph_server.client() as client:
        found = client.list_objects(Bucket=bucket)["Contents"]
    assert {item["Key"] for item in found} == {repository.key("file"), "annex-uuid"}
    repository.annex("drop")
    repository.annex("get")
