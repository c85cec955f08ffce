"""Sharing a bucket: friends log in, or anyone reads after its policy says so; all that is printed is typed."""

import json
import shlex
import shutil
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from support.annex import Home
from support.fakes.s3 import ScriptedS3
from support.marks import LONG
from support.s3_gate import Login
from support.sharing import Owner, as_friend, blocks, has_all, type_all

CEPH = pytest.param("ceph", marks=pytest.mark.ceph)
OTHERS: Mapping[str, Any] = {
    "Sid": "log",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::bucket/logs/*",
}


class Bucket(NamedTuple):
    """A bucket for logins only."""

    owner: Owner
    name: str
    endpoint: str


@pytest.fixture(params=["scripted", CEPH])
def bucket(request: pytest.FixtureRequest, sharer: Owner) -> Bucket:
    """Alice's dataset, published, its content in a bucket that only she can read."""
    if request.param == "scripted":
        s3: ScriptedS3 = request.getfixturevalue("scripted_s3")
        s3.login = Login()
        login = {"AWS_ACCESS_KEY_ID": Login().access_key, "AWS_SECRET_ACCESS_KEY": Login().secret_key}
        made = Bucket(sharer, "bucket", s3.url)
    else:
        server = request.getfixturevalue("ceph_server")
        login, made = dict(server.login), Bucket(sharer, server.fresh_bucket(), server.endpoint)
    sharer.home.environment.update(login)
    sharer.initremote(f"s3://{made.name}/our share", endpoint=made.endpoint, region="us-east-1")
    sharer.store()
    sharer.publish()
    return made


SCRIPTED = pytest.mark.parametrize("bucket", ["scripted"], indirect=True)


@pytest.mark.parametrize("bucket", [pytest.param("scripted", marks=LONG), CEPH], indirect=True)
def test_anyone_reads_after_share_public_and_nobody_after_it_was_taken_back(bucket: Bucket, bob: Home) -> None:
    told = bucket.owner.share("--public", "-y").stdout
    assert f"Anyone can read everything in s3://{bucket.name}/our share." in told
    assert "$ git annex enableremote for-friends public=yes" in told
    lines = blocks(told)[-1]
    assert not [line for line in lines if line.startswith("pyshare login")]
    clone = as_friend(bob, lines)
    assert has_all(clone)
    assert blocks(bucket.owner.share("--public").stdout) == [lines]
    assert blocks(bucket.owner.share().stdout) == [lines]

    told = bucket.owner.share("--public", "--revoke", "-y").stdout
    assert "$ git annex enableremote for-friends public=no" in told
    bob.run("git", "annex", "drop", "--force", ".", cwd=clone)
    assert bob.run("git", "annex", "get", ".", cwd=clone, check=False).returncode != 0
    assert "Friends need a login of their own" in bucket.owner.share().stdout


@SCRIPTED
def test_friends_with_a_key_type_what_share_prints(bucket: Bucket, bob: Home) -> None:
    done = bucket.owner.share()
    assert "has no link. Friends need a login of their own there.\n" in done.stdout
    assert "To let anyone read it, type: pyshare share for-friends --public\n" in done.stdout
    (lines,) = blocks(done.stdout)
    assert f"pyshare login 's3://bucket/our share' endpoint={bucket.endpoint}" in lines
    assert has_all(as_friend(bob, lines, f"{Login().access_key}\n{Login().secret_key}\n"))


@SCRIPTED
def test_a_bucket_that_is_called_public_and_is_closed_is_not_sent_to_friends(bucket: Bucket, bob: Home) -> None:
    bucket.owner.type("git", "annex", "enableremote", "for-friends", "public=yes")
    done = bucket.owner.share(check=False)
    assert done.returncode == 1
    assert "Send this" not in done.stdout
    words = " ".join(done.stderr.split())
    assert "the bucket is still closed to your friends" in words
    told = type_all(bucket.owner.home, [words.partition("Type: ")[2], ""], bucket.owner.folder).stdout
    once, lines = blocks(told)
    type_all(bucket.owner.home, once, bucket.owner.folder)
    assert has_all(as_friend(bob, lines))


@SCRIPTED
def test_the_rest_of_the_policy_stays(bucket: Bucket, scripted_s3: ScriptedS3) -> None:
    before = {"Version": "2012-10-17", "Id": "lab", "Statement": OTHERS}
    scripted_s3.policies["bucket"] = json.dumps(before).encode()
    bucket.owner.share("--public")
    now = json.loads(scripted_s3.policies["bucket"])
    assert (now["Id"], now["Statement"][0], len(now["Statement"])) == ("lab", OTHERS, 2)
    bucket.owner.share("--public", "--revoke")
    assert json.loads(scripted_s3.policies["bucket"]) == {**before, "Statement": [OTHERS]}


@SCRIPTED
def test_a_login_that_may_not_open_the_bucket_is_told_a_command_for_who_may(
    bucket: Bucket, scripted_s3: ScriptedS3, bob: Home
) -> None:
    scripted_s3.blocks_policies = True
    done = bucket.owner.share("--public", check=False)
    assert done.returncode == 1
    assert "Send this" not in done.stdout
    scripted_s3.blocks_policies = False
    type_aws(bucket.owner.home, done.stderr.partition("The bucket's owner types: ")[2].rstrip("\n"))
    once, lines = blocks(bucket.owner.share("--public").stdout)
    type_all(bucket.owner.home, once, bucket.owner.folder)
    assert has_all(as_friend(bob, lines))


@SCRIPTED
def test_a_bucket_has_no_links_with_an_end_or_a_password(bucket: Bucket) -> None:
    for words in (("--expires", "30d"), ("--revoke",)):
        done = bucket.owner.share(*words, check=False)
        assert done.returncode == 2
        assert "has no links" in done.stderr


def test_a_server_without_policies_is_said_to_have_none(sharer: Owner, rclone_s3_server: Any) -> None:
    sharer.home.environment.update(rclone_s3_server.login)
    sharer.initremote(f"s3://{rclone_s3_server.fresh_bucket()}", **rclone_s3_server.settings)
    sharer.store({"file": b"content"})
    sharer.publish()
    done = sharer.share("--public", check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "Send this" not in done.stdout


def type_aws(home: Home, line: str) -> None:
    """Type a line for Amazon's own program; where that is missing, botocore does what it says."""
    if shutil.which("aws"):
        type_all(home, [line], home.folder)
        return
    words = shlex.split(line)
    assert words[:3] == ["aws", "s3api", "put-bucket-policy"]
    told = dict(zip(words[3::2], words[4::2], strict=True))
    from support.s3_servers import S3Server  # only without that program

    login = (home.environment["AWS_ACCESS_KEY_ID"], home.environment["AWS_SECRET_ACCESS_KEY"])
    with S3Server(told["--endpoint-url"], *login).client() as client:
        client.put_bucket_policy(Bucket=told["--bucket"], Policy=told["--policy"])
