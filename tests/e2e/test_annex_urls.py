"""Settings that come with an `annex::` address are a stranger's, with the real git-annex and the real DataLad."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from support.annex import Home, Repository, unlock
from support.fakes.dav import ScriptedDAV
from support.fakes.s3 import ScriptedS3
from support.marks import LONG
from support.scripted import served

UUID = "e89b8837-e10a-40d9-9f41-fc36c418cc74"
WEBDAV = {"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": "hunter2"}
AWS = {"AWS_ACCESS_KEY_ID": "AKIDVICTIM", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_SESSION_TOKEN": "VTOK"}


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Git-annex protects its objects."""
    yield
    unlock(tmp_path)


@pytest.fixture
def trap() -> Iterator[ScriptedDAV]:
    """Another server than the user's own."""
    with served(ScriptedDAV()) as server:
        server.folders.update({"/dav", "/dav/a"})
        yield server


def address(uuid: str = UUID, **settings: str) -> str:
    """The address of a git repository in one of our stores."""
    given = {"encryption": "none", "type": "external", "externaltype": "pyshare", "layout": "shard", **settings}
    return f"annex::{uuid}?{urlencode(given, quote_via=quote)}"


Reach = Callable[[Home, str], None]


def by_clone(home: Home, url: str) -> None:
    home.run("git", "clone", url, "clone", cwd=home.folder, check=False)


def by_clone_with_slashes(home: Home, url: str) -> None:
    home.run("git", "clone", url.replace("::", "://", 1), "clone", cwd=home.folder, check=False)


def by_ls_remote(home: Home, url: str) -> None:
    mine = Repository.create(home, home.folder / "mine")
    mine.git("ls-remote", url, check=False)


def by_fetch(home: Home, url: str) -> None:
    mine = Repository.create(home, home.folder / "mine")
    mine.git("remote", "add", "other", url)
    mine.git("fetch", "other", check=False)
    mine.git("fetch", url, check=False)


def by_push(home: Home, url: str) -> None:
    mine = Repository.create(home, home.folder / "mine")
    mine.git("commit", "-q", "--allow-empty", "-m", "begun")
    mine.git("push", url, "main", check=False)


def by_datalad(home: Home, url: str) -> None:
    home.run("datalad", "clone", url, "clone", cwd=home.folder, check=False)


def by_a_subdataset(home: Home, url: str) -> None:
    """A stranger's dataset, whose subdatasets are all wanted."""
    stranger = Home(home.folder.parent / "stranger", "Mallory")
    made = Repository.create(stranger, stranger.folder / "dataset")
    (made.folder / ".gitmodules").write_text(f'[submodule "sub"]\n\tpath = sub\n\turl = "{url}"\n')
    made.git("add", ".gitmodules")
    made.git("commit", "-q", "--allow-empty", "-m", "dataset")
    made.git("update-index", "--add", "--cacheinfo", f"160000,{made.git('rev-parse', 'HEAD').stdout.strip()},sub")
    made.git("commit", "-q", "-m", "subdataset")
    home.run("datalad", "clone", str(made.folder), "dataset", cwd=home.folder)
    home.run("datalad", "get", "-n", "-r", ".", cwd=home.folder / "dataset", check=False)


WAYS = {
    "clone": by_clone,
    "clone with slashes": by_clone_with_slashes,
    "ls-remote": by_ls_remote,
    "fetch": by_fetch,
    "push": by_push,
    "datalad clone": by_datalad,
    "a subdataset": by_a_subdataset,
}
ALIKE = ("clone with slashes", "fetch", "datalad clone")
"""To git-annex they are the same as others."""

every_way = pytest.mark.parametrize(
    "reach",
    [pytest.param(reach, id=way, marks=LONG if way in ALIKE else []) for way, reach in WAYS.items()],
)


def kept_below(home: Home) -> list[str]:
    """What the program has left in a person's repositories: logins, and hosts that may have one."""
    creds = [str(path) for path in home.folder.rglob("*-pysharecreds")]
    return creds + [str(path) for path in home.folder.rglob("config") if "pyshare-host" in path.read_text()]


@every_way
def test_a_login_of_the_environment_is_not_sent_to_the_webdav_server_of_an_annex_url(
    dav: ScriptedDAV, bob: Home, reach: Reach
) -> None:
    bob.environment.update(WEBDAV)
    reach(bob, address(url=f"{dav.url}/dav"))
    assert dav.requests
    assert not any("Authorization" in seen.headers for seen in dav.requests)
    assert not kept_below(bob)


