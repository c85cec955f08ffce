"""A friend types one command with what an owner sent, and has every byte: links, buckets, folders, logins."""

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.annex import Home, Repository, unlock
from support.at_terminal import type_at_terminal
from support.dropbox_people import log_in, machine, reaches
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.nextcloud import FILES as HOME_OF_BOB
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login
from support.schemas import hold
from support.scripted import served
from support.servers import Server
from support.sharing import FILES, Owner, has_all, type_all
from support.sharing_cloud import SharingCloud

CLONE = "DataLad-101"
SMALL = {f"small/{number}.csv": b"%d\n" % number for number in range(30)}


def accept(home: Home, *words: str, code: int = 0) -> dict[str, Any]:
    """`pyshare accept … --yes --json` in the person's home; what it prints."""
    done = home.run("pyshare", "accept", *words, "--yes", "--json", cwd=home.folder, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    hold(("accept", "--json"), done.stdout)
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


class Sent(NamedTuple):
    """A published dataset, and the address that its owner sends."""

    owner: Owner
    address: str
    folder: Path
    """Where the content is, if that is a folder."""


def owner_in(folder: Path) -> Owner:
    """Alice with an empty dataset."""
    alice = Home(folder / "alice", "Alice")
    return Owner(alice, Repository.create(alice, alice.folder / CLONE).folder)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    """Alice's dataset with its content in a folder."""
    folder = tmp_path_factory.mktemp("lab")
    owner = owner_in(folder)
    owner.initremote(str(folder / "the lab"))
    owner.store()
    yield Sent(owner, str(owner.publish()), folder / "the lab")
    unlock(folder)


@pytest.fixture(scope="module")
def cloud() -> Iterator[SharingCloud]:
    with served(SharingCloud()) as server:
        yield server


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory, cloud: SharingCloud) -> Iterator[Sent]:
    """Alice's dataset with its content in a Nextcloud, and a link to that."""
    folder = tmp_path_factory.mktemp("linked")
    owner = owner_in(folder)
    owner.initremote(f"{cloud.url}{HOME_OF_BOB}/our share")
    owner.store({**FILES, **SMALL})
    address = str(owner.publish())
    owner.share("-y")
    yield Sent(owner, address, folder)
    unlock(folder)


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory, apache_server: Server) -> Iterator[Sent]:
    """Alice's dataset with its content on a server where each user has a login."""
    folder = tmp_path_factory.mktemp("private")
    owner = owner_in(folder)
    owner.home.environment |= {"WEBDAV_USERNAME": apache_server.user, "WEBDAV_PASSWORD": apache_server.password}
    owner.initremote(f"{apache_server.url}/accepted")
    owner.store()
    yield Sent(owner, str(owner.publish()), folder)
    unlock(folder)


def test_a_friend_with_a_link_answers_two_questions_and_has_every_byte(
    linked: Sent, cloud: SharingCloud, bob: Home
) -> None:
    address = linked.address
    (link,) = cloud.links.values()
    answers = [("Go? [Y/n]", ""), ("3 choose", "1")]
    said = type_at_terminal(bob, ["pyshare", "accept", address], bob.folder, answers)
    assert said.code == 0, said.text
    assert has_all(bob.folder / CLONE)
    assert f"32 files, 12.6 KiB · data: {link.url} (WebDAV, public link, read only)" in said.text
    assert f"Get now, which uses {link.url}? 1 everything" in said.text
    assert "✓ the store answers without a login" in said.text
    assert "✓ 32 files" in said.text
    assert "Later: cd ./DataLad-101 && datalad get ." in said.text


def test_what_is_said_to_type_lets_a_friend_with_an_account_write_too(
    linked: Sent, cloud: SharingCloud, bob: Home
) -> None:
    printed = accept(bob, linked.address, "--get", "none")
    later, to_write = printed["next"]
    log_in_first, *others = to_write.split(" && ")
    assert log_in_first == f"pyshare login {cloud.url}"
    assert others == ["git annex enableremote for-friends", "pyshare accept"]
    type_all(bob, [later.partition(" && ")[2]], bob.folder / CLONE)
    assert has_all(bob.folder / CLONE)


