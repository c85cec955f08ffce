"""The page about moving a store: each of its commands is typed, as it stands there, by the owner or a friend."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.annex import Home, Repository
from support.checkout import CHECKOUT
from support.fakes.dav import ScriptedDAV
from support.scripted import served
from support.sharing import type_all

PAGE = (CHECKOUT / "docs" / "guide" / "moving.md").read_text(encoding="utf-8")
BLOCKS = {
    name: block.splitlines() for name, block in re.findall(r"<!-- typed: (\w+) -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
}
FILES = {"a.txt": b"a" * 1000, "sub/b.bin": b"b" * 5000}
LOGIN = "alice\npass word\n"


def test_every_block_of_commands_in_the_page_has_a_name_and_a_test_here() -> None:
    assert PAGE.count("```sh") == len(BLOCKS)
    assert set(BLOCKS) == {"address", "friend", "service", "old", "friends", "disk", "history"}


@pytest.fixture(name="owner")
def _owner(repository: Repository, dav: ScriptedDAV, tmp_path: Path) -> Repository:
    """Alice's dataset, its content on a server, its history where friends clone it from."""
    repository.initremote(f"{dav.url}/dav/old", {"autoenable": "true"}, name="cloud")
    repository.add(FILES)
    repository.annex("copy", "--to", "cloud")
    github = tmp_path / "github.git"
    repository.home.run("git", "init", "-q", "--bare", str(github), cwd=tmp_path)
    repository.git("remote", "add", "github", str(github))
    repository.git("config", "remote.github.annex-ignore", "true")
    repository.git("config", "remote.github.datalad-publish-depends", "cloud")
    repository.git("push", "-q", "github", "main", "git-annex")
    return repository


@pytest.fixture(name="new")
def _new() -> Iterator[ScriptedDAV]:
    """The server to move to, where Alice has a login."""
    with served(ScriptedDAV()) as server:
        server.folders.update({"/dav", "/dav/a"})
        server.login = ("alice", "pass word")
        yield server


def type_block(owner: Repository, name: str, *changed: tuple[str, str], answers: str = "") -> str:
    """Type a block of the page with the addresses of this test in place of its own."""
    text = "\n".join(BLOCKS[name])
    for there, here in changed:
        assert there in text
        text = text.replace(there, here)
    done = type_all(owner.home, text.splitlines(), owner.folder, answers)
    return done.stdout + done.stderr


def friend_of(owner: Repository, bob: Home) -> Repository:
    github = owner.git("remote", "get-url", "github").stdout.strip()
    bob.run("datalad", "clone", github, "clone", cwd=bob.folder)
    return Repository(bob, bob.folder / "clone")


def test_a_new_address_is_published_and_a_friend_has_the_files_from_there(
    owner: Repository, dav: ScriptedDAV, new: ScriptedDAV, bob: Home
) -> None:
    friend = friend_of(owner, bob)
    new.objects = {path.replace("/dav/old", "/dav/data"): content for path, content in dav.objects.items()}
    new.folders |= {folder.replace("/dav/old", "/dav/data") for folder in dav.folders}
    dav.objects.clear()
    address = ("https://new.example.org/data", f"{new.url}/dav/data")
    told = type_block(owner, "address", address, answers=LOGIN)
    assert "2 files are complete" in told
    bob.run("pyshare", "login", new.url, cwd=bob.folder, input=LOGIN)
    type_block(friend, "friend")
    assert {name: (friend.folder / name).read_bytes() for name in FILES} == FILES


def test_another_service_gets_everything_and_the_old_one_is_given_up(
    owner: Repository, dav: ScriptedDAV, new: ScriptedDAV, bob: Home
) -> None:
    friend = friend_of(owner, bob)
    owner.annex("drop")  # what is copied comes from the old store
    owner.home.run("pyshare", "login", new.url, cwd=owner.folder, input=LOGIN)
    told = type_block(owner, "service", ("https://other.example.org/data", f"{new.url}/dav/data"))
    assert "2 files are complete" in told
    dav.objects.clear()
    type_block(owner, "old")
    assert "cloud " not in owner.annex("whereis", "a.txt").stdout
    assert owner.git("config", "--get-all", "remote.github.datalad-publish-depends").stdout == "cloud2\n"
    bob.run("pyshare", "login", new.url, cwd=bob.folder, input=LOGIN)
    accept = re.findall(r"git-annex verifyremote .* --safe \d+", type_block(friend, "friends"))[-1]
    type_all(bob, [accept], friend.folder)
    friend.annex("get", ".")
    assert {name: (friend.folder / name).read_bytes() for name in FILES} == FILES


def test_a_folder_is_copied_to_a_new_disk_with_all_it_needs(repository: Repository, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    repository.initremote(str(tmp_path / "old" / "data"), name="cloud")
    repository.add(FILES)
    repository.annex("copy", "--to", "cloud")
    told = type_block(repository, "disk", ("/mnt/old", str(tmp_path / "old")), ("/mnt/new", str(tmp_path / "new")))
    assert "2 files are complete" in told
    repository.annex("drop")
    (tmp_path / "old").rename(tmp_path / "gone")
    repository.annex("get", ".")


def test_the_history_is_pushed_to_its_new_place(owner: Repository, tmp_path: Path) -> None:
    moved = tmp_path / "github.git"
    moved.rename(tmp_path / "elsewhere.git")
    type_block(owner, "history", ("https://github.com/new-owner/my-dataset.git", str(tmp_path / "elsewhere.git")))
    owner.git("push", "github", "main")
