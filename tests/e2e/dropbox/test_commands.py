"""What the texts about a login at Dropbox say to type, typed into a shell as it is printed."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from support.annex import Home, Repository
from support.clicker import browser
from support.dropbox_people import log_in, reaches
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox

pytest_plugins = ["support.dropbox_repositories"]

PATIENCE = 60
"""Seconds that a command may take."""


def types(home: Home, line: str, folder: Path, sent: str = "") -> subprocess.CompletedProcess[str]:
    """Paste a line into a shell."""
    return home.run("bash", "-c", line, cwd=folder, check=False, timeout=PATIENCE, input=sent)


def command_in(text: str) -> str:
    """The command at the end of what was printed."""
    return " ".join(text.split()).rpartition("ype: ")[2] or " ".join(text.split()).rpartition("again: ")[2]


@pytest.fixture
def owner(alice: Home, fake_dropbox: RunningDropbox, dropbox_alice: Account) -> Home:
    """Alice, logged in by an app of her own."""
    log_in(alice, fake_dropbox, dropbox_alice)
    return alice


def test_a_new_login_takes_the_app_of_the_kept_one(owner: Home, fake_dropbox: RunningDropbox) -> None:
    owner.environment["BROWSER"], seen = browser(owner.folder)
    done = types(owner, "pyshare login dropbox --sharing", owner.folder)
    assert done.returncode == 0, done.stderr
    assert [scopes >= {"sharing.read"} for _, _, scopes in fake_dropbox.service.refreshes.values()] == [True]
    address, modes = seen.read_text().splitlines()
    assert address.startswith("file:///")
    assert "authorize" not in address
    assert modes == "600 700"
    assert not Path(address.removeprefix("file://")).exists()


def test_what_a_revoked_login_says_to_type_works(owner: Home, fake_dropbox: RunningDropbox, tmp_path: Path) -> None:
    owner.environment["BROWSER"], _ = browser(owner.folder)
    repository = Repository.create(owner, tmp_path / "dataset")
    repository.initremote("dropbox:/Data")
    for refresh in list(fake_dropbox.service.refreshes):
        fake_dropbox.service.revoke(refresh)
    told = types(owner, "pyshare info store", repository.folder).stdout
    assert "it was revoked" in told
    line = command_in(told)
    assert line == f"pyshare login dropbox --app-key {fake_dropbox.service.app.key}"
    done = types(owner, line, repository.folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Next, type: git annex copy --to store\n")  # not another remote
    assert "account: 114 bytes used" in types(owner, "pyshare info store", repository.folder).stdout


def test_what_a_login_without_the_right_to_share_says_to_type_works(
    owner: Home, fake_dropbox: RunningDropbox, tmp_path: Path
) -> None:
    owner.environment["BROWSER"], _ = browser(owner.folder)
    repository = Repository.create(owner, tmp_path / "dataset")
    repository.initremote("dropbox:/Data")
    repository.add({"a": b"a"})
    repository.annex("copy", "--to", "store")
    line = command_in(types(owner, "pyshare share store", repository.folder).stderr)
    assert line == f"pyshare login dropbox --sharing --app-key {fake_dropbox.service.app.key}"
    done = types(owner, line, repository.folder)
    assert done.returncode == 0, done.stderr
    assert types(owner, "pyshare share store", repository.folder).returncode == 0


def test_after_cancel_the_command_is_printed_as_it_was_typed_and_works(
    owner: Home, fake_dropbox: RunningDropbox
) -> None:
    owner.environment["BROWSER"], _ = browser(owner.folder, "deny")
    typed = f"pyshare login dropbox --sharing --app-key {fake_dropbox.service.app.key}"
    done = types(owner, typed, owner.folder)
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1].endswith(f"If that was a mistake, type again: {typed}")
    owner.environment["BROWSER"], _ = browser(owner.folder)
    assert types(owner, done.stderr.splitlines()[-1].rpartition("again: ")[2], owner.folder).returncode == 0


def test_a_wrong_code_from_a_pipe_is_answered_with_the_whole_command(alice: Home, fake_dropbox: RunningDropbox) -> None:
    reaches(alice, fake_dropbox)
    typed = f"pyshare login dropbox --no-browser --sharing --app-key {fake_dropbox.service.app.key}"
    done = types(alice, typed, alice.folder, "wrong\n")
    assert done.returncode == 4
    assert "does not accept the code" in done.stderr
    line = done.stderr.splitlines()[-1].rpartition("again: ")[2]
    assert sorted(shlex.split(line)) == sorted(shlex.split(typed))


def test_a_friend_without_an_app_is_told_the_whole_command(
    alice: Home, fake_dropbox: RunningDropbox, dropbox_alice: Account
) -> None:
    reaches(alice, fake_dropbox)
    alice.environment["BROWSER"], _ = browser(alice.folder)
    done = types(alice, "pyshare login dropbox --sharing", alice.folder)
    line = command_in(done.stderr)
    assert line == "pyshare login dropbox --sharing --app-key KEY"
    assert types(alice, line.replace("KEY", fake_dropbox.service.app.key), alice.folder).returncode == 0


def test_another_account_than_before_is_not_kept_without_a_yes(owner: Home, fake_dropbox: RunningDropbox) -> None:
    """Another user of the machine may have answered the login with an account of theirs."""
    service = fake_dropbox.service
    before = dict(service.refreshes)
    service.visitor = service.person("Mallory")
    owner.environment["BROWSER"], _ = browser(owner.folder)
    done = types(owner, "pyshare login dropbox", owner.folder)
    assert done.returncode == 1
    assert "logged in as mallory@example.org, and the login as alice@example.org is kept" in done.stderr
    assert service.refreshes == before
    assert "alice@example.org" in types(owner, "pyshare whoami", owner.folder).stdout
    line = re.sub("^.*, type: ", "", done.stderr.splitlines()[-1])
    assert line.startswith("pyshare logout dropbox.com && pyshare login dropbox")
    done = types(owner, f"{line} --app-key {service.app.key}", owner.folder)
    assert done.returncode == 0, done.stderr
    assert "mallory@example.org" in types(owner, "pyshare whoami", owner.folder).stdout
