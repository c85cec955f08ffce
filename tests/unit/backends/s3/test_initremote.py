"""The real git-annex makes a remote in S3: what its owner is told, what is written down, and what is refused."""

import re

import pytest
from support.annex import Repository
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login

OTHERS = b"99999999-2222-3333-4444-555555555555"


@pytest.fixture
def owner(repository: Repository, scripted_s3: ScriptedS3) -> Repository:
    """Alice's repository, with her login for the server in her environment."""
    scripted_s3.login = Login()
    login = {"AWS_ACCESS_KEY_ID": Login().access_key, "AWS_SECRET_ACCESS_KEY": Login().secret_key}
    repository.home.environment.update(login)
    return repository


def test_a_missing_bucket_is_made_and_the_region_written_down(owner: Repository, scripted_s3: ScriptedS3) -> None:
    scripted_s3.region = "garage"
    said = owner.initremote("s3://new/pre", {"endpoint": scripted_s3.url})
    assert "made bucket new" in said
    assert "region=garage" in owner.git("show", "git-annex:remote.log").stdout
    uuid = owner.git("config", "remote.store.annex-uuid").stdout.strip()
    assert scripted_s3.objects == {"new/pre/annex-uuid": uuid.encode()}


def test_a_bucket_that_could_not_be_made_at_first_is_made_by_the_first_store(
    owner: Repository, scripted_s3: ScriptedS3
) -> None:
    login = {name: owner.home.environment.pop(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    owner.initremote("s3://new/pre", {"endpoint": scripted_s3.url, "region": "us-east-1"})
    assert scripted_s3.requests == []
    owner.home.environment.update(login)
    owner.add({"file": b"content"})
    owner.annex("copy", "--to", "store")
    uuid = owner.git("config", "remote.store.annex-uuid").stdout.strip().encode()
    assert scripted_s3.objects == {f"new/pre/{owner.key('file')}": b"content", "new/pre/annex-uuid": uuid}


def test_a_place_of_another_remote_is_taken_over_by_the_command_that_the_refusal_names(
    owner: Repository, scripted_s3: ScriptedS3
) -> None:
    scripted_s3.objects["bucket/annex-uuid"] = OTHERS
    settings = ("type=external", "externaltype=pyshare", "encryption=none", "url=s3://bucket")
    words = ("annex", "initremote", "store", *settings, f"endpoint={scripted_s3.url}")
    refused = owner.git(*words, check=False)
    assert refused.returncode != 0
    found = re.search(r"type: (git -c \S+ annex initremote store .*)", refused.stdout + refused.stderr)
    assert found
    assert scripted_s3.objects["bucket/annex-uuid"] == OTHERS
    told = owner.home.run("bash", "-c", found[1], cwd=owner.folder)
    assert "was taken over" in told.stdout + told.stderr
    assert scripted_s3.objects["bucket/annex-uuid"] != OTHERS


def test_the_policy_that_makes_a_bucket_public_is_printed(owner: Repository, scripted_s3: ScriptedS3) -> None:
    said = owner.initremote("s3://bucket/pre", {"endpoint": scripted_s3.url, "public": "yes"})
    assert "arn:aws:s3:::bucket/pre/*" in said