@every_way
def test_a_key_of_the_environment_signs_nothing_at_the_s3_server_of_an_annex_url(
    scripted_s3: ScriptedS3, bob: Home, reach: Reach
) -> None:
    scripted_s3.buckets.clear()
    bob.environment.update(AWS)
    reach(bob, address(url="s3://bucket/x", endpoint=scripted_s3.url, layout="flat"))
    assert scripted_s3.requests
    for seen in scripted_s3.requests:
        assert "Authorization" not in seen.headers
        assert "x-amz-security-token" not in seen.headers
    assert not scripted_s3.buckets
    assert not kept_below(bob)


@every_way
def test_the_profile_of_an_annex_url_starts_no_program(scripted_s3: ScriptedS3, bob: Home, reach: Reach) -> None:
    started = bob.folder / "started"
    (bob.folder / ".aws").mkdir()
    process = f"credential_process = touch {started}\nregion = eu-west-1\n"
    (bob.folder / ".aws" / "config").write_text(f"[default]\n{process}[profile corp]\n{process}")
    reach(bob, address(url="s3://bucket/x", endpoint=scripted_s3.url, layout="flat", profile="corp"))
    assert scripted_s3.requests
    assert not any("Authorization" in seen.headers for seen in scripted_s3.requests)
    assert not started.exists()


@every_way
def test_no_folder_of_an_annex_url_is_made_or_marked(bob: Home, reach: Reach) -> None:
    documents = bob.folder / "Documents"
    documents.mkdir()
    reach(bob, address(url=str(documents)))
    assert not list(documents.iterdir())


def test_no_new_folder_of_an_annex_url_is_made(bob: Home) -> None:
    by_clone(bob, address(url=str(bob.folder / "newfolder")))
    assert not (bob.folder / "newfolder").exists()


def secured(home: Home, dav: ScriptedDAV) -> Repository:
    """A repository with a remote of its user's own, whose login git-annex holds."""
    mine = Repository.create(home, home.folder / "mine")
    given = {"type": "external", "externaltype": "pyshare", "encryption": "none", "url": f"{dav.url}/dav"}
    words = [f"{name}={value}" for name, value in given.items()]
    mine.annex("initremote", "store", "--with-url", *words, login=WEBDAV)
    assert mine.git("config", "remote.store.pyshare-host").stdout.strip() == dav.url.removeprefix("http://")
    assert list((mine.folder / ".git/annex/creds").iterdir())
    return mine


def test_the_owners_own_initremote_with_a_url_pushes_with_the_login_of_the_environment(
    dav: ScriptedDAV, bob: Home
) -> None:
    dav.login = ("bob", "hunter2")
    mine = secured(bob, dav)
    mine.add({"file": b"content"})
    mine.annex("copy", "--to", "store", "file")
    mine.git("push", "store", "main", "git-annex")
    assert mine.git("ls-remote", "store").stdout.endswith("refs/heads/main\n")


def test_an_annex_url_with_the_uuid_of_a_remote_of_mine_does_not_get_that_ones_login(
    dav: ScriptedDAV, bob: Home, trap: ScriptedDAV
) -> None:
    mine = secured(bob, dav)
    uuid = mine.git("config", "remote.store.annex-uuid").stdout.strip()
    url = address(uuid, url=f"{trap.url}/dav")
    mine.git("ls-remote", url, check=False, login=WEBDAV)
    mine.git("remote", "add", "other", url)
    mine.git("fetch", "other", check=False, login=WEBDAV)
    assert not any("Authorization" in seen.headers for seen in trap.requests)
    assert "pyshare-host" not in mine.git("config", "--get-regexp", r"remote\.other\.", check=False).stdout


def published(dav: ScriptedDAV, alice: Home) -> str:
    """The address of a dataset that is wholly in Alice's store; only who has her login may read it."""
    dav.login = ("bob", "hunter2")
    mine = secured(alice, dav)
    mine.add({"file": b"content"})
    mine.annex("copy", "--to", "store", "file")
    mine.git("push", "store", "main", "git-annex")
    return address(mine.git("config", "remote.store.annex-uuid").stdout.strip(), url=f"{dav.url}/dav")


def log_in(home: Home, url: str) -> None:
    home.run("pyshare", "login", url, "--user", "bob", "--no-check", cwd=home.folder, input="hunter2\n")


def without_authorization(dav: ScriptedDAV) -> bool:
    return not any("Authorization" in seen.headers for seen in dav.requests)


def test_a_login_that_was_kept_for_the_host_of_an_annex_url_is_good_there(
    dav: ScriptedDAV, alice: Home, bob: Home
) -> None:
    url = published(dav, alice)
    log_in(bob, f"{dav.url}/dav")
    bob.run("git", "clone", url, "clone", cwd=bob.folder)
    clone = Repository(bob, bob.folder / "clone")
    clone.annex("get", "file")
    assert (clone.folder / "file").read_bytes() == b"content"
    assert not kept_below(bob)


