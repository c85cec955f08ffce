"""What people ask of an S3 remote of their clone: which one it is, with which login, and how friends get there."""

import pytest
from support.annex import Repository
from support.fakes.s3 import ScriptedS3

KEY = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture
def owner(repository: Repository) -> Repository:
    repository.home.environment.update(KEY)
    return repository


def pyshare(user: Repository, *words: str, code: int = 0) -> str:
    done = user.home.run("pyshare", *words, cwd=user.folder, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_info_shows_the_place_and_whose_login_is_used(owner: Repository, scripted_s3: ScriptedS3) -> None:
    owner.initremote("s3://bucket/share", scripted_s3.settings)
    for told in (pyshare(owner, "info", "store"), owner.annex("info", "store").stdout):
        assert "url: s3://bucket/share" in told
        assert "layout: flat" in told
        assert f"login: {KEY['AWS_ACCESS_KEY_ID']} (from " in told
        assert KEY["AWS_SECRET_ACCESS_KEY"] not in told


def test_info_says_why_there_is_no_login_and_shows_the_rest(owner: Repository, scripted_s3: ScriptedS3) -> None:
    owner.initremote("s3://bucket/share", scripted_s3.settings)
    owner.git("config", "remote.store.pyshare-host", "another.example.org")
    told = pyshare(owner, "info", "store")
    assert "url: s3://bucket/share\n" in told
    assert "login: none, since the login of remote store was made for another.example.org" in told


def test_info_shows_a_remote_that_stands_beside_git_annexs_own(owner: Repository, scripted_s3: ScriptedS3) -> None:
    host, _, port = scripted_s3.url.removeprefix("http://").partition(":")
    words = {"host": host, "port": port, "requeststyle": "path", "storageclass": "STANDARD_IA"}
    owner.initremote("s3://bucket", words, name="lab")
    beside = ("type=external", "externaltype=pyshare", "url=s3://bucket", f"endpoint={scripted_s3.url}")
    owner.annex("initremote", "lab-pyshare", "--sameas=lab", *beside)
    assert "url: s3://bucket\n" in pyshare(owner, "info", "lab-pyshare")