def test_a_link_with_a_password_is_opened_by_the_command_that_is_printed(
    linked: Sent, cloud: SharingCloud, bob: Home
) -> None:
    (link,) = cloud.links.values()
    link.password = "open sesame"
    try:
        needed = accept(bob, linked.address, code=4)["login"]
        assert needed == f"pyshare login {link.url}"
        bob.run(*shlex.split(needed), cwd=bob.folder, input="open sesame\n")
        assert accept(bob, linked.address, "--get", "small")["got"] == len(SMALL)
    finally:
        link.password = ""


def test_a_friend_of_a_public_bucket_types_one_command(sharer: Owner, scripted_s3: ScriptedS3, bob: Home) -> None:
    login = Login()
    scripted_s3.login = login
    sharer.home.environment |= {"AWS_ACCESS_KEY_ID": login.access_key, "AWS_SECRET_ACCESS_KEY": login.secret_key}
    sharer.initremote("s3://bucket/our share", endpoint=scripted_s3.url, region="us-east-1")
    sharer.store()
    address = str(sharer.publish())
    sharer.share("--public", "-y")
    printed = accept(bob, address)
    assert has_all(bob.folder / CLONE)
    assert printed["remotes"][0]["access"] == "public, read only without a login"
    assert (printed["files"], printed["got"], printed["missing"], printed["login"]) == (2, 2, 0, "")


def test_a_friend_on_the_same_disk_answers_two_questions(lab: Sent, bob: Home) -> None:
    address = lab.address
    said = type_at_terminal(bob, ["pyshare", "accept", address, "mine"], bob.folder, [("Go?", "y"), ("choose", "")])
    assert said.code == 0, said.text
    assert f"This reads {address} and makes mine. Go?" in said.text
    assert has_all(bob.folder / "mine")
    config = bob.run("git", "config", "--get-regexp", "^remote", cwd=bob.folder / "mine").stdout
    assert "remote.for-friends.annex-verified verified" in config
    assert "remote.origin.datalad-publish-depends for-friends" in config


def test_without_a_login_accept_says_what_to_type_and_that_helps(
    private: Sent, bob: Home, apache_server: Server
) -> None:
    printed = accept(bob, private.address, code=4)
    assert (printed["got"], printed["missing"]) == (0, 2)
    words = shlex.split(printed["login"])
    bob.run(*words, cwd=bob.folder, input=f"{apache_server.user}\n{apache_server.password}\n")
    assert accept(bob, private.address, "--get", "all")["got"] == 2
    assert has_all(bob.folder / CLONE)


def test_a_friend_at_a_terminal_logs_in_on_the_way(private: Sent, bob: Home, apache_server: Server) -> None:
    answers = [("Go?", ""), ("choose", "1"), ("Log in now? [Y/n]", ""), ("ser", apache_server.user)]
    answers.append(("assword", apache_server.password))
    said = type_at_terminal(bob, ["pyshare", "accept", private.address], bob.folder, answers)
    assert said.code == 0, said.text
    assert apache_server.password not in said.text
    assert has_all(bob.folder / CLONE)


def test_a_friend_of_a_dropbox_logs_in_and_accepts(
    sharer: Owner, fake_dropbox: RunningDropbox, dropbox_alice: Account, bob: Home
) -> None:
    machine(sharer.home, fake_dropbox, dropbox_alice)
    sharer.initremote("dropbox:/Data")
    sharer.store()
    address = str(sharer.publish())
    sharer.share("-y")
    reaches(bob, fake_dropbox)
    needed = accept(bob, address, code=4)["login"]
    assert needed.startswith("pyshare login dropbox")
    log_in(bob, fake_dropbox, fake_dropbox.service.person("Bob"), "--sharing")
    assert accept(bob, address, "--get", "all")["missing"] == 0
    assert has_all(bob.folder / CLONE)


