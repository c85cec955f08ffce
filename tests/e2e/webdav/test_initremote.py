"""The real git-annex makes a remote on a WebDAV server: what its owner hears, and which addresses are refused."""

import re
import socket
from collections.abc import Iterator

import pytest
from support.annex import Home, Repository
from support.fakes.dav import ScriptedDAV
from support.fakes.nextcloud_files import FILES, ScriptedNextcloud, login
from support.marks import LONG
from support.scripted import answer

from git_annex_remote_pyshare.backends.ownership import mark_of

OURS = ("type=external", "externaltype=pyshare", "encryption=none")
OTHERS = "99999999-2222-3333-4444-555555555555"


@pytest.fixture
def owner(repository: Repository, nextcloud: ScriptedNextcloud) -> Repository:
    """Alice's repository, with her login in the environment."""
    repository.home.environment.update(login("alice", nextcloud))
    return repository


def uuid_of(repository: Repository, remote: str = "store") -> str:
    return repository.git("config", f"remote.{remote}.annex-uuid").stdout.strip()


def typed(repository: Repository, line: str) -> str:
    """What a shell prints of a line that was pasted into it."""
    done = repository.home.run("bash", "-c", line, cwd=repository.folder)
    return done.stdout + done.stderr


def quoted_settings(text: str) -> str:
    """The `url=…` that a refusal says to type instead."""
    found = re.search(r"Type instead: (url=\S+)", text)
    assert found, text
    return found[1].rstrip(".")


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        pytest.param("", "repository", id="front page", marks=LONG),
        pytest.param("/apps/files/files", "repository", id="files page"),
        pytest.param("/remote.php/dav/alice/study", "study", id="half an address"),
        pytest.param("/remote.php/dav/files/alcie/study", "study", id="a user that there is not"),
        pytest.param("/remote.php/dav/files/bob/my%20study", "my%20study", id="another user", marks=LONG),
    ],
)
def test_an_address_of_nextcloud_that_is_no_folder_is_refused_with_the_right_one(
    owner: Repository, nextcloud: ScriptedNextcloud, path: str, folder: str
) -> None:
    before = set(nextcloud.folders)
    said = owner.initremote(nextcloud.url + path, check=False)
    assert re.search("is the web page of a Nextcloud|on this Nextcloud|own files, and you are alice", said)
    assert nextcloud.folders == before
    right = quoted_settings(said)
    assert right == f"url={nextcloud.address('alice', folder)}"
    owner.add({"file": b"content"})
    typed(owner, f"git annex initremote store {' '.join(OURS)} {right} && git annex copy --to store")
    assert b"content" in nextcloud.objects.values()


def test_the_page_of_a_folder_is_refused_with_the_folders_own_address(
    repository: Repository, nextcloud: ScriptedNextcloud
) -> None:
    home = repository.home
    page = f"{nextcloud.url}/index.php/apps/files/files/1234?dir=/my study&openfile=true"
    said = repository.initremote(page, check=False)
    assert "web page of a Nextcloud" in said
    found = re.search(r"Type: (pyshare login \S+);", said)
    assert found
    told = home.run("bash", "-c", f"{found[1]} --user alice", cwd=repository.folder, input="wonderland\n")
    assert f"url={nextcloud.url}{FILES}/alice/" in told.stdout
    right = quoted_settings(repository.initremote(page, check=False))
    assert right == f"url={nextcloud.address('alice', 'my%20study')}"
    typed(repository, f"git annex initremote store {' '.join(OURS)} {right}")


def test_a_page_is_no_reason_to_show_a_login_of_the_environment(
    owner: Repository, nextcloud: ScriptedNextcloud
) -> None:
    said = owner.initremote(f"{nextcloud.url}/apps/files/?dir=/study", check=False)
    assert f"Type: pyshare login {nextcloud.url}" in said
    assert [seen for seen in nextcloud.requests if "Authorization" in seen.headers] == []


def test_a_login_by_e_mail_address_is_known_by_its_id(repository: Repository, nextcloud: ScriptedNextcloud) -> None:
    repository.home.environment.update({**login("alice", nextcloud), "WEBDAV_USERNAME": "alice@example.org"})
    repository.initremote(nextcloud.address("alice", "study"))
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "store")
    assert [seen.path for seen in nextcloud.requests if seen.path.startswith("/ocs/")] == ["/ocs/v1.php/cloud/user"] * 2


