"""Friends without an account get from a public bucket: with our program, and without it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest
from support.annex import Home, Repository
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login
from support.scripted import served

FILES = {"books/TLCL.pdf": b"%PDF-1.4 The Linux Command Line\n" * 40, "data/Messung \u00e4.csv": b"1;2\n"}
WITHHELD = {"private/answers.txt": b"42\n"}
OTHER_LOGINS = {
    "AWS_ACCESS_KEY_ID": "AKIDOFANOTHERPROJECT",
    "AWS_SECRET_ACCESS_KEY": "hunter2",
    "AWS_SESSION_TOKEN": "a token",
    "AWS_PROFILE": "other",
}


CEPH = pytest.param("ceph", marks=pytest.mark.ceph)
SCRIPTED = pytest.mark.parametrize("public", ["scripted"], indirect=True)

UNKNOWN = 100
"""What `git annex checkpresentkey` exits with where presence cannot be told."""


class Public(NamedTuple):
    """A bucket that anyone may read and only its owner write."""

    settings: Mapping[str, str]
    login: Mapping[str, str]


@pytest.fixture
def door(scripted_s3: ScriptedS3) -> Iterator[ScriptedS3]:
    """Where anyone may read what the scripted server has, who may not even list it; at that one nobody may.

    So does Cloudflare's R2.
    """
    other = ScriptedS3()
    other.objects, other.headers = scripted_s3.objects, scripted_s3.headers
    other.public, other.lists = {"bucket"}, False
    other.login = scripted_s3.login = Login()
    with served(other):
        yield other


@pytest.fixture(params=["scripted", CEPH])
def public(request: pytest.FixtureRequest) -> Public:
    if request.param == "scripted":
        door: ScriptedS3 = request.getfixturevalue("door")
        login = {"AWS_ACCESS_KEY_ID": Login().access_key, "AWS_SECRET_ACCESS_KEY": Login().secret_key}
        return _public(request.getfixturevalue("scripted_s3").url, f"{door.url}/bucket", "bucket", login)
    ceph = request.getfixturevalue("ceph_server")
    bucket = ceph.fresh_bucket()
    ceph.publish(bucket)
    return _public(ceph.endpoint, f"{ceph.endpoint}/{bucket}", bucket, ceph.login)


def _public(endpoint: str, publicurl: str, bucket: str, login: Mapping[str, str]) -> Public:
    place = {"url": f"s3://{bucket}/our share", "endpoint": endpoint, "autoenable": "true"}
    return Public({**place, "public": "yes", "publicurl": publicurl}, login)


@pytest.fixture
def published(repository: Repository, public: Public) -> Repository:
    """Alice's dataset, of which she keeps no content herself."""
    repository.home.environment.update(public.login)
    repository.initremote(public.settings["url"], public.settings)
    repository.add({**FILES, **WITHHELD})
    repository.annex("copy", "--to", "store", *FILES)
    repository.annex("drop", *FILES)
    return repository


def clone(friend: Home, source: Repository) -> Repository:
    """A friend's own clone, in which remotes enable themselves."""
    friend.run("git", "config", "--global", "annex.security.allowed-ip-addresses", "all", cwd=friend.folder)
    friend.run("git", "clone", "-q", str(source.folder), "clone", cwd=friend.folder)
    made = Repository(friend, friend.folder / "clone")
    made.annex("init", "-q", check=False)
    return made


@pytest.fixture
def surrounded(bob: Home) -> None:
    """Bob has logins of all sorts, for something else."""
    bob.environment.update(OTHER_LOGINS)
    section = "aws_access_key_id = AKIDOFBOB\naws_secret_access_key = hunter2\n"
    (bob.folder / ".aws").mkdir()
    (bob.folder / ".aws" / "credentials").write_text(f"[default]\n{section}[other]\n{section}")
    (bob.folder / ".aws" / "config").write_text("[profile other]\nregion = eu-west-1\n")


def has_all(repository: Repository) -> bool:
    return {name: (repository.folder / name).read_bytes() for name in FILES} == FILES


@pytest.mark.parametrize("public", [CEPH], indirect=True)
def test_s3_18_a_friend_gets_without_a_login_although_others_lie_around(
    published: Repository, bob: Home, surrounded: None
) -> None:
    clone_of_bob = clone(bob, published)
    clone_of_bob.annex("get", "--from", "store", *FILES)
    assert has_all(clone_of_bob)


def test_a_friend_without_any_login_gets_and_is_not_told_that_what_was_withheld_is_absent(
    published: Repository, bob: Home
) -> None:
    clone_of_bob = clone(bob, published)
    clone_of_bob.annex("get", "--from", "store", *FILES)
    assert has_all(clone_of_bob)
    answers = {name: published.key(name) for name in (*FILES, *WITHHELD)}
    asked = {name: clone_of_bob.annex("checkpresentkey", key, "store", check=False) for name, key in answers.items()}
    assert {name: done.returncode for name, done in asked.items()} == {
        **dict.fromkeys(FILES, 0),
        **dict.fromkeys(WITHHELD, UNKNOWN),
    }


@SCRIPTED
def test_s3_18_a_friends_other_logins_are_shown_to_nobody(
    published: Repository, bob: Home, surrounded: None, scripted_s3: ScriptedS3, door: ScriptedS3
) -> None:
    scripted_s3.forget()
    clone(bob, published).annex("get", "--from", "store", *FILES)
    assert scripted_s3.requests == []
    assert door.methods() == ["GET"] * len(FILES)
    assert not any("Authorization" in seen.headers for seen in door.requests)


def test_a_friend_without_our_program_gets_from_the_url(published: Repository, carol: Home) -> None:
    clone_of_carol = clone(carol, published)
    clone_of_carol.annex("get", *FILES)
    assert has_all(clone_of_carol)


@SCRIPTED
def test_whereis_shows_the_url_until_the_file_is_dropped_from_the_store(published: Repository, public: Public) -> None:
    base = f"{public.settings['publicurl']}/our%20share/"
    wanted = {name: f"{base}{published.key(name)}" for name in FILES}

    def urls() -> dict[str, set[str]]:
        found = {row["file"]: row for row in published.json("whereis", check=False)}
        return {name: {url for place in row["whereis"] for url in place["urls"]} for name, row in found.items()}

    assert {name: found for name, found in urls().items() if found} == {name: {url} for name, url in wanted.items()}
    published.annex("drop", "--from", "store", "--force", *FILES)
    assert not any(urls().values())
    assert published.annex("find", "--in", "web").stdout == ""


def test_links_and_encryption_are_refused_together_and_no_url_is_registered_for_encrypted_files(
    repository: Repository, scripted_s3: ScriptedS3
) -> None:
    repository.home.environment.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret")
    settings = {**scripted_s3.settings, "public": "yes", "encryption": "shared"}
    both = {**settings, "publicurl": f"{scripted_s3.url}/bucket"}
    assert "encrypted files have no links" in repository.initremote("s3://bucket", both, check=False)
    repository.initremote("s3://bucket", settings)
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    assert len(scripted_s3.objects) > len(FILES)
    assert repository.annex("find", "--in", "web").stdout == ""