def test_accept_and_get_send_no_request_more_than_a_plain_clone_and_get(
    linked: Sent, cloud: SharingCloud, bob: Home, tmp_path: Path
) -> None:
    address = linked.address
    plain = Home(tmp_path / "dave", "Dave")
    counts = {}
    for person, commands in (
        (plain, [["datalad", "clone", address, CLONE], ["datalad", "get", "-d", CLONE, CLONE]]),
        (
            bob,
            [["pyshare", "accept", address, CLONE, "--yes", "--get", "none"], ["datalad", "get", "-d", CLONE, CLONE]],
        ),
        (Home(tmp_path / "erin", "Erin"), [["pyshare", "accept", address, CLONE, "--yes"]]),
    ):
        before = len(cloud.requests)
        for command in commands:
            person.run(*command, cwd=person.folder)
        counts[person.folder.name] = len(cloud.requests) - before
    assert counts["dave"] >= 32
    assert counts["bob"] <= counts["dave"]
    assert counts["erin"] <= counts["dave"]


def test_a_clone_that_lacks_its_remotes_is_repaired_and_not_cloned_again(lab: Sent, bob: Home) -> None:
    address = lab.address
    clone = bob.folder / CLONE
    bob.run("git", "clone", "-q", address, str(clone), cwd=bob.folder)
    bob.run("git", "annex", "init", "-q", "--no-autoenable", cwd=clone)
    (clone / "my own").write_text("stays")
    hook = {"GIT_DIR": str(bob.folder / "x"), "GIT_INDEX_FILE": str(bob.folder / "y"), "GIT_CONFIG": os.devnull}
    done = bob.run("pyshare", "accept", cwd=clone / "data", login=hook)
    assert "To write as well: pyshare accept" in done.stdout
    config = bob.run("git", "config", "--get-regexp", "^remote", cwd=clone).stdout
    assert "remote.for-friends.annex-verified automatic" in config
    assert "publish-depends" not in config, "no one has agreed to that"

    said = type_at_terminal(bob, ["pyshare", "accept"], clone, [("with what you push? [y/N]", "y")])
    assert said.code == 0, said.text
    assert "✓ later pushes bring content first" in said.text
    assert "To write as well" not in said.text
    printed = accept(bob, address, "--get", "all")
    assert (printed["remotes"][0]["verified"], printed["got"]) == (True, 2)
    assert has_all(clone)
    assert (clone / "my own").read_text() == "stays"
    depends = bob.run("git", "config", "--get-all", "remote.origin.datalad-publish-depends", cwd=clone).stdout
    assert depends == "for-friends\n"


def test_a_store_with_the_history_is_accepted_by_its_code_and_pushed_back_to(
    sharer: Owner, bob: Home, tmp_path: Path
) -> None:
    folder = tmp_path / "the lab"
    sharer.type(
        *("git", "annex", "initremote", "lab", "type=external", "externaltype=pyshare", "encryption=none"),
        *(f"url={folder}", "--with-url"),
    )
    sharer.initremote(str(tmp_path / "elsewhere"))
    (sharer.folder / "a.csv").write_bytes(b"1;2\n")
    sharer.type("datalad", "save", "-m", "files")
    sharer.type("git", "annex", "copy", "-q", "--to", "lab")
    sharer.type("git", "push", "-q", "lab", "main", "git-annex")
    target = json.loads(sharer.type("pyshare", "invite", "lab", "--no-rehearsal", "--json").stdout)["target"]
    assert target.startswith("pyshare1:")
    printed = accept(bob, target, "mine")
    assert [remote["name"] for remote in printed["remotes"]] == ["origin"], "the dataset's other store was not shown"
    assert has_all(bob.folder / "mine", {"a.csv": b"1;2\n"})
    done = bob.run("pyshare", "accept", "--yes", cwd=bob.folder / "mine")
    assert "for-friends is not enabled" in done.stderr
    type_all(bob, [done.stderr.strip().rpartition("type in the clone: ")[2]], bob.folder / "mine")
    state = bob.run("git", "config", "remote.for-friends.annex-verified", cwd=bob.folder / "mine").stdout
    assert state == "verified\n"
    (bob.folder / "mine" / "b.csv").write_bytes(b"3;4\n")
    bob.run("datalad", "save", "-m", "mine", cwd=bob.folder / "mine")
    bob.run("datalad", "push", "--to", "origin", cwd=bob.folder / "mine")
    sharer.type("git", "fetch", "-q", "lab")
    sharer.type("git", "merge", "-q", "lab/main")
    sharer.type("git", "annex", "merge", "-q")
    sharer.type("git", "annex", "get", "-q", "b.csv")
    assert has_all(sharer.folder, {"b.csv": b"3;4\n"})