def test_a_new_place_is_made_and_marked_and_asked_nothing_more_of(
    owner: Repository, nextcloud: ScriptedNextcloud
) -> None:
    owner.initremote(nextcloud.address("alice", "study"))
    mark = f"{FILES}/alice/study/.pyshare-store"
    assert nextcloud.objects == {mark: mark_of(uuid_of(owner))}
    assert nextcloud.methods() == ["PROPFIND", "MKCOL", "GET", "PUT"]
    nextcloud.forget()
    owner.annex("enableremote", "store")
    assert nextcloud.methods() == ["PROPFIND", "GET"]
    owner.add({"file": b"content"})
    owner.annex("copy", "--to", "store")
    nextcloud.forget()
    owner.annex("fsck", "--from", "store", "--fast")
    assert nextcloud.methods() == ["HEAD"]
    assert "foreign" not in owner.home.run("pyshare", "verify", "store", cwd=owner.folder).stdout


def test_a_place_of_another_remote_is_taken_over_by_the_command_that_the_refusal_names(
    owner: Repository, nextcloud: ScriptedNextcloud
) -> None:
    mark = f"{FILES}/alice/study/.pyshare-store"
    nextcloud.folders.add(f"{FILES}/alice/study")
    nextcloud.objects[mark] = mark_of(OTHERS)
    url = f"url={nextcloud.address('alice', 'study')}"
    more = ("autoenable=true", "chunk=1MiB", "layout=lower", "encryption=shared", "cost=150")
    refused = owner.annex("initremote", "store", *OURS[:2], *more, url, check=False)
    assert f"belongs to another remote, {OTHERS}" in refused.stdout + refused.stderr
    assert nextcloud.objects[mark] == mark_of(OTHERS)
    found = re.search(r"type: (git -c \S+ annex initremote store .*)", refused.stdout + refused.stderr)
    assert found
    assert "was taken over" in typed(owner, found[1])
    written = owner.git("show", "git-annex:remote.log").stdout.split()
    assert {"name=store", *more} <= {*written}
    assert nextcloud.objects[mark] == mark_of(uuid_of(owner))


def test_two_datasets_do_not_share_a_place(owner: Repository, nextcloud: ScriptedNextcloud) -> None:
    owner.initremote(nextcloud.address("alice", "study"))
    other = Repository.create(owner.home, owner.home.folder / "other")
    said = other.initremote(nextcloud.address("alice", "study"), check=False)
    assert f"belongs to another remote, {uuid_of(owner)}" in said


def test_a_store_without_a_mark_goes_on_working(owner: Repository, nextcloud: ScriptedNextcloud) -> None:
    owner.initremote(nextcloud.address("alice", "study"))
    nextcloud.objects.clear()
    owner.add({"file": b"content"})
    owner.annex("copy", "--to", "store")
    owner.annex("fsck", "--from", "store")
    assert not any(path.endswith(".pyshare-store") for path in nextcloud.objects)


def test_a_place_that_cannot_be_written_to_is_used_all_the_same(
    owner: Repository, nextcloud: ScriptedNextcloud
) -> None:
    nextcloud.folders.add(f"{FILES}/alice/study")
    nextcloud.decide = lambda seen: answer(403) if seen.method == "PUT" else None
    assert "cannot be marked as this remote's place" in owner.initremote(nextcloud.address("alice", "study"))


def test_without_a_login_the_owner_hears_what_to_type(repository: Repository, nextcloud: ScriptedNextcloud) -> None:
    url = nextcloud.address("alice", "study")
    said = repository.initremote(url)
    assert f"no login for {url}, so nothing was checked" in said
    found = re.search(r"Type: (pyshare login \S+)", said)
    assert found
    repository.home.run("bash", "-c", f"{found[1]} --user alice", cwd=repository.folder, input="wonderland\n")
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "store")


def test_a_server_that_needs_no_login_gives_no_reason_to_speak_of_one(repository: Repository, dav: ScriptedDAV) -> None:
    said = repository.initremote(f"{dav.url}/dav/new")
    assert "no login" not in said
    assert "/dav/new/.pyshare-store" in dav.objects


