"""The real git-annex with a remote of the real rclone: its owner, other people, and stores of other programs."""

import os
import re
import shlex
import shutil
from pathlib import Path

import pexpect
import pytest
from support.annex import PROGRAMS, Home, Repository, unlock
from support.marks import LONG
from support.rclone_remotes import Remotes
from support.samba import samba
from support.servers import or_skip

FILES = {"one.txt": b"one\n" * 1000, "two.bin": bytes(range(256)) * 8000}


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """What the service of the tests' remotes has."""
    folder = tmp_path / "service"
    folder.mkdir()
    return folder


@pytest.fixture
def configured(alice: Home, disk: Path) -> None:
    """Alice's rclone has a remote `lab`."""
    configure(alice, "lab", disk)


def configure(home: Home, name: str, disk: Path, kind: str = "alias") -> None:
    config = home.folder / ".config" / "rclone" / "rclone.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    with config.open("a") as file:
        file.write(f"[{name}]\ntype = {kind}\nremote = {disk}\n")


def objects(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name[:1] != ".")


@pytest.mark.usefixtures("configured")
def test_a_dataset_is_kept_in_a_remote_of_rclone_and_a_friend_gets_it_after_accepting_the_name(
    repository: Repository, disk: Path, bob: Home
) -> None:
    repository.initremote("rclone:lab:/share", {"autoenable": "true"})
    repository.add(FILES)
    repository.annex("copy", "-J4", "--to", "store", ".")
    assert len(objects(disk / "share")) == len(FILES)
    repository.annex("drop", ".")
    repository.annex("get", "-J4", ".")
    assert (repository.folder / "two.bin").read_bytes() == FILES["two.bin"]
    repository.annex("fsck", "-q", "--from", "store")
    told = repository.home.run("pyshare", "info", "store", cwd=repository.folder).stdout
    assert "backend: rclone" in told

    configure(bob, "lab", disk)
    clone, _ = repository.cloned(bob)
    refused = clone.annex("get", "one.txt", check=False)
    told = refused.stdout + refused.stderr
    assert "the dataset asks for /share in the account that rclone calls lab" in told
    (line,) = set(re.findall(r"If you trust it, type: (git .*)", told))
    shown = bob.run(*shlex.split(line), cwd=clone.folder).stdout
    assert "rclone:lab:/share" in shown
    (number,) = set(re.findall(r"--safe [0-9]+", shown))
    bob.run(*shlex.split(f"{line} {number}"), cwd=clone.folder)
    clone.annex("get", ".")
    assert (clone.folder / "one.txt").read_bytes() == FILES["one.txt"]


@pytest.mark.usefixtures("configured")
def test_a_friend_who_has_the_store_under_another_name_types_that_name(
    repository: Repository, disk: Path, bob: Home
) -> None:
    repository.initremote("rclone:lab:/share", {"autoenable": "true"})
    repository.add(FILES)
    repository.annex("copy", "--to", "store", ".")
    (disk / "elsewhere").symlink_to(disk / "share")
    configure(bob, "mine", disk)
    clone, _ = repository.cloned(bob)
    clone.git("config", "remote.store.pyshare-rclone", "mine:/elsewhere")
    clone.annex("get", ".")
    assert (clone.folder / "two.bin").read_bytes() == FILES["two.bin"]


@pytest.mark.usefixtures("configured")
def test_an_owner_invites_and_a_friend_with_the_same_remote_accepts_and_has_it_all(
    alice: Home, bob: Home, disk: Path, tmp_path: Path
) -> None:
    dataset = alice.folder / "study"
    alice.run("datalad", "create", str(dataset), cwd=alice.folder)
    (dataset / "two.bin").write_bytes(FILES["two.bin"])
    alice.run("datalad", "save", "-m", "data", cwd=dataset)
    words = ("rclone:lab:/study", "--readers", "account", "--history", "same", "--yes")
    alice.run("pyshare", "init", "cloud", *words, cwd=dataset)
    alice.run("datalad", "push", "--to", "cloud", cwd=dataset)
    invited = alice.run("pyshare", "invite", "cloud", cwd=dataset)
    assert "friends need a login of their own at rclone:lab:/study" in invited.stdout
    assert "the dataset asks for /study in the account that rclone calls lab" in invited.stdout
    told = alice.run("pyshare", "doctor", "cloud", cwd=dataset, check=False).stdout
    assert "shows an object only when it is complete" in told

    (code,) = set(re.findall(r"pyshare accept (pyshare1:[\w=-]+)", invited.stdout))
    configure(bob, "lab", disk)
    accepted = bob.run("pyshare", "accept", code, "--yes", cwd=bob.folder)
    assert "rclone:lab:/study rclonetype=alias (rclone" in accepted.stdout
    (content,) = bob.folder.glob("*/two.bin")
    assert content.read_bytes() == FILES["two.bin"]
    unlock(tmp_path)


