"""Sharing a store in Dropbox by its link: what is printed is typed, and friends need no app of their own."""

import pytest
from support.annex import Home
from support.dropbox_people import log_in, machine, reaches
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.sharing import Owner, as_friend, blocks, has_all, type_all


@pytest.fixture
def boxed(sharer: Owner, fake_dropbox: RunningDropbox, dropbox_alice: Account) -> Owner:
    """Alice's dataset, published, its content in her Dropbox."""
    machine(sharer.home, fake_dropbox, dropbox_alice)
    sharer.initremote("dropbox:/Data")
    sharer.store()
    sharer.publish()
    return sharer


def test_friends_type_what_share_prints_with_the_key_of_the_owners_app(
    boxed: Owner, fake_dropbox: RunningDropbox, bob: Home
) -> None:
    once, lines = blocks(boxed.share().stdout)
    key = fake_dropbox.service.app.key
    assert f"appkey={key}" in once[0]
    assert f"pyshare login dropbox --sharing --app-key {key}" in lines
    type_all(boxed.home, once, boxed.folder)
    # The same words, and --no-browser besides, since the browser is on another machine.
    log_in(bob, fake_dropbox, fake_dropbox.service.person("Bob"), "--sharing")
    assert has_all(as_friend(bob, [line for line in lines if not line.startswith("pyshare login")]))


def test_a_friend_without_a_login_is_told_the_key(boxed: Owner, fake_dropbox: RunningDropbox, bob: Home) -> None:
    lines = blocks(boxed.share("-y").stdout)[-1]
    bob = reaches(bob, fake_dropbox)
    clone = as_friend(bob, [line for line in lines if not line.startswith("pyshare login") and line != "datalad get ."])
    told = bob.run("git", "annex", "get", ".", cwd=clone, check=False)
    key = fake_dropbox.service.app.key
    assert f"Type: pyshare login dropbox --app-key {key} --sharing" in " ".join((told.stdout + told.stderr).split())


def test_a_withdrawn_link_is_replaced(boxed: Owner, fake_dropbox: RunningDropbox, bob: Home) -> None:
    boxed.share("-y")
    assert "Withdrew the link https://www.dropbox.com/scl/fo/" in boxed.share("--revoke").stdout
    done = boxed.type("pyshare", "share", "for-friends-link", check=False)
    assert "the shared link no longer exists" in done.stderr
    once, lines = blocks(boxed.share().stdout)
    assert once[0].startswith("git annex enableremote for-friends-link 'url=https://www.dropbox.com/scl/fo/")
    type_all(boxed.home, once, boxed.folder)
    machine(bob, fake_dropbox, fake_dropbox.service.person("Bob"))
    assert has_all(as_friend(bob, [line for line in lines if not line.startswith("pyshare login")]))


def test_what_the_account_may_not_do_is_said_and_nothing_is_made(boxed: Owner, fake_dropbox: RunningDropbox) -> None:
    done = boxed.share("--expires", "30d", check=False)
    assert done.returncode == 1
    assert "only paying accounts" in done.stderr
    assert fake_dropbox.service.table("links") == {}
