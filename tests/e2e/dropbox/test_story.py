"""A story of Dropbox's own: the access token expires in the middle, and nobody notices."""

import re
from pathlib import Path

from support.annex import Home, unlock
from support.dropbox_people import log_in
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox

HOURS = 3600.0
FILES = {f"chapter {number}.txt": f"what happened in chapter {number}\n".encode() for number in range(4)}
TOKEN = "POST /oauth2/token"
OURS = ("type=external", "externaltype=pyshare", "encryption=none", "autoenable=true", "url=dropbox:/DataLad-101")


def test_a_token_that_expires_in_the_middle_of_the_story_is_renewed_and_nothing_is_said(
    fake_dropbox: RunningDropbox, dropbox_alice: Account, alice: Home, bob: Home, tmp_path: Path
) -> None:
    service = fake_dropbox.service
    for person in (alice, bob):
        log_in(person, fake_dropbox, dropbox_alice)
    dataset, github = alice.folder / "DataLad-101", tmp_path / "github.git"
    alice.run("datalad", "create", "DataLad-101", cwd=alice.folder)
    alice.run("git", "annex", "initremote", "for-friends", *OURS, cwd=dataset)
    for name, content in FILES.items():
        (dataset / name).write_bytes(content)
    alice.run("datalad", "save", "-m", "a book", cwd=dataset)
    alice.run("git", "init", "-q", "--bare", str(github), cwd=tmp_path)
    siblings = ("datalad", "siblings", "add", "-s", "github", "--url", str(github))
    alice.run(*siblings, "--publish-depends", "for-friends", cwd=dataset)
    service.forget()

    service.pass_time(5 * HOURS)
    pushed = alice.run("datalad", "push", "--to", "github", cwd=dataset)
    assert service.routes().count(TOKEN) == 1
    bob.run("datalad", "clone", str(github), "clone", cwd=bob.folder)
    clone = bob.folder / "clone"
    first, *others = FILES
    bob.run("datalad", "get", first, cwd=clone)
    service.forget()
    service.pass_time(5 * HOURS)
    got = bob.run("datalad", "get", *others, cwd=clone)
    assert service.routes().count(TOKEN) == 1
    assert [seen.status for seen in service.seen if seen.route == "files/download"].count(200) == len(others)
    assert {name: (clone / name).read_bytes() for name in FILES} == FILES
    for said in (pushed, got):
        assert not re.search("expired|token|login", said.stdout + said.stderr)
    unlock(tmp_path)
