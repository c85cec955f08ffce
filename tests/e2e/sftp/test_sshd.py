"""A dataset's files on a real sshd, with the real git-annex: there and back, logins, and a friend's first contact."""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.annex import Home, Repository
from support.at_terminal import typing
from support.sshd import CODE, PASSPHRASE, SSHD, Person, with_ssh

MIB = 1 << 20
FILES = {f"file{number}": os.urandom(40_000 * number) for number in range(1, 7)}


@pytest.fixture
def careful(repository: Repository, sshd: SSHD) -> Iterator[Person]:
    """Alice with a key that has a passphrase, and no agent, who was never there."""
    made = with_ssh(repository.home, sshd, PASSPHRASE)
    sshd.admits(made.key)
    yield made
    made.close()


@pytest.fixture
def friend(bob: Home, sshd: SSHD) -> Iterator[Person]:
    """Bob, who knows the host."""
    made = with_ssh(bob, sshd)
    made.knows_the_host()
    yield made
    made.close()


@pytest.fixture
def owner(repository: Repository, sshd: SSHD) -> Iterator[Person]:
    """Alice, whom the server lets in."""
    made = with_ssh(repository.home, sshd)
    made.knows_the_host()
    sshd.admits(made.key)
    yield made
    made.close()


def objects(share: Path) -> list[Path]:
    return [path for path in share.rglob("*") if path.is_file() and path.name != ".pyshare-store"]


