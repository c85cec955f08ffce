"""`pyshare invite`: what it prints is what a friend needs, and it says before whether that works."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from support.annex import Home, unlock
from support.dropbox_people import machine
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.nextcloud import FILES as HOME_OF_BOB
from support.servers import Server
from support.sharing import Owner, has_all, type_all
from support.sharing_cloud import SharingCloud, make_link

from git_annex_remote_pyshare.cli.invitation import Access, read_invitation

UVX = ["uvx", "--from", "git-annex-remote-pyshare[friend]", "pyshare", "accept"]
PIPX = ["pipx", "run", "--spec", "git-annex-remote-pyshare[friend]", "pyshare", "accept"]


def invited(owner: Owner, *words: str, code: int = 0) -> str:
    done = owner.type("pyshare", "invite", "for-friends", *words, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def as_json(owner: Owner, *words: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(invited(owner, "--json", *words, code=code))
    assert found.keys() == {"target", "commands", "rehearsal"}
    return found


def cloned(friend: Home, address: str) -> Path:
    """A friend's clone with all files, made by hand of what the invitation says."""
    friend.run("git", "clone", "-q", address, "clone", cwd=friend.folder)
    friend.run("git", "annex", "get", ".", cwd=friend.folder / "clone")
    return friend.folder / "clone"


@pytest.fixture
def cloudy(sharer: Owner, sharing_cloud: SharingCloud) -> Owner:
    """Alice's dataset, published, its content in a Nextcloud, and no link yet."""
    sharer.initremote(f"{sharing_cloud.url}{HOME_OF_BOB}/our share")
    sharer.store()
    sharer.publish()
    return sharer


def test_for_a_folder_the_lines_name_the_address_and_the_rehearsal(shared_lab: Owner, tmp_path: Path) -> None:
    printed = invited(shared_lab)
    github = str(tmp_path / "our github" / "DataLad-101.git")
    heading, uvx, pipx, installed, *rest = printed.splitlines()
    assert heading == f"Send this (friends need the same folder, {tmp_path / 'the lab'}):"
    assert shlex.split(uvx) == [*UVX, github]
    assert shlex.split(pipx.partition(": ")[2].removesuffix(")")) == [*PIPX, github]
    assert shlex.split(installed.partition(": ")[2].removesuffix(")")) == ["pyshare", "accept", github]
    assert rest[0] == "Rehearsed as a stranger just now:"
    assert rest[1:] == [
        "✓ cloned",
        "✓ the store is enabled as for-friends",
        "✓ 2 files, all in the store",
        "✓ smallest file read",
    ]


def test_the_json_and_the_file_have_the_same_lines_and_no_file_is_overwritten(
    shared_lab: Owner, tmp_path: Path
) -> None:
    file = tmp_path / "invitation.txt"
    found = as_json(shared_lab, "--no-rehearsal", "--file", str(file))
    assert found["rehearsal"] is None
    assert shlex.split(found["commands"][0]) == [*UVX, found["target"]]
    assert all(line in file.read_text() for line in found["commands"])
    before = file.read_text()
    done = shared_lab.type("pyshare", "invite", "for-friends", "--no-rehearsal", "--file", str(file), check=False)
    assert done.returncode != 0
    assert "exists already" in done.stderr
    assert file.read_text() == before


