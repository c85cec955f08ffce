"""`pyshare rehearse`: a stranger with an empty HOME tries what friends will do, and says how it went."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.dropbox_people import machine
from support.fakes.dav import ScriptedDAV
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.nextcloud import FILES as HOME_OF_BOB
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login
from support.sharing import FILES, Owner
from support.sharing_cloud import SharingCloud


def rehearsed(owner: Owner, *words: str, code: int) -> dict[str, Any]:
    """What a rehearsal says, as JSON; nothing of it is left on this machine."""
    temporary = owner.home.folder / "temporary"
    temporary.mkdir(exist_ok=True)
    owner.home.environment["TMPDIR"] = str(temporary)
    done = owner.type("pyshare", "rehearse", *(words or ["for-friends"]), "--json", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert list(temporary.iterdir()) == []
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def states(rehearsal: dict[str, Any]) -> dict[str, str]:
    return {check["check"]: check["state"] for check in rehearsal["checks"]}


def text(rehearsal: dict[str, Any], check: str) -> str:
    (found,) = [f"{each['text']} → {each['fix']}" for each in rehearsal["checks"] if each["check"] == check]
    return found


FINE = {"clone": "ok", "store": "ok", "files": "ok", "read": "ok"}


@pytest.fixture
def lab(sharer: Owner, tmp_path: Path) -> Owner:
    """Alice's dataset, published, its content in a folder."""
    sharer.initremote(str(tmp_path / "the lab"))
    sharer.store()
    sharer.publish()
    return sharer


@pytest.fixture
def cloudy(sharer: Owner, sharing_cloud: SharingCloud) -> Owner:
    """Alice's dataset, published, its content in a Nextcloud that friends read by a link."""
    sharer.initremote(f"{sharing_cloud.url}{HOME_OF_BOB}/our share")
    sharer.store()
    sharer.publish()
    sharer.share("-y")
    return sharer


def test_a_folder_is_read_and_the_json_says_what_was_done(lab: Owner) -> None:
    found = rehearsed(lab, code=0)
    assert states(found) == FINE
    assert (found["state"], found["files"], found["missing"]) == ("ok", len(FILES), 0)
    done = lab.type("pyshare", "rehearse", "for-friends", "--files", "5")
    assert "  ✓ cloned\n" in done.stdout
    assert f"  ✓ {len(FILES)} smallest files read\n" in done.stdout


def test_a_link_is_read_without_a_login(cloudy: Owner) -> None:
    found = rehearsed(cloudy, code=0)
    assert states(found) == FINE
    assert text(found, "store") == "the store is known as for-friends-link → "


def test_a_link_with_a_password_says_what_friends_type(cloudy: Owner, sharing_cloud: SharingCloud) -> None:
    (link,) = sharing_cloud.links.values()
    link.password = "opensesame"
    found = rehearsed(cloudy, code=4)
    assert states(found) == {**FINE, "read": "login"}
    assert f"Does it have a password? Type: pyshare login {link.url}" in text(found, "read")
    assert "opensesame" not in json.dumps(found)


def test_a_link_that_was_withdrawn_is_a_problem(cloudy: Owner, sharing_cloud: SharingCloud) -> None:
    sharing_cloud.links.clear()
    found = rehearsed(cloudy, code=1)
    assert states(found) == {**FINE, "read": "problem"}
    print(text(found, "read"))


def test_without_the_git_annex_branch_friends_get_nothing_and_the_push_helps(lab: Owner, tmp_path: Path) -> None:
    github = tmp_path / "our github" / "DataLad-101.git"
    lab.home.run("git", "branch", "-D", "git-annex", cwd=github)
    found = rehearsed(lab, code=1)
    assert states(found) == {"clone": "problem"}
    fix = text(found, "clone").partition(" → ")[2]
    assert fix == "datalad push --to github --data nothing"
    lab.type(*fix.split())
    rehearsed(lab, code=0)


def test_files_that_are_not_stored_are_counted_and_what_is_said_to_type_stores_them(lab: Owner) -> None:
    (lab.folder / "new").write_bytes(b"new")
    lab.type("git", "annex", "add", "-q", ".")
    lab.type("git", "commit", "-q", "-m", "new")
    lab.type("git", "push", "-q", "github", "main", "git-annex")
    found = rehearsed(lab, code=1)
    assert states(found) == {**FINE, "files": "problem"}
    said, _, fix = text(found, "files").partition(" → ")
    assert said == "1 of 3 files is not in the store"
    lab.type("sh", "-e", "-c", fix)
    rehearsed(lab, code=0)
    # Where the publication dependency is set, one command does both.
    lab.type("git", "config", "--add", "remote.github.datalad-publish-depends", "for-friends")
    (lab.folder / "newer").write_bytes(b"newer")
    lab.type("datalad", "save", "-m", "newer")
    lab.type("git", "push", "-q", "github", "main", "git-annex")
    fix = text(rehearsed(lab, code=1), "files").partition(" → ")[2]
    assert fix == "datalad push --to github"
    lab.type(*fix.split())
    rehearsed(lab, code=0)


def test_content_that_the_store_has_lost_or_changed_is_a_problem(lab: Owner, tmp_path: Path) -> None:
    objects = [path for path in (tmp_path / "the lab").rglob("*") if path.is_file() and "SHA256E" in path.name]
    smallest = min(objects, key=lambda path: path.stat().st_size)
    smallest.parent.chmod(0o755)
    smallest.chmod(0o644)
    smallest.write_bytes(b"2;1\n")
    found = rehearsed(lab, code=1)
    assert states(found) == {**FINE, "read": "problem"}
    print(text(found, "read"))
    smallest.unlink()
    found = rehearsed(lab, code=1)
    assert states(found) == {**FINE, "read": "problem"}
    print(text(found, "read"))
