"""A friend clones a whole dataset through a link: history and contents, without the owner's login."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.annex import Home, Repository, unlock
from support.dropbox_people import log_in, machine, reaches
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.nextcloud import FILES as HOME_OF_BOB
from support.fakes.s3 import ScriptedS3
from support.hosted import address, cloned, content, keep_here, publish
from support.s3_gate import Login
from support.sharing import as_friend, blocks
from support.sharing_cloud import SharingCloud

FILES = {"a": b"one", "data/Messung \u00e4.csv": b"1;2\n" * 50}
SECRET = "hunter2-of-alice"


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Git-annex protects its objects."""
    yield
    unlock(tmp_path)


def shared(repository: Repository, *words: str) -> list[str]:
    """What the owner is told to send to friends, after the link was published."""
    told = repository.home.run("pyshare", "share", "store", "-y", *words, cwd=repository.folder).stdout
    return blocks(told)[-1]


def of(lines: list[str]) -> str:
    """The address in what a friend types."""
    (clone,) = (line for line in lines if line.startswith("datalad clone "))
    return clone.split("'")[1]


@pytest.fixture
def in_cloud(repository: Repository, sharing_cloud: SharingCloud) -> Repository:
    """Alice's dataset, wholly in her Nextcloud."""
    repository.home.environment.update(WEBDAV_USERNAME="bob", WEBDAV_PASSWORD=SECRET)
    repository.add(FILES)
    keep_here(repository, {"url": f"{sharing_cloud.url}{HOME_OF_BOB}/our share"})
    return repository


def test_a_friend_without_a_login_gets_repository_and_contents_by_a_link_of_nextcloud(
    in_cloud: Repository, sharing_cloud: SharingCloud, bob: Home
) -> None:
    lines = shared(in_cloud)
    assert "config-uuid=" in of(lines)
    sharing_cloud.forget()
    clone = as_friend(bob, lines)
    assert content(Repository(bob, clone)) == FILES
    assert address(Repository(bob, clone), "origin") == of(lines)
    assert all("/public.php/dav/files/" in seen.path for seen in sharing_cloud.requests)
    assert {seen.headers.get("Cache-Control") for seen in sharing_cloud.requests} == {"no-cache"}
    in_cloud.add({"new": b"three"})
    publish(in_cloud, "store")
    bob.run("datalad", "update", "-s", "origin", "--how", "merge", cwd=clone)
    bob.run("datalad", "get", ".", cwd=clone)
    assert (clone / "new").read_bytes() == b"three"


def test_a_link_does_not_keep_others_from_pushing(in_cloud: Repository, sharing_cloud: SharingCloud, bob: Home) -> None:
    shared(in_cloud)
    url = f"{sharing_cloud.url}{HOME_OF_BOB}/our share"
    bob.run("pyshare", "login", url, "--user", "bob", "--no-check", cwd=bob.folder, input=f"{SECRET}\n")
    clone = cloned(bob, address(in_cloud))
    clone.add({"answer": b"from Bob"})
    publish(clone, "origin")


def test_no_address_has_a_login_that_the_dataset_keeps(repository: Repository, sharing_cloud: SharingCloud) -> None:
    repository.home.environment.update(WEBDAV_USERNAME="bob", WEBDAV_PASSWORD=SECRET)
    repository.add(FILES)
    made = keep_here(repository, {"url": f"{sharing_cloud.url}{HOME_OF_BOB}/our share", "embedcreds": "yes"})
    log = repository.git("show", "git-annex:remote.log").stdout
    assert "pysharecreds=" in log
    kept = log.partition("pysharecreds=")[2].split()[0]
    for text in (made, " ".join(shared(repository))):
        assert SECRET not in text
        assert "creds" not in text
        assert kept not in text


def test_anyone_gets_repository_and_contents_out_of_a_public_bucket(
    repository: Repository, scripted_s3: ScriptedS3, bob: Home
) -> None:
    scripted_s3.login = Login()
    repository.home.environment.update(AWS_ACCESS_KEY_ID=Login().access_key, AWS_SECRET_ACCESS_KEY=Login().secret_key)
    repository.add(FILES)
    where = {"url": "s3://bucket/share", "endpoint": scripted_s3.url, "region": "us-east-1"}
    keep_here(repository, {**where, "publicurl": f"{scripted_s3.url}/bucket"})
    kept = {seen.path: seen.headers.get("Cache-Control") for seen in scripted_s3.requests if seen.method == "PUT"}
    assert {rule for path, rule in kept.items() if "GITMANIFEST" in path} == {"no-cache"}
    assert {rule for path, rule in kept.items() if "GITMANIFEST" not in path} == {None}
    lines = shared(repository, "--public")
    assert "public=yes" in of(lines)
    assert not [line for line in lines if line.startswith("pyshare login")]
    scripted_s3.forget()
    assert content(Repository(bob, as_friend(bob, lines))) == FILES
    assert {seen.headers.get("Cache-Control") for seen in scripted_s3.requests} == {"no-cache"}
    assert "web" in repository.git("ls-tree", "-r", "--name-only", "git-annex").stdout
    assert "GIT" not in repository.git("ls-tree", "-r", "--name-only", "git-annex").stdout


def test_a_friend_with_another_account_gets_repository_and_contents_by_a_shared_link_of_dropbox(
    repository: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account, bob: Home
) -> None:
    machine(repository.home, fake_dropbox, dropbox_alice)
    repository.add(FILES)
    keep_here(repository, {"url": "dropbox:/Data"})
    lines = shared(repository)
    assert "www.dropbox.com" in of(lines)
    log_in(reaches(bob, fake_dropbox), fake_dropbox, fake_dropbox.service.person("Bob"), "--sharing")
    clone = as_friend(bob, [line for line in lines if not line.startswith("pyshare login")])
    assert content(Repository(bob, clone)) == FILES