def test_files_go_there_and_back_by_four_jobs_on_one_connection(
    owner: Person, repository: Repository, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    repository.initremote(owner.url(share))
    repository.add(FILES)
    counted = []
    for words in (
        ("copy", "--to", "store", "-J4"),
        ("drop", "-J4", "."),
        ("get", "-J4", "."),
        ("fsck", "--from", "store", "-J4"),
    ):
        before = owner.connections()
        repository.annex(*words)
        counted.append(owner.connections() - before)
    assert counted == [1, 1, 1, 1]
    assert len(objects(share)) == len(FILES)
    assert {name: (repository.folder / name).read_bytes() for name in FILES} == FILES


def test_an_upload_that_is_killed_resumes_in_the_same_file(
    owner: Person, repository: Repository, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    repository.initremote(owner.url(share))
    repository.git("config", "remote.store.pyshare-part-size", "8MiB")
    repository.git("config", "remote.store.pyshare-parts", "1")
    repository.git("config", "remote.store.pyshare-bwlimit", "40MiB")
    repository.add({"large": os.urandom(48 * MIB)})
    with repository.killed("copy", "--to", "store", "--quiet") as copying:
        end = time.monotonic() + 60
        while not any(path.stat().st_size > 20 * MIB for path in objects(share)):
            assert copying.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
    [hidden] = objects(share)
    was = hidden.stat()
    repository.git("config", "--unset", "remote.store.pyshare-bwlimit")
    assert repository.annex("find", "--in", "store").stdout == ""

    repository.annex("copy", "--to", "store")

    [now] = objects(share)
    assert was.st_ino == now.stat().st_ino
    assert now.name == repository.key("large")
    repository.annex("fsck", "--from", "store")


def _fails(repository: Repository, *words: str) -> str:
    done = repository.annex(*words, check=False)
    assert done.returncode != 0
    return " ".join((done.stdout + done.stderr).split())


def _key_of(person: Person) -> str:
    return person.key.with_suffix(".pub").read_text().split()[1]


def _command(text: str) -> list[str]:
    found = re.search(r"(?:ssh-keygen -f \S+ -R \S+ && )?pyshare login sftp://[^\s)]+", text)
    assert found, text
    return ["bash", "-c", found[0]]


def test_a_login_asks_once_in_the_terminal_and_what_errors_name_is_typed_and_helps(
    careful: Person, repository: Repository, sshd: SSHD, tmp_path: Path
) -> None:
    """An unknown host, a key with a passphrase, which only the terminal can ask for, and then a changed host key."""
    share = tmp_path / "share"
    said = repository.initremote(careful.url(share))
    assert "this machine does not know the host key" in " ".join(said.split())
    repository.add({"file": b"content"})

    told = _fails(repository, "copy", "--to", "store")
    assert "does not know the host key of lab yet" in told
    with typing(careful.home, _command(told), repository.folder) as terminal:
        terminal.answer("Are you sure you want to continue connecting", "yes")
        terminal.answer("passphrase for key", PASSPHRASE)
        assert terminal.end() == 0
    assert "Logged in at lab" in terminal.shown
    told = _fails(repository, "copy", "--to", "store")
    assert "make an empty store there" in told
    repository.annex("enableremote", "store")
    repository.annex("copy", "--to", "store")
    assert len(objects(share)) == 1

    ended = careful.home.run("pyshare", "logout", "sftp://lab", "--json", cwd=repository.folder)
    assert json.loads(ended.stdout)["removed"]
    assert careful.home.run("pyshare", "logout", "sftp://lab", cwd=repository.folder, check=False).returncode == 2
    told = _fails(repository, "fsck", "--from", "store")
    assert "is not let in by its server without a password or a second factor" in told
    with typing(careful.home, _command(told), repository.folder) as terminal:
        terminal.answer("passphrase for key", PASSPHRASE)
        assert terminal.end() == 0
    repository.annex("fsck", "--from", "store")

    careful.log_out()
    (careful.home.folder / "known_hosts").write_text(sshd.host_key.replace(sshd.host_key.split()[2], _key_of(careful)))
    told = _fails(repository, "fsck", "--from", "store")
    assert "the host key of lab has changed" in told
    with typing(careful.home, _command(told), repository.folder) as terminal:
        terminal.answer("Are you sure you want to continue connecting", "yes")
        terminal.answer("passphrase for key", PASSPHRASE)
        assert terminal.end() == 0
    repository.annex("fsck", "--from", "store")


def test_a_second_factor_is_asked_for_once_and_then_serves_all_jobs_and_commands(
    repository: Repository, sshd_with_code: SSHD, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    alice = with_ssh(repository.home, sshd_with_code)
    alice.knows_the_host()
    sshd_with_code.admits(alice.key)
    told = repository.initremote(alice.url(share))
    assert "is not let in by its server without a password or a second factor" in told

    with typing(alice.home, _command(told), repository.folder) as terminal:
        terminal.answer("Password:", CODE)
        assert terminal.end() == 0
    repository.annex("enableremote", "store")
    repository.add(FILES)
    repository.annex("copy", "--to", "store", "-J4")
    repository.annex("drop", "-J4", ".")
    repository.annex("get", "-J4", ".")

    assert {name: (repository.folder / name).read_bytes() for name in FILES} == FILES
    assert sshd_with_code.logins("keyboard-interactive/pam") == 1
    alice.close()
    assert "is not let in by its server" in _fails(repository, "fsck", "--from", "store")


def _cloned(owner: Person, repository: Repository, friend: Person, sshd: SSHD, share: Path) -> Repository:
    """A friend's clone of a dataset with one file, which is in the store; the friend may log in there."""
    repository.initremote(owner.url(share), {"autoenable": "true"})
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "store")
    sshd.admits(friend.key)
    return repository.cloned(friend.home)[0]


def test_a_friend_is_asked_before_ssh_starts(
    owner: Person, repository: Repository, friend: Person, sshd: SSHD, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    clone = _cloned(owner, repository, friend, sshd, share)
    told = _fails(clone, "get", "file")

    assert "lab comes from the dataset, and you have not accepted that ssh logs in there" in told
    assert friend.connections() == 0
    clone.git("config", "remote.store.pyshare-host", "lab")
    clone.annex("get", "file")
    assert (clone.folder / "file").read_bytes() == b"content"

    repository.annex("enableremote", "store", f"url=sftp://root@evil{share}")
    clone.git("fetch", "-q", "origin")
    clone.annex("merge")
    clone.annex("drop", "--force", "file")
    before = friend.connections()
    assert "root@evil comes from the dataset" in _fails(clone, "get", "file")
    assert friend.connections() == before


def test_a_login_is_for_the_host_and_not_for_each_folder_that_a_dataset_names(
    owner: Person, repository: Repository, friend: Person, sshd: SSHD, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    clone = _cloned(owner, repository, friend, sshd, share)

    with typing(friend.home, ["pyshare", "login", "sftp://lab"], clone.folder) as terminal:
        assert terminal.end() == 0

    clone.annex("get", "file")
    clone.annex("drop", "--force", "file")
    (share / ".pyshare-store").rename(tmp_path / "marker")
    assert "has no file .pyshare-store" in _fails(clone, "get", "file")


def test_a_history_in_the_store_is_cloned_after_a_login(
    owner: Person, repository: Repository, friend: Person, sshd: SSHD, tmp_path: Path
) -> None:
    repository.add({"file": b"content"})
    ours = ("type=external", "externaltype=pyshare", "encryption=none", f"url={owner.url(tmp_path / 'share')}")
    repository.annex("initremote", "store", "--with-url", "autoenable=true", *ours)
    repository.annex("copy", "--to", "store")
    repository.git("push", "store", "main", "git-annex")
    told = owner.home.run("pyshare", "info", "store", "--json", cwd=repository.folder).stdout
    address = json.loads(told)["address"]
    sshd.admits(friend.key)
    words = ("git", "clone", "-q", address, "clone")

    refused = friend.home.run(*words, cwd=friend.home.folder, check=False)
    assert friend.connections() == 0
    with typing(friend.home, _command(" ".join((refused.stdout + refused.stderr).split())), tmp_path) as terminal:
        assert terminal.end() == 0
    friend.home.run(*words, cwd=friend.home.folder)

    clone = Repository(friend.home, friend.home.folder / "clone")
    clone.annex("init")
    clone.annex("get", "file")
    assert (clone.folder / "file").read_bytes() == b"content"
