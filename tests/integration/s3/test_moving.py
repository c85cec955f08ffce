"""Moving from git-annex's own type=S3 remote to ours and back, on servers that the real one can talk to.

Its v4 signatures leave the port out of the signed host, so it signs by v2 here, which Ceph verifies.
"""

import uuid
from collections.abc import Mapping

import pytest
from support.annex import Repository
from support.marks import LONG
from support.s3_servers import S3Server

SERVERS = (pytest.param("moto", marks=LONG), pytest.param("ceph", marks=pytest.mark.ceph))
KINDS: Mapping[str, Mapping[str, str]] = {
    "plain": {},
    "chunked and encrypted": {"chunk": "2000", "encryption": "shared"},
}
OURS = ("type=external", "externaltype=pyshare", "layout=annex-s3")
LARGE = b"larger than a chunk\n" * 250


def words(server: S3Server) -> list[str]:
    """A remote's settings, as git-annex's own S3 remote spells them."""
    host, _, port = server.host.partition(":")
    place = {"bucket": f"annex-{uuid.uuid4().hex}", "fileprefix": "lab/", "datacenter": "US"}
    reached = {"host": host, "port": port, "protocol": "http", "requeststyle": "path", "signature": "v2"}
    return [f"{name}={value}" for name, value in {**place, **reached}.items()]


@pytest.fixture
def user(repository: Repository, s3_server: S3Server) -> Repository:
    """Somebody with a login for the server, whose git-annex may talk to this machine."""
    repository.home.environment.update(s3_server.login)
    repository.git("config", "annex.security.allowed-ip-addresses", "all")
    return repository


def moved(user: Repository, files: Mapping[str, bytes], stored_by: str, got_by: str) -> None:
    """Store files by one remote and get them by the other one."""
    user.add(files)
    user.annex("copy", "--to", stored_by, *files)
    user.annex("drop", "--force", *files)
    user.annex("get", "--from", got_by, *files)
    assert {name: (user.folder / name).read_bytes() for name in files} == files


def repaired_by(user: Repository, remote: str) -> None:
    """See that the file is not whole in the store, and store it again."""
    key = user.key("file")
    assert user.annex("checkpresentkey", key, remote, check=False).returncode == 1
    user.annex("fsck", "--fast", "--from", remote, "file", check=False)
    user.annex("copy", "--to", remote, "file")
    user.annex("checkpresentkey", key, remote)
    user.annex("fsck", "--from", remote, "file")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("s3_server", SERVERS, indirect=True)
def test_a_second_remote_with_the_same_words_goes_on_with_what_git_annex_stored(
    user: Repository, s3_server: S3Server, kind: str
) -> None:
    settings = words(s3_server)
    theirs = [f"{name}={value}" for name, value in {"encryption": "none", **KINDS[kind]}.items()]
    user.annex("initremote", "lab", "type=S3", *theirs, *settings)
    user.annex("initremote", "lab-pyshare", "--sameas=lab", *OURS, *settings)
    moved(user, {"small": b"stored by git-annex's own", "large": LARGE}, "lab", "lab-pyshare")
    moved(user, {"back": LARGE[::-1]}, "lab-pyshare", "lab")
    user.annex("drop", "--from", "lab-pyshare")
    with s3_server.client() as client:
        bucket = settings[0].removeprefix("bucket=")
        assert [found["Key"] for found in client.list_objects(Bucket=bucket)["Contents"]] == ["lab/annex-uuid"]


@pytest.mark.parametrize("s3_server", SERVERS, indirect=True)
def test_git_annexs_own_remote_goes_on_with_what_we_stored(user: Repository, s3_server: S3Server) -> None:
    settings = words(s3_server)
    user.annex("initremote", "lab", *OURS, "encryption=none", *settings)
    user.annex("initremote", "lab-builtin", "--sameas=lab", "type=S3", *settings)
    moved(user, {"there": LARGE}, "lab", "lab-builtin")
    moved(user, {"and back": LARGE[::-1]}, "lab-builtin", "lab")


@pytest.mark.parametrize("s3_server", SERVERS, indirect=True)
def test_of_an_object_with_versions_the_newest_counts_and_a_new_store_repairs_it_s3_26(
    user: Repository, s3_server: S3Server
) -> None:
    settings = [*words(s3_server), "versioning=yes"]
    user.annex("initremote", "lab", "type=S3", "encryption=none", *settings)
    user.annex("initremote", "lab-pyshare", "--sameas=lab", *OURS, *settings)
    moved(user, {"file": b"stored by git-annex's own"}, "lab", "lab-pyshare")
    place = {"Bucket": settings[0].removeprefix("bucket="), "Key": f"lab/{user.key('file')}"}
    with s3_server.client() as client:
        assert client.get_bucket_versioning(Bucket=place["Bucket"])["Status"] == "Enabled"
        client.put_object(**place, Body=b"bad")
        repaired_by(user, "lab-pyshare")
        client.delete_object(**place, VersionId=client.head_object(**place)["VersionId"])  # the repaired one
        repaired_by(user, "lab-pyshare")
    said = user.annex("drop", "--from", "lab-pyshare", "file")
    assert "only hidden" in said.stdout + said.stderr
    repaired_by(user, "lab-pyshare")
    user.annex("drop", "--force", "file")
    user.annex("get", "--from", "lab", "file")


@pytest.mark.parametrize("s3_server", SERVERS, indirect=True)
def test_the_type_of_a_remote_stays_and_its_place_is_not_taken_by_another(
    user: Repository, s3_server: S3Server
) -> None:
    settings = words(s3_server)
    user.annex("initremote", "lab", "type=S3", "encryption=none", *settings)
    changed = user.annex("enableremote", "lab", *OURS, check=False)
    assert "Instead, use: git-annex initremote --sameas" in changed.stderr
    owner = user.git("config", "remote.lab.annex-uuid").stdout.strip()
    other = user.annex("initremote", "other", *OURS, "encryption=none", *settings, check=False)
    assert other.returncode == 1
    assert f"belongs to another remote, {owner}" in other.stdout + other.stderr
