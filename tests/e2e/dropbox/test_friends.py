"""Friends get from a Dropbox: by the link to its folder, by links to its files, in a shared folder; others are told."""

import re
import shlex
from collections.abc import Mapping

import pytest
from support.annex import Home, Repository
from support.dropbox_people import log_in, machine, reaches
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.dropbox.script import Rule, refuses

pytest_plugins = ["support.dropbox_repositories"]

FILES = {"books/TLCL.pdf": b"%PDF-1.4 The Linux Command Line\n" * 40, "data/Messung \u00e4.csv": b"1;2\n"}
WITHHELD = {"private/answers.txt": b"42\n"}
UNKNOWN = 100
"""What `git annex checkpresentkey` exits with where presence cannot be told."""


@pytest.fixture
def bobs(fake_dropbox: RunningDropbox, dropbox_alice: Account) -> Account:
    """Bob's own Dropbox."""
    return fake_dropbox.service.person("Bob")


def publish(repository: Repository, **settings: str) -> None:
    """Keep the content in the Dropbox only, for whoever clones."""
    if settings:
        repository.annex("enableremote", "store", *(f"{name}={value}" for name, value in settings.items()))
    repository.add({**FILES, **WITHHELD})
    repository.annex("copy", "--to", "store", *FILES)
    repository.annex("drop", *FILES)


def has_all(repository: Repository) -> bool:
    return {name: (repository.folder / name).read_bytes() for name in FILES} == FILES


def shared(repository: Repository) -> list[str]:
    """The lines to type that `pyshare share store` prints."""
    printed = repository.home.run("pyshare", "share", "store", cwd=repository.folder).stdout
    return [line.strip() for line in printed.splitlines() if line.startswith("  ")]


def link_it(repository: Repository) -> None:
    """Type what `pyshare share store` says."""
    (command,) = [line for line in shared(repository) if "--sameas=store" in line]
    assert "url=https://www.dropbox.com/scl/fo/" in command
    repository.home.run(*shlex.split(command), cwd=repository.folder)


def test_a_friend_with_any_dropbox_gets_by_the_link_that_share_prints_without_being_invited(
    lab: Repository, fake_dropbox: RunningDropbox, bob: Home, bobs: Account
) -> None:
    publish(lab)
    link_it(lab)
    lab.git("remote", "add", "forge", "https://git.example.org/alice/lab.git")
    assert any(line.startswith("pyshare login dropbox --sharing") for line in shared(lab))
    clone, told = lab.cloned(reaches(bob, fake_dropbox))
    assert "no login for" in told
    assert re.search(r"Type: pyshare login dropbox (--app-key \w+ )?--sharing", told)
    log_in(bob, fake_dropbox, bobs, "--sharing")
    clone.annex("get", *FILES)
    assert has_all(clone)
    fake_dropbox.service.forget()
    assert clone.annex("checkpresentkey", lab.key(next(iter(FILES))), "store-link").returncode == 0
    assert clone.annex("checkpresentkey", lab.key(next(iter(WITHHELD))), "store-link", check=False).returncode == 1
    assert {seen.arg["url"] for seen in fake_dropbox.service.seen if seen.route.startswith("sharing/")}


def test_a_link_that_its_owner_took_back_makes_unknown_what_it_led_to(
    lab: Repository, fake_dropbox: RunningDropbox, bob: Home, bobs: Account
) -> None:
    publish(lab)
    link_it(lab)
    clone, _ = lab.cloned(machine(bob, fake_dropbox, bobs))
    fake_dropbox.service.table("links").clear()
    asked = clone.annex("checkpresentkey", lab.key(next(iter(FILES))), "store-link", check=False)
    assert asked.returncode == UNKNOWN
    assert "the shared link no longer exists" in asked.stderr


def test_a_friend_without_a_login_is_told_by_one_sentence_what_to_type(
    lab: Repository, fake_dropbox: RunningDropbox, bob: Home
) -> None:
    publish(lab, autoenable="true")
    clone, _ = lab.cloned(reaches(bob, fake_dropbox))
    got = clone.annex("get", "--from", "store", *FILES, check=False)
    assert got.returncode != 0
    assert "dropbox:/Data needs a login at Dropbox. Type: pyshare login dropbox" in " ".join(got.stderr.split())