@LONG[0]
@LONG[1]
def test_a_datalad_dataset_is_pushed_to_a_windows_share_and_fetched_by_a_friend(
    alice: Home, bob: Home, tmp_path: Path
) -> None:
    dataset, place = alice.folder / "study", tmp_path / "samba"
    place.mkdir()
    with or_skip(), samba(place) as server:
        for home in (alice, bob):
            folder = home.folder / ".config" / "rclone"
            folder.mkdir(parents=True)
            Remotes(folder).add_smb("lab", server)
        alice.run("datalad", "create", str(dataset), cwd=alice.folder)
        for name, content in FILES.items():
            (dataset / name).write_bytes(content)
        alice.run("datalad", "save", "-m", "data", cwd=dataset)
        words = ("rclone:lab:/study", "--readers", "account", "--history", "same", "--yes")
        alice.run("pyshare", "init", "cloud", *words, cwd=dataset)
        alice.run("datalad", "push", "--to", "cloud", cwd=dataset)
        invited = alice.run("pyshare", "invite", "cloud", cwd=dataset)
        (code,) = set(re.findall(r"pyshare accept (pyshare1:[\w=-]+)", invited.stdout))
        bob.run("pyshare", "accept", code, "--yes", cwd=bob.folder)
        (clone,) = (path.parent for path in bob.folder.glob("*/two.bin"))
        bob.run("datalad", "get", ".", cwd=clone)
        assert {name: (clone / name).read_bytes() for name in FILES} == FILES
        alice.run("datalad", "drop", ".", cwd=dataset)
        assert not (dataset / "two.bin").exists()
        alice.run("datalad", "get", ".", cwd=dataset)
        assert (dataset / "two.bin").read_bytes() == FILES["two.bin"]
    unlock(tmp_path)


def test_the_command_that_a_missing_remote_prints_configures_it_in_rclones_own_dialogue(
    repository: Repository, disk: Path
) -> None:
    told = repository.initremote("rclone:lab:/share", check=False)
    (line,) = set(re.findall(r"Type: (pyshare login \S+)", told))
    home = repository.home
    talk = pexpect.spawn(line, cwd=str(repository.folder), env=home.environment, encoding="utf-8", timeout=60)
    talk.expect("Google Drive needs a client id of your own")
    talk.expect("the name: lab")
    answers = (
        ("q> ", "n"),
        ("name> ", "lab"),
        ("Storage> ", "alias"),
        ("remote> ", str(disk)),
        ("n> ", "n"),
        ("d> ", "y"),
        ("q> ", "q"),
    )
    for question, answer in answers:
        talk.expect(question)
        talk.sendline(answer)
    talk.expect("rclone has the remote lab now")
    talk.expect(pexpect.EOF)
    repository.initremote("rclone:lab:/share")
    assert (disk / "share" / ".pyshare-store").exists()
    again = home.run(*line.split(), cwd=repository.folder).stdout
    assert "Edit the remote lab in rclone's menu. Type: rclone config\n" in again


def test_who_leaves_rclones_dialogue_with_ctrl_c_is_told_how_to_remove_the_half_of_a_remote(alice: Home) -> None:
    line = "pyshare login rclone:office rclonetype=smb"
    talk = pexpect.spawn(line, cwd=str(alice.folder), env=alice.environment, encoding="utf-8", timeout=60)
    talk.expect("host> ")
    talk.sendintr()
    talk.expect(pexpect.EOF)
    told = " ".join((talk.before or "").split())
    assert "rclone's dialogue for office has not come to its end." in told
    (away,) = re.findall("and begin again: (rclone config delete office)", told)
    configure(alice, "office", alice.folder)  # rclone keeps the half of some services only, once it has their token
    alice.run(*away.split(), cwd=alice.folder)
    assert "office:" not in alice.run("rclone", "listremotes", cwd=alice.folder).stdout


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("lower", "lower"), *(pytest.param(*each, marks=LONG) for each in (("nodir", "flat"), ("mixed", "mixed")))],
)
def test_a_store_of_rclones_own_special_remote_is_read_and_written_without_sending_it_again(
    repository: Repository, disk: Path, tmp_path: Path, theirs: str, ours: str
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git-annex-remote-rclone-builtin").symlink_to(PROGRAMS / "rclone")
    environment = repository.home.environment
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    repository.add(FILES)
    words = ("type=external", "externaltype=rclone-builtin", "encryption=none", "rcloneremotename=lab")
    repository.annex("initremote", "theirs", *words, "rcloneprefix=annex", f"rclonelayout={theirs}")
    repository.annex("copy", "--to", "theirs", ".")
    there = objects(disk)
    ours_words = ("type=external", "externaltype=pyshare", "url=rclone:lab:annex", f"layout={ours}")
    repository.annex("initremote", "ours", "--sameas=theirs", *ours_words)
    repository.annex("fsck", "-q", "--from", "ours")
    repository.annex("drop", ".")
    repository.annex("get", "--from", "ours", ".")
    assert objects(disk) == there
    repository.add({"three.txt": b"three"})
    repository.annex("copy", "--to", "ours", "three.txt")
    repository.annex("fsck", "-q", "--from", "theirs")
    shutil.rmtree(disk)
    disk.mkdir()
    refused = repository.annex("fsck", "--fast", "--from", "ours", "three.txt", check=False)
    assert "has no mark of pyshare" in refused.stdout + refused.stderr


@pytest.mark.usefixtures("configured")
def test_a_tree_of_files_is_exported_and_renamed(repository: Repository, disk: Path) -> None:
    repository.add(FILES)
    repository.initremote("rclone:lab:/tree", {"exporttree": "yes"})
    repository.annex("export", "HEAD", "--to", "store")
    assert (disk / "tree" / "one.txt").read_bytes() == FILES["one.txt"]
    repository.git("mv", "one.txt", "below.txt")
    repository.git("rm", "-q", "two.bin")
    repository.git("commit", "-qm", "other names")
    repository.annex("export", "HEAD", "--to", "store")
    assert {path.name for path in (disk / "tree").iterdir()} == {"below.txt"}


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    "settings", [pytest.param({}, marks=LONG), {"chunk": "200KiB", "encryption": "shared"}], ids=["plain", "chunked"]
)
def test_git_annex_testremote_passes(repository: Repository, settings: dict[str, str]) -> None:
    repository.initremote("rclone:lab:/share", settings)
    done = repository.annex("testremote", "--fast", "store", timeout=280)
    assert "tests passed" in done.stdout