def test_a_qr_code_is_drawn_and_without_the_library_it_is_named(shared_lab: Owner, tmp_path: Path) -> None:
    printed = invited(shared_lab, "--no-rehearsal", "--qr")
    code = [line for line in printed.splitlines() if line.startswith("████")]
    assert len(code) > 15
    assert len({len(line) for line in code}) == 1
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "segno.py").write_text("raise ImportError\n")
    shared_lab.home.environment["PYTHONPATH"] = str(hidden)
    done = shared_lab.type("pyshare", "invite", "for-friends", "--qr", check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "pip install segno" in " ".join(done.stderr.split())


def test_without_a_terminal_no_link_is_made_and_with_link_it_is(cloudy: Owner, sharing_cloud: SharingCloud) -> None:
    invited(cloudy, "--no-rehearsal")
    assert sharing_cloud.links == {}
    as_json(cloudy, "--no-rehearsal", "--link")  # what git-annex prints does not mix with it
    (link,) = sharing_cloud.links.values()
    printed = invited(cloudy)
    assert "Send this (anyone who has it can read the data):\n" in printed
    assert "✓ the store is enabled as for-friends-link\n" in printed
    link.password = "opensesame"
    printed = invited(cloudy)
    assert printed.startswith("Send this (anyone who has it and the link's password can read the data):\n")
    assert "\nSend the link's password separately.\n" in printed
    assert "opensesame" not in printed


@pytest.mark.parametrize(("answer", "number"), [("y", 1), ("", 0)])
def test_a_person_at_a_terminal_is_asked_once_for_the_link(
    cloudy: Owner, sharing_cloud: SharingCloud, answer: str, number: int
) -> None:
    done = cloudy.type_with_answer(answer, "pyshare", "invite", "for-friends", "--no-rehearsal")
    assert done.stderr.count("[y/N]") == 1
    assert "anyone who has it can read by, and push the history to github?" in done.stderr
    assert len(sharing_cloud.links) == number


def test_a_link_that_is_not_published_or_was_withdrawn_is_not_to_be_sent(
    cloudy: Owner, sharing_cloud: SharingCloud
) -> None:
    make_link(cloudy, sharing_cloud)
    printed = invited(cloudy, code=1)
    assert printed.startswith("Do not send this yet, see below:\n")
    said, _, push = next(line for line in printed.splitlines() if line.startswith("✗")).partition(" → ")
    assert said == "✗ the published dataset does not know for-friends-link yet"
    type_all(cloudy.home, [push], cloudy.folder)
    assert invited(cloudy).startswith("Send this (anyone who has it can read the data):\n")
    sharing_cloud.links.clear()
    printed = invited(cloudy, code=1)
    assert printed.startswith("Do not send this yet, see below:\n")
    assert "→ pyshare share for-friends" in printed


def test_at_dropbox_friends_need_an_account(
    sharer: Owner, fake_dropbox: RunningDropbox, dropbox_alice: Account
) -> None:
    machine(sharer.home, fake_dropbox, dropbox_alice)
    sharer.initremote("dropbox:/Data")
    sharer.store()
    sharer.publish()
    printed = invited(sharer, "--link")
    assert "Send this (friends need a login of their own at Dropbox):\n" in printed
    assert "! https://www.dropbox.com/scl/fo/" in printed
    assert "needs a login at Dropbox. Type: pyshare login dropbox --app-key" in printed


def test_where_anyone_reads_the_server_no_login_is_said_to_be_needed(sharer: Owner, open_dav: str) -> None:
    sharer.initremote(open_dav)
    sharer.store()
    sharer.publish()
    assert invited(sharer).startswith("Send this (anyone who has it can read the data):\n")


@pytest.fixture
def open_dav(dav: Any) -> str:
    """The address of a WebDAV folder that wants no login."""
    return f"{dav.url}/dav/share"


def test_a_dataset_that_is_published_nowhere_gets_the_commands_that_publish_it(sharer: Owner, tmp_path: Path) -> None:
    sharer.initremote(str(tmp_path / "lab"))
    sharer.store()
    done = sharer.type("pyshare", "invite", "for-friends", check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    told = " ".join(done.stderr.split())
    assert "datalad create-sibling-github DataLad-101 --publish-depends for-friends" in told
    sharer.publish()  # in place of GitHub
    again = told.partition("then: ")[2]
    assert "Send this" in type_all(sharer.home, [again], sharer.folder).stdout


def in_the_store(owner: Owner, url: str, *words: str) -> None:
    """A dataset whose history is in its store as well."""
    settings = ("type=external", "externaltype=pyshare", "encryption=none", f"url={url}", *words)
    owner.type("git", "annex", "initremote", "for-friends", "--with-url", "autoenable=true", *settings)
    owner.store()
    owner.type("git", "push", "-q", "for-friends", "main", "git-annex")


def test_with_the_history_in_a_folder_the_code_leads_a_friend_to_all_bytes(
    sharer: Owner, bob: Home, tmp_path: Path
) -> None:
    in_the_store(sharer, str(tmp_path / "the lab"))
    found = as_json(sharer)
    assert found["rehearsal"]["state"] == "ok"
    invitation = read_invitation(found["target"])
    assert found["target"].startswith("pyshare1:")
    assert (invitation.name, invitation.who) == ("DataLad-101", "Alice")
    assert (invitation.store, invitation.access) == ("for-friends", Access.SAME_DISK)
    assert has_all(cloned(bob, invitation.url))
    tried = sharer.type("pyshare", "rehearse", found["target"], "--json")
    assert json.loads(tried.stdout)["address"] == invitation.url
    unlock(tmp_path)


def test_with_the_history_behind_a_link_the_code_has_the_link_and_what_is_missing_is_mended(
    sharer: Owner, sharing_cloud: SharingCloud, bob: Home
) -> None:
    url = f"{sharing_cloud.url}{HOME_OF_BOB}/our share"
    in_the_store(sharer, url)
    make_link(sharer, sharing_cloud)
    sharer.type("git", "push", "-q", "for-friends", "git-annex")
    found = as_json(sharer, code=0)
    invitation = read_invitation(found["target"])
    assert sharing_cloud.url in invitation.url.replace("%3A", ":").replace("%2F", "/")
    assert HOME_OF_BOB not in invitation.url
    assert (invitation.store, invitation.access) == ("for-friends-link", Access.OPEN)
    assert has_all(cloned(bob, invitation.url))
    (link,) = sharing_cloud.links.values()
    link.password = "opensesame"
    assert invited(sharer).startswith("Send this (anyone who has it and the link's password can read the data):\n")
    link.password = ""
    (sharer.folder / "new").write_bytes(b"new")
    sharer.type("git", "annex", "add", "-q", ".")
    sharer.type("git", "commit", "-q", "-m", "new")
    sharer.type("git", "push", "-q", "for-friends", "main", "git-annex")
    (check,) = [each for each in as_json(sharer, code=1)["rehearsal"]["checks"] if each["check"] == "files"]
    assert check["text"] == "1 of 3 files is not in the store"
    type_all(sharer.home, [check["fix"]], sharer.folder)
    assert as_json(sharer)["rehearsal"]["missing"] == 0


def test_friends_with_an_account_hear_what_to_type(sharer: Owner, apache_server: Server) -> None:
    sharer.home.environment.update(WEBDAV_USERNAME=apache_server.user, WEBDAV_PASSWORD=apache_server.password)
    in_the_store(sharer, f"{apache_server.url}/invited")
    printed = invited(sharer)
    assert printed.startswith("Send this (friends need a login of their own at ")
    assert f"Type: pyshare login {apache_server.url}/invited" in printed
    assert apache_server.password not in printed