def refused(home: Home, url: str, login: Mapping[str, str]) -> str:
    done = home.run("git", "clone", url, "clone", cwd=home.folder, check=False, login=login)
    assert done.returncode != 0
    return " ".join(done.stderr.split())


def test_the_advice_at_an_annex_url_is_a_command_that_works_there(dav: ScriptedDAV, alice: Home, bob: Home) -> None:
    url = published(dav, alice)
    dav.forget()
    told = refused(bob, url, WEBDAV)
    assert "WEBDAV_USERNAME is set but not used, since the settings came with an annex:: address" in told
    assert f"Type: pyshare login {dav.url}/dav" in told
    assert "verifyremote" not in told
    assert without_authorization(dav)
    log_in(bob, f"{dav.url}/dav")
    bob.run("git", "clone", url, "clone", cwd=bob.folder)


def test_a_host_that_the_user_names_at_the_clone_gets_the_login_of_the_environment(
    dav: ScriptedDAV, alice: Home, bob: Home
) -> None:
    url = published(dav, alice)
    named = f"remote.origin.pyshare-host={dav.url.removeprefix('http://')}"
    bob.run("git", "clone", "-c", named, url, "clone", cwd=bob.folder, login=WEBDAV)
    Repository(bob, bob.folder / "clone").annex("get", "file", login=WEBDAV)


def test_a_clone_by_an_annex_url_goes_on_without_the_environment_after_verifyremote(
    dav: ScriptedDAV, alice: Home, bob: Home
) -> None:
    """Git-annex says `verified` there by itself, and its log only names a UUID, which any address may have."""
    url = published(dav, alice)
    log_in(bob, f"{dav.url}/dav")
    bob.run("git", "clone", url, "clone", cwd=bob.folder)
    bob.run("pyshare", "logout", f"{dav.url}/dav", cwd=bob.folder)
    clone = Repository(bob, bob.folder / "clone")
    dav.forget()
    for _ in range(2):
        clone.annex("fsck", "--fast", "--from", "origin", check=False, login=WEBDAV)
        clone.git("fetch", "origin", check=False, login=WEBDAV)
        clone.home.run("pyshare", "info", "origin", cwd=clone.folder, check=False, login=WEBDAV)
        clone.annex("enableremote", "origin", login=WEBDAV)
        assert dav.requests
        assert without_authorization(dav)
        clone.annex("verifyremote", "origin")
        clone.annex("verifyremote", "origin", "--safe", "1", check=False)
    assert not kept_below(bob)


def test_a_dataset_in_a_folder_is_cloned_by_its_address_read_and_written_to(
    alice: Home, bob: Home, tmp_path: Path
) -> None:
    mine = Repository.create(alice, alice.folder / "mine")
    words = ("type=external", "externaltype=pyshare", "encryption=none", f"url={tmp_path / 'share'}")
    mine.annex("initremote", "store", "--with-url", *words)
    mine.add({"file": b"content"})
    mine.annex("copy", "--to", "store", "file")
    mine.git("push", "store", "main", "git-annex")
    url = address(mine.git("config", "remote.store.annex-uuid").stdout.strip(), url=str(tmp_path / "share"))
    bob.run("git", "clone", url, "clone", cwd=bob.folder)
    clone = Repository(bob, bob.folder / "clone")
    clone.annex("get", "file")
    clone.add({"answer": b"from Bob"})
    clone.annex("copy", "--to", "origin", "answer")
    clone.git("push", "origin", "main", "git-annex")
    mine.git("fetch", "-q", "store")
    mine.git("merge", "-q", "store/main")
    mine.annex("merge")
    mine.annex("get", "answer")


def test_what_datalad_next_makes_from_a_datalad_annex_url_is_not_taken_for_the_users_own(
    dav: ScriptedDAV, bob: Home
) -> None:
    """Its `git-remote-datalad-annex` runs `git annex initremote` in a repository of this name, with the URL's words."""
    hidden = Repository.create(bob, bob.folder / "clone" / ".git" / "dl-repoannex" / "origin" / "repoannex")
    given = {"type": "external", "externaltype": "pyshare", "encryption": "none", "url": f"{dav.url}/dav"}
    words = [f"{name}={value}" for name, value in given.items()]
    hidden.annex("initremote", "origin", *words, login=WEBDAV)
    hidden.annex("fsck", "--fast", "--from", "origin", login=WEBDAV)
    hidden.annex("checkpresentkey", "WORM-s1-m1--x", "origin", check=False, login=WEBDAV)
    assert dav.requests
    assert without_authorization(dav)
    assert not kept_below(bob)