def test_only_the_chosen_files_are_got(lab: Sent, bob: Home) -> None:
    address = lab.address
    answers = [("Go?", ""), ("choose", "3"), ("between them", "data")]
    said = type_at_terminal(bob, ["pyshare", "accept", address], bob.folder, answers)
    assert said.code == 0, said.text
    clone = bob.folder / CLONE
    assert (clone / "data" / "Messung ä.csv").exists()
    assert not (clone / "books" / "TLCL.pdf").exists()
    assert accept(bob, address, "--get", "books/TLCL.pdf")["got"] == 1
    for path in ("nothing", "../..", str(clone)):
        assert accept(bob, address, "--get", path, code=2)["error"]["what"].startswith("the dataset has no file")


@pytest.mark.parametrize("words", [[], ["--yes", "--get", "none"]], ids=["at a terminal", "scripted"])
def test_a_no_leaves_nothing_and_a_plain_dataset_is_cloned(bob: Home, tmp_path: Path, words: list[str]) -> None:
    plain = tmp_path / "plain.git"
    bob.run("git", "init", "-q", "--bare", str(plain), cwd=tmp_path)
    if words:
        assert "already" in bob.run("pyshare", "accept", str(plain), *words, cwd=bob.folder).stderr
        return
    said = type_at_terminal(bob, ["pyshare", "accept", str(plain)], bob.folder, [("Go?", "n")])
    assert said.code == 1
    assert not (bob.folder / "plain").exists()


def test_without_a_terminal_nothing_happens_before_a_yes(lab: Sent, bob: Home) -> None:
    done = bob.run("pyshare", "accept", lab.address, cwd=bob.folder, check=False)
    assert done.returncode == 2
    assert "Add --yes" in done.stderr
    assert not (bob.folder / CLONE).exists()


def pushed_back(owner: Owner, friend: Home, clone: Path, files: Mapping[str, bytes]) -> None:
    """The friend adds files and pushes by DataLad, and the owner updates and gets them."""
    for name, content in files.items():
        (clone / name).write_bytes(content)
    friend.run("datalad", "save", "-m", "mine", cwd=clone)
    friend.run("datalad", "push", "--to", "origin", cwd=clone)
    owner.type("git", "pull", "-q", "github", "main")
    owner.type("git", "fetch", "-q", "github")
    owner.type("git", "annex", "merge", "-q")
    owner.type("git", "annex", "get", "-q", *files)
    assert has_all(owner.folder, files)


def test_what_a_friend_pushes_reaches_the_owner_with_its_content(lab: Sent, bob: Home) -> None:
    printed = accept(bob, lab.address, "--get", "none", "--host", str(lab.folder))
    assert printed["publish_first"] == ["for-friends"]
    pushed_back(lab.owner, bob, bob.folder / CLONE, {"from bob.csv": b"4;5\n" * 99})


def test_what_a_friend_with_a_login_pushes_reaches_the_owner_with_its_content(
    private: Sent, bob: Home, apache_server: Server
) -> None:
    login = f"{apache_server.user}\n{apache_server.password}\n"
    bob.run("pyshare", "login", f"{apache_server.url}/accepted", cwd=bob.folder, input=login)
    host = apache_server.url.partition("://")[2]
    address = f"{apache_server.url}/accepted"
    assert not accept(bob, private.address, "other", "--get", "none", "--host", host)["remotes"][0]["verified"]
    printed = accept(bob, private.address, "--get", "none", "--host", address)
    assert printed["remotes"] == [
        {"name": "for-friends", "hosts": [host], "address": address, "kind": "WebDAV", "access": "", "verified": True}
    ]
    pushed_back(private.owner, bob, bob.folder / CLONE, {"from bob.csv": b"4;5\n" * 99})