def test_a_wrong_password_is_refused_at_once(repository: Repository, nextcloud: ScriptedNextcloud) -> None:
    wrong = {"WEBDAV_USERNAME": "alice", "WEBDAV_PASSWORD": "wrong"}
    repository.home.environment.update(wrong)
    said = repository.initremote(nextcloud.address("alice", "study"), check=False)
    assert "refuses the login of alice" in said


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nothing listens."""
    with socket.socket() as waiting:
        waiting.bind(("127.0.0.1", 0))
        yield waiting.getsockname()[1]


def test_a_server_that_cannot_be_reached_is_told_and_the_remote_made(repository: Repository, closed_port: int) -> None:
    said = repository.initremote(f"http://127.0.0.1:{closed_port}/remote.php/dav/files/alice/study")
    assert f"127.0.0.1:{closed_port} cannot be reached, so nothing was checked" in said
    assert uuid_of(repository)


def test_a_mistyped_host_is_told_and_the_remote_made(repository: Repository) -> None:
    said = repository.initremote("https://cloud.exmaple.invalid/remote.php/dav/files/alice/study")
    assert "cloud.exmaple.invalid cannot be reached, so nothing was checked" in said


def test_a_server_that_cannot_tell_what_it_has_is_used_all_the_same(repository: Repository, dav: ScriptedDAV) -> None:
    dav.decide = lambda seen: answer(405) if seen.method == "PROPFIND" else None
    assert "nothing was checked" in repository.initremote(f"{dav.url}/dav")


def test_a_web_page_is_no_store(repository: Repository, dav: ScriptedDAV) -> None:
    dav.decide = lambda seen: answer(200, b"<html>", Content_Type="text/html") if seen.method == "PROPFIND" else None
    assert "web page" in repository.initremote(f"{dav.url}/dav", check=False)


def test_a_remote_that_only_its_owner_opens_is_not_for_each_clone(
    owner: Repository, nextcloud: ScriptedNextcloud
) -> None:
    url = nextcloud.address("alice", "study")
    said = owner.initremote(url, {"autoenable": "true"})
    found = re.search(r"type: (git annex configremote store autoenable=false) and", said)
    assert found, said
    typed(owner, found[1])
    assert "autoenable=false" in owner.git("show", "git-annex:remote.log").stdout
    assert "configremote" not in owner.initremote(f"{url}2", name="second")


@pytest.fixture
def friend(owner: Repository, nextcloud: ScriptedNextcloud, bob: Home) -> Repository:
    """Bob's clone of a dataset that Alice has stored, with his own login at the same server."""
    owner.add({"file": b"content"})
    owner.initremote(nextcloud.address("alice", "my study"), {"autoenable": "true"})
    owner.annex("copy", "--to", "store")
    clone, _ = owner.cloned(bob)
    bob.run("pyshare", "login", nextcloud.url, "--user", "bob", cwd=bob.folder, input="builder\n")
    return clone


def test_a_friend_who_logs_in_as_himself_hears_whose_files_these_are(
    friend: Repository, nextcloud: ScriptedNextcloud
) -> None:
    told = friend.annex("get", check=False)
    assert "these are alice's own files, and you are bob" in told.stdout + told.stderr
    assert "Ask alice to share the folder" in told.stdout + told.stderr


def test_what_another_user_cannot_see_does_not_count_as_absent(friend: Repository) -> None:
    looked = friend.annex("fsck", "--fast", "--from", "store", check=False)
    assert "these are alice's own files" in looked.stdout + looked.stderr
    friend.annex("whereis", "--in", "store")


@pytest.mark.parametrize(
    ("shared", "target"),
    [
        pytest.param("/my study", "/my study", id="the folder", marks=LONG),
        pytest.param("/my study", "/Shared by Alice/my study", id="elsewhere"),
    ],
)
def test_a_friend_with_whom_the_folder_is_shared_gets_by_the_command_that_the_refusal_names(
    friend: Repository, nextcloud: ScriptedNextcloud, shared: str, target: str
) -> None:
    nextcloud.shares["bob", target] = ("alice", shared)
    told = friend.annex("get", check=False)
    found = re.search(r"Type: (git annex initremote store-here .*)", told.stdout + told.stderr)
    assert found
    typed(friend, found[1])
    friend.annex("get", "--from", "store-here", "file")
    assert (friend.folder / "file").read_bytes() == b"content"


def test_whose_login_it_is_is_asked_once_however_many_files(
    owner: Repository, friend: Repository, nextcloud: ScriptedNextcloud
) -> None:
    owner.add({"second": b"2", "third": b"3"})
    owner.annex("copy", "--to", "store")
    friend.annex("sync", "--no-content", "--no-push", "origin")
    nextcloud.forget()
    told = friend.annex("fsck", "--fast", "--from", "store", check=False)
    assert (told.stdout + told.stderr).count("these are alice's own files") == 3
    asked = [seen.path for seen in nextcloud.requests]
    assert asked.count("/ocs/v1.php/cloud/user") == 1