def test_a_friend_whose_own_dropbox_has_not_the_store_is_not_told_that_files_are_absent(
    lab: Repository, fake_dropbox: RunningDropbox, bob: Home, bobs: Account
) -> None:
    publish(lab, autoenable="true")
    fake_dropbox.service.put(bobs.home, "/Data/other", b"a folder of the same name")
    clone, _ = lab.cloned(machine(bob, fake_dropbox, bobs))
    asked = clone.annex("checkpresentkey", lab.key(next(iter(FILES))), "store", check=False)
    assert asked.returncode == UNKNOWN
    assert "this store is in another account's Dropbox" in asked.stderr
    assert clone.annex("get", "--from", "store", *FILES, check=False).returncode != 0
    assert fake_dropbox.service.content(bobs.home, "/Data/a") is None


def test_a_friend_who_was_invited_to_the_folder_gets_from_and_stores_in_his_own_dropbox(
    repository: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account, bob: Home, bobs: Account
) -> None:
    service = fake_dropbox.service
    service.shared_folder((dropbox_alice, "/Work/Data"), (bobs, "/From Alice"))
    machine(repository.home, fake_dropbox, dropbox_alice)
    told = repository.initremote("dropbox:/Work/Data/annex", {"autoenable": "true"})
    assert "in the shared folder Data, so the remote has url=dropbox:/annex namespace=" in told
    publish(repository)
    clone, _ = repository.cloned(machine(bob, fake_dropbox, bobs))
    clone.annex("get", "--from", "store", *FILES)
    assert has_all(clone)
    clone.git("config", "remote.store.annex-verified", "verified")
    clone.add({"from Bob": b"mine"})
    clone.annex("copy", "--to", "store", "from Bob")
    assert repository.annex("checkpresentkey", clone.key("from Bob"), "store").returncode == 0


def urls(repository: Repository) -> Mapping[str, set[str]]:
    """The URLs by which anybody gets each file, of those that have any."""
    rows = repository.json("whereis", check=False)
    found = {
        row["file"]: {url for place in row["whereis"] for url in place["urls"] if url.startswith("https:")}
        for row in rows
    }
    return {name: known for name, known in found.items() if known}


def test_a_friend_with_neither_account_nor_program_gets_by_links_to_the_files_until_they_are_dropped(
    lab: Repository, fake_dropbox: RunningDropbox, carol: Home
) -> None:
    publish(lab, share="files")
    published = urls(lab)
    assert set(published) == set(FILES)
    assert all(url.startswith("https://www.dropbox.com/scl/fi/") and "dl=1" in url for (url,) in published.values())
    carol.run("git", "config", "--global", "annex.security.allowed-ip-addresses", "127.0.0.1", cwd=carol.folder)
    clone, _ = lab.cloned(reaches(carol, fake_dropbox))
    clone.annex("get", *FILES)
    assert has_all(clone)
    lab.annex("drop", "--from", "store", "--force", *FILES)
    assert urls(lab) == {}
    assert lab.annex("find", "--in", "web").stdout == ""


def test_a_file_whose_link_is_refused_is_stored_and_what_is_printed_makes_the_link(
    lab: Repository, fake_dropbox: RunningDropbox
) -> None:
    lab.annex("enableremote", "store", "share=files")
    lab.add({"file": b"content"})
    fake_dropbox.service.play(Rule("sharing/create.*", refuses("email_not_verified"), times=1))
    told = lab.annex("copy", "--to", "store", "file")
    found = re.search(r"type: (git annex drop --from .* --key \S+)", told.stdout + told.stderr)
    assert found
    assert urls(lab) == {}
    assert lab.annex("find", "--in", "store").stdout == "file\n"
    lab.home.run("bash", "-c", found[1], cwd=lab.folder)
    assert set(urls(lab)) == {"file"}


def test_no_link_is_made_to_encrypted_files(
    repository: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account
) -> None:
    machine(repository.home, fake_dropbox, dropbox_alice)
    repository.initremote("dropbox:/Data", {"encryption": "shared"})
    # As an older version let its owner make it.
    log = repository.git("show", "git-annex:remote.log").stdout.replace(" encryption=", " share=files encryption=")
    (repository.folder / ".git/annex/journal").mkdir(exist_ok=True)
    (repository.folder / ".git/annex/journal/remote.log").write_text(log)
    repository.annex("merge")
    assert "share=files" in repository.git("show", "git-annex:remote.log").stdout
    repository.annex("enableremote", "store")
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    assert "files/upload" in fake_dropbox.service.routes()
    assert fake_dropbox.service.table("links") == {}
    assert urls(repository) == {}
