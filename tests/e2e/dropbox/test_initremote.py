"""The real git-annex makes a remote in a Dropbox: what its owner hears, and which places are refused."""

import re

from support.annex import Repository
from support.dropbox_people import log_in, machine, reaches
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox

from git_annex_remote_pyshare.backends.ownership import mark_of

OTHERS = "99999999-2222-3333-4444-555555555555"
MARK = "/Data/.pyshare-store"


def typed(repository: Repository, line: str) -> str:
    """What a shell prints of a line that was pasted into it."""
    done = repository.home.run("bash", "-c", line, cwd=repository.folder)
    return done.stdout + done.stderr


def test_a_place_of_another_remote_is_taken_over_by_the_command_that_the_refusal_names(
    repository: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account
) -> None:
    machine(repository.home, fake_dropbox, dropbox_alice)
    fake_dropbox.service.put(dropbox_alice.home, MARK, mark_of(OTHERS))
    said = repository.initremote("dropbox:/Data", check=False)
    assert f"dropbox:/Data belongs to another remote, {OTHERS}" in said
    found = re.search(r"type: (git -c \S+ annex initremote store .*)", said)
    assert found
    assert "was taken over" in typed(repository, found[1])
    uuid = repository.git("config", "remote.store.annex-uuid").stdout.strip()
    assert fake_dropbox.service.content(dropbox_alice.home, MARK) == mark_of(uuid)
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "store")
    assert "1 file is complete" in typed(repository, "pyshare verify store")


def test_without_a_login_the_owner_types_what_the_notes_say_and_stores(
    repository: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account
) -> None:
    reaches(repository.home, fake_dropbox)
    said = repository.initremote("dropbox:/Data", name="my store")
    assert "no login for dropbox:/Data, so nothing was checked and nothing can be stored yet" in said
    log_in(repository.home, fake_dropbox, dropbox_alice)
    found = re.search("type: (git annex enableremote 'my store')", said)
    assert found
    typed(repository, found[1])
    uuid = repository.git("config", "remote.my store.annex-uuid").stdout.strip()
    assert fake_dropbox.service.content(dropbox_alice.home, MARK) == mark_of(uuid)
    assert f"namespace=root:{dropbox_alice.home.number}" in repository.git("show", "git-annex:remote.log").stdout


def test_a_folder_that_only_its_owner_opens_is_not_for_each_clone(
    repository: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account
) -> None:
    machine(repository.home, fake_dropbox, dropbox_alice)
    said = repository.initremote("dropbox:/Data", {"autoenable": "true"})
    found = re.search(r"type: (git annex configremote store autoenable=false) and", said)
    assert found, said
    typed(repository, found[1])
    assert "autoenable=false" in repository.git("show", "git-annex:remote.log").stdout
